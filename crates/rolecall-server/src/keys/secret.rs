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
    let bytes = match rows::find_secret(tx, name).await? {
        Some(sealed) => file.unseal(name, &sealed).ok_or_else(|| {
            Error::Start(format!(
                "secret key `{name}` cannot be decrypted: the key file is not the one that belongs to this database"
            ))
        })?,
        None => {
            let bytes = Zeroizing::new(ids::random::<32>()?.to_vec());
            rows::insert_secret(tx, name, &file.seal(name, &bytes)?, now).await?;
            bytes
        }
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}
