//! `grant_type=urn:rolecall:oauth:grant-type:api-key`: a program calls for the person who gave it a key.

use crate::{
    api_keys::{self, Proved},
    app::App,
    oauth::error::OAuthError,
    request::Parameters,
};

pub(in crate::oauth) async fn prove(app: &App, form: &mut Parameters) -> Result<Proved, OAuthError> {
    let missing = || OAuthError::InvalidRequest("`api_key` is missing".into());
    let text = form.take("api_key").ok_or_else(missing)?;
    api_keys::prove(app, &text).await?.ok_or_else(|| {
        tracing::info!("an API key was refused");
        OAuthError::InvalidApiKey
    })
}
