//! OAuth 2.0: the protocol and nothing else. What an account or a session is, the rules know.

mod client_auth;
mod error;
mod form;
mod grants;
mod introspect;
mod metadata;
mod revoke;
mod token;

use std::sync::Arc;

use rolecall::{
    Router, public_because,
    routing::{get, post},
};

use utoipa::OpenApi;

use crate::app::App;

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/token", post(public_because("log-in, RFC 6749"), token::token))
        .route("/introspect", post(public_because("client authentication, RFC 7662"), introspect::introspect))
        .route("/revoke", post(public_because("client authentication, RFC 7009"), revoke::revoke))
        .route("/.well-known/jwks.json", get(public_because("keys to verify with, RFC 7517"), metadata::keys))
        .route("/.well-known/oauth-authorization-server", get(public_because("metadata, RFC 8414"), metadata::server))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(
    tags((name = "oauth", description = "Logging in, and what verifiers need (OAuth 2.0).")),
    paths(token::token, introspect::introspect, revoke::revoke, metadata::keys, metadata::server),
)]
pub struct Described;
