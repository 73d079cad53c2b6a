//! Sessions: one log-in of one subject from one client, what it may do, and its access tokens (RFC 9068).

mod access;
mod open;
mod standing;

use std::time::Duration;

use crate::{Error, app::App, store::sessions as rows};

pub use open::{Asked, Opened, Refused, open, open_own};
pub use standing::{Lasting, rights, roles_of};

/// Forgets sessions that have long been over.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn forget(app: &App) -> Result<(), Error> {
    let mut tx = app.store.write().await?;
    rows::forget(&mut tx, app.clock.wall() - 3600).await?;
    Ok(tx.commit().await?)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
