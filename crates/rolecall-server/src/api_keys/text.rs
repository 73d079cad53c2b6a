//! What an API key is: text that names its row, and 256 bits that nobody can guess.

use aws_lc_rs::{constant_time, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Error, ids};

/// By this, scanners for secrets recognise one.
const PREFIX: &str = "rck_";
const ID: usize = 16;
const SECRET: usize = 32;
/// A multiple of three: base64url has one text for them, and no bits to spare.
const BYTES: usize = ID + SECRET;

/// A key as its owner has it. Wiped when dropped, and never printed.
pub(super) struct Text(Zeroizing<[u8; BYTES]>);

impl Text {
    /// A new one for the row of this id.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is no randomness to be had.
    pub(super) fn new(id: &str) -> Result<Text, Error> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..ID].copy_from_slice(Uuid::try_parse(id).map_err(Error::internal)?.as_bytes());
        bytes[ID..].copy_from_slice(&*Zeroizing::new(ids::random::<SECRET>()?));
        Ok(Text(bytes))
    }

    /// Reads one that was presented, in the one spelling.
    pub(super) fn read(text: &str) -> Option<Text> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        Some(Text(Zeroizing::new(<[u8; BYTES]>::try_from(bytes.as_slice()).ok()?)))
    }

    /// As it is sent.
    pub(super) fn to_text(&self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*self.0))
    }

    /// Of which row.
    pub(super) fn id(&self) -> String {
        let mut id = [0; ID];
        id.copy_from_slice(&self.0[..ID]);
        Uuid::from_bytes(id).to_string()
    }

    /// As it is stored. It has 256 random bits: nothing slower is needed.
    pub(super) fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, &*self.0).as_ref().to_vec()
    }

    /// Whether this is its hash.
    pub(super) fn has(&self, hash: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.hash(), hash).is_ok()
    }
}
