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
//! The same rules go into an OpenAPI document: [`Router::openapi`]. With the feature `docs`, `Router::docs` serves a page
//! that shows it and tries its calls.
//!
//! # Rules
//!
//! | rule | who passes |
//! |---|---|
//! | [`public()`](public), [`public_because(..)`](public_because) | everybody; a token is not looked at |
//! | [`optional()`](optional) | everybody; who sends a token is known, and a bad one is refused |
//! | [`authenticated()`](authenticated) | anybody with a valid token |
//! | [`role("admin")`](role) | who has the role, or one that inherits it |
//! | [`permission("items:write")`](permission) | who has a role that grants it |
//! | [`own("items:update")`](own) | the same, or whoever may do it to his own objects; the handler asks [`Reach`] whose it is |
//! | [`service()`](service) | a client that acts for itself, with no user |
//! | [`scope("stock:sync")`](scope) | whose token was cut to a scope that names it, and who holds it too |
//! | [`a.and(b)`](Rule::and), [`a.or(b)`](Rule::or) | both, either |
//!
//! A [`Rule`] is a value beside its handler, so what is enforced, printed ([`AccessMatrix`]) and documented is one thing.
//!
//! # One call
//!
//! [`Guard::protect`] is the only way from a [`Router`] to something that can be served; until then every route refuses.
//! The guard checks a call without network and database: a signature the first time a token is seen, a look-up after
//! that, and in both cases how the token stands by what this process decides by now ([`Live`]). A handler then learns
//! who it is from [`Caller`]; a call that is refused gets one of [`Denied`]: 401 where nobody is known, 403 where
//! somebody is and may not, 503 where it cannot be told.
//!
//! # Where a guard comes from
//!
//! From `Rolecall::guard()` of the crate `rolecall-server`, which embeds the service in your process. What it is made of,
//! for whoever brings tokens of his own: [`Guard`].
//!
//! # Features
//!
//! Each adds something and changes nothing; none is on by default.
//!
//! - `docs`: `Router::docs`, the page that shows the OpenAPI document and tries its calls;
//! - `testing`: the module `testing`, for the dev-dependencies of an application: actors who call it, the access matrix
//!   with a column for each of them, and a probe that compares that table with what the guard does.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod clock;
pub mod routing;
#[cfg(feature = "testing")]
pub mod testing;

mod behind;
mod caller;
mod denied;
#[cfg(feature = "docs")]
mod docs;
mod guard;
mod kept;
mod live;
mod matrix;
mod names;
mod need;
mod openapi;
mod problem;
mod reach;
#[cfg(feature = "testing")]
mod rehearsal;
mod router;
mod rule;
mod seen;

pub use caller::Caller;
pub use denied::Denied;
pub use guard::{Audience, Authority, Guard, Introspected, InvalidAudience, Unavailable};
pub use live::Live;
pub use matrix::{AccessMatrix, Row};
pub use openapi::NotOpenApi;
pub use problem::Problem;
pub use reach::{AnswersTo, Complete, Reach};
pub use router::{Router, RuledRoutes};
pub use rule::{
    Kind, Limited, Listed, Rule, Whole, authenticated, optional, own, permission, public, public_because, role, scope,
    service,
};
pub use seen::SeenTokens;
