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
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    client_auth,
    error::{OAuthError, Told},
    grants,
};
use crate::{
    app::App,
    request::{self, Parameters},
    sessions::{self, Opened, Refused},
};

/// What a log-in sends; [`answer`] reads it, in the order in which it needs it.
#[derive(ToSchema)]
#[schema(as = rolecall::TokenRequest)]
#[expect(dead_code, reason = "it describes; `Parameters` reads, so that a parameter that is there twice is refused")]
pub(super) struct Form {
    #[schema(pattern = "^password$", example = "password")]
    grant_type: String,
    /// The account's name, or an address that was verified.
    username: String,
    #[schema(format = Password)]
    password: String,
    /// Roles and permissions that the token is to be limited to, separated by spaces; all that the account may, without.
    scope: Option<String>,
    /// `rolecall`, which it is without.
    client_id: Option<String>,
    /// The API that the token is for (RFC 8707): the issuer, which it is without.
    resource: Option<String>,
}

/// A token (RFC 6749, 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Token)]
pub(super) struct Answered {
    access_token: String,
    #[schema(pattern = "^Bearer$")]
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    /// What it is limited to, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// Log in.
///
/// The password grant of OAuth 2.0. Parameters that are not known are passed over, as the standard says; one that is
/// there twice is refused.
#[utoipa::path(
    post, path = "/token", operation_id = "token", tag = "oauth",
    request_body(content = Form, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Answered),
        (status = 400, body = Told, description = "The password is wrong, or the request is not right (RFC 6749, 5.2)."),
        (status = 401, body = Told, description = "There is no such client.", headers(
            ("WWW-Authenticate", description = "`Basic`"),
        )),
        (status = 408, body = Told, description = "The body did not come in time."),
        (status = 413, body = Told, description = "The body is too large."),
        (status = 415, body = Told, description = "The body is no form."),
        (status = 429, body = Told, description = "Too many guesses were made at this account, or from this address."),
        (status = 500, body = Told, description = "A fault of ours."),
        (status = 503, body = Told, description = "Too much is going on, or the database cannot be reached."),
    ),
)]
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
    let body = request::whole(body, &app.config.limits).await.map_err(OAuthError::Unreadable)?;
    let mut form = Parameters::parse(&body, &app.config.limits).map_err(OAuthError::InvalidRequest)?;

    client_auth::authenticate(&parts.headers, &mut form)?;
    let missing = || OAuthError::InvalidRequest("`grant_type` is missing; use `grant_type=password`".into());
    let grant = form.take("grant_type").ok_or_else(missing)?;
    if form.take("resource").is_some_and(|resource| resource != app.issuer) {
        return Err(OAuthError::InvalidTarget);
    }
    let scope = Scope::parse(&form.take("scope").unwrap_or_default()).map_err(|_| OAuthError::InvalidScope)?;
    let origin = request::origin(&parts, app);
    let proved = match grant.as_str() {
        "password" if app.config.password_grant => grants::password::prove(app, &mut form, &origin).await?,
        "password" => return Err(OAuthError::UnsupportedGrantType("`grant_type=password` is turned off here")),
        _ => return Err(OAuthError::UnsupportedGrantType("use `grant_type=password`")),
    };
    match sessions::open(app, &proved, scope, origin).await? {
        Ok(opened) => {
            tracing::info!(user = proved.account.id, "logged in");
            Ok(opened)
        }
        Err(Refused::Grant) => Err(OAuthError::InvalidGrant),
        Err(Refused::Scope) => Err(OAuthError::InvalidScope),
        Err(Refused::TooManyRoles) => Err(OAuthError::ScopeNeeded),
    }
}

/// RFC 6749, 5.1.
fn told(opened: &Opened) -> Response {
    let answered = Answered {
        access_token: opened.token.clone(),
        token_type: "Bearer",
        expires_in: opened.expires_in,
        scope: opened.scope.as_ref().map(ToString::to_string),
    };
    let mut response = Json(answered).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
