//! `POST /introspect` (RFC 7662): how a token stands now, for those who cannot read it or do not want to believe it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    client_auth,
    error::{OAuthError, Told},
    form,
};
use crate::{
    app::App,
    sessions::{self, Standing},
};

/// What is asked.
#[derive(ToSchema)]
#[schema(as = rolecall::TokenShown)]
#[expect(dead_code, reason = "it describes; `Parameters` reads, so that a parameter that is there twice is refused")]
pub(super) struct Form {
    /// An access token or a refresh token; at `/revoke` an API key, too.
    pub(super) token: String,
    /// Which of the two. It is seen anyhow.
    pub(super) token_type_hint: Option<String>,
    /// What a Basic header or an assertion says too.
    pub(super) client_id: Option<String>,
    /// For a client that proves so who it is (`client_secret_post`).
    #[schema(format = Password)]
    pub(super) client_secret: Option<String>,
    /// For a client that proves so who it is (`private_key_jwt`): `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    pub(super) client_assertion_type: Option<String>,
    /// With it: a JWT that the client signed, whose `aud` is the issuer (RFC 7523).
    pub(super) client_assertion: Option<String>,
}

/// How a token stands. Nothing but `active` for one that does not count, or that is not for the client to see.
#[derive(Serialize, ToSchema, Default)]
#[schema(as = rolecall::Introspected)]
pub(super) struct Introspected {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// The user; for a client that acts for itself, the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// The API that the token is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// What the token was limited to, where it was: those words that name something which is held now. Empty: none does,
    /// and it may nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The roles that are active in it now, those that these inherit not among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    /// `Bearer`, of an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// NumericDate.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// NumericDate.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// The session that the token belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

/// How does a token stand?
///
/// Told of the session as it is now: a right that was taken away is not in the answer. A client sees tokens that were
/// given to it, and access tokens for the APIs that its `apis` name. It has to prove who it is.
#[utoipa::path(
    post, path = "/introspect", operation_id = "introspect", tag = "oauth",
    security(("client" = [])),
    request_body(content = Form, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Introspected),
        (status = 400, body = Told, description = "The request is not right."),
        (status = 401, body = Told, description = "There is no such client, or not with these credentials.", headers(
            ("WWW-Authenticate", description = "`Basic`"),
        )),
        (status = 408, body = Told, description = "The body did not come in time."),
        (status = 413, body = Told, description = "The body is too large."),
        (status = 415, body = Told, description = "The body is no form."),
        (status = 500, body = Told, description = "A fault of ours."),
        (status = 503, body = Told, description = "It cannot be told now."),
    ),
)]
pub(super) async fn introspect(State(app): State<Arc<App>>, request: Request) -> Response {
    match answer(&app, request).await {
        Ok(introspected) => ([(header::CACHE_CONTROL, NO_STORE)], Json(introspected)).into_response(),
        Err(error) => error.into_response(),
    }
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

async fn answer(app: &App, request: Request) -> Result<Introspected, OAuthError> {
    let (parts, mut form) = form::read(app, request).await?;
    let client = client_auth::authenticate(app, &parts.headers, &mut form).await?;
    // Whoever only names a client is anybody (RFC 7662, 4: scanning for tokens).
    if client.is_public() {
        return Err(OAuthError::InvalidClient);
    }
    let missing = || OAuthError::InvalidRequest("`token` is missing".into());
    let token = form.take("token").ok_or_else(missing)?;
    let found = sessions::introspect(app, &client, &token).await?.map_err(|_| OAuthError::InvalidClient)?;
    Ok(found.map_or_else(Introspected::default, |standing| Introspected::of(standing, &app.issuer)))
}

impl Introspected {
    fn of(standing: Standing, issuer: &str) -> Introspected {
        Introspected {
            active: true,
            iss: Some(issuer.to_owned()),
            sub: Some(standing.subject),
            aud: Some(standing.audience.unwrap_or_else(|| issuer.to_owned())),
            client_id: Some(standing.client),
            username: standing.username,
            scope: standing.scope,
            roles: Some(standing.roles),
            token_type: standing.is_access.then_some("Bearer"),
            iat: Some(standing.issued_at),
            exp: Some(standing.expires_at),
            jti: standing.id,
            sid: Some(standing.session),
        }
    }
}
