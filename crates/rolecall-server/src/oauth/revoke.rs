//! `POST /revoke` (RFC 7009): a token is given back, and its session ends; or an API key, and it is revoked.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

use super::{
    client_auth,
    error::{OAuthError, Told},
    form,
    introspect::Form,
};
use crate::{
    app::App,
    request,
    sessions::{self, NotGivenBack},
};

/// Give a token back.
///
/// Ends the session of an access token or a refresh token: all its tokens are refused from the next call on, everywhere.
/// An API key is revoked, by a client that could use it, and the sessions that it has opened end. What does not count any
/// more is no error. Without a client it is for sessions that were opened without one, and for keys.
#[utoipa::path(
    post, path = "/revoke", operation_id = "revoke", tag = "oauth",
    security((), ("client" = [])),
    request_body(content = Form, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It does not count any more."),
        (status = 400, body = Told, description = "The request is not right, the token was given to another client, or it is an API key and the client may not use one."),
        (status = 401, body = Told, description = "There is no such client, or not with these credentials.", headers(
            ("WWW-Authenticate", description = "`Basic`"),
        )),
        (status = 408, body = Told, description = "The body did not come in time."),
        (status = 413, body = Told, description = "The body is too large."),
        (status = 415, body = Told, description = "The body is no form."),
        (status = 500, body = Told, description = "A fault of ours."),
        (status = 503, body = Told, description = "It is not known whether it counts; try again."),
    ),
)]
pub(super) async fn revoke(State(app): State<Arc<App>>, request: Request) -> Response {
    match answer(&app, request).await {
        Ok(()) => (StatusCode::OK, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn answer(app: &Arc<App>, request: Request) -> Result<(), OAuthError> {
    let (parts, mut form) = form::read(app, request).await?;
    let client = client_auth::authenticate(app, &parts.headers, &mut form).await?;
    let missing = || OAuthError::InvalidRequest("`token` is missing".into());
    let token = form.take("token").ok_or_else(missing)?;
    let origin = request::origin(&parts, app);
    sessions::revoke(app, &client, &token, origin).await?.map_err(|why| match why {
        NotGivenBack::AnotherClients => OAuthError::AnotherClients,
        NotGivenBack::NotItsGrant => OAuthError::UnauthorizedClient,
    })
}
