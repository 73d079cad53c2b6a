//! Assertions: by which a client proves who it is without a secret that both sides know (RFC 7523).

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_core::jwt::{self, ExpectedAssertion};

use super::{Client, fields};
use crate::{
    Error,
    app::App,
    store::{FORGOTTEN_AT_ONCE, StoreError, client_secrets},
};

/// By how many seconds the end of one may be ahead: so long it is remembered that it was used. An hour is what some
/// libraries give theirs unless told otherwise (Authlib).
const MOST_AHEAD: i64 = 3600;

/// Whose assertion this is, if it is anybody's.
pub fn subject(assertion: &str) -> Option<String> {
    jwt::unverified_subject(assertion)
}

/// Whether an assertion is the client's, for us, and was not used before. From now on it was.
///
/// # Errors
/// [`Error::Store`] when it cannot be written that it was used.
pub(super) async fn holds(app: &App, client: &Client, assertion: &str) -> Result<bool, Error> {
    let keys = fields::keys_of(client)?;
    let expected =
        ExpectedAssertion { client: &client.id, audience: &app.issuer, now: app.clock.wall(), max_ahead: MOST_AHEAD };
    let assertion = match jwt::verify_assertion(assertion, &keys, &expected) {
        Ok(assertion) => assertion,
        Err(why) => {
            // Whoever integrates finds it here; the answer is the same for all.
            tracing::info!(client = client.id, %why, "an assertion was refused");
            return Ok(false);
        }
    };
    let jti = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, assertion.jti.as_bytes()));
    let mut tx = app.store.write().await?;
    let first = match client_secrets::use_assertion(&mut tx, &client.id, &jti, assertion.exp).await {
        Err(StoreError::Gone) => return Ok(false),
        done => done?,
    };
    tx.commit().await?;
    if !first {
        tracing::info!(client = client.id, "an assertion was used a second time");
    }
    Ok(first)
}

/// Forgets those that would be refused as expired.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn forget(app: &App) -> Result<(), Error> {
    let now = app.clock.wall();
    loop {
        let mut tx = app.store.write().await?;
        let gone = client_secrets::forget_assertions(&mut tx, now, FORGOTTEN_AT_ONCE).await?;
        tx.commit().await?;
        if gone < FORGOTTEN_AT_ONCE {
            return Ok(());
        }
    }
}
