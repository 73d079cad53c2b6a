//! What others must know of this server (RFC 8414), and the keys to verify its tokens with (RFC 7517). Only what is
//! true, and every address from the issuer, never from the request.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rolecall_core::Algorithm;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    app::App,
    clients::{AuthMethod, GrantType},
    keys::{KEPT_BY_OTHERS, Published},
};

/// A JSON Web Key Set (RFC 7517).
#[derive(ToSchema)]
#[schema(as = rolecall::KeySet)]
#[expect(dead_code, reason = "it describes; the core writes key sets")]
struct Keys {
    /// Public keys, each with its `kid`.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<Value>,
}

/// The keys to verify tokens with: those that sign, will soon, or did and have tokens out.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "keys", tag = "oauth",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the answer before.")),
    responses(
        (status = 200, body = Keys, headers(
            ("Cache-Control", description = "For how long they may be kept: a new key signs only after that."),
            ("ETag", description = "Another one when the keys are others."),
        )),
        (status = 304, description = "They are the same."),
    ),
)]
pub(super) async fn keys(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let ring = app.ring();
    let Published { body, etag } = ring.published().clone();
    let kept = [
        (header::CACHE_CONTROL, HeaderValue::from_str(&format!("public, max-age={KEPT_BY_OTHERS}")).ok()),
        (header::ETAG, Some(etag.clone())),
    ];
    let kept: HeaderMap = kept.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    match has(&headers, &etag) {
        true => (StatusCode::NOT_MODIFIED, kept).into_response(),
        false => (kept, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
    }
}

/// Whether a caller has what this `ETag` names (RFC 9110, 13.1.2). Weak or strong makes no difference there.
fn has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let sent = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut named = sent.flat_map(|value| value.split(',')).map(str::trim);
    named.any(|name| name == "*" || name.strip_prefix("W/").unwrap_or(name).as_bytes() == etag.as_bytes())
}

/// Metadata of the authorization server (RFC 8414).
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::ServerMetadata)]
pub(super) struct Metadata {
    #[schema(format = "uri")]
    issuer: String,
    #[schema(format = "uri")]
    token_endpoint: String,
    #[schema(format = "uri")]
    introspection_endpoint: String,
    #[schema(format = "uri")]
    revocation_endpoint: String,
    #[schema(format = "uri")]
    jwks_uri: String,
    grant_types_supported: Vec<&'static str>,
    /// Required by RFC 8414; there is no authorization endpoint, so there are none.
    response_types_supported: [&'static str; 0],
    token_endpoint_auth_methods_supported: [&'static str; 4],
    /// By what an assertion may be signed.
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
    /// Of those, all by which a client proves something.
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
    revocation_endpoint_auth_methods_supported: [&'static str; 4],
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 3],
}

/// Where others find what this server does.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", operation_id = "server_metadata", tag = "oauth",
    responses((status = 200, body = Metadata)),
)]
pub(super) async fn server(State(app): State<Arc<App>>) -> Json<Metadata> {
    let issuer = &app.issuer;
    let password = app.config.password_grant.then_some(GrantType::Password);
    let grants = password.into_iter().chain([GrantType::RefreshToken, GrantType::ClientCredentials, GrantType::ApiKey]);
    let algorithms = [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa].map(Algorithm::as_str);
    let proving = [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::PrivateKeyJwt];
    Json(Metadata {
        issuer: issuer.clone(),
        token_endpoint: format!("{issuer}/token"),
        introspection_endpoint: format!("{issuer}/introspect"),
        revocation_endpoint: format!("{issuer}/revoke"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        grant_types_supported: grants.map(GrantType::as_str).collect(),
        response_types_supported: [],
        token_endpoint_auth_methods_supported: AuthMethod::ALL.map(AuthMethod::as_str),
        token_endpoint_auth_signing_alg_values_supported: algorithms,
        introspection_endpoint_auth_methods_supported: proving.map(AuthMethod::as_str),
        introspection_endpoint_auth_signing_alg_values_supported: algorithms,
        revocation_endpoint_auth_methods_supported: AuthMethod::ALL.map(AuthMethod::as_str),
        revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    })
}
