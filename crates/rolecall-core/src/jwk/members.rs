//! Members of a JWK, read strictly: what has two spellings would be two keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::KeyError;

pub(super) fn string<'a>(jwk: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, KeyError> {
    match jwk.get(name) {
        Some(Value::String(value)) if !value.is_empty() => Ok(value),
        Some(_) => Err(KeyError::Member { name, why: "is not a non-empty string" }),
        None => Err(KeyError::Member { name, why: "is missing" }),
    }
}

pub(super) fn bytes(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    URL_SAFE_NO_PAD
        .decode(string(jwk, name)?)
        .map_err(|_| KeyError::Member { name, why: "is not canonical base64url without padding" })
}

/// A coordinate: exactly as long as the field, leading zeros included (RFC 7518, 6.2.1.2).
pub(super) fn bytes32(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let bytes = bytes(jwk, name)?;
    if bytes.len() == 32 { Ok(bytes) } else { Err(KeyError::Member { name, why: "is not 32 bytes long" }) }
}

/// A Base64urlUInt (RFC 7518, 2) above zero: as few bytes as it takes. A second spelling would be a second thumbprint.
pub(super) fn unsigned(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let bytes = bytes(jwk, name)?;
    match bytes.first() {
        Some(first) if *first != 0 => Ok(bytes),
        _ => Err(KeyError::Member { name, why: "begins with a zero byte" }),
    }
}

/// How many bits a number has that [`unsigned`] read: no leading zero byte is left, so the first one says it.
pub(super) fn bits(number: &[u8]) -> usize {
    number.len() * 8 - number[0].leading_zeros() as usize
}
