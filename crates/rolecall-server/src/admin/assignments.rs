//! `/admin/users/{id}/roles/{role}`: giving a user a role, and taking it away.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{
    Router, permission,
    routing::{get, put},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{roles, told, users};
use crate::{
    Error,
    app::App,
    change::{Change, Prefer},
    rbac,
    request::{Acting, MaybeJson, Query, Segments, cut, page},
};

/// What it takes to change something here: the rule of its routes, asked again when the change begins.
const WRITE: &str = "rolecall.roles:grant";

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/users/{id}/roles", get(permission("rolecall.users:read"), list))
        .route("/users/{id}/roles/{role}", put(permission(WRITE), assign).delete(permission(WRITE), deassign))
}

async fn list(
    State(app): State<Arc<App>>,
    Segments(user): Segments<String>,
    query: Query,
) -> Result<Answer<Value>, Error> {
    let asked = query.page(roles::role_key)?;
    let assigned = rbac::assigned_roles(&app, users::known(&user)?).await?;
    let assigned = cut(assigned, &asked, |assignment| &assignment.role);
    let shown = |assignment: &rbac::Assignment| json!({ "role": assignment.role, "until": assignment.until });
    Ok(Answer(page(assigned.iter().map(shown).collect(), asked.limit, |assignment| {
        assignment["role"].as_str().unwrap_or_default().to_owned()
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Until {
    /// NumericDate.
    until: Option<i64>,
}

async fn assign(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((user, role)): Segments<(String, String)>,
    prefer: Prefer,
    MaybeJson(said): MaybeJson<Until>,
) -> Result<Answer<Value>, Error> {
    let (user, role) = (users::known(&user)?, roles::known(&role)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::assign_user(&mut change, user, &role, said.and_then(|said| said.until)).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}

/// In force everywhere when this returns (unless `Prefer: respond-async`).
async fn deassign(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((user, role)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Value>, Error> {
    let (user, role) = (users::known(&user)?, roles::known(&role)?);
    let mut change = Change::begin(&app, &by, Some(WRITE)).await?;
    rbac::deassign_user(&mut change, user, &role).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}
