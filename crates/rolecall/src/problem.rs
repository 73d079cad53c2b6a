//! Problem documents (RFC 9457): how every error of ours but OAuth's looks over HTTP.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// One error for a person and a program: a stable `type`, and a `detail` that says what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
}

impl Problem {
    /// `kind` is the last part of the stable `type`, as `name-taken`.
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Problem { status, kind, detail: detail.into() }
    }

    /// The status of its response.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What it says to a person.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// As a response, with the id by which the log knows this request.
    pub fn with_request_id(&self, id: Option<&str>) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "type": format!("urn:rolecall:problem:{}", self.kind),
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(id) = id {
            body["request_id"] = json!(id);
        }
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.with_request_id(None)
    }
}
