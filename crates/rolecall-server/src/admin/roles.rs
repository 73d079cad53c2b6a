//! `/admin/roles`: roles, what they hold and whom they inherit.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::{StatusCode, header};
use rolecall::{
    Router, permission,
    routing::{get, put},
};
use rolecall_core::{Grant, Role, RoleName};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{made, told};
use crate::{
    Error,
    app::App,
    change::{Change, Prefer},
    error::What,
    rbac,
    request::{Acting, Json, Query, Segments, cut, page},
};

/// What it takes to change something here: the rule of its routes, asked again when the change begins.
const WRITE: &str = "rolecall.roles:write";

pub(super) fn routes() -> Router<Arc<App>> {
    let write = || permission(WRITE);
    Router::new()
        .route("/roles", get(permission("rolecall.roles:read"), list).post(write(), add))
        .route("/roles/{role}", get(permission("rolecall.roles:read"), show).delete(write(), delete))
        .route("/roles/{role}/permissions/{permission}", put(write(), grant).delete(write(), revoke))
        .route("/roles/{role}/inherits/{junior}", put(write(), inherit).delete(write(), disinherit))
}

/// A name in a path: one that cannot be a role's is no role's.
pub(super) fn known(name: &str) -> Result<RoleName, Error> {
    name.parse().map_err(|_| Error::NotFound(What::Role))
}

fn shown(role: &Role) -> Value {
    json!({
        "name": role.name,
        "permissions": role.grants,
        "inherits": role.inherits,
        "built_in": role.name.is_reserved(),
    })
}

async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Answer<Value>, Error> {
    let asked = query.page(role_key)?;
    let policy = app.live.snapshot().policy.clone();
    let roles = cut(policy.roles().collect(), &asked, |role| role.name.as_str());
    Ok(Answer(page(roles.into_iter().map(shown).collect(), asked.limit, |role| {
        role["name"].as_str().unwrap_or_default().to_owned()
    })))
}

/// A name as the key of a list.
pub(super) fn role_key(text: &str) -> Option<String> {
    text.parse().ok().map(|name: RoleName| name.to_string())
}

async fn show(State(app): State<Arc<App>>, Segments(role): Segments<String>) -> Result<Answer<Value>, Error> {
    let policy = app.live.snapshot().policy.clone();
    policy.role(&role).map(|role| Answer(shown(role))).ok_or(Error::NotFound(What::Role))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    name: String,
    permissions: Vec<String>,
    #[serde(default)]
    inherits: Vec<String>,
}

async fn add(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    prefer: Prefer,
    Json(mut said): Json<Said>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Answer<Value>), Error> {
    // What is said twice is there once, in the order in which it is read later.
    for list in [&mut said.permissions, &mut said.inherits] {
        list.sort_unstable();
        list.dedup();
    }
    let name: RoleName = said.name.parse().map_err(|why| Error::Invalid(format!("`name`: {why}")))?;
    let grants = said.permissions.iter().map(|text| parsed(text)).collect::<Result<Vec<_>, _>>()?;
    let inherits = said.inherits.iter().map(|junior| known(junior)).collect::<Result<Vec<_>, _>>()?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::add_role(&mut change, &name, &grants, &inherits).await?;
    let done = change.commit(prefer).await?;
    let place = format!("/admin/roles/{name}");
    let role = Role { name, grants, inherits, born: done.version };
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Answer(made(shown(&role), done))))
}

async fn delete(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(role): Segments<String>,
    prefer: Prefer,
) -> Result<Answer<Value>, Error> {
    let role = known(&role)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::delete_role(&mut change, &role).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}

async fn grant(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((role, permission)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Value>, Error> {
    let (role, grant) = (known(&role)?, parsed(&permission)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::grant_permission(&mut change, &role, &grant).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}

async fn revoke(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((role, permission)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Value>, Error> {
    let (role, grant) = (known(&role)?, parsed(&permission)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::revoke_permission(&mut change, &role, &grant).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}

async fn inherit(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((role, junior)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Value>, Error> {
    let (role, junior) = (known(&role)?, known(&junior)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::add_inheritance(&mut change, &role, &junior).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}

async fn disinherit(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((role, junior)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Value>, Error> {
    let (role, junior) = (known(&role)?, known(&junior)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::delete_inheritance(&mut change, &role, &junior).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}

fn parsed(text: &str) -> Result<Grant, Error> {
    // The text is the caller's own; a long one is not sent back.
    let shown: String = text.chars().take(64).collect();
    text.parse().map_err(|why| Error::Invalid(format!("`{shown}` is not a permission: {why}")))
}
