//! Which sessions an account has.

use crate::{
    Error,
    app::App,
    error::What,
    store::{
        sessions::{self as rows, Session},
        users,
    },
};

/// The sessions of a user that go on, in the order in which they were opened, after one.
///
/// # Errors
/// [`Error::NotFound`] for an unknown user.
pub async fn list(app: &App, user: &str, after: &str, limit: i64) -> Result<Vec<Session>, Error> {
    let mut tx = app.store.read().await?;
    users::find(&mut tx, user).await?.ok_or(Error::NotFound(What::User))?;
    Ok(rows::list_of_user(&mut tx, user, app.clock.wall(), after, limit).await?)
}
