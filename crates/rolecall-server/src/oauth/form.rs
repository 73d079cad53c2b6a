//! The form of an endpoint of the protocol, read strictly: in the body, of the one content type, no parameter twice.

use axum::extract::Request;
use http::request::Parts;

use super::error::OAuthError;
use crate::{
    app::App,
    request::{self, Parameters},
};

/// Reads it whole.
pub(super) async fn read(app: &App, request: Request) -> Result<(Parts, Parameters), OAuthError> {
    let (parts, body) = request.into_parts();
    // What stands in a query ends in logs and histories (RFC 6749, 3.2 and 2.3.1).
    if parts.uri.query().is_some() {
        return Err(OAuthError::InvalidRequest("parameters go into the body, not into the query".into()));
    }
    request::is_of_type(&parts.headers, "application/x-www-form-urlencoded").map_err(OAuthError::Unreadable)?;
    let body = request::whole(body, &app.config.limits).await.map_err(OAuthError::Unreadable)?;
    let form = Parameters::parse(&body, &app.config.limits)?;
    Ok((parts, form))
}
