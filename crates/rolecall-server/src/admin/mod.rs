//! Administration, the JSON API: one file per resource. Each route names its permission; what else must hold, the
//! rules know.

mod apis;
mod assignments;
mod audit;
mod clients;
mod keys;
mod roles;
mod users;

use std::sync::Arc;

use rolecall::Router;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::{app::App, change::InForce};

/// The routes, below `/admin`.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(users::routes())
        .merge(assignments::routes())
        .merge(roles::routes())
        .merge(clients::routes())
        .merge(apis::routes())
        .merge(keys::routes())
        .merge(audit::routes())
}

/// What they take and answer.
pub fn described() -> utoipa::openapi::OpenApi {
    let mut all = users::Described::openapi();
    for part in [
        assignments::Described::openapi(),
        roles::Described::openapi(),
        clients::Described::openapi(),
        apis::Described::openapi(),
        keys::Described::openapi(),
        audit::Described::openapi(),
    ] {
        all.merge(part);
    }
    all
}

/// The name of a role, as a path or a body has it.
#[derive(ToSchema)]
#[schema(as = rolecall::RoleName, pattern = "^[a-z0-9][a-z0-9._-]{0,63}$", example = "editor")]
#[expect(dead_code, reason = "it describes what the core parses")]
struct NameText(String);

/// What a role can hold, as a path or a body has it.
#[derive(ToSchema)]
#[schema(
    as = rolecall::Grant,
    pattern = r"^(\*|[a-z0-9._-]{1,128}:(\*|[a-z0-9._-]{1,128})(:own)?)$",
    example = "items:read",
)]
#[expect(dead_code, reason = "it describes what the core parses")]
struct GrantText(String);

/// What every change answers.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Changed)]
struct Changed {
    /// The version of the policy that it made; the one before, where there was nothing to change.
    version: u64,
    /// Whether every call that comes from now on is decided by it.
    in_force: bool,
}

impl Changed {
    fn by(done: InForce) -> Self {
        Changed { version: done.version, in_force: done.in_force }
    }
}

/// What was made, and what every change answers.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Made)]
struct Made<T> {
    #[serde(flatten)]
    what: T,
    #[serde(flatten)]
    changed: Changed,
}

impl<T> Made<T> {
    fn by(what: T, done: InForce) -> Self {
        Made { what, changed: Changed::by(done) }
    }
}

/// What every change may be asked; [`Prefer`](crate::change::Prefer) reads it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes; `Prefer` reads")]
struct Waiting {
    /// `wait=SECONDS`: answer when the change is in force everywhere, or after so long. `respond-async`: answer at once.
    /// Without it, a change that takes something away waits (RFC 7240).
    #[param(rename = "Prefer", value_type = String, required = false, example = "wait=10")]
    prefer: Option<String>,
}

/// A member that may be there, and may be `null` then.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A member that may be there, and is not `null` then.
fn never_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
