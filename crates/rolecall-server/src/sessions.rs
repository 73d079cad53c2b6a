//! Sessions: one log-in of one subject from one client, what it may do, its access tokens (RFC 9068), and the refresh
//! token by which it goes on.

mod access;
mod by_key;
mod ending;
mod listing;
mod open;
mod refresh;
mod refresh_token;
mod shown;
mod standing;

use std::time::Duration;

use crate::{
    Error,
    app::App,
    store::{FORGOTTEN_AT_ONCE, api_keys, sessions as rows},
};

pub use access::MOST_SCOPE;
pub use by_key::{is_by_key, open_by_key, scope_for_key};
pub use ending::{Own, end_all, end_all_of, end_of, end_own};
pub use listing::list;
pub use open::{Asked, Opened, Refused, open, open_own};
pub use refresh::refresh;
pub use refresh_token::RefreshKey;
pub use rows::Session;
pub use shown::{NotGivenBack, Standing, introspect, revoke};
pub use standing::{Lasting, rights, roles_of, roles_of_users};

/// Forgets sessions that have long been over, and API keys that have long ended.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn forget(app: &App) -> Result<(), Error> {
    let long_ago = app.clock.wall() - 3600;
    loop {
        let mut tx = app.store.write().await?;
        let gone = rows::forget(&mut tx, long_ago, FORGOTTEN_AT_ONCE).await?;
        if gone < FORGOTTEN_AT_ONCE {
            api_keys::forget(&mut tx, long_ago).await?;
            return Ok(tx.commit().await?);
        }
        tx.commit().await?;
    }
}

/// Until when a session that is used now may stay unused.
fn idle_at(app: &App, now: i64, expires_at: i64) -> i64 {
    (now + seconds(app.config.session_idle_ttl)).min(expires_at)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
