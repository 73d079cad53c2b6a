//! `POST /token`: the pipeline that all grants share. Read the form, authenticate the client, prove who it is, open a
//! session, answer. A grant fills in one step and cannot forget another.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use rolecall_core::Scope;
use serde_json::json;

use super::{client_auth, error::OAuthError, grants};
use crate::{
    app::App,
    request::{self, Parameters},
    sessions::{self, Opened, Refused},
};

pub(super) async fn token(State(app): State<Arc<App>>, request: Request) -> Response {
    match answer(&app, request).await {
        Ok(opened) => told(&opened),
        Err(error) => error.into_response(),
    }
}

async fn answer(app: &App, request: Request) -> Result<Opened, OAuthError> {
    let (parts, body) = request.into_parts();
    // What stands in a query ends in logs and histories (RFC 6749, 3.2 and 2.3.1).
    if parts.uri.query().is_some() {
        return Err(OAuthError::InvalidRequest("parameters go into the body, not into the query".into()));
    }
    request::is_of_type(&parts.headers, "application/x-www-form-urlencoded").map_err(OAuthError::Unreadable)?;
    let body = request::whole(body).await.map_err(OAuthError::Unreadable)?;
    let mut form = Parameters::parse(&body).map_err(OAuthError::InvalidRequest)?;

    client_auth::authenticate(&parts.headers, &mut form)?;
    let missing = || OAuthError::InvalidRequest("`grant_type` is missing; use `grant_type=password`".into());
    let grant = form.take("grant_type").ok_or_else(missing)?;
    if form.take("resource").is_some_and(|resource| resource != app.issuer) {
        return Err(OAuthError::InvalidTarget);
    }
    let scope = Scope::parse(&form.take("scope").unwrap_or_default()).map_err(|_| OAuthError::InvalidScope)?;
    let proved = match grant.as_str() {
        "password" => grants::password::prove(app, &mut form).await?,
        _ => return Err(OAuthError::UnsupportedGrantType),
    };
    match sessions::open(app, &proved, scope, request::request_id(&parts)).await? {
        Ok(opened) => {
            tracing::info!(user = proved.id, "logged in");
            Ok(opened)
        }
        Err(Refused::Grant) => Err(OAuthError::InvalidGrant),
        Err(Refused::Scope) => Err(OAuthError::InvalidScope),
        Err(Refused::TooManyRoles) => Err(OAuthError::ScopeNeeded),
    }
}

/// RFC 6749, 5.1.
fn told(opened: &Opened) -> Response {
    let mut body = json!({ "access_token": opened.token, "token_type": "Bearer", "expires_in": opened.expires_in });
    if let Some(scope) = &opened.scope {
        body["scope"] = json!(scope.to_string());
    }
    let mut response = Json(body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
