//! Whether this process can do its work.

use crate::{Error, app::App, store::versions};

/// Whether it takes calls, may decide, and reaches its database.
///
/// # Errors
/// [`Error::Unavailable`] or [`Error::Store`] says why not.
pub async fn ready(app: &App) -> Result<(), Error> {
    if app.stopping.is_cancelled() {
        return Err(Error::Unavailable("the service is stopping".into()));
    }
    if !app.live.may_decide() {
        return Err(Error::Unavailable("it is not known what is in force".into()));
    }
    let mut tx = app.store.read().await?;
    versions::current(&mut tx).await?;
    Ok(())
}
