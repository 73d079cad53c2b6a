//! `/admin/users`: accounts.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::{StatusCode, header};
use rolecall::{Router, permission, routing::get};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{Changed, Made, Waiting, never_null, present};
use crate::{
    Error,
    accounts::{self, Edit, NewUser, User},
    actor::Origin,
    app::App,
    change::{Change, Prefer},
    error::What,
    request::{Acting, Json, Listed, Paging, Query, Segments, id_key, page},
};

/// What it takes to change something here: the rule of its routes, asked again when the change begins.
const WRITE: &str = "rolecall.users:write";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/users", get(permission("rolecall.users:read"), list).post(permission(WRITE), add)).route(
        "/users/{id}",
        get(permission("rolecall.users:read"), show).patch(permission(WRITE), edit).delete(permission(WRITE), delete),
    )
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(tags((name = "users", description = "Accounts.")), paths(list, add, show, edit, delete))]
pub(super) struct Described;

/// An id in a path: a text that is no id of ours is nobody's. PostgreSQL does not even compare some of them.
pub(super) fn known(id: &str) -> Result<&str, Error> {
    uuid::Uuid::try_parse(id).map(|_| id).map_err(|_| Error::NotFound(What::User))
}

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::User)]
struct Shown {
    #[schema(format = "uuid")]
    id: String,
    username: String,
    #[schema(required)]
    email: Option<String>,
    /// Nobody logs in with it, and its tokens are void.
    disabled: bool,
    /// NumericDate: seconds since 1970.
    created_at: i64,
}

impl From<User> for Shown {
    fn from(user: User) -> Self {
        let User { id, username, email, disabled, created_at } = user;
        Shown { id, username, email, disabled, created_at }
    }
}

/// Accounts, in the order in which they were made.
#[utoipa::path(
    get, path = "/admin/users", operation_id = "list_users", tag = "users",
    params(("username" = Option<String>, Query, description = "Only the account of this name."), Paging),
    responses((status = 200, body = Listed<Shown>), (status = 400, description = "The query is not right.")),
)]
async fn list(State(app): State<Arc<App>>, mut query: Query) -> Result<Answer<Listed<Shown>>, Error> {
    let username = query.text("username");
    let asked = query.page(id_key)?;
    let users = accounts::list(&app, username.as_deref(), &asked.after, asked.limit).await?;
    Ok(Answer(page(users.into_iter().map(Shown::from).collect(), asked.limit, |user| user.id.clone())))
}

/// One account.
#[utoipa::path(
    get, path = "/admin/users/{id}", operation_id = "show_user", tag = "users",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = Shown), (status = 404, description = "There is no such account.")),
)]
async fn show(State(app): State<Arc<App>>, Segments(id): Segments<String>) -> Result<Answer<Shown>, Error> {
    Ok(Answer(accounts::find(&app, known(&id)?).await?.into()))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::NewUser)]
#[serde(deny_unknown_fields)]
struct Said {
    username: String,
    email: Option<String>,
    /// Without one nobody can log in with it yet.
    password: Option<String>,
}

/// Make an account, without roles.
#[utoipa::path(
    post, path = "/admin/users", operation_id = "add_user", tag = "users",
    params(Waiting),
    request_body = Said,
    responses(
        (status = 201, body = Made<Shown>, headers(("Location", description = "The account."))),
        (status = 400, description = "The name, the address or the password cannot be used; it says why."),
        (status = 409, description = "The name or the address is taken."),
    ),
)]
async fn add(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    prefer: Prefer,
    Json(said): Json<Said>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Answer<Made<Shown>>), Error> {
    let new = NewUser { username: &said.username, email: said.email.as_deref(), password: said.password.as_deref() };
    let prepared = accounts::prepare(&app, new, by.origin().unwrap_or(&Origin::default())).await?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    let user = accounts::add(&mut change, prepared).await?;
    let done = change.commit(prefer).await?;
    let place = format!("/admin/users/{}", user.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Answer(Made::by(user.into(), done))))
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::EditedUser)]
#[serde(deny_unknown_fields)]
struct Edited {
    #[serde(default, deserialize_with = "never_null")]
    #[schema(nullable = false)]
    disabled: Option<bool>,
    /// `null` removes it; absent leaves it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
}

/// Disable or enable an account, or set its address.
#[utoipa::path(
    patch, path = "/admin/users/{id}", operation_id = "edit_user", tag = "users",
    params(("id" = String, Path, format = "uuid"), Waiting),
    request_body = Edited,
    responses(
        (status = 200, body = Changed),
        (status = 400, description = "The address cannot be used."),
        (status = 403, description = "The account holds more than the caller does."),
        (status = 404, description = "There is no such account."),
        (status = 409, description = "The address is taken, or nobody could administer any more."),
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
    accounts::edit(&mut change, id, Edit { disabled: said.disabled, email: said.email }).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Delete an account. Its sessions end.
#[utoipa::path(
    delete, path = "/admin/users/{id}", operation_id = "delete_user", tag = "users",
    params(("id" = String, Path, format = "uuid"), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The account holds more than the caller does."),
        (status = 404, description = "There is no such account."),
        (status = 409, description = "Nobody could administer any more."),
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
    accounts::delete(&mut change, id).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
