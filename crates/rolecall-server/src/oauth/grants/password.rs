//! `grant_type=password` (RFC 6749, 4.3): first-party log-in, as the tutorial does it.

use crate::{
    accounts::{self, Proved},
    actor::Origin,
    app::App,
    oauth::error::OAuthError,
    request::Parameters,
};

pub(in crate::oauth) async fn prove(app: &App, form: &mut Parameters, origin: &Origin) -> Result<Proved, OAuthError> {
    let missing = |name| OAuthError::InvalidRequest(format!("`{name}` is missing"));
    let username = form.take("username").ok_or_else(|| missing("username"))?;
    let password = form.take("password").ok_or_else(|| missing("password"))?;
    let proved = accounts::authenticate(app, &username, &password, origin).await?;
    proved.ok_or_else(|| {
        // Neither the name nor which of the two was wrong: the name may be a password in the wrong field.
        tracing::info!("a log-in was refused");
        OAuthError::InvalidGrant
    })
}
