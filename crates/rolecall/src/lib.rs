//! Role-based authorization for axum: a route without an access rule does not compile.
//!
//! ```
//! use rolecall::{Caller, Router, permission, public, role, routing::get};
//!
//! async fn read_items(caller: Caller) -> String {
//!     format!("items of {}", caller.name())
//! }
//!
//! fn routes() -> Router {
//!     Router::new()
//!         .route("/health", get(public(), async || "ok"))
//!         .route("/items/", get(role("admin"), read_items))
//!         .route("/stock/", get(permission("stock:read").or(role("auditor")), async || "stock"))
//! }
//!
//! // What is enforced can be read, and compared in a test.
//! assert!(routes().access_matrix().to_string().contains("stock:read or role auditor"));
//! ```
//!
//! A [`Rule`] is a value beside its handler. [`Guard::protect`] is the only way from a [`Router`] to something that can
//! be served; until then every route refuses. The guard checks a call without network and database: a signature the
//! first time a token is seen, a look-up after that, and in both cases how the token stands by what this process
//! decides by now ([`Live`]).

pub mod clock;
pub mod routing;

mod behind;
mod caller;
mod denied;
mod guard;
mod live;
mod matrix;
mod need;
mod problem;
mod router;
mod rule;
mod seen;

pub use caller::Caller;
pub use denied::Denied;
pub use guard::{Audience, Authority, Guard, Introspected, InvalidAudience, Unavailable};
pub use live::Live;
pub use matrix::{AccessMatrix, Row};
pub use problem::Problem;
pub use router::{Router, RuledRoutes};
pub use rule::{Rule, authenticated, optional, permission, public, public_because, role};
pub use seen::SeenTokens;
