//! `/me/sessions`: the caller's own log-ins, and how he ends them.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{
    Router, authenticated,
    routing::{delete, get},
};
use utoipa::OpenApi;

use crate::{
    Error,
    app::App,
    change::{Change, Prefer},
    changed::{Changed, Waiting},
    request::{Acting, Listed, Paging, Query, Segments, id_key, page},
    sessions::{self, Own},
    shown::Session,
};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/me/sessions", get(authenticated(), list).delete(authenticated(), end_others))
        .route("/me/sessions/{id}", delete(authenticated(), end))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(paths(list, end, end_others))]
pub(super) struct Described;

/// Where am I logged in?
///
/// For a client that acts for itself these are the sessions that it has opened for itself; also where it ends them.
/// Not with a token that is cut to a scope: what the account is elsewhere is not its business.
#[utoipa::path(
    get, path = "/me/sessions", operation_id = "list_my_sessions", tag = "me",
    params(Paging),
    responses(
        (status = 200, body = Listed<Session>),
        (status = 400, description = "The query is not right."),
        (status = 403, description = "The token is cut to a scope."),
        (status = 404, description = "The caller was deleted at this moment."),
    ),
)]
async fn list(Acting(by): Acting, State(app): State<Arc<App>>, query: Query) -> Result<Answer<Listed<Session>>, Error> {
    let asked = query.page(id_key)?;
    let (own, current) = by.account()?;
    let sessions = sessions::list(&app, own, &asked.after, asked.limit).await?;
    let shown = sessions.into_iter().map(|session| Session::of(session, current)).collect();
    Ok(Answer(page(shown, asked.limit, Session::id)))
}

/// End one of my sessions; the one that this call comes in is logging out. None of its tokens counts when this answers.
///
/// A token that is cut to a scope ends its own session only.
#[utoipa::path(
    delete, path = "/me/sessions/{id}", operation_id = "end_my_session", tag = "me",
    params(("id" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The token is cut to a scope, and this is another session."),
        (status = 404, description = "It is none of the caller's."),
    ),
)]
async fn end(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(id): Segments<String>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let mut change = Change::begin(&app, &by, None).await?;
    sessions::end_own(&mut change, Own::One(&id)).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// End all my other sessions. This one stays, unless `current=true` is asked.
#[utoipa::path(
    delete, path = "/me/sessions", operation_id = "end_my_sessions", tag = "me",
    params(("current" = Option<bool>, Query, description = "Whether this session ends, too."), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 400, description = "The query is not right."),
        (status = 403, description = "The token is cut to a scope."),
    ),
)]
async fn end_others(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    mut query: Query,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let which = if query.truth("current")? { Own::All } else { Own::Others };
    query.nothing_else("the query has a parameter that is not known here")?;
    let mut change = Change::begin(&app, &by, None).await?;
    sessions::end_own(&mut change, which).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
