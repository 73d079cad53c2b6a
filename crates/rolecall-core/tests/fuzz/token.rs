//! Whatever text comes as a token: it is verified without a panic, what is accepted has one spelling, and a token that
//! was changed in any place is refused.
//!
//! The key is a shared secret, so that a run can be repeated and so that the bytes get past the signature: read as
//! claims, or as header and claims, they are signed here.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_core::jwt::{self, Expected, Invalid};
use rolecall_core::{Claims, KeySet, jwk::VerifyingKey};
use serde_json::json;

const SECRET: &[u8; 32] = b"a secret that both sides know of";
const HEADER: &str = r#"{"alg":"HS256","typ":"at+jwt","kid":"s"}"#;
const CLAIMS: &str = r#"{"iss":"https://id.example","sub":"alice","aud":"https://api.example","client_id":"rolecall","exp":1800000600,"iat":1799999990,"jti":"t","sid":"s","roles":["user"],"pv":7}"#;
const EXPECTED: Expected<'static> =
    Expected { issuer: "https://id.example", audience: "https://api.example", now: 1_800_000_000, max_lifetime: 900 };

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let jwk = json!({ "kty": "oct", "kid": "s", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(SECRET) });
    KeySet::new(vec![VerifyingKey::from_jwk(&jwk).expect("a key")]).expect("a set")
});

pub fn seeds() -> Vec<Vec<u8>> {
    let more = r#","nbf":1800000000,"scope":"user items:read","via":["user"],"preferred_username":"alice"}"#;
    let pair = |header: &str| format!("{header}\0{CLAIMS}");
    let texts = [
        CLAIMS.to_owned(),
        CLAIMS.replace('}', more),
        CLAIMS.replace("1800000600", "\"1800000600\""),
        signed(HEADER.as_bytes(), CLAIMS.as_bytes()),
        pair(HEADER),
        pair(r#"{"alg":"none","typ":"at+jwt","kid":"s"}"#),
        pair(r#"{"alg":"HS256","typ":"at+jwt","kid":"s","crit":["exp"]}"#),
        pair(r#"{"alg":"HS256","typ":"application/at+jwt","kid":"s","jku":"https://evil.example"}"#),
        "a.b.c".to_owned(),
    ];
    texts.map(String::into_bytes).into()
}

pub fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        looked_at(text);
    }
    let (header, claims) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (HEADER.as_bytes(), bytes),
    };
    let token = signed(header, claims);
    looked_at(&token);
    // Where it is changed, the bytes say too.
    let at = bytes.iter().fold(0, |sum, byte| (sum * 31 + usize::from(*byte)) % token.len());
    let bit = 1 << (bytes.len() % 7);
    let mut changed = token.clone().into_bytes();
    changed[at] ^= bit;
    if let Ok(changed) = String::from_utf8(changed) {
        assert!(verify(&changed).is_err(), "changed at {at}, and accepted: {changed}");
    }
}

fn looked_at(token: &str) {
    match verify(token) {
        Ok(claims) => {
            assert_eq!((claims.iss.as_str(), claims.aud.as_str()), (EXPECTED.issuer, EXPECTED.audience));
            assert!(claims.exp > EXPECTED.now && claims.iat <= EXPECTED.now + jwt::LEEWAY);
            assert!(claims.exp - claims.iat <= EXPECTED.max_lifetime);
            assert!(![&claims.sub, &claims.jti, &claims.sid, &claims.client_id].iter().any(|claim| claim.is_empty()));
            let one_spelling = |part: &str| {
                let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
                URL_SAFE_NO_PAD.encode(bytes) == part
            };
            assert!(token.split('.').count() == 3 && token.split('.').all(one_spelling), "{token}");
            let again = serde_json::to_string(&claims).expect("claims are JSON");
            assert_eq!(verify(&signed(HEADER.as_bytes(), again.as_bytes())), Ok(claims), "{again}");
        }
        Err(invalid) => {
            let said = invalid.to_string();
            assert!(!said.chars().any(char::is_control), "{said:?} goes into a log");
        }
    }
}

fn verify(token: &str) -> Result<Claims, Invalid> {
    jwt::verify(token, &KEYS, &EXPECTED)
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}
