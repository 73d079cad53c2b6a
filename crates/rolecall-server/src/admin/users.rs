//! `/admin/users`: accounts.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::{StatusCode, header};
use rolecall::{Router, permission, routing::get};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{made, told};
use crate::{
    Error,
    accounts::{self, Edit, NewUser, User},
    app::App,
    change::{Change, Prefer},
    error::What,
    request::{Acting, Json, Query, Segments, id_key, page},
};

/// What it takes to change something here: the rule of its routes, asked again when the change begins.
const WRITE: &str = "rolecall.users:write";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/users", get(permission("rolecall.users:read"), list).post(permission(WRITE), add)).route(
        "/users/{id}",
        get(permission("rolecall.users:read"), show).patch(permission(WRITE), edit).delete(permission(WRITE), delete),
    )
}

/// An id in a path: a text that is no id of ours is nobody's. PostgreSQL does not even compare some of them.
pub(super) fn known(id: &str) -> Result<&str, Error> {
    uuid::Uuid::try_parse(id).map(|_| id).map_err(|_| Error::NotFound(What::User))
}

fn shown(user: &User) -> Value {
    json!({
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "disabled": user.disabled,
        "created_at": user.created_at,
    })
}

async fn list(State(app): State<Arc<App>>, mut query: Query) -> Result<Answer<Value>, Error> {
    let username = query.text("username");
    let asked = query.page(id_key)?;
    let users = accounts::list(&app, username.as_deref(), &asked.after, asked.limit).await?;
    Ok(Answer(page(users.iter().map(shown).collect(), asked.limit, |user| {
        user["id"].as_str().unwrap_or_default().to_owned()
    })))
}

async fn show(State(app): State<Arc<App>>, Segments(id): Segments<String>) -> Result<Answer<Value>, Error> {
    Ok(Answer(shown(&accounts::find(&app, known(&id)?).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    username: String,
    email: Option<String>,
    password: Option<String>,
}

async fn add(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    prefer: Prefer,
    Json(said): Json<Said>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Answer<Value>), Error> {
    let new = NewUser { username: &said.username, email: said.email.as_deref(), password: said.password.as_deref() };
    let prepared = accounts::prepare(&app, new).await?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    let user = accounts::add(&mut change, prepared).await?;
    let done = change.commit(prefer).await?;
    let place = format!("/admin/users/{}", user.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Answer(made(shown(&user), done))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
    #[serde(default, deserialize_with = "never_null")]
    disabled: Option<bool>,
    /// `null` removes it; absent leaves it.
    #[serde(default, deserialize_with = "present")]
    email: Option<Option<String>>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn never_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(deserializer).map(Some)
}

async fn edit(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(id): Segments<String>,
    prefer: Prefer,
    Json(said): Json<Edited>,
) -> Result<Answer<Value>, Error> {
    let id = known(&id)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    accounts::edit(&mut change, id, Edit { disabled: said.disabled, email: said.email }).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}

async fn delete(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(id): Segments<String>,
    prefer: Prefer,
) -> Result<Answer<Value>, Error> {
    let id = known(&id)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    accounts::delete(&mut change, id).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}
