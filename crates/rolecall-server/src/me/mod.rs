//! What everybody may do for himself: register, see who he is and where he is logged in, log out, change his password,
//! make API keys.

mod keys;
mod password;
mod sessions;

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::StatusCode;
use rolecall::{
    Caller, Router, authenticated, public_because,
    routing::{get, post},
};
use rolecall_core::Grant;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::{Error, accounts, actor::Origin, app::App, clients, request::Json};

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/register", post(public_because("registration, where it is open"), register))
        .route("/me", get(authenticated(), me))
        .merge(sessions::routes())
        .merge(password::routes())
        .merge(keys::routes())
}

/// What they take and answer.
pub fn described() -> utoipa::openapi::OpenApi {
    let mut all = Described::openapi();
    for part in [sessions::Described::openapi(), password::Described::openapi(), keys::Described::openapi()] {
        all.merge(part);
    }
    all
}

#[derive(OpenApi)]
#[openapi(tags((name = "me", description = "What everybody may do for himself.")), paths(register, me))]
struct Described;

/// A new account of one's own.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::Registration)]
#[serde(deny_unknown_fields)]
struct Registration {
    /// Without an `@`.
    username: String,
    /// 15 characters or more, and hard to guess.
    #[schema(example = "seventeen violet otters", format = Password)]
    password: String,
}

/// The account.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Registered)]
struct Registered {
    #[schema(format = "uuid")]
    id: String,
    username: String,
}

/// Register, where registration is open.
#[utoipa::path(
    post, path = "/register", operation_id = "register", tag = "me",
    request_body = Registration,
    responses(
        (status = 201, body = Registered),
        (status = 400, description = "The name or the password cannot be used; it says why."),
        (status = 403, description = "Registration is closed."),
        (status = 409, description = "The name is taken."),
        (status = 429, description = "Too many names were tried out, or passwords guessed, from this address."),
        (status = 503, description = "Too much is going on, or the database cannot be reached."),
    ),
)]
async fn register(
    State(app): State<Arc<App>>,
    origin: Origin,
    Json(said): Json<Registration>,
) -> Result<(StatusCode, Answer<Registered>), Error> {
    let user = accounts::register(&app, &said.username, &said.password, origin).await?;
    Ok((StatusCode::CREATED, Answer(Registered { id: user.id, username: user.username })))
}

/// Who the caller is, and what this session may do as of now.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Me)]
struct Me {
    #[schema(format = "uuid")]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// In place of `username`, where a client acts for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<String>,
    /// The roles of this session; inherited ones are not among them, unless its scope names them.
    roles: Vec<String>,
    /// All that it may do, whatever role that comes from.
    #[schema(value_type = Vec<String>)]
    permissions: Vec<Grant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// Who am I, and what may I do?
#[utoipa::path(
    get, path = "/me", operation_id = "me", tag = "me",
    responses((status = 200, body = Me), (status = 404, description = "The account was deleted at this moment.")),
)]
async fn me(caller: Caller, State(app): State<Arc<App>>) -> Result<Answer<Me>, Error> {
    let (username, email, client_name) = match caller.id() == caller.claims().client_id {
        true => (None, None, Some(clients::find(&app, caller.id()).await?.0.name)),
        false => {
            let user = accounts::find(&app, caller.id()).await?;
            (Some(user.username), user.email, None)
        }
    };
    let permissions = caller.rights().map(|rights| caller.snapshot().policy.permissions(rights));
    Ok(Answer(Me {
        id: caller.id().to_owned(),
        username,
        email,
        client_name,
        roles: caller.roles().into_iter().map(str::to_owned).collect(),
        permissions: permissions.unwrap_or_default(),
        scope: caller.claims().scope.clone(),
    }))
}
