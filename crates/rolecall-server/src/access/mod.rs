//! The decision for others: for proxies in front of programs that have no guard of ours, and for programs that ask.

mod asked;
mod evaluation;
mod forward_auth;
mod forwarded;
mod search;

use std::sync::Arc;

use rolecall::Router;
use utoipa::OpenApi;

use crate::app::App;

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new().merge(forward_auth::routes()).merge(evaluation::routes()).merge(search::routes())
}

/// What they take and answer.
pub fn described() -> utoipa::openapi::OpenApi {
    let mut all = forward_auth::Described::openapi();
    for part in [evaluation::Described::openapi(), search::Described::openapi()] {
        all.merge(part);
    }
    all
}
