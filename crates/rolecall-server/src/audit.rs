//! The audit log: who did what to whom. A line is written in the transaction of what it tells.

use serde_json::Value;

use crate::{
    Error,
    actor::Actor,
    app::App,
    store::{Tx, audit as rows},
};

pub use rows::{Entry, Filter};

/// Something that was done.
#[derive(Clone, Debug)]
pub struct Act {
    /// As `role.assigned`.
    pub action: &'static str,
    /// The id of the user, the client or the API, or the name of the role.
    pub subject: Option<String>,
    /// The rest, an object; never a secret.
    pub detail: Value,
}

impl Act {
    /// Something that was done to this user or role.
    pub fn new(action: &'static str, subject: impl Into<String>, detail: Value) -> Act {
        Act { action, subject: Some(subject.into()), detail }
    }
}

/// Writes a line.
///
/// # Errors
/// [`Error::Store`] when it cannot be written; then what it tells is not done either.
pub async fn write(app: &App, tx: &mut Tx, by: &Actor, act: Act, version: Option<u64>) -> Result<(), Error> {
    let entry = Entry {
        id: app.ids.next(&app.clock)?,
        at: app.clock.wall(),
        actor: by.id().map(str::to_owned),
        actor_name: by.name().to_owned(),
        action: act.action.to_owned(),
        subject: act.subject,
        detail: act.detail.to_string(),
        version,
        request_id: by.origin().and_then(|origin| origin.request_id.clone()),
        address: by.origin().and_then(|origin| origin.address.ip()).map(|ip| ip.to_string()),
    };
    Ok(rows::insert(tx, &entry).await?)
}

/// Lines in the order of time, after one.
///
/// # Errors
/// [`Error::Store`] when they cannot be read now.
pub async fn list(app: &App, filter: &Filter, after: &str, limit: i64) -> Result<Vec<Entry>, Error> {
    // No line has a text with a NUL, and PostgreSQL does not even compare one.
    if [&filter.subject, &filter.actor, &filter.action].into_iter().flatten().any(|text| text.contains('\0')) {
        return Ok(vec![]);
    }
    let mut tx = app.store.read().await?;
    Ok(rows::list(&mut tx, filter, after, limit).await?)
}
