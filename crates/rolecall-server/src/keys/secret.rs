//! Secret keys of our own, that only keyed hashes are made with: encrypted in the database, and never anywhere else.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::KeyFile;
use crate::{
    Error, ids,
    store::{Tx, keys as rows},
};

/// The secret key of this name: 256 random bits, made when it is first asked for.
///
/// # Errors
/// [`Error::Start`] when the key file is not the one that it was encrypted with.
pub async fn secret(tx: &mut Tx, file: &KeyFile, name: &str, now: i64) -> Result<hmac::Key, Error> {
    found_or_made(tx, file, name, now, || Ok(Zeroizing::new(ids::random::<32>()?.to_vec()))).await
}

/// The same, for one that once was derived from the key file: a database of that time goes on with what it has counted.
///
/// # Errors
/// As [`secret`].
pub async fn secret_once_derived(tx: &mut Tx, file: &KeyFile, name: &str, now: i64) -> Result<hmac::Key, Error> {
    found_or_made(tx, file, name, now, || file.bytes_for(name)).await
}

async fn found_or_made(
    tx: &mut Tx,
    file: &KeyFile,
    name: &str,
    now: i64,
    make: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, Error>,
) -> Result<hmac::Key, Error> {
    let bytes = match rows::find_secret(tx, name).await? {
        Some(sealed) => open(file, name, &sealed)?,
        None => {
            let bytes = make()?;
            rows::insert_secret(tx, name, &file.seal(name, &bytes)?, now).await?;
            bytes
        }
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// Decrypts one.
///
/// # Errors
/// [`Error::Start`] when another key file encrypted it.
pub(super) fn open(file: &KeyFile, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    file.unseal(name, sealed).ok_or_else(|| {
        Error::Start(format!(
            "secret key `{name}` cannot be decrypted: the key file is not the one that belongs to this database"
        ))
    })
}
