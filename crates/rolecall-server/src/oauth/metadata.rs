//! What others must know of this server (RFC 8414), and the keys to verify its tokens with (RFC 7517). Only what is
//! true, and every address from the issuer, never from the request.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::header;
use serde_json::{Value, json};

use crate::app::App;

/// Seconds for which others may keep the keys.
const KEEP: &str = "public, max-age=300";

pub(super) async fn keys(State(app): State<Arc<App>>) -> ([(header::HeaderName, &'static str); 1], Json<Value>) {
    ([(header::CACHE_CONTROL, KEEP)], Json(app.live.snapshot().keys.to_jwks()))
}

pub(super) async fn server(State(app): State<Arc<App>>) -> Json<Value> {
    let issuer = &app.issuer;
    Json(json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "grant_types_supported": ["password"],
        // Required by RFC 8414; there is no authorization endpoint, so there are none.
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none"],
    }))
}
