//! Which sessions somebody has.

use crate::{
    Error,
    app::App,
    rbac::{self, Holder},
    store::sessions::{self as rows, Session},
};

/// The sessions of a user that go on, or those that a client has opened for itself, in the order in which they were
/// opened, after one.
///
/// # Errors
/// [`Error::NotFound`] for one who is unknown.
pub async fn list(app: &App, holder: Holder<'_>, after: &str, limit: i64) -> Result<Vec<Session>, Error> {
    let mut tx = app.store.read().await?;
    rbac::exists(&mut tx, holder).await?;
    Ok(rows::list_of(&mut tx, holder, app.clock.wall(), after, limit).await?)
}
