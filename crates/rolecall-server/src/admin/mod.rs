//! Administration, the JSON API: one file per resource. Each route names its permission; what else must hold, the
//! rules know.

mod assignments;
mod audit;
mod roles;
mod users;

use std::sync::Arc;

use rolecall::Router;
use serde_json::{Value, json};

use crate::{app::App, change::InForce};

/// The routes, below `/admin`.
pub fn routes() -> Router<Arc<App>> {
    Router::new().merge(users::routes()).merge(assignments::routes()).merge(roles::routes()).merge(audit::routes())
}

/// What every change answers.
fn told(done: InForce) -> Value {
    json!({ "version": done.version, "in_force": done.in_force })
}

/// What was made, and what every change answers.
fn made(mut what: Value, done: InForce) -> Value {
    what["version"] = json!(done.version);
    what["in_force"] = json!(done.in_force);
    what
}
