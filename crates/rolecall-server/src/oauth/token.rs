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
    form, grants,
};
use crate::{
    app::App,
    clients::GrantType,
    request,
    sessions::{self, Asked, MOST_SCOPE, Opened, Refused},
};

/// What whoever wants a token sends; [`answer`] reads it, in the order in which it needs it.
#[derive(ToSchema)]
#[schema(as = rolecall::TokenRequest)]
#[expect(dead_code, reason = "it describes; `Parameters` reads, so that a parameter that is there twice is refused")]
pub(super) struct Form {
    #[schema(
        pattern = "^(password|refresh_token|client_credentials|urn:rolecall:oauth:grant-type:api-key)$",
        example = "password"
    )]
    grant_type: String,
    /// For `password`: the account's name, or an address that was verified.
    username: Option<String>,
    /// For `password`.
    #[schema(format = Password)]
    password: Option<String>,
    /// For `refresh_token`: what the answer before had.
    #[schema(format = Password)]
    refresh_token: Option<String>,
    /// For `urn:rolecall:oauth:grant-type:api-key`: what `POST /me/keys` has answered.
    #[schema(format = Password)]
    api_key: Option<String>,
    /// Roles and permissions that the token is to be limited to, separated by spaces; all that the subject may, without.
    /// For `refresh_token` at most what the log-in asked for, for this access token alone; for a key at most what it has.
    scope: Option<String>,
    /// `rolecall`, which it is without; or what a Basic header or an assertion says.
    client_id: Option<String>,
    /// For a client that proves so who it is (`client_secret_post`).
    #[schema(format = Password)]
    client_secret: Option<String>,
    /// For a client that proves so who it is (`private_key_jwt`): `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: Option<String>,
    /// With it: a JWT that the client signed, whose `aud` is the issuer (RFC 7523).
    client_assertion: Option<String>,
    /// The API that the token is for (RFC 8707): the client's own or the issuer, without.
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
    /// What the next access token is had for, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// Log in, go on, or get a token for a client itself or by an API key.
///
/// The grants `password`, `refresh_token` and `client_credentials` of OAuth 2.0, and one of our own for API keys. A refresh token counts once, and the
/// answer has the next one. Used again it is answered with the same one for a few seconds, in case that was lost; after
/// that it ends the session. A client proves who it is by a secret in a Basic header or in the form, or by an assertion
/// that it signed, as it was registered. Parameters that are not known are passed over, as the standard says; one that is
/// there twice is refused.
#[utoipa::path(
    post, path = "/token", operation_id = "token", tag = "oauth",
    // Without a client it is the built-in one.
    security((), ("client" = [])),
    request_body(content = Form, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Answered),
        (status = 400, body = Told, description = "The password is wrong, or the request is not right (RFC 6749, 5.2)."),
        (status = 401, body = Told, description = "There is no such client, or not with these credentials.", headers(
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

async fn answer(app: &Arc<App>, request: Request) -> Result<Opened, OAuthError> {
    let (parts, mut form) = form::read(app, request).await?;
    let client = client_auth::authenticate(app, &parts.headers, &mut form).await?;
    let missing = || OAuthError::InvalidRequest("`grant_type` is missing; use `grant_type=password`".into());
    let grant = grants::parse(app, &form.take("grant_type").ok_or_else(missing)?)?;
    // A refresh token is looked at first: in the hands of another client it ends its session.
    if grant != GrantType::RefreshToken && !client.may(grant) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let scope = Scope::parse(&form.take("scope").unwrap_or_default()).map_err(|_| OAuthError::InvalidScope)?;
    // As it is written into the token: each word once.
    if scope.as_ref().is_some_and(|scope| scope.to_string().len() > MOST_SCOPE) {
        return Err(OAuthError::ScopeTooLong);
    }
    let asked = Asked { client, resource: form.take("resource"), scope, origin: request::origin(&parts, app) };
    let opened = match grant {
        GrantType::Password => {
            let proved = grants::password::prove(app, &mut form, &asked.origin).await?;
            let opened = sessions::open(app, &proved, asked).await?;
            opened.inspect(|_| tracing::info!(user = proved.account.id, "logged in"))
        }
        GrantType::ClientCredentials => {
            let client = asked.client.id().to_owned();
            let opened = sessions::open_own(app, asked).await?;
            opened.inspect(|_| tracing::info!(client, "a client got a token for itself"))
        }
        GrantType::ApiKey => {
            let key = grants::api_key::prove(app, &mut form).await?;
            let opened = sessions::open_by_key(app, &key, asked).await?;
            opened.inspect(|_| tracing::info!(key = key.id(), "logged in by an API key"))
        }
        GrantType::RefreshToken => sessions::refresh(app, &grants::refresh_token::token(&mut form)?, asked).await?,
    };
    opened.map_err(|refused| match refused {
        Refused::Grant => OAuthError::InvalidGrant,
        Refused::Client => OAuthError::InvalidClient,
        Refused::NotItsGrant => OAuthError::UnauthorizedClient,
        Refused::Target => OAuthError::InvalidTarget(NO_SUCH_API),
        Refused::AnotherTarget => OAuthError::InvalidTarget(ANOTHER_API),
        Refused::Token => OAuthError::InvalidRefreshToken,
        Refused::Key => OAuthError::InvalidApiKey,
        Refused::Scope => OAuthError::InvalidScope,
        Refused::NothingHeld => OAuthError::NothingHeld,
        Refused::TooManyRoles => OAuthError::ScopeNeeded,
    })
}

const NO_SUCH_API: &str = "there is no API of this name, or it is disabled; name one in `resource`";
const ANOTHER_API: &str = "the tokens of a session are all for one API, and this is another; log in for that one";

/// RFC 6749, 5.1.
fn told(opened: &Opened) -> Response {
    let answered = Answered {
        access_token: opened.token.clone(),
        token_type: "Bearer",
        expires_in: opened.expires_in,
        scope: opened.scope.as_ref().map(ToString::to_string),
        refresh_token: opened.refresh_token.clone(),
    };
    let mut response = Json(answered).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
