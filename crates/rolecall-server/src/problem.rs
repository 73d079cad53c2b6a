//! How an error of the rules looks over HTTP: one place that turns words into statuses.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use rolecall::Problem;
use rolecall_core::PolicyError;

use crate::{Error, store::StoreError};

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, kind) = looks(&self);
        let detail = match status {
            StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(error = %self, "a fault of ours");
                "something went wrong on our side; the log knows this request by its id".to_owned()
            }
            // What a database says is for the log.
            _ => match &self {
                Error::Store(StoreError::Unique | StoreError::Gone) => self.to_string(),
                Error::Store(StoreError::Busy) => "the database is busy; try again in a moment".to_owned(),
                Error::Store(_) => {
                    "the database cannot be used now; the log says why, and `/ready` when it can".to_owned()
                }
                _ => self.to_string(),
            },
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(error = %self, "a call could not be answered");
        }
        let problem = Problem::new(status, kind, detail);
        let mut response = problem.clone().into_response();
        let challenge = match status {
            StatusCode::UNAUTHORIZED => Some(r#"Bearer error="invalid_token""#),
            StatusCode::FORBIDDEN if kind != "registration-closed" => Some(r#"Bearer error="insufficient_scope""#),
            _ => None,
        };
        if let Some(challenge) = challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Error::Busy(seconds) | Error::Limited(seconds) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status.is_server_error() {
            // The outermost layer writes the request's id into it.
            response.extensions_mut().insert(problem);
        }
        response
    }
}

fn looks(error: &Error) -> (StatusCode, &'static str) {
    match error {
        fault if fault.is_fault() => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "not-found"),
        Error::Taken(_) => (StatusCode::CONFLICT, "taken"),
        Error::Beyond(_) => (StatusCode::FORBIDDEN, "beyond-your-rights"),
        Error::Stronger(_) => (StatusCode::FORBIDDEN, "stronger-account"),
        Error::Cut => (StatusCode::FORBIDDEN, "cut-to-scope"),
        Error::WrongPassword => (StatusCode::BAD_REQUEST, "wrong-password"),
        Error::ByKey => (StatusCode::FORBIDDEN, "by-api-key"),
        Error::TooManyApiKeys(_) => (StatusCode::CONFLICT, "too-many-api-keys"),
        Error::DefaultAudience => (StatusCode::CONFLICT, "default-audience"),
        Error::Oneself => (StatusCode::FORBIDDEN, "to-oneself"),
        Error::LastAdministrator => (StatusCode::CONFLICT, "last-administrator"),
        Error::TwoSecrets => (StatusCode::CONFLICT, "two-secrets"),
        Error::TooManyKeys => (StatusCode::CONFLICT, "too-many-keys"),
        Error::KeyKnown => (StatusCode::CONFLICT, "key-known"),
        Error::BuiltIn(_) => (StatusCode::CONFLICT, "built-in-role"),
        Error::Policy(PolicyError::Cycle(_)) => (StatusCode::CONFLICT, "role-cycle"),
        Error::Policy(_) => (StatusCode::CONFLICT, "policy"),
        Error::SessionOver => (StatusCode::UNAUTHORIZED, "invalid-token"),
        Error::RegistrationClosed => (StatusCode::FORBIDDEN, "registration-closed"),
        Error::Limited(_) => (StatusCode::TOO_MANY_REQUESTS, "too-many-attempts"),
        Error::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Store(error) => match error {
            StoreError::Unique | StoreError::Gone => (StatusCode::CONFLICT, "changed-meanwhile"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "database"),
        },
        Error::Start(_) | Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}
