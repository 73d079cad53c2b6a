//! `/admin/apis`: what tokens can be for (RFC 8707).

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::{StatusCode, header};
use rolecall::{Router, permission, routing::get};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{Changed, Made, Waiting, never_null};
use crate::{
    Error,
    apis::{self, Api, Edit},
    app::App,
    change::{Change, Prefer},
    error::What,
    request::{Acting, Json, Listed, Paging, Query, Segments, id_key, page},
};

/// What it takes to change something here: the rule of its routes, asked again when the change begins.
const WRITE: &str = "rolecall.apis:write";

pub(super) fn routes() -> Router<Arc<App>> {
    let (read, write) = (|| permission("rolecall.apis:read"), || permission(WRITE));
    Router::new()
        .route("/apis", get(read(), list).post(write(), add))
        .route("/apis/{id}", get(read(), show).patch(write(), edit).delete(write(), delete))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(
    tags((name = "apis", description = "What tokens can be for.")),
    paths(list, add, show, edit, delete),
)]
pub(super) struct Described;

/// An id in a path: a text that is no id of ours is no API's.
fn known(id: &str) -> Result<&str, Error> {
    uuid::Uuid::try_parse(id).map(|_| id).map_err(|_| Error::NotFound(What::Api))
}

/// An API.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Api)]
struct Shown {
    #[schema(format = "uuid")]
    id: String,
    /// `resource` at `/token`, and `aud` in its tokens.
    #[schema(example = "https://items.example.org")]
    identifier: String,
    name: String,
    /// There are no tokens for it, and those that are out are void.
    disabled: bool,
    /// NumericDate: seconds since 1970.
    created_at: i64,
}

impl From<Api> for Shown {
    fn from(api: Api) -> Self {
        let Api { id, identifier, name, disabled, created_at } = api;
        Shown { id, identifier, name, disabled, created_at }
    }
}

/// APIs, in the order in which they were made.
#[utoipa::path(
    get, path = "/admin/apis", operation_id = "list_apis", tag = "apis",
    params(Paging),
    responses((status = 200, body = Listed<Shown>), (status = 400, description = "The query is not right.")),
)]
async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Answer<Listed<Shown>>, Error> {
    let asked = query.page(id_key)?;
    let found = apis::list(&app, &asked.after, asked.limit).await?;
    Ok(Answer(page(found.into_iter().map(Shown::from).collect(), asked.limit, |api| api.id.clone())))
}

/// One API.
#[utoipa::path(
    get, path = "/admin/apis/{id}", operation_id = "show_api", tag = "apis",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = Shown), (status = 404, description = "There is no such API.")),
)]
async fn show(State(app): State<Arc<App>>, Segments(id): Segments<String>) -> Result<Answer<Shown>, Error> {
    Ok(Answer(apis::find(&app, known(&id)?).await?.into()))
}

/// A new API.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::NewApi)]
#[serde(deny_unknown_fields)]
struct New {
    /// An absolute URI without a fragment, or a plain name; for good.
    #[schema(example = "https://items.example.org")]
    identifier: String,
    #[schema(example = "items")]
    name: String,
}

/// Make an API that tokens can be for.
#[utoipa::path(
    post, path = "/admin/apis", operation_id = "add_api", tag = "apis",
    params(Waiting),
    request_body = New,
    responses(
        (status = 201, body = Made<Shown>, headers(("Location", description = "The API."))),
        (status = 400, description = "The identifier or the name cannot be one; it says why."),
        (status = 409, description = "There is an API of this identifier."),
    ),
)]
async fn add(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    prefer: Prefer,
    Json(new): Json<New>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Answer<Made<Shown>>), Error> {
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    let api = apis::add(&mut change, &new.identifier, &new.name).await?;
    let done = change.commit(prefer).await?;
    let place = format!("/admin/apis/{}", api.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Answer(Made::by(api.into(), done))))
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::EditedApi)]
#[serde(deny_unknown_fields)]
struct Edited {
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

/// Rename, disable or enable an API. Disabling it ends the sessions whose tokens are for it.
#[utoipa::path(
    patch, path = "/admin/apis/{id}", operation_id = "edit_api", tag = "apis",
    params(("id" = String, Path, format = "uuid"), Waiting),
    request_body = Edited,
    responses(
        (status = 200, body = Changed),
        (status = 400, description = "The name cannot be one."),
        (status = 404, description = "There is no such API."),
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
    apis::edit(&mut change, id, Edit { name: said.name, disabled: said.disabled }).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Delete an API. The sessions whose tokens are for it end.
#[utoipa::path(
    delete, path = "/admin/apis/{id}", operation_id = "delete_api", tag = "apis",
    params(("id" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 404, description = "There is no such API."),
        (status = 409, description = "The setting `audience` names it."),
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
    apis::delete(&mut change, id).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
