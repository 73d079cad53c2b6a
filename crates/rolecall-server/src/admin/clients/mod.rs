//! `/admin/clients`: programs that ask for tokens, by the names of RFC 7591.

mod forms;
mod roles;
mod secrets;

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::{StatusCode, header};
use rolecall::{Router, permission, routing::get};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use self::{
    forms::{Edited, New, Shown},
    secrets::{ShownSecret, Told},
};
use super::{Changed, Made, Waiting};
use crate::{
    Error,
    app::App,
    change::{Change, Prefer},
    clients,
    error::What,
    request::{Acting, Json, Listed, Paging, Query, Segments, id_key, page},
};

/// What it takes to change something here: the rule of its routes, asked again when the change begins.
const WRITE: &str = "rolecall.clients:write";

pub(super) fn routes() -> Router<Arc<App>> {
    let (read, write) = (|| permission("rolecall.clients:read"), || permission(WRITE));
    Router::new()
        .route("/clients", get(read(), list).post(write(), add))
        .route("/clients/{id}", get(read(), show).patch(write(), edit).delete(write(), delete))
        .merge(secrets::routes())
        .merge(roles::routes())
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(
    tags((name = "clients", description = "Programs that ask for tokens.")),
    paths(
        list, add, show, edit, delete,
        secrets::add_secret, secrets::delete_secret,
        roles::list_roles, roles::assign, roles::deassign,
    ),
)]
pub(super) struct Described;

/// An id in a path: a text that is no id of ours is no client's.
pub(super) fn known(id: &str) -> Result<&str, Error> {
    uuid::Uuid::try_parse(id).map(|_| id).map_err(|_| Error::NotFound(What::Client))
}

/// A client, with its secrets.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::ClientWithSecrets)]
struct Whole {
    #[serde(flatten)]
    client: Shown,
    /// At most two.
    secrets: Vec<ShownSecret>,
}

/// A client that was made.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::ClientMade)]
struct Registered {
    #[serde(flatten)]
    client: Shown,
    #[serde(flatten)]
    secret: Option<Told>,
}

/// Clients, in the order in which they were made.
#[utoipa::path(
    get, path = "/admin/clients", operation_id = "list_clients", tag = "clients",
    params(Paging),
    responses((status = 200, body = Listed<Shown>), (status = 400, description = "The query is not right.")),
)]
async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Answer<Listed<Shown>>, Error> {
    let asked = query.page(id_key)?;
    let found = clients::list(&app, &asked.after, asked.limit).await?;
    Ok(Answer(page(found.into_iter().map(Shown::from).collect(), asked.limit, |client| client.client_id.clone())))
}

/// One client, with its secrets.
#[utoipa::path(
    get, path = "/admin/clients/{id}", operation_id = "show_client", tag = "clients",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = Whole), (status = 404, description = "There is no such client.")),
)]
async fn show(State(app): State<Arc<App>>, Segments(id): Segments<String>) -> Result<Answer<Whole>, Error> {
    let (client, secrets) = clients::find(&app, known(&id)?).await?;
    let secrets = secrets.into_iter().map(ShownSecret::from).collect();
    Ok(Answer(Whole { client: client.into(), secrets }))
}

/// Make a client, without roles. Its secret, if it has one, is shown in this answer and never again.
#[utoipa::path(
    post, path = "/admin/clients", operation_id = "add_client", tag = "clients",
    params(Waiting),
    request_body = New,
    responses(
        (status = 201, body = Made<Registered>, headers(("Location", description = "The client."))),
        (status = 400, description = "Something in it cannot be; it says what."),
    ),
)]
async fn add(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    prefer: Prefer,
    Json(new): Json<New>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Answer<Made<Registered>>), Error> {
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    let (client, secret) = clients::add(&mut change, new.into()).await?;
    let done = change.commit(prefer).await?;
    let place = format!("/admin/clients/{}", client.id);
    let registered = Registered { client: client.into(), secret: secret.map(Told::from) };
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Answer(Made::by(registered, done))))
}

/// Change a client, disable or enable it. What takes something away from it (disabling, a grant type, `first_party`)
/// ends the sessions that were opened through it.
#[utoipa::path(
    patch, path = "/admin/clients/{id}", operation_id = "edit_client", tag = "clients",
    params(("id" = String, Path, format = "uuid"), Waiting),
    request_body = Edited,
    responses(
        (status = 200, body = Changed),
        (status = 400, description = "Something in it cannot be; it says what."),
        (status = 403, description = "The client holds more than the caller does."),
        (status = 404, description = "There is no such client."),
    ),
)]
async fn edit(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(id): Segments<String>,
    prefer: Prefer,
    Json(said): Json<Edited>,
) -> Result<Answer<Changed>, Error> {
    let id = known(&id)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    clients::edit(&mut change, id, said.into()).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Delete a client. The sessions that were opened through it end.
#[utoipa::path(
    delete, path = "/admin/clients/{id}", operation_id = "delete_client", tag = "clients",
    params(("id" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The client holds more than the caller does."),
        (status = 404, description = "There is no such client."),
    ),
)]
async fn delete(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(id): Segments<String>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let id = known(&id)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    clients::delete(&mut change, id).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
