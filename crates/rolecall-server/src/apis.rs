//! APIs that tokens are for (RFC 8707): a token is for exactly one of them.

use serde_json::json;

use crate::{
    Error,
    app::App,
    audit::Act,
    change::Change,
    clients::Authenticated,
    error::What,
    names,
    store::{StoreError, Tx, apis as rows, clients, sessions},
    uris,
};

pub use rows::Api;

/// What an administrator changes of an API; `None` stays as it is.
#[derive(Debug, Default)]
pub struct Edit {
    /// What people call it.
    pub name: Option<String>,
    /// Whether there are no tokens for it, and those that are out do not count.
    pub disabled: Option<bool>,
}

/// The API that a token is to be for: the one that is asked for, else the client's, else what is so for everybody.
/// `Ok(None)` is the issuer, which takes its own tokens.
///
/// # Errors
/// [`Error::NotFound`] for one that is unknown or disabled.
pub async fn audience(
    app: &App,
    tx: &mut Tx,
    asked: Option<&str>,
    client: &Authenticated,
) -> Result<Option<String>, Error> {
    let default = || client.client().and_then(|client| client.default_audience.as_deref());
    match asked.or_else(default).or(app.config.audience.as_deref()) {
        None => Ok(None),
        Some(issuer) if issuer == app.issuer => Ok(None),
        Some(api) if is_enabled(app, tx, api).await? => Ok(Some(api.to_owned())),
        Some(_) => Err(Error::NotFound(What::Api)),
    }
}

/// Whether tokens for this API count. The one of the setting need not be registered; it can be, and be disabled.
///
/// # Errors
/// [`Error::Store`] when it cannot be read.
pub async fn is_enabled(app: &App, tx: &mut Tx, identifier: &str) -> Result<bool, Error> {
    // A text that cannot be one is none. PostgreSQL does not even compare some of them.
    if uris::api_identifier(identifier).is_err() {
        return Ok(false);
    }
    Ok(match rows::by_identifier(tx, identifier).await? {
        Some(api) => !api.disabled,
        None => app.config.audience.as_deref() == Some(identifier),
    })
}

/// Whether there is such an API: the issuer is one too, and so is the one of the setting.
///
/// # Errors
/// [`Error::Store`] when it cannot be read.
pub async fn is_known(app: &App, tx: &mut Tx, identifier: &str) -> Result<bool, Error> {
    let ours = identifier == app.issuer || app.config.audience.as_deref() == Some(identifier);
    Ok(ours || rows::by_identifier(tx, identifier).await?.is_some())
}

/// Adds one. It is called so for good: guards compare it.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Taken`].
pub async fn add(change: &mut Change, identifier: &str, name: &str) -> Result<Api, Error> {
    let app = change.app().clone();
    let identifier = uris::api_identifier(identifier)?;
    if identifier == app.issuer {
        return Err(Error::Taken("identifier"));
    }
    let (id, created_at) = (app.ids.next(&app.clock)?, app.clock.wall());
    let api = Api { id, identifier, name: names::shown("name", name)?, disabled: false, created_at };
    match rows::insert(change.tx(), &api).await {
        Err(StoreError::Unique) => return Err(Error::Taken("identifier")),
        done => done?,
    }
    change.record(Act::new("api.added", api.id.clone(), json!({ "identifier": api.identifier, "name": api.name })));
    Ok(api)
}

/// Changes one. Disabling it ends the sessions whose tokens are for it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`].
pub async fn edit(change: &mut Change, id: &str, edit: Edit) -> Result<(), Error> {
    let before = rows::find(change.tx(), id).await?.ok_or(Error::NotFound(What::Api))?;
    let mut after = before.clone();
    if let Some(name) = edit.name {
        after.name = names::shown("name", &name)?;
    }
    after.disabled = edit.disabled.unwrap_or(before.disabled);
    if after.disabled {
        change.waits();
    }
    if after == before {
        return Ok(());
    }
    rows::update(change.tx(), &after).await?;
    if after.disabled && !before.disabled {
        end_sessions(change, &after.identifier).await?;
    }
    let action = match (before.disabled, after.disabled) {
        (false, true) => "api.disabled",
        (true, false) => "api.enabled",
        _ => "api.edited",
    };
    change.record(Act::new(action, id, json!({ "identifier": after.identifier, "name": after.name })));
    Ok(())
}

/// Deletes one, and ends the sessions whose tokens are for it. A client whose default it was gets no more tokens unless
/// it names another: for the issuer it never asked. The one of the setting stays: it counts without a row, so that to
/// delete it would enable it where it is disabled.
///
/// # Errors
/// [`Error::NotFound`], [`Error::DefaultAudience`].
pub async fn delete(change: &mut Change, id: &str) -> Result<(), Error> {
    let api = rows::find(change.tx(), id).await?.ok_or(Error::NotFound(What::Api))?;
    if change.app().config.audience.as_deref() == Some(api.identifier.as_str()) {
        return Err(Error::DefaultAudience);
    }
    change.waits();
    end_sessions(change, &api.identifier).await?;
    clients::forget_api(change.tx(), &api.identifier).await?;
    rows::delete(change.tx(), id).await?;
    change.record(Act::new("api.deleted", id, json!({ "identifier": api.identifier, "name": api.name })));
    Ok(())
}

/// Whoever holds a token for it is asked about anew, whoever that is: sessions are too many to name.
async fn end_sessions(change: &mut Change, identifier: &str) -> Result<(), Error> {
    sessions::delete_of_audience(change.tx(), identifier).await?;
    change.touch_all();
    Ok(())
}

/// One API.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(app: &App, id: &str) -> Result<Api, Error> {
    let mut tx = app.store.read().await?;
    rows::find(&mut tx, id).await?.ok_or(Error::NotFound(What::Api))
}

/// APIs in the order in which they were made, after one.
///
/// # Errors
/// [`Error::Store`] when they cannot be read now.
pub async fn list(app: &App, after: &str, limit: i64) -> Result<Vec<Api>, Error> {
    let mut tx = app.store.read().await?;
    Ok(rows::list(&mut tx, after, limit).await?)
}
