//! Accounts: who there is, how he proves it, and what administrators do to him.

use std::sync::Arc;

use rolecall_core::Subject;
use serde_json::json;

use crate::{
    Error,
    actor::{Actor, Origin},
    api_keys,
    app::App,
    audit::{self, Act},
    change::{Change, InForce, Prefer},
    error::What,
    guesses::{self, Attempt, Whose},
    line::Who,
    names,
    passwords::Password,
    rbac::{self, Holder},
    sessions,
    store::{StoreError, Tx, assignments, sessions as session_rows, users},
};

pub use users::{Credentials, User};

/// Makes an account for a visitor, with the roles that registering gives.
///
/// # Errors
/// [`Error::RegistrationClosed`], [`Error::Invalid`], [`Error::Taken`], [`Error::Limited`], [`Error::Busy`].
pub async fn register(app: &App, username: &str, password: &str, origin: Origin) -> Result<User, Error> {
    let Some(given) = &app.config.registration else { return Err(Error::RegistrationClosed) };
    let name = names::username(username)?;
    let password = Password::chosen(password, &[&name, username, &app.issuer])?;
    // Whoever tries names out learns as many as he could guess passwords.
    let mut tx = app.store.read().await?;
    let seen = guesses::look_from(app, &mut tx, &origin).await?;
    let is_taken = users::is_taken(&mut tx, &name).await?;
    drop(tx);
    seen.allows(app, &origin).await?;
    if is_taken {
        seen.count(app, &origin).await?;
        return Err(Error::Taken("username"));
    }
    // The slow part, before anything is locked.
    let hash = app.passwords.hash(password, Who::from(origin.address.prefix())).await?;

    let user = new(app, name, None)?;
    let (mut tx, version) = app.store.write_as_of().await?;
    match insert(&mut tx, &user, Some(&hash)).await {
        // Somebody was faster, or this is another way to try names out.
        Err(taken @ Error::Taken(_)) => {
            drop(tx);
            seen.count(app, &origin).await?;
            return Err(taken);
        }
        done => done?,
    }
    let policy = app.policy_of(&mut tx, version).await?;
    let mut roles = vec![];
    for role in given {
        // A role that was deleted is not kept in store for the day when another one gets its name.
        match policy.role(role) {
            Some(_) => {
                assignments::put(&mut tx, Holder::User(&user.id), role, None).await?;
                roles.push(role);
            }
            None => tracing::warn!(role, "registering gives a role that does not exist"),
        }
    }
    guesses::made(app, &mut tx, &user.id, &origin).await?;
    let by = Actor::Visitor { id: user.id.clone(), name: user.username.clone(), origin };
    let act = Act::new("user.registered", user.id.clone(), json!({ "username": user.username, "roles": roles }));
    audit::write(app, &mut tx, &by, act, None).await?;
    tx.commit().await?;
    Ok(user)
}

/// Somebody who has proved who he is. He keeps his place before the hashing threads, and the guess is given back when
/// his session is opened.
pub struct Proved {
    /// Who.
    pub account: Credentials,
    pub(crate) attempt: Attempt,
}

/// Who proves by a password that he is whom he names; `None` for a name that is unknown, a wrong password, an account
/// that is disabled or has no password. All of these take the same work, and count the same.
///
/// # Errors
/// [`Error::Limited`] when too many guesses were made; [`Error::Busy`] when too many wait to be checked.
pub async fn authenticate(app: &App, name: &str, password: &str, from: &Origin) -> Result<Option<Proved>, Error> {
    let mut tx = app.store.glance().await?;
    let is_address = name.contains('@');
    let said = if is_address { names::email(name) } else { names::username(name) };
    let found = match (&said, is_address) {
        (Ok(email), true) => users::by_email(&mut tx, email).await?,
        (Ok(username), false) => users::by_username(&mut tx, username).await?,
        // A spelling that cannot be a name is one that nobody has.
        (Err(_), _) => None,
    };
    let nobody = Whose::Nobody(said.as_deref().unwrap_or(name));
    let whose = found.as_ref().map_or(nobody, |found| Whose::Account(&found.id));
    let seen = guesses::look(app, &mut tx, whose, from).await?;
    drop(tx);
    let attempt = seen.begin(app, from).await?;
    let usable = found.filter(|found| !found.disabled && password.len() <= crate::passwords::LONGEST);
    let hash = usable.as_ref().and_then(|found| found.password.clone());
    let same = app.passwords.is_same(Password::typed(password), hash, attempt.place()).await?;
    Ok(usable.filter(|_| same).map(|account| Proved { account, attempt }))
}

/// What an administrator says of a new account.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// Its name.
    pub username: &'a str,
    /// An address to log in with.
    pub email: Option<&'a str>,
    /// Without one, nobody logs in.
    pub password: Option<&'a str>,
}

/// An account that was checked and hashed, ready to be added.
pub struct Prepared {
    user: User,
    hash: Option<String>,
}

/// Checks and hashes: the slow part, before a change is begun.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Taken`], [`Error::Busy`].
pub async fn prepare(app: &App, said: NewUser<'_>, from: &Origin) -> Result<Prepared, Error> {
    let name = names::username(said.username)?;
    let email = said.email.map(names::email).transpose()?;
    let known = [name.as_str(), said.username, email.as_deref().unwrap_or_default(), &app.issuer];
    let password = said.password.map(|password| Password::chosen(password, &known)).transpose()?;
    is_free(app, &name).await?;
    let hash = match password {
        Some(password) => Some(app.passwords.hash(password, Who::from(from.address.prefix())).await?),
        None => None,
    };
    Ok(Prepared { user: new(app, name, email)?, hash })
}

/// Adds an account without any role.
///
/// # Errors
/// [`Error::Taken`] when its name or its address is somebody else's.
pub async fn add(change: &mut Change, prepared: Prepared) -> Result<User, Error> {
    let Prepared { user, hash } = prepared;
    insert(change.tx(), &user, hash.as_deref()).await?;
    let detail = json!({ "username": user.username, "email": user.email });
    change.record(Act::new("user.added", user.id.clone(), detail));
    Ok(user)
}

/// What an administrator changes of an account; `None` stays as it is.
#[derive(Debug, Default)]
pub struct Edit {
    /// Whether nobody can log in, and nothing that was issued counts.
    pub disabled: Option<bool>,
    /// An address, or none.
    pub email: Option<Option<String>>,
}

/// Changes an account.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stronger`], [`Error::Taken`], [`Error::LastAdministrator`].
pub async fn edit(change: &mut Change, id: &str, edit: Edit) -> Result<(), Error> {
    let user = users::find(change.tx(), id).await?.ok_or(Error::NotFound(What::User))?;
    rbac::outranks(change, Holder::User(id)).await?;
    if let Some(email) = edit.email {
        let email = email.as_deref().map(names::email).transpose()?;
        if email != user.email {
            match users::set_email(change.tx(), id, email.as_deref()).await {
                Err(StoreError::Unique) => return Err(Error::Taken("address")),
                done => done?,
            }
            change.record(Act::new("user.email_set", id, json!({ "email": email })));
        }
    }
    if let Some(disabled) = edit.disabled {
        if disabled {
            change.waits();
        }
        let policy = change.policy();
        let before = rbac::keeps_administrator(change, &policy).await?;
        if users::set_disabled(change.tx(), id, disabled).await? {
            rbac::one_administrator_stays(change, &policy, before).await?;
            if disabled {
                // Enabled again, he logs in again, and makes other keys.
                api_keys::revoke_all(change, id).await?;
                session_rows::delete_of(change.tx(), Holder::User(id), None).await?;
            } else {
                // And need not wait for what others guessed meanwhile.
                guesses::forget_account(change.tx(), id).await?;
            }
            change.touch(Subject::User(id.into()), disabled);
            let action = if disabled { "user.disabled" } else { "user.enabled" };
            change.record(Act::new(action, id, json!({})));
        }
    }
    Ok(())
}

/// Deletes an account with its sessions and assignments. Its name may be registered again, and is somebody else then.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stronger`], [`Error::LastAdministrator`].
pub async fn delete(change: &mut Change, id: &str) -> Result<(), Error> {
    let user = users::find(change.tx(), id).await?.ok_or(Error::NotFound(What::User))?;
    rbac::outranks(change, Holder::User(id)).await?;
    change.waits();
    let policy = change.policy();
    let before = rbac::keeps_administrator(change, &policy).await?;
    users::delete(change.tx(), id).await?;
    guesses::forget_account(change.tx(), id).await?;
    rbac::one_administrator_stays(change, &policy, before).await?;
    change.touch(Subject::User(id.into()), true);
    change.record(Act::new("user.deleted", id, json!({ "username": user.username })));
    Ok(())
}

/// Sets a password without knowing the old one, ends all sessions, revokes all API keys, and forgets what others
/// guessed: for whoever has the database in hand.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`].
pub async fn reset_password(app: &Arc<App>, username: &str, password: &str) -> Result<InForce, Error> {
    let name = names::username(username)?;
    let chosen = Password::chosen(password, &[&name, username, &app.issuer])?;
    let hash = app.passwords.hash(chosen, Who::default()).await?;
    let mut change = Change::begin(app, &Actor::CommandLine, None).await?;
    let user = users::by_username(change.tx(), &name).await?.ok_or(Error::NotFound(What::User))?;
    users::set_password(change.tx(), &user.id, &hash).await?;
    guesses::forget_account(change.tx(), &user.id).await?;
    api_keys::revoke_all(&mut change, &user.id).await?;
    session_rows::delete_of(change.tx(), Holder::User(&user.id), None).await?;
    change.touch(Subject::User(user.id.clone()), true);
    change.record(Act::new("user.password_reset", user.id, json!({})));
    change.commit(Prefer::default()).await
}

/// Changes the actor's own password, for whoever knows the one that there is, ends his other sessions, and revokes his
/// API keys: whoever learned the old one may have left one. A wrong one counts as a guess, like at a log-in.
///
/// # Errors
/// [`Error::Cut`]; [`Error::Invalid`] for a new one that cannot be used; [`Error::WrongPassword`], [`Error::Limited`],
/// [`Error::Busy`]; [`StoreError::Gone`] when somebody else changed it meanwhile.
pub async fn change_password(
    app: &Arc<App>,
    by: &Actor,
    current: &str,
    new: &str,
    prefer: Prefer,
) -> Result<InForce, Error> {
    let (account, session) = by.account()?;
    let id = account.id();
    let mut tx = app.store.glance().await?;
    let user = users::find(&mut tx, id).await?.ok_or(Error::NotFound(What::User))?;
    let names = [user.username.as_str(), user.email.as_deref().unwrap_or_default(), &app.issuer];
    let chosen = Password::chosen(new, &names)?;
    let from = by.origin().cloned().unwrap_or_default();
    let known = users::by_username(&mut tx, &user.username).await?.filter(|known| known.id == id);
    let seen = guesses::look(app, &mut tx, Whose::Account(id), &from).await?;
    drop(tx);
    let attempt = seen.begin(app, &from).await?;
    let old = known.and_then(|known| known.password);
    if current.len() > crate::passwords::LONGEST
        || !app.passwords.is_same(Password::typed(current), old.clone(), attempt.place()).await?
    {
        return Err(Error::WrongPassword);
    }
    let hash = app.passwords.hash_at(chosen, attempt.place()).await?;

    let mut change = Change::begin(app, by, None).await?;
    if !users::replace_password(change.tx(), id, old.as_deref(), &hash).await? {
        return Err(StoreError::Gone.into());
    }
    attempt.was_right(app, change.tx()).await?;
    api_keys::revoke_all(&mut change, id).await?;
    sessions::end_all(&mut change, Holder::User(id), Some(session)).await?;
    change.record(Act::new("user.password_changed", id, json!({})));
    change.commit(prefer).await
}

/// Accounts in the order in which they were made, after one; only the one of this name if it is given.
///
/// # Errors
/// [`Error::Store`] when they cannot be read now.
pub async fn list(app: &App, username: Option<&str>, after: &str, limit: i64) -> Result<Vec<User>, Error> {
    // A spelling that cannot be a name is one that nobody has.
    let name = match username.map(names::username) {
        Some(Err(_)) => return Ok(vec![]),
        Some(Ok(name)) => Some(name),
        None => None,
    };
    let mut tx = app.store.read().await?;
    Ok(users::list(&mut tx, name.as_deref(), after, limit).await?)
}

/// One account.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(app: &App, id: &str) -> Result<User, Error> {
    let mut tx = app.store.read().await?;
    users::find(&mut tx, id).await?.ok_or(Error::NotFound(What::User))
}

fn new(app: &App, username: String, email: Option<String>) -> Result<User, Error> {
    let (id, created_at) = (app.ids.next(&app.clock)?, app.clock.wall());
    Ok(User { id, username, email, disabled: false, created_at })
}

/// Spares the hashing of a password for a name that is taken; the database has the last word.
async fn is_free(app: &App, name: &str) -> Result<(), Error> {
    let mut tx = app.store.read().await?;
    match users::is_taken(&mut tx, name).await? {
        true => Err(Error::Taken("username")),
        false => Ok(()),
    }
}

async fn insert(tx: &mut Tx, user: &User, hash: Option<&str>) -> Result<(), Error> {
    match users::insert(tx, user, hash).await {
        Err(StoreError::Unique) => {
            Err(Error::Taken(if user.email.is_some() { "username or address" } else { "username" }))
        }
        done => Ok(done?),
    }
}
