//! Operations: whether the process lives, and whether it can decide and reach its database.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use rolecall::{Problem, Router, public_because, routing::get};
use serde_json::json;

use crate::{Error, app::App, health};

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    let probe = || public_because("a probe, without data");
    Router::new()
        .route("/health", get(probe(), live))
        .route("/livez", get(probe(), live))
        .route("/ready", get(probe(), ready))
        .route("/readyz", get(probe(), ready))
}

/// Touches nothing: a process that answers is not to be killed because its database is away.
async fn live() -> Response {
    uncached(Json(json!({ "status": "ok" })).into_response())
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    uncached(match health::ready(&app).await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(Error::Unavailable(why)) => not_ready(why),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            not_ready("the database cannot be reached; see the log".into())
        }
    })
}

fn not_ready(why: String) -> Response {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", why).into_response()
}

fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
