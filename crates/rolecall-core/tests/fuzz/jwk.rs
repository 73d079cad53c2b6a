//! A key that is taken has one spelling to publish, is the same key when it is read back, and takes no signature that
//! was not made with it. A private key is never taken for a public one, and signs what its public half verifies.

use rolecall_core::json;
use rolecall_core::jwk::{Algorithm, AnyKey, KeySet, SigningKey, VerifyingKey};

pub fn seeds() -> Vec<Vec<u8>> {
    let ec = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}"#;
    let okp = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA"}"#;
    let oct = r#"{"kty":"oct","k":"YSBzZWNyZXQgdGhhdCBib3RoIHNpZGVzIGtub3cgb2Y","alg":"HS256","kid":"s"}"#;
    let rsa = format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}","alg":"RS256","key_ops":["verify"]}}"#, "u".repeat(342));
    let set = format!(r#"{{"keys":[{ec},{okp},{oct},{{"kty":"new"}}]}}"#);
    let private = okp.replace("\"alg\"", "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\",\"alg\"");
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    [ec, okp, oct, &rsa, &set, &private, pem, public].map(|text| text.as_bytes().to_vec()).into()
}

pub fn run(bytes: &[u8]) {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Hs256] {
        let _ = SigningKey::from_pkcs8(algorithm, bytes);
    }
    if let Ok(key) = std::str::from_utf8(bytes).map_err(drop).and_then(|text| AnyKey::from_pem(text).map_err(drop)) {
        fits(&key);
    }
    let Ok(value) = json::parse(bytes) else { return };
    if let Ok(key) = VerifyingKey::from_jwk(&value) {
        assert!(value.get("d").is_none(), "a private key was taken");
        published(&key);
        assert!(!key.verify(bytes, b"") && !key.verify(b"", bytes), "it takes what nobody signed");
    }
    if let Ok(key) = AnyKey::from_jwk(&value) {
        fits(&key);
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

/// Both halves are of one key, and the private one is read again as it was.
fn fits(key: &AnyKey) {
    let AnyKey::Signing(private) = key else { return };
    let signature = private.sign(b"message").expect("a signature");
    assert!(key.verifying_key().verify(b"message", &signature));
    let (kid, algorithm) = (private.kid(), private.algorithm());
    let bytes = private.to_private_bytes().expect("it can be kept");
    let read = match algorithm {
        Algorithm::Hs256 => SigningKey::from_secret(kid, &bytes),
        _ => SigningKey::from_pkcs8(algorithm, &bytes),
    };
    assert!(read.expect("the same key").verifying_key().verify(b"message", &signature));
}

/// Whether a key is one to publish; if it is, it comes back as it was.
fn published(key: &VerifyingKey) -> bool {
    let Some(jwk) = key.to_jwk() else { return false };
    let read = VerifyingKey::from_jwk(&jwk).expect("what we publish can be read");
    let all = |key: &VerifyingKey| (key.kid().to_owned(), key.algorithm(), key.thumbprint().to_owned(), key.to_jwk());
    assert_eq!(all(&read), all(key));
    true
}
