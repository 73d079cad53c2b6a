//! Private keys, and secrets to sign with. They are generated and kept elsewhere.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Algorithm, KeyError, VerifyingKey, der, private};
use crate::json;

/// A key that signs. Its `kid` is its public key's thumbprint (RFC 7638), unless it was given another one.
pub struct SigningKey {
    private: Private,
    public: VerifyingKey,
}

pub(super) enum Private {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
    /// With its bytes, which the parsed one does not give back. Boxed: twenty times the size of the others.
    Secret(Box<hmac::Key>, Zeroizing<Vec<u8>>),
}

impl SigningKey {
    /// Reads an unencrypted PKCS#8 document. For Ed25519 both versions are taken: without the public key (openssl's)
    /// and with it (aws-lc's).
    ///
    /// # Errors
    /// [`KeyError::Pkcs8`] when it is not a key for `algorithm`; [`KeyError::Member`] when it is one that no verifier
    /// of ours takes (RSA below 2048 bits).
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let refused = |_| KeyError::Pkcs8(algorithm);
        let private = match algorithm {
            Algorithm::Es256 => {
                Private::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(refused)?)
            }
            Algorithm::Rs256 => Private::Rsa(RsaKeyPair::from_pkcs8(der).map_err(refused)?),
            Algorithm::EdDsa => Private::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(refused)?),
            Algorithm::Hs256 => return Err(KeyError::Pkcs8(algorithm)),
        };
        Self::of(private, KeyError::Pkcs8(algorithm))
    }

    /// Makes an HS256 key of a secret. It has no thumbprint that may be told, so it needs a name.
    ///
    /// # Errors
    /// [`KeyError::Member`] when `kid` is empty, or the secret (`k`) below 32 bytes (RFC 7518, 3.2).
    pub fn from_secret(kid: &str, secret: &[u8]) -> Result<Self, KeyError> {
        let mut jwk = json!({ "kty": "oct", "kid": kid, "k": URL_SAFE_NO_PAD.encode(secret) });
        let key = Self::from_jwk(&jwk);
        json::wipe(&mut jwk);
        key
    }

    /// Reads a private JWK (RFC 7518, 6; RFC 8037, 2), or a symmetric one with its `kid`. Without `kid`, the others have
    /// their thumbprint.
    ///
    /// # Errors
    /// As [`VerifyingKey::from_jwk`] for the public half, but that it is private. [`KeyError::Member`] names what is
    /// missing or wrong besides: `key_ops` that does not allow signing, private members that are not canonical, are not
    /// all there (RSA needs the five that RFC 7518, 6.3.2 names), or belong to another public half, an RSA key of more
    /// than two primes (`oth`).
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let jwk = jwk.as_object().ok_or(KeyError::NotAnObject)?;
        private::allows_signing(jwk)?;
        let mut half = private::public_half(jwk);
        let public = VerifyingKey::from_jwk(&half);
        // Of a secret it was the whole.
        json::wipe(&mut half);
        let public = public?;
        Ok(Self { private: private::read(jwk, public.algorithm())?, public })
    }

    /// With its public half, which goes through the same checks as any other key.
    pub(super) fn of(private: Private, refused: KeyError) -> Result<Self, KeyError> {
        let public = VerifyingKey::from_jwk(&private.public_jwk().ok_or(refused)?)?;
        Ok(Self { private, public })
    }

    /// The same key under another `kid`.
    ///
    /// # Errors
    /// [`KeyError::Member`] when it is empty.
    pub fn with_kid(self, kid: &str) -> Result<Self, KeyError> {
        Ok(Self { public: self.public.with_kid(kid)?, ..self })
    }

    /// What [`from_pkcs8`](Self::from_pkcs8) reads, or [`from_secret`](Self::from_secret) for HS256: to be kept, encrypted.
    ///
    /// # Errors
    /// [`KeyError::Written`] when aws-lc fails.
    pub fn to_private_bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = match &self.private {
            Private::Ec(key) => key.to_pkcs8v1(),
            Private::Ed25519(key) => key.to_pkcs8(),
            Private::Rsa(key) => {
                let written: Result<Pkcs8V1Der<'_>, _> = key.as_der();
                return written.map(|der| Zeroizing::new(der.as_ref().to_vec())).map_err(|_| KeyError::Written);
            }
            Private::Secret(_, bytes) => return Ok(bytes.clone()),
        };
        document.map(|document| Zeroizing::new(document.as_ref().to_vec())).map_err(|_| KeyError::Written)
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// What the header of a token calls it.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// Signs `message`, in the form that JWS uses (RFC 7518, 3).
    ///
    /// # Errors
    /// [`KeyError::Signing`] when aws-lc fails, as it does without a source of randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let signature = match &self.private {
            Private::Ec(key) => key.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Private::Ed25519(key) => key.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Private::Secret(key, _) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Private::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
        };
        signature.map_err(|_| KeyError::Signing)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid())
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

impl Private {
    /// The public half as a JWK.
    fn public_jwk(&self) -> Option<Value> {
        match self {
            Self::Ec(key) => der::p256_jwk(key.public_key().as_ref()),
            Self::Rsa(key) => der::rsa_jwk(key.public_key().as_ref()),
            Self::Ed25519(key) => Some(der::ed25519_jwk(key.public_key().as_ref())),
            Self::Secret(..) => None,
        }
    }
}
