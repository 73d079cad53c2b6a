//! `/admin/clients/{id}/secrets`: two at most, so that one can be replaced without a pause.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::StatusCode;
use rolecall::{
    Router, permission,
    routing::{delete, post},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{WRITE, known};
use crate::{
    Error,
    admin::{Changed, Made, Waiting},
    app::App,
    change::{Change, Prefer},
    clients::{self, NewSecret, Secret},
    error::What,
    request::{Acting, Segments},
};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/clients/{id}/secrets", post(permission(WRITE), add_secret))
        .route("/clients/{id}/secrets/{secret}", delete(permission(WRITE), delete_secret))
}

/// A secret that a client has; what it is, nobody knows but the client.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::ClientSecret)]
pub(super) struct ShownSecret {
    #[schema(format = "uuid")]
    id: String,
    /// NumericDate: seconds since 1970.
    created_at: i64,
}

impl From<Secret> for ShownSecret {
    fn from(secret: Secret) -> Self {
        ShownSecret { id: secret.id, created_at: secret.created_at }
    }
}

/// A secret, told this once.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::ClientSecretMade)]
pub(super) struct Told {
    /// By which it is deleted.
    #[schema(format = "uuid")]
    client_secret_id: String,
    /// What the client sends. It is shown this once.
    #[schema(example = "rcs_...")]
    client_secret: String,
    /// 0: it does not end by itself.
    client_secret_expires_at: i64,
    /// NumericDate: seconds since 1970.
    client_secret_created_at: i64,
}

impl From<NewSecret> for Told {
    fn from(secret: NewSecret) -> Self {
        Told {
            client_secret_id: secret.id,
            client_secret: secret.secret,
            client_secret_expires_at: 0,
            client_secret_created_at: secret.created_at,
        }
    }
}

/// Make a second secret for a client, so that the first can be replaced without a pause. It is shown this once.
#[utoipa::path(
    post, path = "/admin/clients/{id}/secrets", operation_id = "add_client_secret", tag = "clients",
    params(("id" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 201, body = Made<Told>),
        (status = 400, description = "The client has no secrets: it proves otherwise who it is, or not at all."),
        (status = 403, description = "The client holds more than the caller does."),
        (status = 404, description = "There is no such client."),
        (status = 409, description = "It has two already."),
    ),
)]
pub(super) async fn add_secret(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(id): Segments<String>,
    prefer: Prefer,
) -> Result<(StatusCode, Answer<Made<Told>>), Error> {
    let id = known(&id)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    let secret = clients::add_secret(&mut change, id).await?;
    let done = change.commit(prefer).await?;
    Ok((StatusCode::CREATED, Answer(Made::by(secret.into(), done))))
}

/// Delete a secret of a client. What it has opened goes on.
#[utoipa::path(
    delete, path = "/admin/clients/{id}/secrets/{secret}", operation_id = "delete_client_secret", tag = "clients",
    params(("id" = String, Path, format = "uuid"), ("secret" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The client holds more than the caller does."),
        (status = 404, description = "There is no such client, or it has no such secret."),
    ),
)]
pub(super) async fn delete_secret(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((id, secret)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let id = known(&id)?;
    let secret = uuid::Uuid::try_parse(&secret).map(|_| secret).map_err(|_| Error::NotFound(What::Secret))?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    clients::delete_secret(&mut change, id, &secret).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
