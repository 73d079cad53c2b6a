//! What a key is made of: how a new one comes to be, and how it is written down.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    encoding::AsDer,
    rand, rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use rolecall_core::{
    Algorithm,
    jwk::{SigningKey, VerifyingKey},
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
}

impl Half {
    fn as_str(self) -> &'static str {
        match self {
            Half::Private => "private",
            Half::Public => "public",
        }
    }

    fn parse(text: &str) -> Option<Half> {
        [Half::Private, Half::Public].into_iter().find(|half| half.as_str() == text)
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
        Ok(SealedKey {
            kid: kid.to_owned(),
            thumbprint: self.key.verifying_key().thumbprint().to_owned(),
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
    let wrong = || {
        Error::Start(format!(
            "signing key `{}` cannot be decrypted: the key file is not the one that belongs to this database",
            row.kid
        ))
    };
    let algorithm: Algorithm = row.algorithm.parse().map_err(|_| wrong())?;
    let half = Half::parse(&row.half).ok_or_else(wrong)?;
    let bytes = file.unseal(&purpose(&row.kid, &row.algorithm, half), &row.sealed).ok_or_else(wrong)?;
    Ok(match half {
        Half::Private => {
            Material::Private(Arc::new(SigningKey::from_pkcs8(algorithm, &bytes).map_err(Error::internal)?))
        }
        Half::Public => {
            let jwk = serde_json::from_slice(&bytes).map_err(Error::internal)?;
            Material::Public(VerifyingKey::from_jwk(&jwk).map_err(Error::internal)?)
        }
    })
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

/// What is bound to what is encrypted: a row cannot pass for another.
fn purpose(kid: &str, algorithm: &str, half: Half) -> String {
    match half {
        // As it was written when there was no other.
        Half::Private => format!("{kid}|{algorithm}"),
        Half::Public => format!("{kid}|{algorithm}|{}", half.as_str()),
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
