//! `/admin/users/{id}/roles/{role}`: giving a user a role, and taking it away.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{
    Router, permission,
    routing::{get, put},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{roles::known, told};
use crate::{
    Error,
    app::App,
    change::{Change, Prefer},
    rbac,
    request::{Acting, MaybeJson, Segments},
};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/users/{id}/roles", get(permission("rolecall.users:read"), list)).route(
        "/users/{id}/roles/{role}",
        put(permission("rolecall.roles:grant"), assign).delete(permission("rolecall.roles:grant"), deassign),
    )
}

async fn list(State(app): State<Arc<App>>, Segments(user): Segments<String>) -> Result<Answer<Value>, Error> {
    let assigned = rbac::assigned_roles(&app, &user).await?;
    let shown = |assignment: &rbac::Assignment| json!({ "role": assignment.role, "until": assignment.until });
    Ok(Answer(json!({ "items": assigned.iter().map(shown).collect::<Vec<_>>(), "next": null })))
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
    let role = known(&role)?;
    let mut change = Change::begin(&app, &by).await?;
    rbac::assign_user(&mut change, &user, &role, said.and_then(|said| said.until)).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}

/// In force everywhere when this returns (unless `Prefer: respond-async`).
async fn deassign(
    Acting(by): Acting,
    State(app): State<Arc<App>>,
    Segments((user, role)): Segments<(String, String)>,
    prefer: Prefer,
) -> Result<Answer<Value>, Error> {
    let role = known(&role)?;
    let mut change = Change::begin(&app, &by).await?;
    rbac::deassign_user(&mut change, &user, &role).await?;
    Ok(Answer(told(change.commit(prefer).await?)))
}
