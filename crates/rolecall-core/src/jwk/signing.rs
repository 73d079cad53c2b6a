//! Private keys, from PKCS#8 (RFC 5958). They are generated and kept elsewhere.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Algorithm, KeyError, VerifyingKey};

/// A key that signs. Its `kid` is its public key's thumbprint (RFC 7638).
pub struct SigningKey {
    private: Private,
    public: VerifyingKey,
}

enum Private {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Reads an unencrypted PKCS#8 document. For Ed25519 both versions are taken: without the public key (openssl's)
    /// and with it (aws-lc's).
    ///
    /// # Errors
    /// [`KeyError::Pkcs8`] when it is not a key for `algorithm`; [`KeyError::Member`] when it is one that no verifier
    /// of ours takes (RSA below 2048 bits); [`KeyError::OnlyVerifies`] for [`Algorithm::Hs256`].
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let refused = |_| KeyError::Pkcs8(algorithm);
        let private = match algorithm {
            Algorithm::Es256 => {
                Private::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(refused)?)
            }
            Algorithm::Rs256 => Private::Rsa(RsaKeyPair::from_pkcs8(der).map_err(refused)?),
            Algorithm::EdDsa => Private::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(refused)?),
            Algorithm::Hs256 => return Err(KeyError::OnlyVerifies),
        };
        let jwk = private.public_jwk().ok_or(KeyError::Pkcs8(algorithm))?;
        Ok(Self { private, public: VerifyingKey::from_jwk(&jwk)? })
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// The thumbprint of the public half (RFC 7638).
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
    /// The public half as a JWK, to go through the same checks as any other key.
    fn public_jwk(&self) -> Option<Value> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ec(key) => {
                // 0x04, x, y: the uncompressed point (SEC 1, 2.3.3).
                let (x, y) = key.public_key().as_ref().strip_prefix(&[0x04])?.split_at_checked(32)?;
                Some(json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) }))
            }
            Self::Rsa(key) => {
                let (n, e) = rsa_public_key(key.public_key().as_ref())?;
                Some(json!({ "kty": "RSA", "n": encode(n), "e": encode(e) }))
            }
            Self::Ed25519(key) => {
                Some(json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().as_ref()) }))
            }
        }
    }
}

/// The two numbers of an `RSAPublicKey` in DER (RFC 8017, A.1.1), without the zero byte that keeps them positive.
fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (body, _) = der_element(SEQUENCE, der)?;
    let (n, rest) = der_element(INTEGER, body)?;
    let (e, _) = der_element(INTEGER, rest)?;
    Some((n.strip_prefix(&[0]).unwrap_or(n), e.strip_prefix(&[0]).unwrap_or(e)))
}

/// The content of the DER element that `bytes` begin with, and what follows it.
fn der_element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (length.iter().fold(0, |value, byte| value << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
