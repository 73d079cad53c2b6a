//! `/admin/users/{id}/roles/{role}`: giving a user a role, and taking it away.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{
    Router, permission,
    routing::{get, put},
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{Changed, NameText, Waiting, roles, users};
use crate::{
    Error,
    app::App,
    change::{Change, Prefer},
    rbac::{self, Holder},
    request::{Acting, Listed, MaybeJson, Paging, Query, Segments, cut, page},
};

/// What it takes to change something here: the rule of its routes, asked again when the change begins.
pub(super) const GRANT: &str = "rolecall.roles:grant";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/users/{id}/roles", get(permission("rolecall.users:read"), list))
        .route("/users/{id}/roles/{role}", put(permission(GRANT), assign).delete(permission(GRANT), deassign))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(tags((name = "assignments", description = "Who has which role.")), paths(list, assign, deassign))]
pub(super) struct Described;

/// A role that a user or a client has.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Assignment)]
pub(super) struct Shown {
    #[schema(value_type = NameText)]
    pub(super) role: String,
    /// NumericDate at which it ends; null where it does not.
    #[schema(required)]
    until: Option<i64>,
}

impl From<rbac::Assignment> for Shown {
    fn from(assignment: rbac::Assignment) -> Self {
        Shown { role: assignment.role, until: assignment.until }
    }
}

/// The roles that are assigned to a user, those that have ended among them; inherited ones are not.
#[utoipa::path(
    get, path = "/admin/users/{id}/roles", operation_id = "list_assigned_roles", tag = "assignments",
    params(("id" = String, Path, format = "uuid"), Paging),
    responses(
        (status = 200, body = Listed<Shown>),
        (status = 400, description = "The query is not right."),
        (status = 404, description = "There is no such account."),
    ),
)]
async fn list(
    State(app): State<Arc<App>>,
    Segments(user): Segments<String>,
    query: Query,
) -> Result<Answer<Listed<Shown>>, Error> {
    let asked = query.page(roles::role_key)?;
    let assigned = rbac::assigned_roles(&app, Holder::User(users::known(&user)?)).await?;
    let assigned = cut(assigned, &asked, |assignment| &assignment.role);
    Ok(Answer(page(assigned.into_iter().map(Shown::from).collect(), asked.limit, |shown| shown.role.clone())))
}

/// Until when.
#[derive(Deserialize, ToSchema)]
#[schema(as = rolecall::Until)]
#[serde(deny_unknown_fields)]
pub(super) struct Until {
    /// NumericDate at which it ends by itself; in the future.
    pub(super) until: Option<i64>,
}

/// Give a user a role, for good or until a time. A token that is out can use it at once.
#[utoipa::path(
    put, path = "/admin/users/{id}/roles/{role}", operation_id = "assign_role", tag = "assignments",
    params(("id" = String, Path, format = "uuid"), ("role" = NameText, Path), Waiting),
    request_body = Option<Until>,
    responses(
        (status = 200, body = Changed),
        (status = 400, description = "The end is in the past, or the body is not right."),
        (status = 403, description = "It would give what the caller does not hold, or it is to himself."),
        (status = 404, description = "There is no such account, or no such role."),
        (status = 409, description = "Nobody could administer any more."),
    ),
)]
async fn assign(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((user, role)): Segments<(String, String)>,
    prefer: Prefer,
    MaybeJson(said): MaybeJson<Until>,
) -> Result<Answer<Changed>, Error> {
    let (user, role) = (users::known(&user)?, roles::known(&role)?);
    let mut change = Change::begin(&app, &by, Some(GRANT)).await?;
    rbac::assign(&mut change, Holder::User(user), &role, said.and_then(|said| said.until)).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}

/// Take a role from a user. In force everywhere when this answers (unless `Prefer: respond-async`).
#[utoipa::path(
    delete, path = "/admin/users/{id}/roles/{role}", operation_id = "deassign_role", tag = "assignments",
    params(("id" = String, Path, format = "uuid"), ("role" = NameText, Path), Waiting),
    responses(
        (status = 200, body = Changed),
        (status = 403, description = "The account holds more than the caller does."),
        (status = 404, description = "There is no such account, or no such role."),
        (status = 409, description = "Nobody could administer any more."),
    ),
)]
async fn deassign(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((user, role)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Changed>, Error> {
    let (user, role) = (users::known(&user)?, roles::known(&role)?);
    let mut change = Change::begin(&app, &by, Some(GRANT)).await?;
    rbac::deassign(&mut change, Holder::User(user), &role).await?;
    Ok(Answer(Changed::by(change.commit(prefer).await?)))
}
