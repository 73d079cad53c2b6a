//! Ids: UUIDs of version 7 (RFC 9562, 5.7), from our own clock and randomness. An id is never a secret.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand;
use rolecall::clock::Clock;
use uuid::Builder;

use crate::Error;

/// Makes ids that ascend within this process, also within a millisecond: lists are in the order of time.
#[derive(Debug, Default)]
pub struct Ids {
    last: Mutex<(u64, u16)>,
}

impl Ids {
    /// A new one.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is no randomness to be had.
    pub fn next(&self, clock: &Clock) -> Result<String, Error> {
        let now = u64::try_from(clock.milliseconds()).unwrap_or(0);
        let mut random = [0; 10];
        rand::fill(&mut random).map_err(Error::internal)?;
        let (millisecond, count) = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = match *last {
                // A clock that was set back goes on from where it was, and a full millisecond runs into the next.
                (before, count) if now <= before && count < 0x0fff => (before, count + 1),
                (before, _) if now <= before => (before + 1, 0),
                _ => (now, 0),
            };
            *last
        };
        // The 12 bits after the version count (RFC 9562, 6.2, method 1).
        let [high, low] = count.to_be_bytes();
        (random[0], random[1]) = (high, low);
        Ok(Builder::from_unix_timestamp_millis(millisecond, &random).into_uuid().to_string())
    }
}

/// As many random bytes, in base64url: for what must not be guessed.
///
/// # Errors
/// [`Error::Internal`] when there is no randomness to be had.
pub fn secret<const BYTES: usize>() -> Result<String, Error> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    random::<BYTES>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

/// As many random bytes.
///
/// # Errors
/// [`Error::Internal`] when there is no randomness to be had.
pub fn random<const BYTES: usize>() -> Result<[u8; BYTES], Error> {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}
