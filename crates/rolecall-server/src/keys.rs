//! Keys: which one signs, which ones verify, and how one follows another.
//!
//! Whoever verifies our tokens elsewhere reads our keys once and keeps them for five minutes. So a new key is published
//! six minutes before it signs ([`AHEAD`](life::AHEAD)), and an old one stays until the last of its tokens is dead: at no time is a token
//! out whose key somebody could not have. Only a revocation is not gentle: the key is out of the set at once, its tokens
//! are refused at the next call, and what was to sign next signs now.

mod file;
mod import;
mod keep;
mod life;
mod material;
mod place;
mod ring;
mod rotate_file;
mod secret;

use rolecall_core::{Algorithm, Subject};
use serde_json::json;

use crate::{
    Error,
    app::App,
    audit::Act,
    change::Change,
    error::What,
    store::{
        Tx,
        keys::{self as rows, SealedKey},
    },
};

pub use file::KeyFile;
pub use import::{Handed, Imported, import, warn_of_secrets};
pub use keep::keep;
pub use life::{KEPT_BY_OTHERS, Life, Stage};
pub use material::NewKey;
pub use place::{Found, Place};
pub use ring::{Published, Ring};
pub use rotate_file::rotate_file;
pub use secret::{secret, secret_once_derived};

/// As many keys count at once. Whoever verifies reads them all.
const MOST: usize = 100;

/// A key as it may be shown: nothing of it is secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// What a token's header calls it.
    pub kid: String,
    /// As in a token's `alg`.
    pub algorithm: String,
    /// Where it stands.
    pub stage: Stage,
    /// NumericDate since when it is among the keys to verify with.
    pub published_at: i64,
    /// NumericDate from when on it signs; `None`: never here.
    pub signs_from: Option<i64>,
    /// NumericDate from when on another one does.
    pub retires_at: Option<i64>,
    /// NumericDate at which no token of its is left.
    pub gone_at: Option<i64>,
    /// NumericDate since when it counts for nothing.
    pub revoked_at: Option<i64>,
}

impl Shown {
    fn of(row: SealedKey, now: i64) -> Shown {
        let life = life_of(&row);
        Shown {
            kid: row.kid,
            algorithm: row.algorithm,
            stage: life.stage(now),
            published_at: row.published_at,
            signs_from: row.signs_from,
            retires_at: row.retires_at,
            gone_at: life.gone_at(),
            revoked_at: row.revoked_at,
        }
    }
}

/// An algorithm that a new key can be for, by its name.
///
/// # Errors
/// [`Error::Invalid`] for any other.
pub fn algorithm(said: &str) -> Result<Algorithm, Error> {
    let signs = |algorithm: &Algorithm| *algorithm != Algorithm::Hs256;
    let wrong = || Error::Invalid("`algorithm` is `ES256`, `RS256` or `EdDSA`".into());
    said.parse().ok().filter(signs).ok_or_else(wrong)
}

/// Writes the first key down: it signs at once.
///
/// # Errors
/// [`Error::Store`] when it cannot be stored.
pub async fn found(tx: &mut Tx, file: &KeyFile, new: &NewKey, token_ttl: i64, now: i64) -> Result<(), Error> {
    let row = SealedKey { signs_from: Some(now), token_ttl, ..new.sealed(file, now)? };
    Ok(rows::insert(tx, &row).await?)
}

/// The keys in the database.
///
/// # Errors
/// [`Error::Start`] when the key file is not the one that they were encrypted with, or there is none.
pub async fn read(tx: &mut Tx, file: &KeyFile) -> Result<Ring, Error> {
    Ring::open(file, &rows::all(tx).await?)
}

/// Sees to it that each key that may sign is kept for as long as its tokens are good, which may be longer than before.
///
/// # Errors
/// [`Error::Store`] when that cannot be written now.
pub async fn outlast(app: &App) -> Result<(), Error> {
    let (now, ttl) = (app.clock.wall(), app.token_ttl());
    let grown = |row: &SealedKey| {
        let life = life_of(row);
        let signs = matches!(life.stage(now), Stage::Published | Stage::Signing);
        signs.then(|| with_life(row, life.lasting(ttl))).filter(|longer| longer.token_ttl != row.token_ttl)
    };
    let stored = rows::all(&mut app.store.read().await?).await?;
    if stored.iter().filter_map(grown).next().is_none() {
        return Ok(());
    }
    let mut tx = app.store.write().await?;
    for row in rows::all(&mut tx).await?.iter().filter_map(grown) {
        rows::update(&mut tx, &row).await?;
    }
    Ok(tx.commit().await?)
}

/// All keys, those that were revoked among them.
///
/// # Errors
/// [`Error::Store`] when they cannot be read now.
pub async fn list(app: &App) -> Result<Vec<Shown>, Error> {
    let now = app.clock.wall();
    Ok(rows::all(&mut app.store.read().await?).await?.into_iter().map(|row| Shown::of(row, now)).collect())
}

/// One key.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(app: &App, kid: &str) -> Result<Shown, Error> {
    list(app).await?.into_iter().find(|key| key.kid == kid).ok_or(Error::NotFound(What::Key))
}

/// Publishes a new key, which signs as soon as everybody who verifies can have it; the one that signs now retires then.
///
/// # Errors
/// [`Error::TooManyKeys`].
pub async fn rotate(change: &mut Change, new: &NewKey) -> Result<Shown, Error> {
    let now = change.app().clock.wall();
    let mut keys = Keys::read(change, now).await?;
    let shown = keys.add(change, new, Some(now + life::AHEAD)).await?;
    keys.line_up(change).await?;
    change.touch(Subject::Keys, false);
    let detail = json!({ "algorithm": shown.algorithm, "signs_from": shown.signs_from });
    change.record(Act::new("key.rotated", shown.kid.clone(), detail));
    Ok(shown)
}

/// Takes a key away: its tokens are refused at the next call. If it is the one that signs, the one that was to follow
/// signs at once, or else `spare`. Its private half is gone for good.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Unavailable`] when a [`spare`] one is needed and there is none, since the keys have
/// changed meanwhile.
pub async fn revoke(change: &mut Change, kid: &str, spare: Option<&NewKey>) -> Result<(), Error> {
    change.waits();
    let now = change.app().clock.wall();
    let mut keys = Keys::read(change, now).await?;
    let row = keys.rows.iter_mut().find(|row| row.kid == kid).ok_or(Error::NotFound(What::Key))?;
    if row.revoked_at.is_some() {
        return Ok(());
    }
    *row = with_life(row, life_of(row).revoked(now));
    row.sealed = vec![];
    rows::update(change.tx(), row).await?;
    let followed_by = match keys.next() {
        Next::Signs => None,
        Next::Waits(next) => {
            let called = life_of(&keys.rows[next]).called(now);
            keys.write(change, next, called).await?;
            Some(keys.rows[next].kid.clone())
        }
        Next::Nobody => {
            let changed = || Error::Unavailable("the keys have changed meanwhile; try again".into());
            Some(keys.add(change, spare.ok_or_else(changed)?, Some(now)).await?.kid)
        }
    };
    keys.line_up(change).await?;
    keys.forget_revoked(change).await?;
    change.touch(Subject::Keys, true);
    change.record(Act::new("key.revoked", kid, json!({ "followed_by": followed_by })));
    Ok(())
}

/// A key to sign with when this one is revoked, if nothing else would: made before the change, since it takes time that
/// nobody else is to wait for.
///
/// # Errors
/// [`Error::Store`] when it cannot be told now whether it is needed.
pub async fn spare(app: &App, kid: &str) -> Result<Option<NewKey>, Error> {
    let rows = rows::all(&mut app.store.read().await?).await?;
    let others = Keys { rows: rows.into_iter().filter(|row| row.kid != kid).collect(), now: app.clock.wall() };
    match others.next() {
        Next::Nobody => Ok(Some(NewKey::generate(app.config.signing_algorithm).await?)),
        Next::Signs | Next::Waits(_) => Ok(None),
    }
}

/// Throws away what is not needed any more: keys of which no token is left, and the private halves of those that have
/// retired.
///
/// # Errors
/// [`Error::Store`].
pub async fn tidy(change: &mut Change) -> Result<(), Error> {
    let app = change.app().clone();
    let now = app.clock.wall();
    for mut row in rows::all(change.tx()).await? {
        match life_of(&row).stage(now) {
            Stage::Gone => {
                rows::delete(change.tx(), &row.kid).await?;
                change.record(Act::new("key.gone", row.kid, json!({})));
            }
            Stage::Retired => {
                let key = material::open(&app.key_file, &row)?;
                material::shed(&app.key_file, &mut row, &key)?;
                rows::update(change.tx(), &row).await?;
            }
            _ => continue,
        }
        change.touch(Subject::Keys, false);
    }
    Ok(())
}

/// The keys as a change finds and leaves them.
struct Keys {
    rows: Vec<SealedKey>,
    now: i64,
}

/// What signs.
enum Next {
    /// One does.
    Signs,
    /// None does, and this one will.
    Waits(usize),
    /// None does, and none will.
    Nobody,
}

impl Keys {
    async fn read(change: &mut Change, now: i64) -> Result<Keys, Error> {
        Ok(Keys { rows: rows::all(change.tx()).await?, now })
    }

    /// Writes a new one down. It signs from `from` on, and after all that are there already, or never.
    async fn add(&mut self, change: &mut Change, new: &NewKey, from: Option<i64>) -> Result<Shown, Error> {
        if self.rows.iter().filter(|row| row.revoked_at.is_none()).count() >= MOST {
            return Err(Error::TooManyKeys);
        }
        let app = change.app().clone();
        let last = self.rows.iter().filter_map(|row| life_of(row).from()).max();
        // Of two that began in one second, nobody could say which one signs.
        let from = from.map(|from| last.map_or(from, |last| from.max(last + 1)));
        let row = new.sealed(&app.key_file, self.now)?;
        let row = SealedKey { signs_from: from, token_ttl: app.token_ttl(), ..row };
        rows::insert(change.tx(), &row).await?;
        self.rows.push(row.clone());
        Ok(Shown::of(row, self.now))
    }

    fn next(&self) -> Next {
        let stage = |row: &SealedKey| life_of(row).stage(self.now);
        if self.rows.iter().any(|row| stage(row) == Stage::Signing) {
            return Next::Signs;
        }
        let waiting = self.rows.iter().enumerate().filter(|(_, row)| stage(row) == Stage::Published);
        match waiting.min_by_key(|(_, row)| row.signs_from) {
            Some((first, _)) => Next::Waits(first),
            None => Next::Nobody,
        }
    }

    /// Each one retires when the next one begins.
    async fn line_up(&mut self, change: &mut Change) -> Result<(), Error> {
        let mut line: Vec<usize> = (0..self.rows.len()).filter(|n| life_of(&self.rows[*n]).from().is_some()).collect();
        line.sort_by_key(|n| self.rows[*n].signs_from);
        for (place, n) in line.iter().enumerate() {
            let next = line.get(place + 1).and_then(|next| self.rows[*next].signs_from);
            let life = life_of(&self.rows[*n]).followed(next, self.now);
            self.write(change, *n, life).await?;
        }
        Ok(())
    }

    /// Of those that were revoked the last ones stay on record, so that none of them comes back; not more than may count.
    async fn forget_revoked(&mut self, change: &mut Change) -> Result<(), Error> {
        let mut revoked: Vec<(i64, String)> =
            self.rows.iter().filter_map(|row| row.revoked_at.map(|at| (at, row.kid.clone()))).collect();
        revoked.sort_unstable();
        for (_, kid) in revoked.iter().rev().skip(MOST) {
            rows::delete(change.tx(), kid).await?;
            self.rows.retain(|row| row.kid != *kid);
        }
        Ok(())
    }

    async fn write(&mut self, change: &mut Change, n: usize, life: Life) -> Result<(), Error> {
        if life_of(&self.rows[n]) != life {
            self.rows[n] = with_life(&self.rows[n], life);
            rows::update(change.tx(), &self.rows[n]).await?;
        }
        Ok(())
    }
}

fn life_of(row: &SealedKey) -> Life {
    match (row.revoked_at, row.signs_from) {
        (Some(at), _) => Life::Revoked { at },
        (None, Some(from)) => Life::Signs { from, until: row.retires_at, token_ttl: row.token_ttl },
        (None, None) => Life::Verifies,
    }
}

/// The same key with other times. One that is revoked keeps those of before.
fn with_life(row: &SealedKey, life: Life) -> SealedKey {
    match life {
        Life::Signs { from, until, token_ttl } => {
            SealedKey { signs_from: Some(from), retires_at: until, token_ttl, ..row.clone() }
        }
        Life::Verifies => row.clone(),
        Life::Revoked { at } => SealedKey { revoked_at: Some(at), ..row.clone() },
    }
}
