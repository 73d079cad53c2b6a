//! What is no longer counted: by whose say, and by the time.

use super::PLACE_FOR;
use crate::{
    Error,
    app::App,
    store::{FORGOTTEN_AT_ONCE, Tx, guesses as rows},
};

/// Forgets how often somebody guessed at an account.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn forget_account(tx: &mut Tx, account: &str) -> Result<(), Error> {
    let mut buckets = rows::of_account(tx, account).await?;
    buckets.sort();
    for bucket in buckets {
        rows::forget(tx, &bucket, i64::MAX).await?;
    }
    Ok(())
}

/// Forgets the counts that are full.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn forget(app: &App) -> Result<(), Error> {
    let now = app.clock.wall();
    loop {
        let mut tx = app.store.read().await?;
        let mut buckets = rows::full(&mut tx, now, FORGOTTEN_AT_ONCE).await?;
        drop(tx);
        if buckets.is_empty() {
            return Ok(());
        }
        buckets.sort();
        let mut tx = app.store.count().await?;
        for bucket in &buckets {
            rows::forget(&mut tx, bucket, now).await?;
        }
        tx.commit().await?;
    }
}

/// Forgets where accounts were used long ago.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn forget_places(app: &App) -> Result<(), Error> {
    // Beside nobody who notes one.
    let mut tx = app.store.settled().await?;
    rows::forget_places(&mut tx, app.clock.wall() - PLACE_FOR).await?;
    Ok(tx.commit().await?)
}
