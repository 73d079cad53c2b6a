//! `/admin/roles`: roles, what they hold and whom they inherit.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use http::{StatusCode, header};
use rolecall::{
    Router, permission,
    routing::{get, put},
};
use rolecall_core::{Grant, Role, RoleName};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{Changed, GrantText, Made, NameText, Waiting};
use crate::{
    Error,
    app::App,
    change::{Change, Prefer},
    error::What,
    rbac,
    request::{Acting, Json, Listed, Paging, Query, Segments, cut, page},
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

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(tags((name = "roles", description = "Roles: what they hold, and whom they inherit.")), paths(list, add, show, delete, grant, revoke, inherit, disinherit))]
pub(super) struct Described;

/// A name in a path: one that cannot be a role's is no role's.
pub(super) fn known(name: &str) -> Result<RoleName, Error> {
    name.parse().map_err(|_| Error::NotFound(What::Role))
}

/// A role.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Role)]
struct Shown {
    #[schema(value_type = NameText)]
    name: RoleName,
    /// As `items:read`, `items:read:own`, `items:*` or `*`.
    #[schema(value_type = Vec<GrantText>)]
    permissions: Vec<Grant>,
    /// The roles whose rights it has too.
    #[schema(value_type = Vec<NameText>)]
    inherits: Vec<RoleName>,
    /// It cannot be changed.
    built_in: bool,
}

impl From<Role> for Shown {
    fn from(role: Role) -> Self {
        let built_in = role.name.is_reserved();
        Shown { name: role.name, permissions: role.grants, inherits: role.inherits, built_in }
    }
}

/// Roles, by name.
#[utoipa::path(
    get, path = "/admin/roles", operation_id = "list_roles", tag = "roles",
    params(Paging),
    responses((status = 200, body = Listed<Shown>), (status = 400, description = "The query is not right.")),
)]
async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Answer<Listed<Shown>>, Error> {
    let asked = query.page(role_key)?;
    let policy = app.live.snapshot().policy.clone();
    let roles = cut(policy.roles().collect(), &asked, |role| role.name.as_str());
    Ok(Answer(page(roles.into_iter().cloned().map(Shown::from).collect(), asked.limit, |role| role.name.to_string())))
}

/// A name as the key of a list.
pub(super) fn role_key(text: &str) -> Option<String> {
    text.parse().ok().map(|name: RoleName| name.to_string())
}

/// One role.
#[utoipa::path(
    get, path = "/admin/roles/{role}", operation_id = "show_role", tag = "roles",
    params(("role" = NameText, Path)),
    responses((status = 200, body = Shown), (status = 404, description = "There is no such role.")),
)]
async fn show(State(app): State<Arc<App>>, Segments(role): Segments<String>) -> Result<Answer<Shown>, Error> {
    let policy = app.live.snapshot().policy.clone();
    policy.role(&role).map(|role| Answer(role.clone().into())).ok_or(Error::NotFound(What::Role))
}

/// A new role.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::NewRole)]
#[serde(deny_unknown_fields)]
struct Said {
    #[schema(value_type = NameText)]
    name: String,
    #[schema(value_type = Vec<GrantText>)]
    permissions: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Vec<NameText>)]
    inherits: Vec<String>,
}

/// Make a role.
#[utoipa::path(
    post, path = "/admin/roles", operation_id = "add_role", tag = "roles",
    params(Waiting),
    request_body = Said,
    responses(
        (status = 201, body = Made<Shown>, headers(("Location", description = "The role."))),
        (status = 400, description = "The name or a permission is not one; it says why."),
        (status = 403, description = "The role would hold what the caller does not."),
        (status = 404, description = "There is no role of a name that it inherits."),
        (status = 409, description = "The name is taken, or a policy cannot be made of it."),
    ),
)]
async fn add(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    prefer: Prefer,
    Json(mut said): Json<Said>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Answer<Made<Shown>>), Error> {
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
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Answer(Made::by(role.into(), done))))
}

/// Delete a role; everybody loses it.
#[utoipa::path(
    delete, path = "/admin/roles/{role}", operation_id = "delete_role", tag = "roles",
    params(("role" = NameText, Path), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The role holds what the caller does not."),
        (status = 404, description = "There is no such role."),
        (status = 409, description = "The role is built in, or nobody could administer any more."),
    ),
)]
async fn delete(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments(role): Segments<String>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let role = known(&role)?;
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::delete_role(&mut change, &role).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Let a role hold a permission.
#[utoipa::path(
    put, path = "/admin/roles/{role}/permissions/{permission}", operation_id = "grant_permission", tag = "roles",
    params(("role" = NameText, Path), ("permission" = GrantText, Path), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 400, description = "That is no permission; it says why."),
        (status = 403, description = "The role or the permission holds what the caller does not."),
        (status = 404, description = "There is no such role."),
        (status = 409, description = "The role is built in, or a policy cannot be made of it."),
    ),
)]
async fn grant(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((role, permission)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let (role, grant) = (known(&role)?, parsed(&permission)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::grant_permission(&mut change, &role, &grant).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Take a permission from a role.
#[utoipa::path(
    delete, path = "/admin/roles/{role}/permissions/{permission}", operation_id = "revoke_permission", tag = "roles",
    params(("role" = NameText, Path), ("permission" = GrantText, Path), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 400, description = "That is no permission; it says why."),
        (status = 403, description = "The role holds what the caller does not."),
        (status = 404, description = "There is no such role."),
        (status = 409, description = "The role is built in, or nobody could administer any more."),
    ),
)]
async fn revoke(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((role, permission)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let (role, grant) = (known(&role)?, parsed(&permission)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::revoke_permission(&mut change, &role, &grant).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Let a role have the rights of another one, too.
#[utoipa::path(
    put, path = "/admin/roles/{role}/inherits/{junior}", operation_id = "add_inheritance", tag = "roles",
    params(("role" = NameText, Path), ("junior" = NameText, Path), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The role holds what the caller does not."),
        (status = 404, description = "There is no such role."),
        (status = 409, description = "The role is built in, or would inherit itself in the end."),
    ),
)]
async fn inherit(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((role, junior)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let (role, junior) = (known(&role)?, known(&junior)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::add_inheritance(&mut change, &role, &junior).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Let a role no longer have the rights of another one.
#[utoipa::path(
    delete, path = "/admin/roles/{role}/inherits/{junior}", operation_id = "delete_inheritance", tag = "roles",
    params(("role" = NameText, Path), ("junior" = NameText, Path), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The role holds what the caller does not."),
        (status = 404, description = "There is no such role."),
        (status = 409, description = "The role is built in, or nobody could administer any more."),
    ),
)]
async fn disinherit(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((role, junior)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let (role, junior) = (known(&role)?, known(&junior)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::delete_inheritance(&mut change, &role, &junior).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

fn parsed(text: &str) -> Result<Grant, Error> {
    // The text is the caller's own; a long one is not sent back.
    let shown: String = text.chars().take(64).collect();
    text.parse().map_err(|why| Error::Invalid(format!("`{shown}` is not a permission: {why}")))
}
