//! The issuer and the attacker of the token tests: keys of every kind, and tokens with any text for a header or payload.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_core::Claims;
use rolecall_core::jwk::{Algorithm, KeySet, SigningKey, VerifyingKey};
use rolecall_core::jwt::Expected;
use serde_json::{Value, json};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const MAX_LIFETIME: i64 = 900;
pub(crate) const SECRET: &[u8; 32] = b"a secret that both sides know of";
pub(crate) const SECRET_KID: &str = "shared";

/// One party's keys.
pub(crate) struct Signers {
    pub(crate) es256: SigningKey,
    pub(crate) rs256: SigningKey,
    pub(crate) eddsa: SigningKey,
}

impl Signers {
    fn generate() -> Self {
        Self { es256: generate(Algorithm::Es256), rs256: generate(Algorithm::Rs256), eddsa: generate(Algorithm::EdDsa) }
    }

    pub(crate) fn all(&self) -> [&SigningKey; 3] {
        [&self.es256, &self.rs256, &self.eddsa]
    }
}

pub(crate) static ISSUERS: LazyLock<Signers> = LazyLock::new(Signers::generate);
pub(crate) static ATTACKERS: LazyLock<Signers> = LazyLock::new(Signers::generate);

/// What the guard trusts: every key of the issuer, and one shared secret.
pub(crate) static TRUSTED: LazyLock<KeySet> = LazyLock::new(|| {
    let mut keys: Vec<VerifyingKey> = ISSUERS.all().map(|key| key.verifying_key().clone()).into();
    keys.push(VerifyingKey::from_jwk(&secret_jwk()).expect("a good secret"));
    KeySet::new(keys).expect("distinct keys")
});

pub(crate) fn generate(algorithm: Algorithm) -> SigningKey {
    let random = rand::SystemRandom::new();
    let der = match algorithm {
        Algorithm::Es256 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("EC key").as_ref().to_vec()
        }
        Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random).expect("Ed25519 key").as_ref().to_vec(),
        Algorithm::Rs256 => rsa_pkcs8(KeySize::Rsa2048),
        Algorithm::Hs256 => unreachable!("nobody makes a secret here"),
    };
    SigningKey::from_pkcs8(algorithm, &der).expect("a good key")
}

pub(crate) fn rsa_pkcs8(size: KeySize) -> Vec<u8> {
    let key = RsaKeyPair::generate(size).expect("RSA key");
    AsDer::<Pkcs8V1Der<'_>>::as_der(&key).expect("PKCS#8").as_ref().to_vec()
}

pub(crate) fn secret_jwk() -> Value {
    json!({ "kty": "oct", "kid": SECRET_KID, "alg": "HS256", "k": encode(SECRET) })
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn expected() -> Expected<'static> {
    Expected { issuer: ISSUER, audience: AUDIENCE, now: NOW, max_lifetime: MAX_LIFETIME }
}

pub(crate) fn claims() -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        sub: "0190-alice".to_owned(),
        aud: AUDIENCE.to_owned(),
        client_id: "rolecall".to_owned(),
        exp: NOW + 600,
        iat: NOW - 10,
        nbf: None,
        jti: "0190-token".to_owned(),
        sid: "0190-session".to_owned(),
        scope: Some("editor items:read".to_owned()),
        roles: vec!["editor".to_owned(), "user".to_owned()],
        via: None,
        preferred_username: Some("alice".to_owned()),
        pv: 7,
    }
}

pub(crate) fn payload() -> String {
    serde_json::to_string(&claims()).expect("claims are JSON")
}

pub(crate) fn header(alg: &str, kid: &str) -> String {
    json!({ "alg": alg, "typ": "at+jwt", "kid": kid }).to_string()
}

/// A token of these two texts, as they are, signed by `key`.
pub(crate) fn signed(key: &SigningKey, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = key.sign(message.as_bytes()).expect("signature");
    format!("{message}.{}", encode(signature))
}

/// The same with HMAC-SHA256 and any bytes for a secret.
pub(crate) fn hmac_signed(secret: &[u8], header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", encode(tag))
}
