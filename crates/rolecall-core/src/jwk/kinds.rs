//! What each kind of public key is: its algorithm, the text of its thumbprint, and the key as aws-lc has it, checked.
//!
//! The thumbprint's text (RFC 7638, 3: required members in order, no white space) is written by hand, since the order
//! inside a `Map` depends on a Cargo feature of serde_json.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::members::{bits, bytes, bytes32, string, unsigned};
use super::{Algorithm, KeyError, Material, roca};

pub(super) fn ec(jwk: &Map<String, Value>) -> Result<(Algorithm, String, Material), KeyError> {
    if string(jwk, "crv")? != "P-256" {
        return Err(KeyError::Member { name: "crv", why: "is not `P-256`" });
    }
    let mut point = vec![0x04];
    point.extend(bytes32(jwk, "x")?);
    point.extend(bytes32(jwk, "y")?);
    let key = ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, &point)
        .map_err(|_| KeyError::Member { name: "x", why: "and `y` are not a point on the curve" })?;

    let (x, y) = (string(jwk, "x")?, string(jwk, "y")?);
    let identity = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let members = members(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }));
    Ok((Algorithm::Es256, identity, Material::Public { key, members }))
}

pub(super) fn rsa(jwk: &Map<String, Value>) -> Result<(Algorithm, String, Material), KeyError> {
    let (n, e) = (unsigned(jwk, "n")?, unsigned(jwk, "e")?);
    // Eight bytes are enough to see that it is too large, as the first one is not zero.
    let exponent = e.iter().take(8).fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    if exponent % 2 == 0 || !(3..=1 << 33).contains(&exponent) {
        return Err(KeyError::Member { name: "e", why: "is not an odd number from 3 to 2^33" });
    }
    if !(2048..=8192).contains(&bits(&n)) {
        return Err(KeyError::Member { name: "n", why: "does not have 2048 to 8192 bits" });
    }
    if n[n.len() - 1] % 2 == 0 {
        return Err(KeyError::Member { name: "n", why: "is even" });
    }
    if roca::is_weak(&n) {
        return Err(KeyError::Member { name: "n", why: "is of a kind that can be factored (CVE-2017-15361)" });
    }
    let key = RsaPublicKeyComponents { n: &n, e: &e }
        .to_parsed_public_key(&signature::RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_| KeyError::Member { name: "n", why: "and `e` are not an RSA key" })?;

    let (n, e) = (string(jwk, "n")?, string(jwk, "e")?);
    let identity = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    let members = members(json!({ "kty": "RSA", "n": n, "e": e }));
    Ok((Algorithm::Rs256, identity, Material::Public { key, members }))
}

pub(super) fn okp(jwk: &Map<String, Value>) -> Result<(Algorithm, String, Material), KeyError> {
    if string(jwk, "crv")? != "Ed25519" {
        return Err(KeyError::Member { name: "crv", why: "is not `Ed25519`" });
    }
    let key = ParsedPublicKey::new(&signature::ED25519, bytes32(jwk, "x")?)
        .map_err(|_| KeyError::Member { name: "x", why: "is not an Ed25519 key" })?;

    let x = string(jwk, "x")?;
    let identity = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let members = members(json!({ "kty": "OKP", "crv": "Ed25519", "x": x }));
    Ok((Algorithm::EdDsa, identity, Material::Public { key, members }))
}

pub(super) fn oct(jwk: &Map<String, Value>) -> Result<(Algorithm, String, Material), KeyError> {
    let secret = Zeroizing::new(bytes(jwk, "k")?);
    if secret.len() < 32 {
        return Err(KeyError::Member { name: "k", why: "is shorter than 32 bytes" });
    }
    let identity = format!(r#"{{"k":"{}","kty":"oct"}}"#, string(jwk, "k")?);
    Ok((Algorithm::Hs256, identity, Material::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret)))))
}

fn members(jwk: Value) -> Map<String, Value> {
    match jwk {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
