//! `/me/keys`: the caller's own API keys, for programs that are to call for him.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::StatusCode;
use rolecall::{
    Router, authenticated,
    routing::{delete, get},
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::{
    Error,
    api_keys::{self, NewKey},
    app::App,
    change::{Change, Prefer},
    changed::{Changed, Made, Waiting},
    request::{Acting, Json, Listed, Paging, Query, Segments, id_key, page},
    shown::ApiKey,
};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/me/keys", get(authenticated(), list).post(authenticated(), add))
        .route("/me/keys/{id}", delete(authenticated(), revoke))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(paths(list, add, revoke))]
pub(super) struct Described;

/// A new API key. It has an end, a year from now at most: `expires_in` or `expires_at`, one of the two.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::NewApiKey)]
#[serde(deny_unknown_fields)]
struct Said {
    /// To tell it from others: 1 to 64 characters.
    #[schema(example = "backup on the laptop")]
    name: String,
    /// Seconds.
    #[schema(example = 2_592_000)]
    expires_in: Option<i64>,
    /// NumericDate: seconds since 1970.
    expires_at: Option<i64>,
    /// Roles and permissions that it is limited to, separated by spaces; without, to those of this session.
    scope: Option<String>,
}

/// A key, told this once.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::ApiKeyMade)]
struct Told {
    /// What the program sends. It is shown this once.
    #[schema(example = "rck_...")]
    api_key: String,
    #[serde(flatten)]
    key: ApiKey,
}

impl From<NewKey> for Told {
    fn from(made: NewKey) -> Self {
        Told { api_key: made.text, key: made.key.into() }
    }
}

/// Make an API key, for a program that is to call for me. It is shown this once.
///
/// It may at most what this session may. A session without scope limits it to the roles that I have now: those that I
/// get later are not its. It is exchanged for tokens at `/token`, and its sessions make no keys.
#[utoipa::path(
    post, path = "/me/keys", operation_id = "add_my_key", tag = "me",
    params(Waiting),
    request_body = Said,
    responses(
        (status = 201, body = Made<Told>),
        (status = 400, description = "The name, the end or the scope cannot be; it says why."),
        (status = 403, description = "A key has opened this session."),
        (status = 404, description = "The caller is no person, or was deleted at this moment."),
        (status = 409, description = "The account has 50 keys."),
    ),
)]
async fn add(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    prefer: Prefer,
    Json(said): Json<Said>,
) -> Result<(StatusCode, Answer<Made<Told>>), Error> {
    let Said { name, expires_in, expires_at, scope } = &said;
    let said = api_keys::Said { name, expires_at: *expires_at, expires_in: *expires_in, scope: scope.as_deref() };
    let mut change = Change::begin(&app, &by, None).await?;
    let made = api_keys::add(&mut change, said).await?;
    let done = change.commit(prefer).await?;
    Ok((StatusCode::CREATED, Answer(Made::by(made.into(), done))))
}

/// Which API keys do I have?
///
/// Not with a token that is cut to a scope: what the account is elsewhere is not its business.
#[utoipa::path(
    get, path = "/me/keys", operation_id = "list_my_keys", tag = "me",
    params(Paging),
    responses(
        (status = 200, body = Listed<ApiKey>),
        (status = 400, description = "The query is not right."),
        (status = 403, description = "The token is cut to a scope."),
        (status = 404, description = "The caller is no person, or was deleted at this moment."),
    ),
)]
async fn list(Acting(by): Acting, State(app): State<Arc<App>>, query: Query) -> Result<Answer<Listed<ApiKey>>, Error> {
    let asked = query.page(id_key)?;
    let keys = api_keys::list_own(&app, &by, &asked.after, asked.limit).await?;
    Ok(Answer(page(keys.into_iter().map(ApiKey::from).collect(), asked.limit, ApiKey::id)))
}

/// Revoke one of my API keys. None of the tokens that were had by it counts when this answers.
///
/// Not with a token that is cut to a scope.
#[utoipa::path(
    delete, path = "/me/keys/{id}", operation_id = "revoke_my_key", tag = "me",
    params(("id" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The token is cut to a scope."),
        (status = 404, description = "It is none of the caller's."),
    ),
)]
async fn revoke(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(id): Segments<String>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let mut change = Change::begin(&app, &by, None).await?;
    api_keys::revoke_own(&mut change, &id).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
