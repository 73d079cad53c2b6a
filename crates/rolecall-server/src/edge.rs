//! The outermost layers: an id for each request, a line in the log for what was refused or failed, and 500 for a
//! panic, which harms nothing else.

use std::{any::Any, time::Duration};

use axum::{
    extract::{MatchedPath, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use rolecall::{Denied, Problem};
use tower::{ServiceBuilder, util::MapResponseLayer};
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    trace::TraceLayer,
};
use tracing::Span;

use crate::ids;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where a caller gets his id back whatever it is (OpenID AuthZEN 1.0, request identification), up to so many bytes.
const ECHOING: &str = "/access/v1/";
const LONGEST_ECHO: usize = 256;

/// Puts them around an application.
pub fn around(app: axum::Router) -> axum::Router {
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_request(())
        .on_response(tell)
        .on_body_chunk(())
        .on_eos(())
        .on_failure(());
    let ids = ServiceBuilder::new()
        .layer(middleware::from_fn(ids_of_callers))
        .layer(SetRequestIdLayer::new(REQUEST_ID, Fresh))
        .layer(MapResponseLayer::new(finish))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID));
    app.layer(CatchPanicLayer::custom(panicked)).layer(trace).layer(ids)
}

/// A caller's id is kept where it is one that a log can show. Any other is not ours to write down: at most it goes back
/// to him.
async fn ids_of_callers(mut request: Request, next: Next) -> Response {
    let Some(said) = request.headers().get(REQUEST_ID).filter(|said| !is_plain(said)).cloned() else {
        return next.run(request).await;
    };
    request.headers_mut().remove(REQUEST_ID);
    let is_echoed = request.uri().path().starts_with(ECHOING) && is_visible(&said);
    let mut response = next.run(request).await;
    if is_echoed {
        response.headers_mut().insert(REQUEST_ID, said);
    }
    response
}

fn is_plain(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=64).contains(&bytes.len())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_visible(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=LONGEST_ECHO).contains(&bytes.len()) && bytes.iter().all(|b| matches!(b, b' '..=b'~'))
}

#[derive(Clone, Copy)]
struct Fresh;

impl MakeRequestId for Fresh {
    fn make_request_id<B>(&mut self, _: &http::Request<B>) -> Option<RequestId> {
        let id = ids::secret::<12>().ok()?;
        HeaderValue::try_from(id).ok().map(RequestId::new)
    }
}

/// The path without its query, which may hold what must not be logged.
fn span(request: &Request) -> Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    tracing::error_span!("call", method = %request.method(), route, request_id = id)
}

fn tell<B>(response: &http::Response<B>, took: Duration, _: &Span) {
    let (status, microseconds) = (response.status().as_u16(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    match response.status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let why = response.extensions().get::<Denied>().map(tracing::field::display);
            tracing::info!(status, microseconds, why, "refused");
        }
        failed if failed.is_server_error() => tracing::warn!(status, microseconds, "failed"),
        _ => tracing::debug!(status, microseconds, "answered"),
    }
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(what, "a handler panicked");
    let detail = "something went wrong on our side; the log knows this request by its id";
    let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail);
    let mut response = problem.clone().into_response();
    response.extensions_mut().insert(problem);
    response
}

/// Writes the id into what failed, and a body into what has none: axum says 404 and 405 without a word.
fn finish(mut response: Response) -> Response {
    let id = response.headers().get(REQUEST_ID).cloned();
    let problem = response.extensions().get::<Problem>().cloned().or_else(|| {
        let silent = response.headers().get(header::CONTENT_TYPE).is_none();
        match response.status() {
            StatusCode::NOT_FOUND if silent => Some(Problem::new(
                StatusCode::NOT_FOUND,
                "no-such-route",
                "there is nothing here; paths are told apart by a slash at the end, too",
            )),
            StatusCode::METHOD_NOT_ALLOWED if silent => Some(Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "this path does not answer this method; the header `Allow` says which",
            )),
            _ => None,
        }
    });
    let Some(problem) = problem else { return response };
    let mut told = problem.with_request_id(id.as_ref().and_then(|id| id.to_str().ok()));
    // What was said in headers stays said: challenges, times, the id.
    let mut headers = HeaderMap::new();
    std::mem::swap(&mut headers, response.headers_mut());
    headers.remove(header::CONTENT_LENGTH);
    for name in [header::CONTENT_TYPE, header::CACHE_CONTROL] {
        headers.remove(name);
    }
    let own = std::mem::take(told.headers_mut());
    for (name, value) in own {
        if let Some(name) = name {
            headers.entry(name).or_insert(value);
        }
    }
    *told.headers_mut() = headers;
    *told.extensions_mut() = std::mem::take(response.extensions_mut());
    told
}
