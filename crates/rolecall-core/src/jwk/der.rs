//! Public keys out of DER (X.690), as JWKs: they go through the same checks as any other key then.

use aws_lc_rs::rsa;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// What `AlgorithmIdentifier` says of a key on P-256: id-ecPublicKey, secp256r1 (RFC 5480, 2.1.1).
const P256: &[u8] =
    &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// And of an Ed25519 key: id-Ed25519 (RFC 8410, 3).
const ED25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x70];

/// And of an RSA key: rsaEncryption, NULL (RFC 3279, 2.3.1). One that is for PSS alone has another (RFC 4055, 1.2).
const RSA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0];

/// A `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7).
pub(super) fn public_jwk(der: &[u8]) -> Option<Value> {
    let (info, rest) = element(SEQUENCE, der)?;
    let (algorithm, key) = element(SEQUENCE, info)?;
    let (key, more) = element(BIT_STRING, key)?;
    // No bit of the last byte is unused.
    let key = key.strip_prefix(&[0])?;
    match algorithm {
        _ if !rest.is_empty() || !more.is_empty() => None,
        P256 => p256_jwk(key),
        ED25519 => Some(ed25519_jwk(key)),
        RSA => rsa_jwk(der),
        _ => None,
    }
}

/// An uncompressed point: 0x04, x, y (SEC 1, 2.3.3).
pub(super) fn p256_jwk(point: &[u8]) -> Option<Value> {
    let (x, y) = point.strip_prefix(&[0x04])?.split_at_checked(32)?;
    Some(json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) }))
}

pub(super) fn ed25519_jwk(key: &[u8]) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(key) })
}

/// An `RSAPublicKey` (RFC 8017, A.1.1), bare or in a `SubjectPublicKeyInfo`.
pub(super) fn rsa_jwk(der: &[u8]) -> Option<Value> {
    let key = rsa::PublicKey::from_der(der).ok()?;
    let (body, _) = element(SEQUENCE, key.as_ref())?;
    let (n, rest) = element(INTEGER, body)?;
    let (e, _) = element(INTEGER, rest)?;
    // Without the zero byte that keeps a number positive.
    let [n, e] = [n, e].map(|number| encode(number.strip_prefix(&[0]).unwrap_or(number)));
    Some(json!({ "kty": "RSA", "n": n, "e": e }))
}

/// The content of the DER element that `bytes` begin with, and what follows it.
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
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

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
