//! Tests of an application's access rules: actors who call it, the matrix with a column for each of them, and a probe
//! that compares the matrix with what the guard does.
//!
//! With the feature `testing`, which belongs into an application's dev-dependencies:
//!
//! ```toml
//! [dev-dependencies]
//! rolecall = { version = "0.1", features = ["testing"] }
//! ```
//!
//! ```
//! use axum::extract::Path;
//! use rolecall::{Denied, Reach, Router, own, permission, public, role, routing::{get, put}, testing::{self, People}};
//!
//! async fn rename(reach: Reach, Path(owner): Path<String>) -> Result<&'static str, Denied> {
//!     reach.covers(&owner)?;
//!     Ok("renamed")
//! }
//!
//! fn api() -> Router {
//!     Router::new()
//!         .route("/health", get(public(), async || "ok"))
//!         .route("/items/", get(permission("items:read"), async || "items"))
//!         .route("/items/of/{owner}", put(own("items:update"), rename))
//!         .nest("/admin", Router::new().require(role("admin")).route("/audit", get(public(), async || "audit")))
//! }
//!
//! fn people() -> People {
//!     People::new()
//!         .role("user", &["items:read", "items:update:own"])
//!         .role("admin", &["items:*"])
//!         .person("alice", &["user"])
//!         .person("ada", &["admin"])
//!         .person("bert", &[])
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // Who may call what. In a test, `insta::assert_snapshot!` keeps it: a change of access is a difference to review.
//! assert_eq!(api().access_matrix().for_callers(&people()).to_string(), "\
//! METHOD  PATH               RULE                 nobody  alice  ada  bert
//! GET     /health            public               yes     yes    yes  yes
//! GET     /items/            items:read           401     yes    yes  403
//! PUT     /items/of/{owner}  items:update or own  401     own    yes  403
//! GET     /admin/audit       role admin           401     403    yes  403
//! ");
//!
//! // The guard agrees with the table, for everybody and for everybody's bad tokens. No handler runs.
//! assert_eq!(testing::probe(api(), &people()).await, [""; 0]);
//!
//! // And the handlers ask whose objects they touch.
//! let app = testing::serve(api(), &people());
//! let alice = app.caller("alice");
//! assert_eq!(alice.put(&format!("/items/of/{}", alice.id()), "").await.status, 200);
//! assert_eq!(alice.put("/items/of/somebody-else", "").await.status, 404);
//! assert_eq!(app.nobody().get("/items/").await.status, 401);
//! # }
//! ```
//!
//! A [`Router`](crate::Router) with a state gets it first: `api().with_state(state)`. Everything runs in the test's own process,
//! in a tokio runtime (`#[tokio::test]`); the guard is the one that serves, with tokens signed by a key made for the test.

mod actors;
mod bad;
mod paths;
mod people;
mod probe;
mod table;
mod world;

pub use actors::{Actor, Answer, App, Content, serve};
pub use people::People;
pub use probe::probe;
pub use table::{Access, CallerMatrix};
