//! Keys as they are handed over, from one program to another.

use serde_json::Value;

use super::private::MEMBERS;
use super::{KeyError, SigningKey, VerifyingKey, pem};

/// A key, and whichever half of it there is.
#[derive(Debug)]
pub enum AnyKey {
    /// A private key, or a secret.
    Signing(SigningKey),
    /// A public key.
    Verifying(VerifyingKey),
}

impl AnyKey {
    /// Reads a JWK: a private one as soon as it has a private member, or is a secret.
    ///
    /// # Errors
    /// As [`SigningKey::from_jwk`] or [`VerifyingKey::from_jwk`].
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let is_secret = jwk.get("kty").is_some_and(|kty| kty == "oct");
        match is_secret || MEMBERS.iter().any(|name| jwk.get(*name).is_some()) {
            true => SigningKey::from_jwk(jwk).map(Self::Signing),
            false => VerifyingKey::from_jwk(jwk).map(Self::Verifying),
        }
    }

    /// Reads the one key in a text in PEM (RFC 7468): PKCS#8, or the older forms of EC (RFC 5915) and RSA (RFC 8017,
    /// A.1); a public one as `SubjectPublicKeyInfo` or of RSA alone. Its thumbprint is its `kid`.
    ///
    /// # Errors
    /// [`KeyError::Pem`] says why it is not one, and where a command makes one of it, which. [`KeyError::Member`] when it
    /// is a key that no verifier takes.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        pem::read(text)
    }

    /// The same key under another `kid`.
    ///
    /// # Errors
    /// [`KeyError::Member`] when it is empty.
    pub fn with_kid(self, kid: &str) -> Result<Self, KeyError> {
        match self {
            Self::Signing(key) => key.with_kid(kid).map(Self::Signing),
            Self::Verifying(key) => key.with_kid(kid).map(Self::Verifying),
        }
    }

    /// The public half, or what verifies with the secret.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        match self {
            Self::Signing(key) => key.verifying_key(),
            Self::Verifying(key) => key,
        }
    }
}
