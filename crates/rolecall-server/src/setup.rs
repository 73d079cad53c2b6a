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
    keys::{self, KeyFile},
    line::Who,
    passwords::{Password, Passwords},
    store::{
        Store, assignments, audit,
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
    let (ids, now) = (Ids::default(), clock.wall());
    let id = ids.next(clock)?;

    let tag = ids::secret::<12>()?;
    let (mut tx, version) = store.change(&tag).await?;
    let made = Instance { id: ids.next(clock)?, made_by: "dev".into(), issuer: issuer.into() };
    instance::insert(&mut tx, &made, now).await?;
    keys::make(&mut tx, key_file, config.signing_algorithm, now).await?;
    for role in ["admin", "user"] {
        roles::insert(&mut tx, role, version).await?;
    }
    roles::grant(&mut tx, "admin", "*").await?;
    let user = users::User { id: id.clone(), username: NAME.into(), email: None, disabled: false, created_at: now };
    users::insert(&mut tx, &user, Some(&hash)).await?;
    for role in [ADMINISTRATOR, "admin"] {
        assignments::put(&mut tx, &id, role, None).await?;
    }
    versions::record(&mut tx, version, &tag, now, &[Subject::Policy]).await?;
    let entry = audit::Entry {
        id: ids.next(clock)?,
        at: now,
        actor: None,
        actor_name: "set-up".into(),
        action: "instance.made".into(),
        subject: Some(id),
        detail: json!({ "by": "dev", "administrator": NAME, "roles": ["admin", "user"] }).to_string(),
        version: Some(version),
        request_id: None,
        address: None,
    };
    audit::insert(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(Administrator { username: NAME.into(), password })
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
