//! Errors as RFC 6749, section 5.2, writes them.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use rolecall::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Error, request::Unread, sessions::MOST_SCOPE};

/// An error as a client reads it.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::OAuthError)]
pub(super) struct Told {
    /// A code of the standards.
    #[schema(example = "invalid_grant")]
    error: &'static str,
    /// What to do.
    error_description: String,
}

/// An answer of the token endpoint that is no token.
#[derive(Debug)]
pub(super) enum OAuthError {
    InvalidRequest(String),
    InvalidClient,
    /// A header that says something, and not which client asks.
    AnotherScheme,
    /// It is known who the client is, and it may not.
    UnauthorizedClient,
    InvalidGrant,
    /// It never was one, was used before, or its session is over: whoever asks is not told which.
    InvalidRefreshToken,
    /// RFC 7009, 2.1: the token was not given to the client that gives it back.
    AnotherClients,
    /// As above.
    InvalidApiKey,
    UnsupportedGrantType(&'static str),
    InvalidScope,
    /// Nothing is left of what the session or the key is cut to.
    NothingHeld,
    /// More roles than a token can name.
    ScopeNeeded,
    /// More words than a token has room for.
    ScopeTooLong,
    /// RFC 8707, section 2: the text says why.
    InvalidTarget(&'static str),
    /// The request could not be read: 413, 415 and the like.
    Unreadable(Problem),
    /// It is not the client's fault.
    Ours(Error),
}

impl OAuthError {
    fn looks(&self) -> (StatusCode, &'static str, String) {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            OAuthError::InvalidRequest(why) => (bad, "invalid_request", why.clone()),
            OAuthError::InvalidClient => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "no such client, or not with these credentials; leave `client_id` out to log in to Rolecall itself"
                    .into(),
            ),
            OAuthError::AnotherScheme => (
                StatusCode::UNAUTHORIZED,
                "invalid_client",
                "the `Authorization` header is not one that names a client: use the scheme `Basic`, or leave it out"
                    .into(),
            ),
            OAuthError::UnauthorizedClient => (
                bad,
                "unauthorized_client",
                "the client may not use this grant; `grant_types` says which it may".into(),
            ),
            OAuthError::InvalidGrant => (bad, "invalid_grant", "incorrect username or password".into()),
            OAuthError::InvalidRefreshToken => {
                (bad, "invalid_grant", "the refresh token does not count, or no longer; log in again".into())
            }
            OAuthError::AnotherClients => (bad, "invalid_grant", "the token was given to another client".into()),
            OAuthError::InvalidApiKey => {
                (bad, "invalid_grant", "the API key does not count, or no longer; its owner makes another one".into())
            }
            OAuthError::UnsupportedGrantType(why) => (bad, "unsupported_grant_type", (*why).into()),
            OAuthError::InvalidScope => (
                bad,
                "invalid_scope",
                "`scope` names roles and permissions that the account holds, separated by spaces; leave it out for all"
                    .into(),
            ),
            OAuthError::NothingHeld => (
                bad,
                "invalid_scope",
                "the account holds nothing now of what this is limited to; ask an administrator, or log in anew".into(),
            ),
            OAuthError::ScopeNeeded => (
                bad,
                "invalid_scope",
                "the account has more roles than one token can name; name those that are needed in `scope`".into(),
            ),
            OAuthError::ScopeTooLong => (
                bad,
                "invalid_scope",
                format!("`scope` has at most {MOST_SCOPE} bytes; a role may stand for many words"),
            ),
            OAuthError::InvalidTarget(why) => (bad, "invalid_target", (*why).into()),
            OAuthError::Unreadable(problem) => (problem.status(), "invalid_request", problem.detail().to_owned()),
            OAuthError::Ours(error) if error.is_fault() => server_error(),
            OAuthError::Ours(Error::Busy(_) | Error::Unavailable(_) | Error::Store(_)) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "too busy to tell now; try again in a moment".into(),
            ),
            OAuthError::Ours(Error::Limited(_)) => (
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                "too many failed attempts; wait as long as `Retry-After` says, and try again".into(),
            ),
            OAuthError::Ours(_) => server_error(),
        }
    }
}

fn server_error() -> (StatusCode, &'static str, String) {
    let description = "something went wrong on our side; the log knows this request by its id";
    (StatusCode::INTERNAL_SERVER_ERROR, "server_error", description.into())
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let (status, code, description) = self.looks();
        if let OAuthError::Ours(error) = &self {
            match status {
                StatusCode::INTERNAL_SERVER_ERROR => tracing::error!(%error, "a fault of ours"),
                // Whoever guesses does not fill the log: that a limit was reached is told where it was.
                StatusCode::TOO_MANY_REQUESTS => tracing::debug!(%error, "a guess was not taken"),
                _ => tracing::warn!(%error, "a call could not be answered"),
            }
        }
        let told = Told { error: code, error_description: description };
        let mut response = (status, axum::Json(told)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            OAuthError::InvalidClient | OAuthError::AnotherScheme => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Basic realm="rolecall""#));
            }
            OAuthError::Ours(Error::Busy(seconds) | Error::Limited(seconds)) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            OAuthError::Ours(_) if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<Unread> for OAuthError {
    fn from(unread: Unread) -> Self {
        match unread {
            // A token is for exactly one API (RFC 8707, 2 allows to refuse more).
            Unread::Twice(name) if name == "resource" => {
                OAuthError::InvalidTarget("`resource` was sent more than once; a token is for one API")
            }
            unread => OAuthError::InvalidRequest(unread.to_string()),
        }
    }
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        OAuthError::Ours(error)
    }
}
