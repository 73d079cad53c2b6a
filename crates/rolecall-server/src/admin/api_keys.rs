//! `/admin/users/{id}/keys`: the API keys of an account. Nobody but its owner makes one.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{
    Router, permission,
    routing::{delete, get},
};
use utoipa::OpenApi;

use super::users;
use crate::{
    Error, api_keys,
    app::App,
    change::{Change, Prefer},
    changed::{Changed, Waiting},
    request::{Acting, Listed, Paging, Query, Segments, id_key, page},
    shown::ApiKey,
};

const READ: &str = "rolecall.sessions:read";
/// What it takes to revoke one, as to end a session: the rule of its routes, asked again when the change begins.
const WRITE: &str = "rolecall.sessions:write";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/users/{id}/keys", get(permission(READ), list).delete(permission(WRITE), revoke_all))
        .route("/users/{id}/keys/{key}", delete(permission(WRITE), revoke))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(paths(list, revoke_all, revoke))]
pub(super) struct Described;

/// The API keys of an account.
#[utoipa::path(
    get, path = "/admin/users/{id}/keys", operation_id = "list_user_keys", tag = "sessions",
    params(("id" = String, Path, format = "uuid"), Paging),
    responses(
        (status = 200, body = Listed<ApiKey>),
        (status = 400, description = "The query is not right."),
        (status = 404, description = "There is no such account."),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    Segments(user): Segments<String>,
    query: Query,
) -> Result<Answer<Listed<ApiKey>>, Error> {
    let asked = query.page(id_key)?;
    let keys = api_keys::list(&app, users::known(&user)?, &asked.after, asked.limit).await?;
    Ok(Answer(page(keys.into_iter().map(ApiKey::from).collect(), asked.limit, ApiKey::id)))
}

/// Revoke all API keys of an account. None of their tokens counts when this answers (unless `Prefer: respond-async`).
#[utoipa::path(
    delete, path = "/admin/users/{id}/keys", operation_id = "revoke_user_keys", tag = "sessions",
    params(("id" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The account holds more than the caller does."),
        (status = 404, description = "There is no such account."),
    ),
)]
async fn revoke_all(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(user): Segments<String>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let user = users::known(&user)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    api_keys::revoke_all_of(&mut change, user).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Revoke an API key of an account. None of its tokens counts when this answers (unless `Prefer: respond-async`).
#[utoipa::path(
    delete, path = "/admin/users/{id}/keys/{key}", operation_id = "revoke_user_key", tag = "sessions",
    params(("id" = String, Path, format = "uuid"), ("key" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The account holds more than the caller does."),
        (status = 404, description = "There is no such account, or the key is none of its."),
    ),
)]
async fn revoke(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((user, key)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let user = users::known(&user)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    api_keys::revoke_of(&mut change, user, &key).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
