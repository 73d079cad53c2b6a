//! Keys that were made elsewhere, in the forms in which they are handed over.

use aws_lc_rs::{
    encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, EcPrivateKeyRfc5915Der, Pkcs8V1Der, PublicKeyX509Der},
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rolecall_core::{Algorithm, jwk::SigningKey};
use serde_json::{Value, json};

/// A key on P-256: what signs with it, the private JWK without a `kid`, and both halves in PEM.
pub struct Elliptic {
    pub key: SigningKey,
    pub jwk: Value,
    pub pem: String,
    pub old_pem: String,
    pub public_pem: String,
}

pub fn elliptic() -> Elliptic {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let pkcs8 = pair.to_pkcs8v1().expect("PKCS#8");
    let key = SigningKey::from_pkcs8(Algorithm::Es256, pkcs8.as_ref()).expect("a key");
    let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().expect("a number");
    let old: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().expect("RFC 5915");
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("SPKI");
    let mut jwk = public_jwk(&key);
    jwk["d"] = URL_SAFE_NO_PAD.encode(d.as_ref()).into();
    Elliptic {
        key,
        jwk,
        pem: pem("PRIVATE KEY", pkcs8.as_ref()),
        old_pem: pem("EC PRIVATE KEY", old.as_ref()),
        public_pem: pem("PUBLIC KEY", public.as_ref()),
    }
}

/// An Ed25519 key in PEM.
pub fn edwards() -> String {
    let pair = Ed25519KeyPair::generate().expect("a key");
    pem("PRIVATE KEY", pair.to_pkcs8v1().expect("PKCS#8").as_ref())
}

/// An RSA key, and the same in PEM.
pub fn rsa(size: KeySize) -> (SigningKey, String) {
    let pair = RsaKeyPair::generate(size).expect("a key");
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8");
    let key = SigningKey::from_pkcs8(Algorithm::Rs256, pkcs8.as_ref()).expect("a key");
    (key, pem("PRIVATE KEY", pkcs8.as_ref()))
}

/// The public half as a JWK, without a `kid`.
pub fn public_jwk(key: &SigningKey) -> Value {
    let mut jwk = key.verifying_key().to_jwk().expect("a public key");
    jwk.as_object_mut().expect("an object").remove("kid");
    jwk
}

/// A secret of so many bytes, as a JWK.
pub fn secret(bytes: &[u8], kid: Option<&str>) -> Value {
    let mut jwk = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(bytes) });
    kid.into_iter().for_each(|kid| jwk["kid"] = kid.into());
    jwk
}

pub fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
