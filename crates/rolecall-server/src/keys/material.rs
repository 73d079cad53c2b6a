//! What a key is made of: how a new one comes to be, and how it is written down.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    encoding::AsDer,
    rand, rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use rolecall_core::{
    Algorithm,
    jwk::{AnyKey, SigningKey, VerifyingKey},
};
use zeroize::Zeroizing;

use super::KeyFile;
use crate::{Error, store::keys::SealedKey};

/// What is written down of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Half {
    /// PKCS#8.
    Private,
    /// A JWK: it only verifies.
    Public,
    /// The bytes that an HMAC is made with.
    Secret,
}

impl Half {
    fn as_str(self) -> &'static str {
        match self {
            Half::Private => "private",
            Half::Public => "public",
            Half::Secret => "secret",
        }
    }

    fn parse(text: &str) -> Option<Half> {
        [Half::Private, Half::Public, Half::Secret].into_iter().find(|half| half.as_str() == text)
    }
}

/// A key that can be used.
#[derive(Clone)]
pub enum Material {
    /// It signs and verifies.
    Private(Arc<SigningKey>),
    /// It verifies.
    Public(VerifyingKey),
}

impl Material {
    /// What verifies with it.
    pub fn verifying_key(&self) -> &VerifyingKey {
        match self {
            Material::Private(key) => key.verifying_key(),
            Material::Public(key) => key,
        }
    }
}

/// A key that is not written down yet.
pub struct NewKey {
    half: Half,
    bytes: Zeroizing<Vec<u8>>,
    key: Material,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("key", self.key.verifying_key()).finish_non_exhaustive()
    }
}

impl NewKey {
    /// Makes one, on a thread of its own: RSA takes its time.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is no randomness.
    pub async fn generate(algorithm: Algorithm) -> Result<NewKey, Error> {
        let made = tokio::task::spawn_blocking(move || NewKey::of_pkcs8(algorithm, generate(algorithm)?));
        made.await.map_err(Error::internal)?
    }

    fn of_pkcs8(algorithm: Algorithm, bytes: Zeroizing<Vec<u8>>) -> Result<NewKey, Error> {
        let key = SigningKey::from_pkcs8(algorithm, &bytes).map_err(Error::internal)?;
        Ok(NewKey { half: Half::Private, bytes, key: Material::Private(Arc::new(key)) })
    }

    /// Takes one that was made elsewhere; of a private key that is not to sign, the public half alone. A secret has but
    /// one half.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be written down.
    pub fn of(key: AnyKey, signs: bool) -> Result<NewKey, Error> {
        if let Some(jwk) = key.verifying_key().to_jwk().filter(|_| !signs) {
            let bytes = Zeroizing::new(jwk.to_string().into_bytes());
            return Ok(NewKey { half: Half::Public, bytes, key: Material::Public(key.verifying_key().clone()) });
        }
        let AnyKey::Signing(key) = key else { return Err(Error::internal("a public key does not sign")) };
        let half = if key.algorithm() == Algorithm::Hs256 { Half::Secret } else { Half::Private };
        let bytes = key.to_private_bytes().map_err(Error::internal)?;
        Ok(NewKey { half, bytes, key: Material::Private(Arc::new(key)) })
    }

    /// Whether it is a secret, which both sides have.
    pub fn is_secret(&self) -> bool {
        self.half == Half::Secret
    }

    /// Whether this is the key of a row, whatever both are called. Of a secret that was revoked nothing is left that
    /// could say so.
    ///
    /// # Errors
    /// [`Error::Start`] when another key file encrypted the row.
    pub fn is(&self, file: &KeyFile, row: &SealedKey) -> Result<bool, Error> {
        if !self.is_secret() {
            return Ok(row.thumbprint == self.key.verifying_key().thumbprint());
        }
        if Half::parse(&row.half) != Some(Half::Secret) || row.revoked_at.is_some() {
            return Ok(false);
        }
        Ok(verify_slices_are_equal(&unsealed(file, row)?.1, &self.bytes).is_ok())
    }

    /// What a token's header will call it.
    pub fn kid(&self) -> &str {
        self.key.verifying_key().kid()
    }

    /// Its one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.key.verifying_key().algorithm()
    }

    /// As it is stored, with no times yet.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is no randomness.
    pub fn sealed(&self, file: &KeyFile, published_at: i64) -> Result<SealedKey, Error> {
        let (kid, algorithm) = (self.kid(), self.algorithm().as_str());
        let thumbprint = if self.is_secret() { "" } else { self.key.verifying_key().thumbprint() };
        Ok(SealedKey {
            kid: kid.to_owned(),
            thumbprint: thumbprint.to_owned(),
            algorithm: algorithm.to_owned(),
            half: self.half.as_str().to_owned(),
            sealed: file.seal(&purpose(kid, algorithm, self.half), &self.bytes)?,
            published_at,
            signs_from: None,
            retires_at: None,
            token_ttl: 0,
            revoked_at: None,
        })
    }
}

/// Reads a key as it is stored.
///
/// # Errors
/// [`Error::Start`] when another key file encrypted it.
pub fn open(file: &KeyFile, row: &SealedKey) -> Result<Material, Error> {
    let (half, bytes) = unsealed(file, row)?;
    let private = match half {
        Half::Private => {
            let algorithm = row.algorithm.parse().map_err(|_| wrong(row))?;
            SigningKey::from_pkcs8(algorithm, &bytes).and_then(|key| key.with_kid(&row.kid))
        }
        Half::Secret => SigningKey::from_secret(&row.kid, &bytes),
        Half::Public => {
            let jwk = serde_json::from_slice(&bytes).map_err(Error::internal)?;
            return VerifyingKey::from_jwk(&jwk).map(Material::Public).map_err(Error::internal);
        }
    };
    Ok(Material::Private(Arc::new(private.map_err(Error::internal)?)))
}

/// The same key, encrypted by another file.
///
/// # Errors
/// As [`open`].
pub fn rewrap(old: &KeyFile, new: &KeyFile, row: &mut SealedKey) -> Result<(), Error> {
    let (half, bytes) = unsealed(old, row)?;
    row.sealed = new.seal(&purpose(&row.kid, &row.algorithm, half), &bytes)?;
    Ok(())
}

fn unsealed(file: &KeyFile, row: &SealedKey) -> Result<(Half, Zeroizing<Vec<u8>>), Error> {
    let half = Half::parse(&row.half).ok_or_else(|| wrong(row))?;
    let bytes = file.unseal(&purpose(&row.kid, &row.algorithm, half), &row.sealed);
    bytes.map(|bytes| (half, bytes)).ok_or_else(|| wrong(row))
}

fn wrong(row: &SealedKey) -> Error {
    Error::Start(format!(
        "signing key `{}` cannot be decrypted: the key file is not the one that belongs to this database",
        row.kid
    ))
}

/// Throws the private half away, if it has one: it is not needed any more.
///
/// # Errors
/// [`Error::Internal`] when there is no randomness.
pub fn shed(file: &KeyFile, row: &mut SealedKey, key: &Material) -> Result<(), Error> {
    // A secret is all that there is to its key.
    let (Material::Private(_), Some(jwk)) = (key, key.verifying_key().to_jwk()) else { return Ok(()) };
    row.half = Half::Public.as_str().to_owned();
    row.sealed = file.seal(&purpose(&row.kid, &row.algorithm, Half::Public), jwk.to_string().as_bytes())?;
    Ok(())
}

/// What is bound to what is encrypted: a row cannot pass for another. Whatever is in a `kid`, read from its end this is
/// of one row alone, since no algorithm has the name of a half.
fn purpose(kid: &str, algorithm: &str, half: Half) -> String {
    match half {
        // As it was written when there was no other.
        Half::Private => format!("{kid}|{algorithm}"),
        Half::Public | Half::Secret => format!("{kid}|{algorithm}|{}", half.as_str()),
    }
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
            let text = format!("`{}` is for no new key here: use ES256, RS256 or EdDSA", other.as_str());
            return Err(Error::Invalid(text));
        }
    };
    Ok(Zeroizing::new(private))
}
