//! The keys in force, as this process holds them: which one signs now, and what others verify with. Read once, and
//! swapped whole when a change made another.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::HeaderValue;
use rolecall_core::{
    Algorithm, KeySet,
    jwk::{SigningKey, VerifyingKey},
};

use super::{
    KeyFile,
    life::{Life, Stage},
    material::{self, Material},
};
use crate::{Error, store::keys::SealedKey};

/// All keys whose tokens count.
pub struct Ring {
    keys: Vec<Held>,
    set: KeySet,
    published: Published,
}

/// One of them.
struct Held {
    life: Life,
    key: Material,
}

/// The key set as others read it (RFC 7517, 5), and by which they know whether it has changed (RFC 9110, 8.8.3).
#[derive(Clone, Debug)]
pub struct Published {
    /// The JSON.
    pub body: Bytes,
    /// A strong `ETag`.
    pub etag: HeaderValue,
}

/// What the clock asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// A new key: the one that signs has done so for long enough.
    Rotation,
    /// A key has retired, or is gone: what it is not needed for any more can go.
    Tidying,
}

impl Ring {
    /// Of what is stored.
    ///
    /// # Errors
    /// [`Error::Start`] when another key file encrypted it, or there is no key that signs.
    pub fn open(file: &KeyFile, rows: &[SealedKey]) -> Result<Ring, Error> {
        let living = rows.iter().filter(|row| row.revoked_at.is_none());
        let held = |row: &SealedKey| Ok(Held { life: super::life_of(row), key: material::open(file, row)? });
        let keys = living.map(held).collect::<Result<Vec<_>, Error>>()?;
        let set = keys.iter().map(|held| held.key.verifying_key().clone()).collect();
        let set = KeySet::new(set).map_err(Error::internal)?;
        let ring = Ring { published: Published::of(&set)?, keys, set };
        if ring.signing().next().is_none() {
            return Err(Error::Start("the database has no signing key; bring a backup back".into()));
        }
        Ok(ring)
    }

    /// What verifies.
    pub fn set(&self) -> &KeySet {
        &self.set
    }

    /// The same as others read it.
    pub fn published(&self) -> &Published {
        &self.published
    }

    /// By what names secrets are known, which are not among those that others read.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.set.iter().filter(|key| key.algorithm() == Algorithm::Hs256).map(VerifyingKey::kid)
    }

    /// What signs at `now`.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is none, which no change leaves behind.
    pub fn signer(&self, now: i64) -> Result<&Arc<SigningKey>, Error> {
        let (_, key) = self.signs(now).ok_or_else(|| Error::internal("there is no key that signs"))?;
        Ok(key)
    }

    /// Whether the clock asks for something. `every`: seconds after which a key is to be followed by another one.
    pub fn due(&self, now: i64, every: Option<i64>) -> Option<Due> {
        let newest = self.signing().map(|(from, _)| from).max();
        // A secret is shared with somebody, who does not learn of another one.
        let shared = self.signs(now).is_some_and(|(_, key)| key.verifying_key().to_jwk().is_none());
        if !shared && newest.zip(every).is_some_and(|(from, every)| now >= from.saturating_add(every)) {
            return Some(Due::Rotation);
        }
        let spare = |held: &Held| match held.life.stage(now) {
            Stage::Gone => true,
            Stage::Retired => matches!(&held.key, Material::Private(key) if key.verifying_key().to_jwk().is_some()),
            _ => false,
        };
        self.keys.iter().any(spare).then_some(Due::Tidying)
    }

    /// The one that began last. Where none has begun yet, as after the clock was put right, the first that will.
    fn signs(&self, now: i64) -> Option<(i64, &Arc<SigningKey>)> {
        let begun = self.signing().filter(|(from, _)| *from <= now).max_by_key(|(from, _)| *from);
        begun.or_else(|| self.signing().min_by_key(|(from, _)| *from))
    }

    fn signing(&self) -> impl Iterator<Item = (i64, &Arc<SigningKey>)> {
        self.keys.iter().filter_map(|held| match &held.key {
            Material::Private(key) => held.life.from().map(|from| (from, key)),
            Material::Public(_) => None,
        })
    }
}

impl Published {
    fn of(set: &KeySet) -> Result<Published, Error> {
        let body = set.to_jwks().to_string();
        let digest = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, body.as_bytes()));
        let etag = HeaderValue::try_from(format!("\"{digest}\"")).map_err(Error::internal)?;
        Ok(Published { body: body.into(), etag })
    }
}
