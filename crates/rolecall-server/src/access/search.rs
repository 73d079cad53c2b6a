//! OpenID AuthZEN Authorization API 1.0, section 8: who may do this, and what may he do. What is found is decided as it
//! would be when it was asked for alone.

use std::sync::Arc;

use axum::{Json, extract::State};
use rolecall::{Router, permission, routing::post};
use rolecall_core::Permission;
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
const MOST: usize = 200;

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
    let (after, limit) = page(&asked, id_key)?;
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
    let operation = |text: &str| format!("{object}:{text}").parse().map(|_: Permission| text.to_owned()).ok();
    let (after, limit) = page(&asked, operation)?;
    let mut decisions = Decisions::begin(&app).await?;
    let known = match kind {
        Some(kind) => decisions.find(kind, &id).await?,
        None => None,
    };
    let mut names = decisions.what_may(known.as_ref(), object, owner.as_deref());
    names.retain(|name| *name > after);
    let is_all = names.len() <= limit;
    names.truncate(limit);
    let last = names.last().filter(|_| !is_all).cloned();
    let results = names.into_iter().map(|name| Action { name }).collect();
    Ok(Json(Found { results, page: Next { next_token: last.unwrap_or_default() } }))
}

/// Where a page begins, which is a `key` of what is searched, and how long it is (section 8.2): no longer than we make them.
fn page(asked: &Members, key: impl Fn(&str) -> Option<String>) -> Result<(String, usize), Error> {
    let page = match asked.get("page") {
        None => return Ok((String::new(), MOST)),
        Some(Value::Object(page)) => page,
        Some(_) => return Err(invalid("`page` is a JSON object")),
    };
    let limit = match page.get("limit").map(Value::as_u64) {
        None => MOST,
        Some(Some(limit)) if limit > 0 => usize::try_from(limit).unwrap_or(MOST).min(MOST),
        Some(_) => return Err(invalid("`page.limit` is a whole number from 1 on")),
    };
    let not_ours = || invalid("`page.token` is the `next_token` of the page before");
    let after = match page.get("token").map(Value::as_str) {
        None | Some(Some("")) => String::new(),
        Some(token) => token.and_then(key).ok_or_else(not_ours)?,
    };
    Ok((after, limit))
}
