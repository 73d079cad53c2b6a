//! Bodies, bounded in size and time before they are read.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use rolecall::Problem;
use rolecall_core::json;
use serde::de::DeserializeOwned;

use crate::{Error, Limits, app::App};

/// A JSON body that is read whole: no member twice, none that is unknown.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let limits = &app.config.limits;
        let (parts, body) = request.into_parts();
        is_of_type(&parts.headers, "application/json").map_err(IntoResponse::into_response)?;
        let bytes = whole(body, limits).await.map_err(IntoResponse::into_response)?;
        from_json(&bytes, limits).map(Json).map_err(IntoResponse::into_response)
    }
}

/// A JSON body, or none.
pub struct MaybeJson<T>(pub Option<T>);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for MaybeJson<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let limits = &app.config.limits;
        let (parts, body) = request.into_parts();
        let bytes = whole(body, limits).await.map_err(IntoResponse::into_response)?;
        if bytes.is_empty() {
            return Ok(MaybeJson(None));
        }
        is_of_type(&parts.headers, "application/json").map_err(IntoResponse::into_response)?;
        from_json(&bytes, limits).map(|body| MaybeJson(Some(body))).map_err(IntoResponse::into_response)
    }
}

fn from_json<T: DeserializeOwned>(bytes: &[u8], limits: &Limits) -> Result<T, Error> {
    let value = json::parse_within(bytes, limits.json_depth)
        .map_err(|error| Error::Invalid(format!("the body is no good JSON: {error}")))?;
    // A list would fill the members in their order, without their names.
    if !value.is_object() {
        return Err(Error::Invalid("the body is a JSON object, with its members by name".into()));
    }
    serde_json::from_value(value).map_err(|error| {
        // What serde says of a wrong type quotes the value, and that may be a secret.
        let text = error.to_string();
        let safe = text.starts_with("unknown field") || text.starts_with("missing field");
        Error::Invalid(if safe { text } else { "a member of the body has a wrong type or an impossible value".into() })
    })
}

/// Whether there is one content type, and it is this one.
///
/// # Errors
/// 415.
pub fn is_of_type(headers: &HeaderMap, expected: &str) -> Result<(), Problem> {
    let mut sent = headers.get_all(header::CONTENT_TYPE).iter();
    let one = sent.next().filter(|_| sent.next().is_none()).and_then(|sent| sent.to_str().ok());
    let essence = one.and_then(|sent| sent.split(';').next()).map(str::trim);
    match essence.is_some_and(|essence| essence.eq_ignore_ascii_case(expected)) {
        true => Ok(()),
        false => {
            let detail = format!("send the body as `Content-Type: {expected}`");
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", detail))
        }
    }
}

/// A body, bounded in size and time.
///
/// # Errors
/// 413, 408, or 400 when it breaks off.
pub async fn whole(body: Body, limits: &Limits) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(limits.body_within, Limited::new(body, limits.body_bytes).collect()).await;
    match read {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!("the body is larger than {} bytes", limits.body_bytes),
        )),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "broken-off", "the body broke off")),
        Err(_) => {
            let detail = format!("the body did not come within {} s", limits.body_within.as_secs());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail))
        }
    }
}
