//! Administration, the JSON API: one file per resource. Each route names its permission; what else must hold, the
//! rules know.

mod api_keys;
mod apis;
mod assignments;
mod audit;
mod clients;
mod keys;
mod roles;
mod sessions;
mod users;

use std::sync::Arc;

use rolecall::Router;
use serde::{Deserialize, Deserializer};
use utoipa::{OpenApi, ToSchema};

use crate::{
    app::App,
    changed::{Changed, Made, Waiting},
};

/// The routes, below `/admin`.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(users::routes())
        .merge(assignments::routes())
        .merge(sessions::routes())
        .merge(api_keys::routes())
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
        sessions::Described::openapi(),
        api_keys::Described::openapi(),
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

/// A member that may be there, and may be `null` then.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A member that may be there, and is not `null` then.
fn never_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
