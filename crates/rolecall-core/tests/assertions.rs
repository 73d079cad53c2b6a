//! Assertions of clients (RFC 7523, 3): what holds, and everything that does not.

use rolecall_core::jwk::{Algorithm, KeySet, VerifyingKey};
use rolecall_core::jwt::{self, ACCESS_TOKEN, Assertion, ExpectedAssertion, Invalid, MAX_JTI_BYTES};
use serde_json::{Value, json};

use crate::minting::{ATTACKERS, ISSUER, ISSUERS, NOW, TRUSTED, hmac_signed, signed};

const CLIENT: &str = "01890000-0000-7000-8000-000000000001";
const AHEAD: i64 = 300;

fn expected() -> ExpectedAssertion<'static> {
    ExpectedAssertion { client: CLIENT, audience: ISSUER, now: NOW, max_ahead: AHEAD }
}

fn claims() -> Value {
    json!({ "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "jti": "once" })
}

/// The good claims with one of them said otherwise; `null` leaves it out.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().expect("an object");
    match value.is_null() {
        true => members.remove(name),
        false => members.insert(name.to_owned(), value),
    };
    claims
}

fn verified(header: &Value, claims: &Value) -> Result<Assertion, Invalid> {
    let token = signed(&ISSUERS.es256, &header.to_string(), &claims.to_string());
    jwt::verify_assertion(&token, &TRUSTED, &expected())
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": ISSUERS.es256.kid() })
}

#[test]
fn one_that_is_the_client_s_holds() {
    let good = Ok(Assertion { jti: "once".to_owned(), exp: NOW + 60 });
    assert_eq!(verified(&header(), &claims()), good);
    for typ in ["JWT", "jwt", "client-authentication+jwt"] {
        let mut header = header();
        header["typ"] = typ.into();
        assert_eq!(verified(&header, &claims()), good);
    }
    for (name, value) in [("iat", NOW), ("iat", 0), ("nbf", NOW + 10), ("exp", NOW + 1), ("exp", NOW + AHEAD + 10)] {
        assert!(verified(&header(), &with(name, value.into())).is_ok(), "{name} {value}");
    }
    // RFC 7519, 4.1.3: the string is the short form of this.
    assert_eq!(verified(&header(), &with("aud", json!([ISSUER]))), good);
    let token = jwt::sign(&ISSUERS.eddsa, "JWT", &claims()).expect("signed");
    assert_eq!(jwt::verify_assertion(&token, &TRUSTED, &expected()), good);
    assert_eq!(jwt::unverified_subject(&token).as_deref(), Some(CLIENT));
}

#[test]
fn what_it_says_is_exactly_what_it_must() {
    for (name, wrong) in [
        ("iss", json!(null)),
        ("iss", json!("")),
        ("iss", json!(ISSUER)),
        ("iss", json!([CLIENT])),
        ("sub", json!(null)),
        ("sub", json!("somebody")),
        ("sub", json!([CLIENT])),
        ("aud", json!(null)),
        ("aud", json!([])),
        ("aud", json!([[ISSUER]])),
        ("aud", json!([ISSUER, ISSUER])),
        ("aud", json!(["https://evil.example"])),
        ("aud", json!([ISSUER, "https://evil.example"])),
        ("aud", json!(format!("{ISSUER}/"))),
        ("aud", json!(format!("{ISSUER}/token"))),
        ("aud", json!("https://ID.example")),
        ("exp", json!(null)),
        ("exp", json!(NOW)),
        ("exp", json!(NOW - 1)),
        ("exp", json!(NOW + AHEAD + 11)),
        ("exp", json!(1_u64 << 53)),
        ("exp", json!(u64::MAX)),
        ("exp", json!((NOW + 60).to_string())),
        ("exp", json!(1.8e9)),
        ("exp", json!(-1)),
        ("iat", json!(NOW + 11)),
        ("iat", json!("now")),
        ("nbf", json!(NOW + 11)),
        ("nbf", json!(true)),
        ("jti", json!(null)),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("j".repeat(MAX_JTI_BYTES + 1))),
        ("scope", json!(["x"])),
    ] {
        let refused = verified(&header(), &with(name, wrong.clone()));
        assert!(refused.is_err(), "{name}: {wrong}");
    }
    for claims in [json!([]), json!("x"), json!(null)] {
        assert!(verified(&header(), &claims).is_err());
    }
    let twice = claims().to_string().replace(r#""aud""#, r#""aud":"https://evil.example","aud""#);
    let token = signed(&ISSUERS.es256, &header().to_string(), &twice);
    assert!(jwt::verify_assertion(&token, &TRUSTED, &expected()).is_err());
}

#[test]
fn an_access_token_is_none_whoever_signed_it() {
    for typ in
        [json!(ACCESS_TOKEN), json!("application/at+jwt"), json!("dpop+jwt"), json!(""), json!(1), json!(["JWT"])]
    {
        let mut header = header();
        header["typ"] = typ;
        assert_eq!(verified(&header, &claims()), Err(Invalid::Type));
    }
}

#[test]
fn it_is_signed_by_a_key_of_the_client_in_that_key_s_way() {
    let refused = |token: &str, keys: &KeySet, why: &Invalid| {
        assert_eq!(jwt::verify_assertion(token, keys, &expected()).as_ref().err(), Some(why));
    };
    let claims = claims().to_string();
    let forged = signed(&ATTACKERS.es256, &header().to_string(), &claims);
    refused(&forged, &TRUSTED, &Invalid::Signature);
    refused(&forged, &KeySet::default(), &Invalid::UnknownKey);
    for alg in ["none", "nOnE", "HS256", "RS256", "es256"] {
        let header = json!({ "alg": alg, "kid": ISSUERS.es256.kid() });
        refused(&signed(&ISSUERS.es256, &header.to_string(), &claims), &TRUSTED, &Invalid::Algorithm);
    }
    let crit = json!({ "alg": "ES256", "kid": ISSUERS.es256.kid(), "crit": ["exp"] });
    refused(&signed(&ISSUERS.es256, &crit.to_string(), &claims), &TRUSTED, &Invalid::Critical);
    // A public key is no shared secret.
    let jwk = ISSUERS.es256.verifying_key().to_jwk().expect("public").to_string();
    let confused =
        hmac_signed(jwk.as_bytes(), &json!({ "alg": "HS256", "kid": ISSUERS.es256.kid() }).to_string(), &claims);
    refused(&confused, &TRUSTED, &Invalid::Algorithm);
    let good = signed(&ISSUERS.es256, &header().to_string(), &claims);
    let stripped = format!("{}.", good.rsplit_once('.').expect("parts").0);
    refused(&stripped, &TRUSTED, &Invalid::Malformed("has an empty part"));
}

#[test]
fn a_client_with_one_key_need_not_name_it() {
    let alone = |key: &VerifyingKey| KeySet::new(vec![key.clone()]).expect("a set");
    let keys = alone(ISSUERS.es256.verifying_key());
    let nameless = json!({ "alg": "ES256" }).to_string();
    let token = signed(&ISSUERS.es256, &nameless, &claims().to_string());
    assert!(jwt::verify_assertion(&token, &keys, &expected()).is_ok());
    assert!(jwt::verify_assertion(&token, &TRUSTED, &expected()).is_err(), "which of them would be a guess");
    assert!(jwt::verify_assertion(&token, &alone(ISSUERS.eddsa.verifying_key()), &expected()).is_err());
    assert!(jwt::verify_assertion(&token, &KeySet::default(), &expected()).is_err());
    let other = json!({ "alg": Algorithm::Es256.as_str(), "kid": "other" }).to_string();
    let token = signed(&ISSUERS.es256, &other, &claims().to_string());
    assert_eq!(jwt::verify_assertion(&token, &keys, &expected()), Err(Invalid::UnknownKey));
}
