//! API keys: what a person gives to a program that is to call for him, in place of his password.
//!
//! A key always names what it is cut to, at most what its maker's session may at that moment, and has an end. It is
//! exchanged for tokens at `/token`; so rights that are taken away from the person are gone from the key at the next
//! call, and rights that are given to him later do not come to it by themselves.

mod text;

use rolecall_core::{Scope, Subject};
use serde_json::json;

use self::text::Text;
use crate::{
    Error,
    actor::Actor,
    app::App,
    audit::Act,
    change::Change,
    error::What,
    names,
    rbac::{self, Holder},
    sessions::{self, MOST_SCOPE},
    store::api_keys as rows,
};

pub use rows::ApiKey;

/// Most that are good at once, of one account.
const MOST: i64 = 50;
/// Seconds for which one can be made.
const LONGEST: i64 = 365 * 86400;

/// What is said of a new one. It has one end, said in one of the two ways.
#[derive(Debug)]
pub struct Said<'a> {
    /// What its owner calls it.
    pub name: &'a str,
    /// NumericDate.
    pub expires_at: Option<i64>,
    /// Seconds from now.
    pub expires_in: Option<i64>,
    /// What it is cut to; without, to the same as the session that makes it.
    pub scope: Option<&'a str>,
}

/// A key that was made: the one time that it is told.
pub struct NewKey {
    /// What is known of it.
    pub key: ApiKey,
    /// What the program sends.
    pub text: String,
}

/// Makes a key of the actor's own, for at most what he may in his session.
///
/// # Errors
/// [`Error::ByKey`] in a session that a key has opened; [`Error::NotFound`] for a client, which is no person;
/// [`Error::Invalid`] says what cannot be; [`Error::TooManyApiKeys`].
pub async fn add(change: &mut Change, said: Said<'_>) -> Result<NewKey, Error> {
    let Actor::Person { id: user, session, scope: limit, .. } = change.by().clone() else {
        return Err(Error::SessionOver);
    };
    rbac::exists(change.tx(), Holder::User(&user)).await?;
    if sessions::is_by_key(change.tx(), &session).await? {
        return Err(Error::ByKey);
    }
    let app = change.app().clone();
    let (now, policy) = (app.clock.wall(), change.policy());
    let name = names::shown("name", said.name)?;
    let expires_at = end(&said, now)?;
    let not_held = || {
        Error::Invalid(
            "`scope` names roles and permissions that this session holds, separated by spaces; leave it out for all of them"
                .into(),
        )
    };
    let asked = Scope::parse(said.scope.unwrap_or_default()).map_err(|_| not_held())?;
    let scope = sessions::scope_for_key(change.tx(), &policy, &user, now, limit.as_deref(), asked.as_ref()).await?;
    let scope = scope.ok_or_else(not_held)?.to_string();
    is_short(&scope)?;
    if rows::count_of_user(change.tx(), &user, now).await? >= MOST {
        return Err(Error::TooManyApiKeys(MOST));
    }

    let id = app.ids.next(&app.clock)?;
    let text = Text::new(&id)?;
    let detail = json!({ "key": id, "name": name, "scope": scope, "expires_at": expires_at });
    let key = ApiKey { id, user, name, hash: text.hash(), scope, created_at: now, expires_at, used_at: None };
    rows::insert(change.tx(), &key).await?;
    change.record(Act::new("api_key.added", key.user.clone(), detail));
    Ok(NewKey { text: text.to_text(), key })
}

/// It stands in each token that is had for the key.
fn is_short(scope: &str) -> Result<(), Error> {
    match scope.len() <= MOST_SCOPE {
        true => Ok(()),
        false => Err(Error::Invalid(format!(
            "the `scope` of a key has at most {MOST_SCOPE} bytes; say one that names what the program needs, and no more"
        ))),
    }
}

fn end(said: &Said<'_>, now: i64) -> Result<i64, Error> {
    let at = match (said.expires_at, said.expires_in) {
        (Some(at), None) => Some(at),
        (None, Some(seconds)) => now.checked_add(seconds),
        _ => return Err(Error::Invalid("a key has an end: `expires_in` in seconds, or `expires_at`".into())),
    };
    at.filter(|at| *at > now && *at - now <= LONGEST)
        .ok_or_else(|| Error::Invalid(format!("a key ends in the future, within {} days from now", LONGEST / 86400)))
}

/// A key that was presented, and is one.
pub struct Proved {
    id: String,
    owner: String,
}

impl Proved {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of whom it is of.
    pub fn owner(&self) -> &str {
        &self.owner
    }
}

/// Which key this is; `None` for a text that is none, or is one no longer. Nothing is counted: nobody guesses 256 bits.
///
/// # Errors
/// [`Error::Store`] when it cannot be read now.
pub async fn prove(app: &App, text: &str) -> Result<Option<Proved>, Error> {
    let Some(text) = Text::read(text) else { return Ok(None) };
    let mut tx = app.store.glance().await?;
    let found = rows::find(&mut tx, &text.id(), app.clock.wall()).await?;
    Ok(found.filter(|key| text.has(&key.hash)).map(|key| Proved { id: key.id, owner: key.user }))
}

/// The keys of the actor's own that are good, in the order in which they were made, after one.
///
/// # Errors
/// [`Error::Cut`]; [`Error::NotFound`] for a client.
pub async fn list_own(app: &App, by: &Actor, after: &str, limit: i64) -> Result<Vec<ApiKey>, Error> {
    let (owner, _) = by.account()?;
    list(app, owner.id(), after, limit).await
}

/// The keys of a user that are good, in the order in which they were made, after one.
///
/// # Errors
/// [`Error::NotFound`] for an unknown user.
pub async fn list(app: &App, user: &str, after: &str, limit: i64) -> Result<Vec<ApiKey>, Error> {
    let mut tx = app.store.read().await?;
    rbac::exists(&mut tx, Holder::User(user)).await?;
    Ok(rows::list_of_user(&mut tx, user, app.clock.wall(), after, limit).await?)
}

/// Revokes a key of the actor's own, and ends what it has opened.
///
/// # Errors
/// [`Error::Cut`]; [`Error::NotFound`] for an id that is none of his.
pub async fn revoke_own(change: &mut Change, id: &str) -> Result<(), Error> {
    let user = change.by().account()?.0.id().to_owned();
    revoke(change, &user, id).await
}

/// Revokes a key that was presented, and ends what it has opened. If it is gone already it is no change.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn revoke_shown(change: &mut Change, key: &Proved) -> Result<(), Error> {
    change.waits();
    match revoke(change, key.owner(), key.id()).await {
        Err(Error::NotFound(_)) => Ok(()),
        done => done,
    }
}

/// Revokes a key of a user, for an administrator.
///
/// # Errors
/// [`Error::NotFound`] for an unknown user or an id that is none of his; [`Error::Stronger`].
pub async fn revoke_of(change: &mut Change, user: &str, id: &str) -> Result<(), Error> {
    rbac::exists(change.tx(), Holder::User(user)).await?;
    rbac::outranks(change, Holder::User(user)).await?;
    revoke(change, user, id).await
}

/// Revokes all keys of a user, for an administrator.
///
/// # Errors
/// [`Error::NotFound`] for an unknown user; [`Error::Stronger`].
pub async fn revoke_all_of(change: &mut Change, user: &str) -> Result<(), Error> {
    rbac::exists(change.tx(), Holder::User(user)).await?;
    rbac::outranks(change, Holder::User(user)).await?;
    revoke_all(change, user).await
}

/// Revokes all keys of a user. Where there is none it is no change.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn revoke_all(change: &mut Change, user: &str) -> Result<(), Error> {
    change.waits();
    let revoked = rows::delete_of_user(change.tx(), user).await?;
    if revoked > 0 {
        change.touch(Subject::User(user.into()), true);
        change.record(Act::new("api_keys.revoked", user, json!({ "revoked": revoked })));
    }
    Ok(())
}

async fn revoke(change: &mut Change, user: &str, id: &str) -> Result<(), Error> {
    let none = || Error::NotFound(What::ApiKey);
    // PostgreSQL does not even compare some texts that are no id.
    uuid::Uuid::try_parse(id).map_err(|_| none())?;
    let name = rows::delete(change.tx(), user, id).await?.ok_or_else(none)?;
    // Its sessions are more than need be named: all of his are looked up once.
    change.touch(Subject::User(user.into()), true);
    change.record(Act::new("api_key.revoked", user, json!({ "key": id, "name": name })));
    Ok(())
}
