//! OpenID AuthZEN Authorization API 1.0, section 8: who may do this, and what may he do. What is found is decided as it
//! would be when it was asked for alone.

use std::sync::Arc;

use axum::{Json, extract::State};
use rolecall::{Router, permission, routing::post};
use serde::Serialize;
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use super::{
    asked::{Body, Members, Said, invalid},
    evaluation::EVALUATE,
};
use crate::{
    Error,
    app::App,
    decisions::{Decisions, Kind},
    request::id_key,
};

/// Most results of a page, and how many there are when nobody says.
const MOST: u64 = 200;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/access/v1/search/subject", post(permission(EVALUATE), subjects))
        .route("/access/v1/search/action", post(permission(EVALUATE), actions))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(paths(subjects, actions))]
pub(super) struct Described;

/// What was found, and where the next page begins.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::AccessFound)]
struct Found<T> {
    results: Vec<T>,
    page: Next,
}

/// Where the next page begins.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::AccessPage)]
struct Next {
    /// `page.token` of the next call; empty when there is no more.
    next_token: String,
}

/// A subject that was found.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::AccessSubject)]
struct Subject {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
}

/// An action that was found.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::AccessAction)]
struct Action {
    name: String,
}

/// Who may do this? Users, by id; a page may have none although there is another one.
#[utoipa::path(
    post, path = "/access/v1/search/subject", operation_id = "search_subjects", tag = "access",
    request_body = Object,
    responses(
        (status = 200, body = Found<Subject>),
        (status = 400, description = "That is no question; it says why."),
    ),
)]
async fn subjects(State(app): State<Arc<App>>, Body(asked): Body) -> Result<Json<Found<Subject>>, Error> {
    let said = Said { own: &asked, defaults: None };
    let kind = said.subject_kind().map_err(Error::Invalid)?;
    let (permission, owner) = (said.permission().map_err(Error::Invalid)?, said.owner().map_err(Error::Invalid)?);
    said.context().map_err(Error::Invalid)?;
    let (after, limit) = page(&asked)?;
    let (found, last) = match kind {
        Some(Kind::User) => {
            let mut decisions = Decisions::begin(&app).await?;
            decisions.who_may(&permission, owner.as_deref(), &after, limit).await?
        }
        // Nobody else is looked for.
        Some(Kind::Client) | None => (vec![], None),
    };
    let results = found.into_iter().map(|id| Subject { kind: "user", id }).collect();
    Ok(Json(Found { results, page: Next { next_token: last.unwrap_or_default() } }))
}

/// What may he do? Of the operations that a role names.
#[utoipa::path(
    post, path = "/access/v1/search/action", operation_id = "search_actions", tag = "access",
    request_body = Object,
    responses(
        (status = 200, body = Found<Action>),
        (status = 400, description = "That is no question; it says why."),
    ),
)]
async fn actions(State(app): State<Arc<App>>, Body(asked): Body) -> Result<Json<Found<Action>>, Error> {
    let said = Said { own: &asked, defaults: None };
    let (kind, id) = said.subject().map_err(Error::Invalid)?;
    let (object, owner) = (said.resource_type().map_err(Error::Invalid)?, said.owner().map_err(Error::Invalid)?);
    said.context().map_err(Error::Invalid)?;
    let mut decisions = Decisions::begin(&app).await?;
    let known = match kind {
        Some(kind) => decisions.find(kind, &id).await?,
        None => None,
    };
    let names = decisions.what_may(known.as_ref(), object, owner.as_deref());
    let results = names.into_iter().map(|name| Action { name }).collect();
    Ok(Json(Found { results, page: Next { next_token: String::new() } }))
}

/// Where a page begins, and how long it is (section 8.2).
fn page(asked: &Members) -> Result<(String, usize), Error> {
    let page = match asked.get("page") {
        None => return Ok((String::new(), MOST as usize)),
        Some(Value::Object(page)) => page,
        Some(_) => return Err(invalid("`page` is a JSON object")),
    };
    let limit = match page.get("limit") {
        None => MOST,
        Some(limit) => limit
            .as_u64()
            .filter(|limit| (1..=MOST).contains(limit))
            .ok_or_else(|| invalid(&format!("`page.limit` is 1 to {MOST}")))?,
    };
    let after = match page.get("token") {
        None => String::new(),
        Some(Value::String(token)) if token.is_empty() => String::new(),
        Some(token) => token
            .as_str()
            .and_then(id_key)
            .ok_or_else(|| invalid("`page.token` is the `next_token` of the page before"))?,
    };
    Ok((after, limit as usize))
}
