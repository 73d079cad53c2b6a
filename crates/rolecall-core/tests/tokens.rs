//! What a good access token is: round trips, the type of each claim, and the times.

use aws_lc_rs::rsa::KeySize;
use rolecall_core::Claims;
use rolecall_core::jwk::{Algorithm, KeyError, KeySet, SigningKey, VerifyingKey};
use rolecall_core::jwt::{self, ACCESS_TOKEN, Expected, Invalid};
use serde_json::{Value, json};

use crate::minting::{self, AUDIENCE, ISSUERS, NOW, SECRET, SECRET_KID, TRUSTED, claims, expected, header, payload};

#[test]
fn a_token_of_each_kind_of_key_comes_back_as_it_was() {
    for key in ISSUERS.all() {
        let token = jwt::sign(key, ACCESS_TOKEN, &claims()).expect("signed");
        let (read, by) = jwt::verify_with_key(&token, &TRUSTED, &expected()).expect("verified");
        assert_eq!(read, claims(), "{}", key.algorithm());
        assert_eq!((by.kid(), by.algorithm()), (key.kid(), key.algorithm()));
        assert_eq!(jwt::verify(&token, &TRUSTED, &expected()), Ok(claims()));
    }
}

#[test]
fn a_token_survives_the_way_of_its_key_over_a_published_set() {
    let published = KeySet::from_jwks(&TRUSTED.to_jwks()).expect("a key set");
    assert_eq!(published.len(), 3, "the secret stays out");
    for key in ISSUERS.all() {
        let token = jwt::sign(key, ACCESS_TOKEN, &claims()).expect("signed");
        assert_eq!(jwt::verify(&token, &published, &expected()), Ok(claims()));
    }
}

#[test]
fn rsa_with_3072_bits_is_taken_too() {
    let key = SigningKey::from_pkcs8(Algorithm::Rs256, &minting::rsa_pkcs8(KeySize::Rsa3072)).expect("a key");
    let keys = KeySet::new(vec![key.verifying_key().clone()]).expect("a set");
    let token = jwt::sign(&key, ACCESS_TOKEN, &claims()).expect("signed");
    assert_eq!(jwt::verify(&token, &keys, &expected()), Ok(claims()));
}

#[test]
fn a_shared_secret_verifies() {
    let token = minting::hmac_signed(SECRET, &header("HS256", SECRET_KID), &payload());
    assert_eq!(jwt::verify(&token, &TRUSTED, &expected()), Ok(claims()));
}

#[test]
fn both_names_of_ed25519_are_taken_and_the_old_one_is_written() {
    let key = &ISSUERS.eddsa;
    for alg in ["EdDSA", "Ed25519"] {
        let token = minting::signed(key, &header(alg, key.kid()), &payload());
        assert_eq!(jwt::verify(&token, &TRUSTED, &expected()), Ok(claims()), "{alg}");
    }
    let token = jwt::sign(key, ACCESS_TOKEN, &claims()).expect("signed");
    let written = token.split('.').next().expect("a header");
    assert_eq!(written, minting::encode(format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, key.kid())));
}

#[test]
fn both_forms_of_the_type_are_taken() {
    let key = &ISSUERS.eddsa;
    for typ in ["at+jwt", "application/at+jwt"] {
        let header = json!({ "alg": "EdDSA", "typ": typ, "kid": key.kid() }).to_string();
        assert_eq!(verify(&minting::signed(key, &header, &payload())), Ok(claims()), "{typ}");
    }
}

#[test]
fn what_no_guard_would_take_is_not_minted() {
    let roles = (0..2000).map(|number| format!("role-{number}")).collect();
    let long = Claims { roles, ..claims() };
    assert_eq!(jwt::sign(&ISSUERS.eddsa, ACCESS_TOKEN, &long), Err(KeyError::TokenTooLong));
}

#[test]
fn absent_claims_are_left_out_and_roles_are_not() {
    let bare = Claims { nbf: None, scope: None, preferred_username: None, roles: vec![], ..claims() };
    let written = serde_json::to_value(&bare).expect("JSON");
    let names: Vec<&String> = written.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["aud", "client_id", "exp", "iat", "iss", "jti", "pv", "roles", "sid", "sub"]);
    assert_eq!(Claims::from_json(&written), Ok(bare));
}

// Claims: only the right type passes, and the refusal names the claim.

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Integer,
    Boolean,
    Object,
    Array,
    Strings,
    Nothing,
}

#[rustfmt::skip]
const TYPES: &[(Type, &[&str])] = &[
    (Type::String, &[
        "iss", "sub", "aud", "jti", "client_id", "sid", "scope", "name", "given_name", "family_name", "middle_name",
        "nickname", "preferred_username", "profile", "picture", "website", "email", "gender", "birthdate", "zoneinfo",
        "locale", "phone_number", "azp", "nonce", "at_hash", "c_hash", "acr", "txn", "vot", "vtm", "htm", "htu", "ath",
    ]),
    (Type::Integer, &["exp", "nbf", "iat", "pv", "auth_time", "updated_at", "toe"]),
    (Type::Boolean, &["email_verified", "phone_number_verified"]),
    (Type::Object, &[
        "address", "sub_jwk", "act", "may_act", "events", "_claim_names", "_claim_sources", "token_introspection",
    ]),
    (Type::Array, &["groups", "entitlements", "authorization_details"]),
    (Type::Strings, &["roles", "amr"]),
    (Type::Nothing, &["cnf"]),
];

const REQUIRED: [&str; 10] = ["iss", "sub", "aud", "client_id", "exp", "iat", "jti", "sid", "pv", "roles"];

/// A raw JSON text, and the types that it is a value of.
const VALUES: &[(&str, &[Type])] = &[
    (r#""text""#, &[Type::String]),
    (r#""NaN""#, &[Type::String]),
    (r#""1800000500""#, &[Type::String]),
    ("0", &[Type::Integer]),
    ("1800000500", &[Type::Integer]),
    ("9007199254740992", &[Type::Integer]),
    ("9007199254740993", &[]),
    ("18446744073709551615", &[]),
    ("18446744073709551616", &[]),
    ("1800000500.0", &[]),
    ("1800000500.5", &[]),
    ("18e8", &[]),
    ("-0", &[]),
    ("-1", &[]),
    ("-1800000500", &[]),
    ("null", &[]),
    ("true", &[Type::Boolean]),
    ("false", &[Type::Boolean]),
    ("{}", &[Type::Object]),
    (r#"{"a":1}"#, &[Type::Object]),
    ("[]", &[Type::Array, Type::Strings]),
    (r#"["text"]"#, &[Type::Array, Type::Strings]),
    (r#"["https://api.example"]"#, &[Type::Array, Type::Strings]),
    ("[1]", &[Type::Array]),
    (r#"["text",null]"#, &[Type::Array]),
    ("[{}]", &[Type::Array]),
];

#[test]
fn only_the_right_type_of_each_claim_passes() {
    let key = &ISSUERS.eddsa;
    let header = header("EdDSA", key.kid());
    for (name, kind) in TYPES.iter().flat_map(|(kind, names)| names.iter().map(|name| (*name, *kind))) {
        for (raw, kinds) in VALUES {
            let text = with(name, raw);
            let verdict = jwt::verify(&minting::signed(key, &header, &text), &TRUSTED, &expected());
            if kinds.contains(&kind) {
                let value: Value = serde_json::from_str(&text).expect("JSON");
                let typed = Claims::from_json(&value);
                assert!(typed.is_ok(), "{name}: {raw}: {typed:?}");
                assert!(!matches!(verdict, Err(Invalid::Claim { .. })), "{name}: {raw}: {verdict:?}");
            } else {
                assert!(matches!(verdict, Err(Invalid::Claim { name: named, .. }) if named == name), "{name}: {raw}");
            }
        }
    }
}

#[test]
fn a_claim_that_is_no_json_is_refused_by_name() {
    let key = &ISSUERS.eddsa;
    for (name, _) in TYPES.iter().flat_map(|(kind, names)| names.iter().map(|name| (*name, *kind))) {
        for raw in ["1e400", "-1e400", "NaN", "Infinity", "01", "+1", ".5", "'text'", r#""\ud800""#, ""] {
            let token = minting::signed(key, &header("EdDSA", key.kid()), &with(name, raw));
            let refusal = verify(&token).expect_err("no JSON");
            assert!(matches!(refusal, Invalid::Json { part: "claims", .. }), "{name}: {raw}: {refusal:?}");
            assert!(refusal.to_string().contains(&format!("member `{name}`: ")), "{name}: {raw}: {refusal}");
        }
    }
}

#[test]
fn a_required_claim_that_is_missing_or_empty_is_named() {
    let mut whole = serde_json::to_value(claims()).expect("JSON");
    let whole = whole.as_object_mut().expect("an object");
    for name in REQUIRED {
        let mut without = whole.clone();
        without.remove(name);
        assert_eq!(refused(&without.into()), Invalid::Claim { name, why: "is missing" });
    }
    for name in ["iss", "sub", "aud", "client_id", "jti", "sid"] {
        let mut empty = whole.clone();
        empty.insert(name.to_owned(), "".into());
        assert_eq!(refused(&empty.into()), Invalid::Claim { name, why: "is empty" });
    }
    for name in ["nbf", "scope", "preferred_username"] {
        let mut without = whole.clone();
        without.remove(name);
        assert!(Claims::from_json(&without.into()).is_ok(), "{name}");
    }
}

#[test]
fn what_is_not_registered_is_ignored_and_what_is_no_object_is_not() {
    let key = &ISSUERS.eddsa;
    assert_eq!(verify(&minting::signed(key, &header("EdDSA", key.kid()), &with("colour", "null"))), Ok(claims()));
    for text in ["[]", "null", r#""claims""#, "1"] {
        assert_eq!(verify(&minting::signed(key, &header("EdDSA", key.kid()), text)), Err(Invalid::Claims), "{text}");
    }
}

#[test]
fn the_messages_name_claims_and_show_no_value() {
    let sly = r#"{"iss":"SECRET","sub":["SECRET"]}"#;
    let key = &ISSUERS.eddsa;
    let refusal = verify(&minting::signed(key, &header("EdDSA", key.kid()), sly)).expect_err("refused");
    assert_eq!(refusal.to_string(), "claim `sub` is not a string");
    assert_eq!(Invalid::NotYet("nbf").to_string(), "token is not valid yet: claim `nbf`");
}

// Issuer and audience.

#[test]
fn issuer_and_audience_are_compared_byte_by_byte() {
    for other in ["https://id.example/", "https://ID.example", "https://id.exampl", "https://id.example "] {
        assert_eq!(verify(&minted(Claims { iss: other.to_owned(), ..claims() })), Err(Invalid::Issuer), "{other}");
    }
    for other in ["https://api.example/", "https://API.example", "https://api.exampl", "https://b.example"] {
        assert_eq!(verify(&minted(Claims { aud: other.to_owned(), ..claims() })), Err(Invalid::Audience), "{other}");
    }
}

#[test]
fn an_audience_that_was_never_set_takes_nothing() {
    let open = Expected { audience: "", ..expected() };
    assert_eq!(jwt::verify(&minted(claims()), &TRUSTED, &open), Err(Invalid::Audience));
    let empty = minted(Claims { aud: String::new(), ..claims() });
    assert_eq!(jwt::verify(&empty, &TRUSTED, &open), Err(Invalid::Claim { name: "aud", why: "is empty" }));
    assert_ne!(AUDIENCE, "");
}

// Times.

#[test]
fn a_token_ends_at_exp_without_leeway() {
    assert_eq!(verify(&minted(Claims { exp: NOW + 1, ..claims() })), Ok(Claims { exp: NOW + 1, ..claims() }));
    for exp in [NOW, NOW - 1, 0] {
        assert_eq!(verify(&minted(Claims { exp, ..claims() })), Err(Invalid::Expired), "{exp}");
    }
}

#[test]
fn the_issuers_clock_may_be_ten_seconds_ahead() {
    for (ahead, verdict) in [(10, Ok(())), (11, Err(Invalid::NotYet("iat")))] {
        assert_eq!(verify(&minted(Claims { iat: NOW + ahead, ..claims() })).map(drop), verdict, "iat {ahead}");
    }
    for (ahead, verdict) in [(-600, Ok(())), (10, Ok(())), (11, Err(Invalid::NotYet("nbf")))] {
        assert_eq!(verify(&minted(Claims { nbf: Some(NOW + ahead), ..claims() })).map(drop), verdict, "nbf {ahead}");
    }
}

#[test]
fn a_lifetime_is_positive_and_bounded() {
    let lives = |iat: i64, exp: i64| verify(&minted(Claims { iat, exp, ..claims() })).map(drop);
    assert_eq!(lives(NOW, NOW + 900), Ok(()));
    assert_eq!(lives(NOW, NOW + 901), Err(Invalid::Lifetime));
    assert_eq!(lives(NOW + 5, NOW + 5), Err(Invalid::Lifetime));
    assert_eq!(lives(NOW + 6, NOW + 5), Err(Invalid::Lifetime));
    assert_eq!(lives(0, 1 << 53), Err(Invalid::Lifetime));
    assert_eq!(lives(0, NOW + 1), Err(Invalid::Lifetime));
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    for now in [i64::MIN, -1, 0, i64::MAX] {
        let far = Expected { now, max_lifetime: i64::MAX, ..expected() };
        assert!(jwt::verify(&minted(claims()), &TRUSTED, &far).is_err(), "{now}");
    }
}

// Helpers.

fn verify(token: &str) -> Result<Claims, Invalid> {
    jwt::verify(token, &TRUSTED, &expected())
}

fn minted(claims: Claims) -> String {
    jwt::sign(&ISSUERS.eddsa, ACCESS_TOKEN, &claims).expect("signed")
}

fn refused(claims: &Value) -> Invalid {
    Claims::from_json(claims).expect_err("refused")
}

/// The good claims, with one of them set to a raw text that need not be JSON.
fn with(name: &str, raw: &str) -> String {
    let mut claims = serde_json::to_value(claims()).expect("JSON");
    let members = claims.as_object_mut().expect("an object");
    members.remove(name);
    let rest = serde_json::to_string(&claims).expect("JSON");
    format!(r#"{{"{name}":{raw},{}"#, &rest[1..])
}

#[test]
fn keys_and_key_sets_may_cross_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<VerifyingKey>();
    shared::<KeySet>();
    shared::<SigningKey>();
    shared::<Invalid>();
}
