//! `grant_type=refresh_token` (RFC 6749, 6): a session goes on. Whose it is, the token says.

use crate::{oauth::error::OAuthError, request::Parameters};

pub(in crate::oauth) fn token(form: &mut Parameters) -> Result<String, OAuthError> {
    let missing = || OAuthError::InvalidRequest("`refresh_token` is missing".into());
    form.take("refresh_token").ok_or_else(missing)
}
