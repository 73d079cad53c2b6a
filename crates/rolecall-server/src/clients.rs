//! Clients (RFC 6749, 2): programs that ask for tokens, for people or for themselves. What administrators say of them,
//! by the names of RFC 7591, and their secrets.
//!
//! A client is a subject with roles of its own ([`rbac`]), so the laws that hold for accounts hold for it: whoever can
//! set its secret, its keys, or how it proves who it is can be it.

mod assertion;
mod authentication;
mod fields;

use rolecall_core::Subject;
use serde_json::{Value, json};

use crate::{
    Error,
    app::App,
    audit::Act,
    change::Change,
    error::What,
    ids,
    rbac::{self, Holder},
    store::{Tx, client_secrets, clients as rows, sessions},
};

pub use assertion::{forget as forget_assertions, subject as subject_of_assertion};
pub use authentication::{Authenticated, Credential, authenticate};
pub use client_secrets::Secret;
pub use fields::Said;
pub use rows::{AuthMethod, Client, GrantType};

/// As many secrets are good at once: the one that is in use, and the one that it is being replaced by.
const MOST_SECRETS: usize = 2;

/// A secret that was made: the one time that it is told.
pub struct NewSecret {
    /// By which it is deleted.
    pub id: String,
    /// What the client sends.
    pub secret: String,
    /// NumericDate.
    pub created_at: i64,
}

/// Adds a client without any role. One that proves by a secret who it is gets its first.
///
/// # Errors
/// [`Error::Invalid`] says what cannot be.
pub async fn add(change: &mut Change, said: Said) -> Result<(Client, Option<NewSecret>), Error> {
    let app = change.app().clone();
    let client = said.of_a_new_one(app.ids.next(&app.clock)?, app.clock.wall())?;
    fields::hold_together(&app, change.tx(), &client, None).await?;
    rows::insert(change.tx(), &client).await?;
    // From where pages may call is read anew with every change that concerns a client.
    if !client.cors_origins.is_empty() {
        change.touch(Subject::Client(client.id.clone()), false);
    }
    change.record(Act::new("client.added", client.id.clone(), told(&client)));
    let secret = match client.auth_method.is_secret() {
        true => Some(new_secret(change, &client.id).await?),
        false => None,
    };
    Ok((client, secret))
}

/// Changes a client. What takes something away from it, as disabling does, ends the sessions that were opened through
/// it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stronger`], [`Error::Invalid`].
pub async fn edit(change: &mut Change, id: &str, said: Said) -> Result<(), Error> {
    let before = rows::find(change.tx(), id).await?.ok_or(Error::NotFound(What::Client))?;
    rbac::outranks(change, Holder::Client(id)).await?;
    if said.disabled == Some(true) {
        change.waits();
    }
    let app = change.app().clone();
    let after = said.applied(before.clone())?;
    if after == before {
        return Ok(());
    }
    fields::hold_together(&app, change.tx(), &after, Some(&before)).await?;
    rows::update(change.tx(), &after).await?;
    if !after.auth_method.is_secret() {
        client_secrets::delete_all(change.tx(), id).await?;
    }
    if loses(&before, &after) {
        end_sessions(change, id).await?;
    }
    if before.origins() != after.origins() {
        let is_gone = |origin: &String| !after.origins().contains(origin);
        change.touch(Subject::Client(id.into()), before.origins().iter().any(is_gone));
    }
    let action = match (before.disabled, after.disabled) {
        (false, true) => "client.disabled",
        (true, false) => "client.enabled",
        _ => "client.edited",
    };
    change.record(Act::new(action, id, told(&after)));
    Ok(())
}

/// Whether something is no longer so that tokens which are out may have come by.
fn loses(before: &Client, after: &Client) -> bool {
    let has_lost = |grant: &GrantType| !after.grant_types.contains(grant);
    (after.disabled && !before.disabled)
        || (before.first_party && !after.first_party)
        || before.grant_types.iter().any(has_lost)
}

/// Deletes a client with its secrets and assignments, and ends all sessions that were opened through it. There is never
/// another one with its id.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stronger`].
pub async fn delete(change: &mut Change, id: &str) -> Result<(), Error> {
    let client = rows::find(change.tx(), id).await?.ok_or(Error::NotFound(What::Client))?;
    rbac::outranks(change, Holder::Client(id)).await?;
    change.waits();
    end_sessions(change, id).await?;
    rows::delete(change.tx(), id).await?;
    change.record(Act::new("client.deleted", id, json!({ "client_name": client.name })));
    Ok(())
}

/// All that were opened through it: its own, and those of people.
async fn end_sessions(change: &mut Change, id: &str) -> Result<(), Error> {
    sessions::delete_of_client(change.tx(), id).await?;
    change.touch(Subject::Client(id.into()), true);
    Ok(())
}

/// Makes a second secret, so that the first can be replaced without a pause.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stronger`], [`Error::Invalid`] for a client that uses none, [`Error::TwoSecrets`].
pub async fn add_secret(change: &mut Change, id: &str) -> Result<NewSecret, Error> {
    let client = rows::find(change.tx(), id).await?.ok_or(Error::NotFound(What::Client))?;
    rbac::outranks(change, Holder::Client(id)).await?;
    if !client.auth_method.is_secret() {
        let how = client.auth_method;
        return Err(Error::Invalid(format!("the client proves by `{how}` who it is, and has no secret")));
    }
    if client_secrets::of_client(change.tx(), id).await?.len() >= MOST_SECRETS {
        return Err(Error::TwoSecrets);
    }
    new_secret(change, id).await
}

/// Deletes a secret: from now on it is wrong. What it has opened goes on to its end; disabling the client ends that.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stronger`].
pub async fn delete_secret(change: &mut Change, id: &str, secret: &str) -> Result<(), Error> {
    rows::find(change.tx(), id).await?.ok_or(Error::NotFound(What::Client))?;
    rbac::outranks(change, Holder::Client(id)).await?;
    if !client_secrets::delete(change.tx(), id, secret).await? {
        return Err(Error::NotFound(What::Secret));
    }
    change.record(Act::new("client.secret_deleted", id, json!({ "secret": secret })));
    Ok(())
}

async fn new_secret(change: &mut Change, client: &str) -> Result<NewSecret, Error> {
    let app = change.app().clone();
    let (id, created_at) = (app.ids.next(&app.clock)?, app.clock.wall());
    let secret = format!("{}{}", authentication::PREFIX, ids::secret::<32>()?);
    let row = Secret { id: id.clone(), hash: authentication::hash(&secret), created_at };
    client_secrets::insert(change.tx(), client, &row).await?;
    change.record(Act::new("client.secret_added", client, json!({ "secret": id })));
    Ok(NewSecret { id, secret, created_at })
}

/// One client, with its secrets.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(app: &App, id: &str) -> Result<(Client, Vec<Secret>), Error> {
    let mut tx = app.store.read().await?;
    let client = rows::find(&mut tx, id).await?.ok_or(Error::NotFound(What::Client))?;
    let secrets = client_secrets::of_client(&mut tx, id).await?;
    Ok((client, secrets))
}

/// Clients in the order in which they were made, after one.
///
/// # Errors
/// [`Error::Store`] when they cannot be read now.
pub async fn list(app: &App, after: &str, limit: i64) -> Result<Vec<Client>, Error> {
    let mut tx = app.store.read().await?;
    Ok(rows::list(&mut tx, after, limit).await?)
}

/// What people call one.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn name_of(tx: &mut Tx, id: &str) -> Result<String, Error> {
    Ok(rows::find(tx, id).await?.ok_or(Error::NotFound(What::Client))?.name)
}

/// What the audit log tells of one: of its keys, their names.
fn told(client: &Client) -> Value {
    let grants: Vec<&str> = client.grant_types.iter().map(|grant| grant.as_str()).collect();
    json!({
        "client_name": client.name,
        "token_endpoint_auth_method": client.auth_method.as_str(),
        "grant_types": grants,
        "redirect_uris": client.redirect_uris,
        "keys": fields::key_ids(client),
        "first_party": client.first_party,
        "default_audience": client.default_audience,
        "apis": client.apis,
        "cors_origins": client.cors_origins,
    })
}
