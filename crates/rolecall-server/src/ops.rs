//! Operations: whether the process lives, and whether it can decide and reach its database.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use rolecall::{Problem, Router, public_because, routing::get};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::{Error, app::App, health};

/// The routes.
pub fn routes() -> Router<Arc<App>> {
    let probe = || public_because("a probe, without data");
    Router::new()
        .route("/health", get(probe(), health))
        .route("/livez", get(probe(), livez))
        .route("/ready", get(probe(), ready))
        .route("/readyz", get(probe(), readyz))
}

/// What they answer.
#[derive(OpenApi)]
#[openapi(
    tags((name = "operations", description = "Whether the process lives, and whether it can work.")),
    paths(health, livez, ready, readyz),
)]
pub struct Described;

/// All is well.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Status)]
struct Told {
    #[schema(pattern = "^ok$")]
    status: &'static str,
}

const OK: Told = Told { status: "ok" };

/// Does the process live?
///
/// It touches nothing: a process that answers is not to be killed because its database is away.
#[utoipa::path(
    get, path = "/livez", operation_id = "livez", tag = "operations",
    responses((status = 200, body = Told)),
)]
async fn livez() -> Response {
    uncached(Json(OK).into_response())
}

/// The same as `/livez`.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "operations",
    responses((status = 200, body = Told)),
)]
async fn health() -> Response {
    livez().await
}

/// Can it take calls, decide, and reach its database?
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyz", tag = "operations",
    responses((status = 200, body = Told), (status = 503, description = "It says why not.")),
)]
async fn readyz(State(app): State<Arc<App>>) -> Response {
    uncached(match health::ready(&app).await {
        Ok(()) => Json(OK).into_response(),
        Err(Error::Unavailable(why)) => not_ready(why),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            not_ready("the database cannot be reached; see the log".into())
        }
    })
}

/// The same as `/readyz`.
#[utoipa::path(
    get, path = "/ready", operation_id = "ready", tag = "operations",
    responses((status = 200, body = Told), (status = 503, description = "It says why not.")),
)]
async fn ready(state: State<Arc<App>>) -> Response {
    readyz(state).await
}

fn not_ready(why: String) -> Response {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", why).into_response()
}

fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
