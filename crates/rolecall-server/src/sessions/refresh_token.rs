//! What a refresh token is: text that names its session, 256 bits that nobody can guess, and a mark by which we know
//! that we made it.
//!
//! The mark tells a token that was used long ago from one that somebody made up: who presents the first has stolen it,
//! or was stolen from, and the session ends; the second ends nobody's. And it costs no look into the database.

use aws_lc_rs::{constant_time, digest, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Error, ids};

/// By this, scanners for secrets recognise one.
const PREFIX: &str = "rcr_";
const SESSION: usize = 16;
const SECRET: usize = 32;
const MARK: usize = 16;
const BYTES: usize = SESSION + SECRET + MARK;

/// Random bytes that a successor is derived with.
pub(super) const NONCE: usize = 16;

// Neither is the beginning of the other: what is hashed for one purpose is never hashed for the other.
const MARKS: &[u8] = b"rolecall refresh token mark\0";
const SUCCEEDS: &[u8] = b"rolecall refresh token successor\0";

/// A refresh token that we made. Wiped when dropped, and never printed.
pub(super) struct RefreshToken(Zeroizing<[u8; BYTES]>);

impl RefreshToken {
    /// As it is sent.
    pub(super) fn to_text(&self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*self.0))
    }

    /// The id of its session.
    pub(super) fn session(&self) -> String {
        let mut id = [0; SESSION];
        id.copy_from_slice(&self.0[..SESSION]);
        Uuid::from_bytes(id).to_string()
    }

    /// As it is stored.
    pub(super) fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, &*self.0).as_ref().to_vec()
    }

    /// Whether this is its hash.
    pub(super) fn has(&self, hash: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.hash(), hash).is_ok()
    }
}

/// The key by which refresh tokens are known, and derived.
pub struct RefreshKey(hmac::Key);

impl RefreshKey {
    /// From a key that is used for nothing else.
    pub fn new(key: hmac::Key) -> RefreshKey {
        RefreshKey(key)
    }

    /// The first one of a session: random.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is no randomness to be had.
    pub(super) fn first(&self, session: &str) -> Result<RefreshToken, Error> {
        self.make(session, &*Zeroizing::new(ids::random::<SECRET>()?))
    }

    /// The one that comes after. The same for the same arguments: who asks again is given what he was given before.
    ///
    /// # Errors
    /// [`Error::Internal`] when the id of its session cannot be read.
    pub(super) fn successor(
        &self,
        session: &str,
        generation: i64,
        nonce: &[u8],
        spent: &RefreshToken,
    ) -> Result<RefreshToken, Error> {
        let id = parse(session)?;
        let secret = self.hash(&[SUCCEEDS, id.as_bytes(), &generation.to_be_bytes(), nonce, &*spent.0]);
        self.make(session, secret.as_ref())
    }

    /// Reads one that was presented: in the one spelling, and made by us. Whether it still counts, the database knows.
    pub(super) fn read(&self, text: &str) -> Option<RefreshToken> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        let token = Zeroizing::new(<[u8; BYTES]>::try_from(bytes.as_slice()).ok()?);
        let (said, mark) = token.split_at(SESSION + SECRET);
        let right = self.hash(&[MARKS, said]);
        constant_time::verify_slices_are_equal(right.as_ref().get(..MARK)?, mark).ok()?;
        Some(RefreshToken(token))
    }

    fn make(&self, session: &str, secret: &[u8]) -> Result<RefreshToken, Error> {
        let mut token = Zeroizing::new([0; BYTES]);
        let (said, mark) = token.split_at_mut(SESSION + SECRET);
        said[..SESSION].copy_from_slice(parse(session)?.as_bytes());
        said[SESSION..].copy_from_slice(secret);
        mark.copy_from_slice(&self.hash(&[MARKS, said]).as_ref()[..MARK]);
        Ok(RefreshToken(token))
    }

    /// Of parts that have one length each, but the last.
    fn hash(&self, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        parts.iter().for_each(|part| context.update(part));
        context.sign()
    }
}

fn parse(session: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(session).map_err(Error::internal)
}
