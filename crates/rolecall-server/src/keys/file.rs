//! The key file: what encrypts, in the database, the keys that sign.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    path::Path,
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hkdf, hmac, rand,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::Error;

const NONCE: usize = 12;

/// What encrypts the signing keys at rest: 256 bits in a file that only its owner reads.
pub struct KeyFile {
    key: RandomizedNonceKey,
    /// From which other keys are made.
    root: hkdf::Prk,
    /// What it is called.
    id: String,
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
        let making = path.with_added_extension("making");
        match fs::remove_file(&making) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(error)),
            _ => {}
        }
        let made = KeyFile::write(&making)?;
        fs::rename(&making, path).and_then(|()| sync_folder(path)).map_err(unwritable)?;
        Ok(made)
    }

    /// Makes a new file under a name that nobody has. What is in it is on disk when this returns, or it is not there.
    ///
    /// # Errors
    /// [`Error::Start`] when it cannot be written.
    pub(super) fn write(path: &Path) -> Result<KeyFile, Error> {
        let unwritable =
            |error: std::io::Error| Error::Start(format!("the key file `{}` cannot be made: {error}", path.display()));
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(&mut *bytes).map_err(Error::internal)?;
        let made = KeyFile::new(&*bytes)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(unwritable)?;
        let text = Zeroizing::new(format!("{}\n", URL_SAFE_NO_PAD.encode(*bytes)));
        if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
            let _ = fs::remove_file(path);
            return Err(unwritable(error));
        }
        Ok(made)
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
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"rolecall").extract(bytes);
        let id = URL_SAFE_NO_PAD.encode(&derived(&root, "name of this key file")?[..12]);
        Ok(KeyFile { key, root, id })
    }

    /// What it is called, of which nothing follows about what is in it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Bytes for another key, others for each purpose (RFC 5869).
    ///
    /// # Errors
    /// [`Error::Internal`] when they cannot be made.
    pub fn bytes_for(&self, purpose: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        derived(&self.root, purpose)
    }

    /// Encrypts a secret. What it is for is bound to it: one cannot pass for another.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is no randomness.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, Error> {
        let mut text = secret.to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::from(purpose), &mut text).map_err(Error::internal)?;
        Ok([nonce.as_ref().as_slice(), &text].concat())
    }

    /// Decrypts it again; `None` where another file encrypted it, or for something else.
    pub fn unseal(&self, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_at_checked(NONCE)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self.key.open_in_place(nonce, Aad::from(purpose), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

fn derived(root: &hkdf::Prk, purpose: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(vec![0; 32]);
    let info = [purpose.as_bytes()];
    root.expand(&info, hmac::HMAC_SHA256).and_then(|key| key.fill(&mut bytes)).map_err(Error::internal)?;
    Ok(bytes)
}

/// Puts on disk which names a file's folder has.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The bits of a mode that let others in. systemd lets one user into the folder of a service's credentials, by a list that
/// shows as the group's right to read.
#[cfg(unix)]
fn others(path: &Path) -> u32 {
    match is_credential(path) {
        true => 0o037,
        false => 0o077,
    }
}

/// Whether a file is a credential of systemd's: a copy, which goes when the service ends.
pub(super) fn is_credential(path: &Path) -> bool {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty());
    credentials.is_some_and(|folder| path.parent() == Some(Path::new(&folder)))
}
