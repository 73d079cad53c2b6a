//! A key that is taken has one spelling to publish, is the same key when it is read back, and takes no signature that
//! was not made with it. A private key is never taken for a public one.

use rolecall_core::json;
use rolecall_core::jwk::{Algorithm, KeySet, SigningKey, VerifyingKey};

pub fn seeds() -> Vec<Vec<u8>> {
    let ec = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}"#;
    let okp = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA"}"#;
    let oct = r#"{"kty":"oct","k":"YSBzZWNyZXQgdGhhdCBib3RoIHNpZGVzIGtub3cgb2Y","alg":"HS256","kid":"s"}"#;
    let rsa = format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}","alg":"RS256","key_ops":["verify"]}}"#, "u".repeat(342));
    let set = format!(r#"{{"keys":[{ec},{okp},{oct},{{"kty":"new"}}]}}"#);
    let private = okp.replace("\"alg\"", "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\",\"alg\"");
    [ec, okp, oct, &rsa, &set, &private].map(|text| text.as_bytes().to_vec()).into()
}

pub fn run(bytes: &[u8]) {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Hs256] {
        let _ = SigningKey::from_pkcs8(algorithm, bytes);
    }
    let Ok(value) = json::parse(bytes) else { return };
    if let Ok(key) = VerifyingKey::from_jwk(&value) {
        assert!(value.get("d").is_none(), "a private key was taken");
        published(&key);
        assert!(!key.verify(bytes, b"") && !key.verify(b"", bytes), "it takes what nobody signed");
    }
    if let Ok(set) = KeySet::from_jwks(&value) {
        let public = set.iter().filter(|key| published(key)).count();
        let read = KeySet::from_jwks(&set.to_jwks()).expect("what we publish can be read");
        assert_eq!(read.len(), public);
        for key in &read {
            let before = set.find(key.kid()).expect("the same `kid`");
            assert_eq!(before.thumbprint(), key.thumbprint());
        }
    }
}

/// Whether a key is one to publish; if it is, it comes back as it was.
fn published(key: &VerifyingKey) -> bool {
    let Some(jwk) = key.to_jwk() else { return false };
    let read = VerifyingKey::from_jwk(&jwk).expect("what we publish can be read");
    let all = |key: &VerifyingKey| (key.kid().to_owned(), key.algorithm(), key.thumbprint().to_owned(), key.to_jwk());
    assert_eq!(all(&read), all(key));
    true
}
