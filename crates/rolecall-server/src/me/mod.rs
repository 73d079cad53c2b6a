//! What everybody may do for himself: register, and see who he is.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::StatusCode;
use rolecall::{
    Caller, Router, authenticated, public_because,
    routing::{get, post},
};
use rolecall_core::Grant;
use serde::{Deserialize, Serialize};

use crate::{
    Error, accounts,
    app::App,
    request::{Id, Json},
};

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/register", post(public_because("registration, where it is open"), register))
        .route("/me", get(authenticated(), me))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    username: String,
    password: String,
}

#[derive(Serialize)]
struct Registered {
    id: String,
    username: String,
}

async fn register(
    State(app): State<Arc<App>>,
    Id(request_id): Id,
    Json(said): Json<Registration>,
) -> Result<(StatusCode, Answer<Registered>), Error> {
    let user = accounts::register(&app, &said.username, &said.password, request_id).await?;
    Ok((StatusCode::CREATED, Answer(Registered { id: user.id, username: user.username })))
}

/// Who the caller is, and what this session may do as of now.
#[derive(Serialize)]
struct Me {
    id: String,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    roles: Vec<String>,
    permissions: Vec<Grant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

async fn me(caller: Caller, State(app): State<Arc<App>>) -> Result<Answer<Me>, Error> {
    let user = accounts::find(&app, caller.id()).await?;
    let permissions = caller.rights().map(|rights| caller.snapshot().policy.permissions(rights));
    Ok(Answer(Me {
        id: user.id,
        username: user.username,
        email: user.email,
        roles: caller.roles().into_iter().map(str::to_owned).collect(),
        permissions: permissions.unwrap_or_default(),
        scope: caller.claims().scope.clone(),
    }))
}
