//! `/admin/users/{id}/sessions`: the log-ins of an account.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{
    Caller, Router, permission,
    routing::{delete, get},
};
use utoipa::OpenApi;

use super::users;
use crate::{
    Error,
    app::App,
    change::{Change, Prefer},
    changed::{Changed, Waiting},
    rbac::Holder,
    request::{Acting, Listed, Paging, Query, Segments, id_key, page},
    sessions,
    shown::Session,
};

const READ: &str = "rolecall.sessions:read";
/// What it takes to end one: the rule of its routes, asked again when the change begins.
const WRITE: &str = "rolecall.sessions:write";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/users/{id}/sessions", get(permission(READ), list).delete(permission(WRITE), end_all))
        .route("/users/{id}/sessions/{session}", delete(permission(WRITE), end))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(tags((name = "sessions", description = "Where who is logged in.")), paths(list, end_all, end))]
pub(super) struct Described;

/// Where an account is logged in.
#[utoipa::path(
    get, path = "/admin/users/{id}/sessions", operation_id = "list_sessions", tag = "sessions",
    params(("id" = String, Path, format = "uuid"), Paging),
    responses(
        (status = 200, body = Listed<Session>),
        (status = 400, description = "The query is not right."),
        (status = 404, description = "There is no such account."),
    ),
)]
async fn list(
    caller: Caller,
    State(app): State<Arc<App>>,
    Segments(user): Segments<String>,
    query: Query,
) -> Result<Answer<Listed<Session>>, Error> {
    let asked = query.page(id_key)?;
    let sessions = sessions::list(&app, Holder::User(users::known(&user)?), &asked.after, asked.limit).await?;
    let shown = sessions.into_iter().map(|session| Session::of(session, &caller.claims().sid)).collect();
    Ok(Answer(page(shown, asked.limit, Session::id)))
}

/// Log an account out everywhere. None of its tokens counts when this answers (unless `Prefer: respond-async`).
///
/// Its API keys go on, also one that somebody made with a token that he had stolen: `DELETE /admin/users/{id}/keys`
/// revokes them.
#[utoipa::path(
    delete, path = "/admin/users/{id}/sessions", operation_id = "end_sessions", tag = "sessions",
    params(("id" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The account holds more than the caller does."),
        (status = 404, description = "There is no such account."),
    ),
)]
async fn end_all(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(user): Segments<String>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let user = users::known(&user)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    sessions::end_all_of(&mut change, user).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// End one session of an account. None of its tokens counts when this answers (unless `Prefer: respond-async`).
#[utoipa::path(
    delete, path = "/admin/users/{id}/sessions/{session}", operation_id = "end_session", tag = "sessions",
    params(("id" = String, Path, format = "uuid"), ("session" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The account holds more than the caller does."),
        (status = 404, description = "There is no such account, or the session is none of its."),
    ),
)]
async fn end(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((user, session)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let user = users::known(&user)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    sessions::end_of(&mut change, user, &session).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
