//! Keys: the key file, the signing keys that it encrypts, and the set that verifies.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    path::Path,
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    encoding::AsDer,
    hkdf, hmac, rand, rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_core::{Algorithm, KeySet, jwk::SigningKey};
use zeroize::Zeroizing;

use crate::{
    Error,
    store::{Tx, keys as rows},
};

const NONCE: usize = 12;

/// What encrypts the signing keys at rest: 256 bits in a file that only its owner reads.
pub struct KeyFile {
    key: RandomizedNonceKey,
    /// From which other keys are made.
    root: hkdf::Prk,
}

impl KeyFile {
    /// Makes a new file, under another name first: whatever happens meanwhile, the name never stands for half a key. It
    /// is on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Start`] when it cannot be written.
    pub fn make(path: &Path) -> Result<KeyFile, Error> {
        let unwritable =
            |error: std::io::Error| Error::Start(format!("the key file `{}` cannot be made: {error}", path.display()));
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(&mut *bytes).map_err(Error::internal)?;
        let making = path.with_added_extension("making");
        match fs::remove_file(&making) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(error)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&making).map_err(unwritable)?;
        let text = Zeroizing::new(format!("{}\n", URL_SAFE_NO_PAD.encode(*bytes)));
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)?;
        fs::rename(&making, path).map_err(unwritable)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable)?;
        KeyFile::new(&*bytes)
    }

    /// Reads the file if there is one.
    ///
    /// # Errors
    /// As [`open`](KeyFile::open).
    pub fn find(path: &Path) -> Result<Option<KeyFile>, Error> {
        match path.symlink_metadata() {
            Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(None),
            _ => KeyFile::open(path).map(Some),
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Start`] when there is none, when others may read it, or when it is not one.
    pub fn open(path: &Path) -> Result<KeyFile, Error> {
        let name = path.display();
        let unreadable = |error: std::io::Error| {
            Error::Start(format!(
                "the key file `{name}` cannot be read: {error}; it belongs to the database: bring both back together"
            ))
        };
        let mut file = File::open(path).map_err(unreadable)?;
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(unreadable)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(unreadable)?.permissions().mode();
            if mode & others(path) != 0 {
                return Err(Error::Start(format!("others can read the key file: run `chmod 600 {name}`")));
            }
        }
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end()).map(Zeroizing::new).ok();
        let bytes = bytes.filter(|bytes| bytes.len() == 32);
        let not_one =
            || Error::Start(format!("`{name}` is not a key file of Rolecall's; put the right one in its place"));
        KeyFile::new(&bytes.ok_or_else(not_one)?)
    }

    fn new(bytes: &[u8]) -> Result<KeyFile, Error> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(Error::internal)?;
        Ok(KeyFile { key, root: hkdf::Salt::new(hkdf::HKDF_SHA256, b"rolecall").extract(bytes) })
    }

    /// A key for keyed hashes, another one for each purpose (RFC 5869).
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be made.
    pub fn key_for(&self, purpose: &str) -> Result<hmac::Key, Error> {
        let info = [purpose.as_bytes()];
        Ok(self.root.expand(&info, hmac::HMAC_SHA256).map_err(Error::internal)?.into())
    }

    /// Encrypts a private key. Its thumbprint and its algorithm are bound to it: a row cannot pass for another.
    fn seal(&self, kid: &str, algorithm: Algorithm, private: &[u8]) -> Result<Vec<u8>, Error> {
        let mut text = private.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(associated(kid, algorithm.as_str()), &mut text)
            .map_err(Error::internal)?;
        Ok([nonce.as_ref().as_slice(), &text].concat())
    }

    fn unseal(&self, row: &rows::SealedKey) -> Result<SigningKey, Error> {
        let wrong = || {
            Error::Start(format!(
                "signing key `{}` cannot be decrypted: the key file is not the one that belongs to this database",
                row.kid
            ))
        };
        let algorithm: Algorithm = row.algorithm.parse().map_err(|_| wrong())?;
        let (nonce, text) = row.sealed.split_at_checked(NONCE).ok_or_else(wrong)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let mut text = Zeroizing::new(text.to_vec());
        let private = self.key.open_in_place(nonce, associated(&row.kid, &row.algorithm), &mut text);
        SigningKey::from_pkcs8(algorithm, private.map_err(|_| wrong())?).map_err(Error::internal)
    }
}

/// The bits of a mode that let others in. systemd lets one user into the folder of a service's credentials, by a list that
/// shows as the group's right to read.
#[cfg(unix)]
fn others(path: &Path) -> u32 {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty());
    match credentials.is_some_and(|folder| path.parent() == Some(Path::new(&folder))) {
        true => 0o037,
        false => 0o077,
    }
}

fn associated(kid: &str, algorithm: &str) -> Aad<Vec<u8>> {
    // `|` is in neither of them.
    Aad::from(format!("{kid}|{algorithm}").into_bytes())
}

/// Makes a signing key and stores it.
///
/// # Errors
/// [`Error::Store`] when it cannot be stored.
pub async fn make(tx: &mut Tx, file: &KeyFile, algorithm: Algorithm, now: i64) -> Result<(), Error> {
    let private = generate(algorithm)?;
    let key = SigningKey::from_pkcs8(algorithm, &private).map_err(Error::internal)?;
    let kid = key.kid().to_owned();
    let sealed = file.seal(&kid, algorithm, &private)?;
    rows::insert(tx, &rows::SealedKey { kid, algorithm: algorithm.as_str().into(), sealed }, now).await?;
    Ok(())
}

/// A new private key, as PKCS#8.
fn generate(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, Error> {
    let random = rand::SystemRandom::new();
    let private = match algorithm {
        Algorithm::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(Error::internal)?
            .as_ref()
            .to_vec(),
        Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random).map_err(Error::internal)?.as_ref().to_vec(),
        Algorithm::Rs256 => {
            let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa3072).map_err(Error::internal)?;
            let private: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(Error::internal)?;
            private.as_ref().to_vec()
        }
        other => {
            return Err(Error::Start(format!("`{}` does not sign here: use ES256, RS256 or EdDSA", other.as_str())));
        }
    };
    Ok(Zeroizing::new(private))
}

/// The keys in the database: the newest signs, all verify.
///
/// # Errors
/// [`Error::Start`] when the key file is not the one that they were encrypted with, or there is none.
pub async fn load(tx: &mut Tx, file: &KeyFile) -> Result<(SigningKey, KeySet), Error> {
    let keys = rows::all(tx).await?.iter().map(|row| file.unseal(row)).collect::<Result<Vec<_>, _>>()?;
    let set = KeySet::new(keys.iter().map(|key| key.verifying_key().clone()).collect()).map_err(Error::internal)?;
    let newest = keys.into_iter().next_back();
    Ok((newest.ok_or_else(|| Error::Start("the database has no signing key; bring a backup back".into()))?, set))
}
