//! Calls by pages of other sites (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>): which origin may read an
//! answer, and what its page may send.
//!
//! An origin is named in the answer exactly as it was sent, or not at all: never `*`, and never with credentials, since a
//! token is sent by the page itself and not by the browser. An origin that may not gets what it would get without CORS,
//! and its browser keeps the answer from it. Who calls is decided by the rule behind, as ever.
//!
//! Of one's own, and not of a library: only what is a preflight is answered as one. Any other `OPTIONS` is a method that
//! the route does not have.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::origins::Origins;

/// What a page may send beside what every page may (`HEAD` and `GET` need no leave).
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, If-None-Match, Prefer, X-Request-Id");
/// What a page may read beside what every page may.
const EXPOSED: HeaderValue = HeaderValue::from_static("ETag, Location, Retry-After, WWW-Authenticate, X-Request-Id");
/// For how many seconds a browser need not ask again. It still keeps every answer from a page that may not read it.
const KEPT: HeaderValue = HeaderValue::from_static("600");

const ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const PREFLIGHT: HeaderValue =
    HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers");

/// Answers a preflight, and says in other answers which origin may read them.
pub async fn answer(State(origins): State<Arc<Origins>>, request: Request, next: Next) -> Response {
    let origin = allowed(&origins, request.headers());
    let is_preflight = *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if let Some(origin) = origin.as_ref().filter(|_| is_preflight) {
        return preflight(origin.clone());
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // Also where no origin was sent: a cache must not give that answer to a page.
    headers.append(header::VARY, if is_preflight { PREFLIGHT } else { ORIGIN });
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

fn preflight(origin: HeaderValue) -> Response {
    let headers = [
        (header::VARY, PREFLIGHT),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, KEPT),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The one origin of a call, if it may read the answer.
fn allowed(origins: &Origins, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut sent = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (sent.next(), sent.next()) else { return None };
    origin.to_str().is_ok_and(|origin| origins.has(origin)).then(|| origin.clone())
}
