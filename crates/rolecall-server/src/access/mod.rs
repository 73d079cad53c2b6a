//! The decision for others: for proxies in front of programs that have no guard of ours, and for programs that ask.

mod forward_auth;
mod forwarded;

use std::sync::Arc;

use rolecall::Router;
use utoipa::OpenApi;

use crate::app::App;

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new().merge(forward_auth::routes())
}

/// What they take and answer.
pub fn described() -> utoipa::openapi::OpenApi {
    forward_auth::Described::openapi()
}
