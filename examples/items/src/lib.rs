//! Items that people sell: every kind of rule in one small application. [README.md](../README.md) says how to start it
//! and what to type; `tests/` shows how its access is tested.
//!
//! [`api`] is the place to begin. Each route says who may call it, and what it says is what is enforced, printed as the
//! access matrix, and written into the OpenAPI document.

mod changes;
mod desk;
mod document;
mod sale;
mod stock;
mod store;

use rolecall::{
    Caller, Router, optional, own, permission, public, role,
    routing::{get, post},
    scope, service,
};

pub use document::document;
pub use store::{Item, Items};

/// All routes, with the rule of each.
pub fn api() -> Router<Items> {
    Router::new()
        .route("/ping", get(public(), async || "pong"))
        .route("/hello", get(optional(), hello))
        .route("/items/", get(own("items:read"), sale::list).post(permission("items:create"), sale::offer))
        .route(
            "/items/{id}",
            get(own("items:read"), sale::show)
                .patch(own("items:update"), sale::rename)
                .delete(own("items:delete"), sale::withdraw),
        )
        .route("/changes", get(own("items:read"), changes::follow))
        .route("/count", get(role("clerk"), desk::count))
        .route("/stock/sync", post(service().and(scope("stock:sync")), stock::sync))
        .nest("/desk", desk::routes())
}

/// Anybody may call. Who sends a token is known, and one that is no good is refused.
async fn hello(caller: Option<Caller>) -> String {
    let name = caller.as_ref().map_or("stranger", Caller::name);
    format!("hello, {name}")
}
