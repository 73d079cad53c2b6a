//! The first start: what nobody could grant because nobody is there yet.
//!
//! One transaction. Whatever happens before its end, the next start finds nothing and begins anew.

use aws_lc_rs::rand;
use rolecall::clock::Clock;
use rolecall_core::{ADMINISTRATOR, Subject};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    Error,
    config::Config,
    ids::{self, Ids},
    keys::{self, KeyFile, NewKey},
    line::Who,
    names,
    passwords::{Password, Passwords},
    store::{
        Store,
        assignments::{self, Holder},
        audit,
        instance::{self, Instance},
        roles, users, versions,
    },
};

/// An account that was made, with the password that is told once.
pub struct Administrator {
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: Zeroizing<String>,
}

/// Who administers first, in production: whoever makes the database says a name and a password.
pub struct Founder {
    username: String,
    password: Password,
}

impl Founder {
    /// By the rules that hold for everybody.
    ///
    /// # Errors
    /// [`Error::Invalid`] says what to choose.
    pub fn new(username: &str, password: &str, issuer: &str) -> Result<Founder, Error> {
        let name = names::username(username)?;
        let password = Password::chosen(password, &[&name, username, issuer])?;
        Ok(Founder { username: name, password })
    }

    /// The name, in its one spelling.
    pub fn username(&self) -> &str {
        &self.username
    }
}

/// `made_by` of a database for development.
pub const DEV: &str = "dev";
/// `made_by` of a database for production.
pub const INIT: &str = "init";

/// The name of the secret key by which guesses are counted.
pub const NAMES: &str = "guesses";

/// The name of the account that `dev` makes.
const NAME: &str = "admin";

/// Makes what `dev` needs: the roles `admin` and `user`, the account `admin`, and a signing key.
///
/// # Errors
/// [`Error::Store`] when it cannot be written.
pub async fn dev(
    store: &Store,
    config: &Config,
    key_file: &KeyFile,
    passwords: &Passwords,
    clock: &Clock,
    issuer: &str,
) -> Result<Administrator, Error> {
    let password = letters_and_digits::<24>()?;
    let hash = passwords.hash(Password::typed(&password), Who::default()).await?;
    let first = First {
        made_by: DEV,
        issuer,
        username: NAME,
        hash,
        roles: vec![("admin", &["*"]), ("user", &[])],
        assigned: vec![ADMINISTRATOR, "admin"],
    };
    make(store, config, key_file, clock, first).await?;
    Ok(Administrator { username: NAME.into(), password })
}

/// Makes what production needs: a signing key, and an account with `rolecall.admin`, which holds and may hand out
/// everything. The application's roles are its own: only those that registering gives are made, without any permission.
///
/// # Errors
/// [`Error::Store`] when it cannot be written.
pub async fn init(
    store: &Store,
    config: &Config,
    key_file: &KeyFile,
    passwords: &Passwords,
    clock: &Clock,
    issuer: &str,
    founder: Founder,
) -> Result<(), Error> {
    let hash = passwords.hash(founder.password, Who::default()).await?;
    let mut named: Vec<&str> = config.registration_roles.iter().map(String::as_str).collect();
    named.sort_unstable();
    named.dedup();
    let first = First {
        made_by: INIT,
        issuer,
        username: &founder.username,
        hash,
        roles: named.into_iter().map(|name| (name, &[][..])).collect(),
        assigned: vec![ADMINISTRATOR],
    };
    make(store, config, key_file, clock, first).await
}

/// What there is at first.
struct First<'a> {
    made_by: &'static str,
    issuer: &'a str,
    username: &'a str,
    hash: String,
    /// Each with what it grants.
    roles: Vec<(&'a str, &'a [&'a str])>,
    /// What the account has.
    assigned: Vec<&'a str>,
}

async fn make(
    store: &Store,
    config: &Config,
    key_file: &KeyFile,
    clock: &Clock,
    first: First<'_>,
) -> Result<(), Error> {
    let (ids, now) = (Ids::default(), clock.wall());
    let id = ids.next(clock)?;

    let new = NewKey::generate(config.signing_algorithm).await?;

    let tag = ids::secret::<12>()?;
    let (mut tx, version) = store.change(&tag).await?;
    let made = Instance { id: ids.next(clock)?, made_by: first.made_by.into(), issuer: first.issuer.into() };
    instance::insert(&mut tx, &made, now).await?;
    let ttl = i64::try_from(config.access_token_ttl.as_secs()).unwrap_or(i64::MAX);
    keys::found(&mut tx, key_file, &new, ttl, now).await?;
    keys::secret(&mut tx, key_file, NAMES, now).await?;
    for (role, grants) in &first.roles {
        roles::insert(&mut tx, role, version).await?;
        for grant in *grants {
            roles::grant(&mut tx, role, grant).await?;
        }
    }
    let username = first.username.to_owned();
    let user = users::User { id: id.clone(), username, email: None, disabled: false, created_at: now };
    users::insert(&mut tx, &user, Some(&first.hash)).await?;
    for role in &first.assigned {
        assignments::put(&mut tx, Holder::User(&id), role, None).await?;
    }
    versions::record(&mut tx, version, &tag, now, &[Subject::Policy]).await?;
    let roles: Vec<&str> = first.roles.iter().map(|(name, _)| *name).collect();
    let entry = audit::Entry {
        id: ids.next(clock)?,
        at: now,
        actor: None,
        actor_name: "set-up".into(),
        action: "instance.made".into(),
        subject: Some(id),
        detail: json!({ "by": first.made_by, "administrator": first.username, "roles": roles }).to_string(),
        version: Some(version),
        request_id: None,
        address: None,
    };
    audit::insert(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(())
}

fn letters_and_digits<const LENGTH: usize>() -> Result<Zeroizing<String>, Error> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    while text.len() < LENGTH {
        let mut byte = [0];
        rand::fill(&mut byte).map_err(Error::internal)?;
        // A byte beyond the last multiple would make the first characters likelier.
        if usize::from(byte[0]) < 256 / ALPHABET.len() * ALPHABET.len() {
            text.push(char::from(ALPHABET[usize::from(byte[0]) % ALPHABET.len()]));
        }
    }
    Ok(text)
}
