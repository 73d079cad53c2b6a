//! By what a token can be asked for: the ways to prove who somebody is, one file each.

pub(super) mod api_key;
pub(super) mod password;
pub(super) mod refresh_token;

use super::error::OAuthError;
use crate::{app::App, clients::GrantType};

/// The grant of this name, where it is on.
pub(super) fn parse(app: &App, name: &str) -> Result<GrantType, OAuthError> {
    match name.parse() {
        Ok(GrantType::Password) if !app.config.password_grant => {
            Err(OAuthError::UnsupportedGrantType("`grant_type=password` is turned off here"))
        }
        Ok(grant) => Ok(grant),
        Err(_) => Err(OAuthError::UnsupportedGrantType(
            "use `password`, `refresh_token`, `client_credentials` or `urn:rolecall:oauth:grant-type:api-key`",
        )),
    }
}
