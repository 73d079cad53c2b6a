//! Keys of every algorithm that the guard verifies, and tokens signed with them.

use aws_lc_rs::{
    encoding::AsDer as _,
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_core::{
    Algorithm, Claims,
    jwk::{SigningKey, VerifyingKey},
    jwt::{self, ACCESS_TOKEN},
};
use serde_json::json;

/// Who signs, with a key of its own.
pub enum Issuer {
    /// As the service does; and the public key as aws-lc takes it, parsed once.
    Public(Box<SigningKey>, ParsedPublicKey),
    /// HMAC: the core verifies the tokens of others, and signs none.
    Secret(Box<hmac::Key>, String),
}

impl Issuer {
    /// With a new key.
    pub fn new(algorithm: Algorithm) -> anyhow::Result<Issuer> {
        let random = SystemRandom::new();
        let no_key = |_| anyhow::anyhow!("no key could be made");
        let (der, public) = match algorithm {
            Algorithm::Es256 => {
                let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(no_key)?;
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref())?;
                let public = ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, pair.public_key())?;
                (der.as_ref().to_vec(), public)
            }
            Algorithm::EdDsa => {
                let der = Ed25519KeyPair::generate_pkcs8(&random).map_err(no_key)?;
                let pair = Ed25519KeyPair::from_pkcs8(der.as_ref())?;
                (der.as_ref().to_vec(), ParsedPublicKey::new(&signature::ED25519, pair.public_key())?)
            }
            Algorithm::Rs256 => {
                let pair = KeyPair::generate(KeySize::Rsa3072).map_err(no_key)?;
                let der = pair.as_der().map_err(no_key)?;
                (
                    der.as_ref().to_vec(),
                    ParsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, pair.public_key())?,
                )
            }
            Algorithm::Hs256 => {
                let mut secret = [0; 32];
                aws_lc_rs::rand::fill(&mut secret).map_err(no_key)?;
                let key = Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret));
                return Ok(Issuer::Secret(key, URL_SAFE_NO_PAD.encode(secret)));
            }
        };
        Ok(Issuer::Public(Box::new(SigningKey::from_pkcs8(algorithm, &der)?), public))
    }

    /// The key that verifies.
    pub fn verifying_key(&self) -> anyhow::Result<VerifyingKey> {
        Ok(match self {
            Issuer::Public(key, _) => key.verifying_key().clone(),
            Issuer::Secret(_, secret) => VerifyingKey::from_jwk(&json!({ "kty": "oct", "k": secret }))?,
        })
    }

    /// A token.
    pub fn sign(&self, claims: &Claims) -> anyhow::Result<String> {
        match self {
            Issuer::Public(key, _) => Ok(jwt::sign(key, ACCESS_TOKEN, claims)?),
            Issuer::Secret(key, _) => {
                let header = json!({ "alg": "HS256", "typ": ACCESS_TOKEN, "kid": self.verifying_key()?.kid() });
                let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
                let message = format!("{}.{}", part(header.to_string().as_bytes()), part(&serde_json::to_vec(claims)?));
                let signature = hmac::sign(key, message.as_bytes());
                Ok(format!("{message}.{}", part(signature.as_ref())))
            }
        }
    }

    /// The signature check and nothing else: what no verifier can do without.
    pub fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Issuer::Public(_, key) => key.verify_sig(message, signature).is_ok(),
            Issuer::Secret(key, _) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}
