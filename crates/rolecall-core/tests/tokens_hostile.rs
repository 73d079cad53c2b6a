//! Tokens that somebody else made: of other algorithms, with sly headers, in other encodings, or damaged.

use std::fmt::Write as _;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use rolecall_core::jwk::{Algorithm, KeySet, SigningKey, VerifyingKey};
use rolecall_core::jwt::{self, ACCESS_TOKEN, Invalid, MAX_TOKEN_BYTES};
use rolecall_core::{Claims, json};
use serde_json::{Value, json};

use crate::minting::{
    self, ATTACKERS, ISSUERS, SECRET_KID, TRUSTED, claims, encode, expected, header, hmac_signed, payload, signed,
};

const NAMES: &[&str] = &[
    "ES256",
    "RS256",
    "EdDSA",
    "Ed25519",
    "HS256",
    "ES384",
    "ES512",
    "ES256K",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "HS384",
    "HS512",
    "Ed448",
    "none",
    "None",
    "nOnE",
    "NONE",
    "rs256",
    "es256",
    "hs256",
    "eddsa",
    "EDDSA",
    "ed25519",
    "",
    " ES256",
    "ES256 ",
    "ES256\u{0}",
    "SHA256",
    "dir",
    "RSA-OAEP",
];

// Algorithms and keys.

#[test]
fn no_other_key_signs_under_a_trusted_kid() {
    for kid in TRUSTED.iter().map(VerifyingKey::kid) {
        for alg in NAMES {
            for attacker in ATTACKERS.all() {
                let token = signed(attacker, &header(alg, kid), &payload());
                let refusal = verify(&token).expect_err("not the issuer's");
                assert!(matches!(refusal, Invalid::Algorithm | Invalid::Signature), "{alg}: {refusal:?}");
            }
            assert!(verify(&hmac_signed(b"", &header(alg, kid), &payload())).is_err(), "{alg}");
        }
    }
}

#[test]
fn a_key_signs_under_no_other_name_of_an_algorithm() {
    for key in ISSUERS.all() {
        for alg in NAMES.iter().filter(|alg| !key.algorithm().accepts(alg)) {
            let token = signed(key, &header(alg, key.kid()), &payload());
            assert_eq!(verify(&token), Err(Invalid::Algorithm), "{} as {alg}", key.algorithm());
        }
        for alg in NAMES.iter().filter(|alg| !key.algorithm().accepts(alg)) {
            let token = signed(key, &json!({ "alg": alg }).to_string(), &payload());
            assert_eq!(jwt::verify_signature_by(&token, key.verifying_key()), Err(Invalid::Algorithm));
        }
        for other in ISSUERS.all().iter().filter(|other| other.kid() != key.kid()) {
            let token = signed(key, &header(key.algorithm().as_str(), other.kid()), &payload());
            assert_eq!(verify(&token), Err(Invalid::Algorithm));
            let token = signed(key, &header(other.algorithm().as_str(), other.kid()), &payload());
            assert_eq!(verify(&token), Err(Invalid::Signature));
        }
    }
    for alg in NAMES.iter().filter(|alg| **alg != "HS256") {
        let token = hmac_signed(minting::SECRET, &header(alg, SECRET_KID), &payload());
        assert_eq!(verify(&token), Err(Invalid::Algorithm), "{alg}");
    }
}

#[test]
fn what_is_public_of_a_key_is_no_secret() {
    for (algorithm, der) in [
        (Algorithm::Es256, EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("key").to_pkcs8v1()),
        (Algorithm::EdDsa, Ed25519KeyPair::generate().expect("key").to_pkcs8()),
    ] {
        public_is_no_secret(algorithm, der.expect("PKCS#8").as_ref());
    }
    public_is_no_secret(Algorithm::Rs256, &minting::rsa_pkcs8(aws_lc_rs::rsa::KeySize::Rsa2048));
}

fn public_is_no_secret(algorithm: Algorithm, pkcs8: &[u8]) {
    let key = SigningKey::from_pkcs8(algorithm, pkcs8).expect("a good key");
    let jwk = key.verifying_key().to_jwk().expect("a public key");
    let mut bare = jwk.clone();
    bare.as_object_mut().expect("an object").retain(|name, _| name != "alg" && name != "use");

    let mut secrets: Vec<Vec<u8>> = public_encodings(algorithm, pkcs8);
    secrets.extend(secrets.clone().iter().flat_map(|der| [pem("PUBLIC KEY", der), pem("RSA PUBLIC KEY", der)]));
    secrets.extend([jwk.to_string(), bare.to_string(), json!({ "keys": [jwk] }).to_string()].map(String::into_bytes));
    for name in ["x", "y", "n", "e", "kid"] {
        let Some(text) = jwk[name].as_str() else { continue };
        secrets.push(text.as_bytes().to_vec());
        secrets.push(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url"));
    }

    for trusted in [&jwk, &bare] {
        let keys = KeySet::from_jwks(&json!({ "keys": [trusted] })).expect("a set");
        assert_eq!(keys.iter().map(VerifyingKey::algorithm).collect::<Vec<_>>(), [algorithm]);
        let good = jwt::sign(&key, ACCESS_TOKEN, &claims()).expect("signed");
        assert_eq!(jwt::verify(&good, &keys, &expected()), Ok(claims()));
        for secret in &secrets {
            for alg in ["HS256", algorithm.as_str()] {
                let token = hmac_signed(secret, &header(alg, key.kid()), &payload());
                assert!(jwt::verify(&token, &keys, &expected()).is_err(), "{algorithm} as {alg}");
            }
        }
    }
}

/// As bytes: the key itself, and SubjectPublicKeyInfo in DER.
fn public_encodings(algorithm: Algorithm, pkcs8: &[u8]) -> Vec<Vec<u8>> {
    macro_rules! of {
        ($pair:expr) => {{
            let pair = $pair.expect("a good key");
            let spki: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().expect("DER");
            vec![pair.public_key().as_ref().to_vec(), spki.as_ref().to_vec()]
        }};
    }
    match algorithm {
        Algorithm::Es256 => of!(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)),
        Algorithm::Rs256 => of!(RsaKeyPair::from_pkcs8(pkcs8)),
        _ => of!(Ed25519KeyPair::from_pkcs8(pkcs8)),
    }
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        writeln!(text, "{}", String::from_utf8_lossy(line)).expect("into memory");
    }
    writeln!(text, "-----END {label}-----").expect("into memory");
    text.into_bytes()
}

#[test]
fn a_token_without_a_signature_is_none_whatever_it_says() {
    for kid in TRUSTED.iter().map(VerifyingKey::kid) {
        for alg in NAMES {
            let message = format!("{}.{}", encode(header(alg, kid)), encode(payload()));
            for token in [message.clone(), format!("{message}.")] {
                assert!(matches!(verify(&token), Err(Invalid::Malformed(_))), "{alg}");
            }
            for signature in ["AA", "e30", &encode([0; 64]), &encode([0; 32]), &encode([0; 256])] {
                let refusal = verify(&format!("{message}.{signature}")).expect_err("unsigned");
                assert!(matches!(refusal, Invalid::Algorithm | Invalid::Signature), "{alg}: {refusal:?}");
            }
        }
    }
}

#[test]
fn an_empty_set_verifies_nothing() {
    assert_eq!(jwt::verify(&good(), &KeySet::default(), &expected()), Err(Invalid::UnknownKey));
}

// Headers.

fn with_header(members: &str) -> Result<Claims, Invalid> {
    let key = &ISSUERS.eddsa;
    let text = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"{members}}}"#, key.kid());
    verify(&signed(key, &text, &payload()))
}

#[test]
fn any_crit_is_refused() {
    for crit in ["[]", r#""exp""#, r#"["exp"]"#, r#"["b64"]"#, "null", "{}", "false", "0", r#"["nope",1]"#] {
        assert_eq!(with_header(&format!(r#","crit":{crit},"nope":1"#)), Err(Invalid::Critical), "{crit}");
    }
    assert_eq!(with_header(r#","crit":["b64"],"b64":true"#), Err(Invalid::Critical));
}

#[test]
fn unencoded_compressed_and_encrypted_are_refused() {
    for (name, value) in
        [("b64", "false"), ("b64", "true"), ("zip", r#""DEF""#), ("zip", "null"), ("enc", r#""A128GCM""#)]
    {
        let refusal = with_header(&format!(r#","{name}":{value}"#));
        assert_eq!(refusal, Err(Invalid::Header { name, why: "is not supported" }), "{name}: {value}");
    }
}

#[test]
fn members_that_mean_nothing_here_are_ignored() {
    assert_eq!(with_header(r#","cty":"JWT","x":{"y":[1,null]}"#), Ok(claims()));
}

#[test]
fn a_repeated_member_is_refused_at_any_depth() {
    for members in [
        r#","alg":"EdDSA""#,
        r#","alg":"none""#,
        r#","a\u006cg":"EdDSA""#,
        r#","typ":"at+jwt""#,
        r#","x":1,"x":1"#,
        r#","x":{"y":1,"y":2}"#,
        r#","x":[[{"y":1,"y":2}]]"#,
    ] {
        let refusal = with_header(members).expect_err("repeated");
        assert!(refusal.to_string().contains("is repeated"), "{members}: {refusal}");
        assert!(matches!(refusal, Invalid::Json { part: "header", .. }));
    }
    for members in [r#""sub":"0190-mallory","#, r#""x":1,"x":1,"#, r#""address":{"a":1,"a":2},"#] {
        let text = format!("{{{members}{}", &payload()[1..]);
        let refusal = verify(&signed_well(&text)).expect_err("repeated");
        assert!(refusal.to_string().contains("is repeated"), "{members}: {refusal}");
        assert!(matches!(refusal, Invalid::Json { part: "claims", .. }));
    }
}

#[test]
fn keys_in_the_header_are_not_used() {
    let mallory = &ATTACKERS.eddsa;
    let jwk = mallory.verifying_key().to_jwk().expect("a public key");
    for alg_kid in [mallory.kid(), ISSUERS.eddsa.kid()] {
        for (name, value) in [
            ("jwk", jwk.clone()),
            ("jku", "https://mallory.example/jwks".into()),
            ("x5u", "https://mallory.example/cert.pem".into()),
            ("x5c", json!(["MIIB"])),
            ("x5t", "AAAA".into()),
        ] {
            let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": alg_kid, name: value }).to_string();
            let refusal = verify(&signed(mallory, &header, &payload())).expect_err("mallory's key");
            assert!(matches!(refusal, Invalid::UnknownKey | Invalid::Signature), "{name}: {refusal:?}");
        }
    }
    // Nor do they harm: the bearer cannot add them, so they are the issuer's.
    assert_eq!(with_header(&format!(r#","jwk":{jwk}"#)), Ok(claims()));
}

#[test]
fn other_kinds_of_token_are_no_access_tokens() {
    let key = &ISSUERS.eddsa;
    for typ in ["JWT", "jwt", "id+jwt", "rt+jwt", "logout+jwt", "at+JWT", "AT+JWT", "Application/at+jwt", "at+jwt ", ""]
    {
        assert_eq!(verify(&jwt::sign(key, typ, &claims()).expect("signed")), Err(Invalid::Type), "{typ}");
    }
    for typ in ["null", "1", "true", r#"["at+jwt"]"#, "{}"] {
        let text = format!(r#"{{"alg":"EdDSA","typ":{typ},"kid":"{}"}}"#, key.kid());
        assert_eq!(verify(&signed(key, &text, &payload())), Err(Invalid::Type), "{typ}");
    }
    let untyped = json!({ "alg": "EdDSA", "kid": key.kid() }).to_string();
    let token = signed(key, &untyped, &payload());
    assert_eq!(verify(&token), Err(Invalid::Type));
    assert!(jwt::verify_signature(&token, &TRUSTED).is_ok(), "the signature alone is good");
}

#[test]
fn a_kid_is_one_string_that_is_in_the_set() {
    let key = &ISSUERS.eddsa;
    let with_kid = |kid: Value| {
        let text = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid }).to_string();
        verify(&signed(key, &text, &payload()))
    };
    for kid in
        ["", "unknown", "../../../../dev/null", "' OR 1=1 --", "https://mallory.example", "*", &key.kid()[1..], "\u{0}"]
    {
        assert_eq!(with_kid(kid.into()), Err(Invalid::UnknownKey), "{kid}");
    }
    assert_eq!(with_kid(key.kid().to_lowercase().into()), Err(Invalid::UnknownKey));
    for kid in [json!(null), json!(1), json!(true), json!([key.kid()]), json!({ "kid": key.kid() })] {
        assert_eq!(with_kid(kid), Err(Invalid::Header { name: "kid", why: "is not a string" }));
    }
    let without = r#"{"alg":"EdDSA","typ":"at+jwt"}"#;
    let missing = |name| Err(Invalid::Header { name, why: "is missing" });
    assert_eq!(verify(&signed(key, without, &payload())), missing("kid"));
    let without = json!({ "typ": "at+jwt", "kid": key.kid() }).to_string();
    assert_eq!(verify(&signed(key, &without, &payload())), missing("alg"));
    for alg in ["null", "1", r#"["EdDSA"]"#, "true"] {
        let text = format!(r#"{{"alg":{alg},"typ":"at+jwt","kid":"{}"}}"#, key.kid());
        let refusal = verify(&signed(key, &text, &payload()));
        assert_eq!(refusal, Err(Invalid::Header { name: "alg", why: "is not a string" }), "{alg}");
    }
}

#[test]
fn a_header_is_strict_json_in_utf8() {
    let key = &ISSUERS.eddsa;
    let header = header("EdDSA", key.kid());
    let long = "x".repeat(3000);
    let texts: [Vec<u8>; 9] = [
        [b"\xef\xbb\xbf", header.as_bytes()].concat(),
        [header.as_bytes(), b" {}"].concat(),
        [header.as_bytes(), b"\0"].concat(),
        header.replace("EdDSA", "Ed\u{1}DSA").into_bytes(),
        [&header.as_bytes()[..header.len() - 1], b",\"x\":\"\xff\"}"].concat(),
        [&header.as_bytes()[..header.len() - 1], b",\"x\":\"\xc0\xaf\"}"].concat(),
        format!("{},}}", &header[..header.len() - 1]).into_bytes(),
        format!("{}/**/", &header).into_bytes(),
        header.replace(r#""at+jwt""#, &long).into_bytes(),
    ];
    for text in texts {
        assert!(matches!(verify(&signed_bytes(key, &text, &payload())), Err(Invalid::Json { part: "header", .. })));
    }
    for text in ["[]", "null", r#""EdDSA""#] {
        assert!(matches!(verify(&signed(key, text, &payload())), Err(Invalid::Malformed(_))), "{text}");
    }
}

#[test]
fn nesting_has_an_end() {
    // The header or the claims are one level themselves.
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(with_header(&format!(r#","x":{}"#, nested(31))), Ok(claims()));
    let refusal = with_header(&format!(r#","x":{}"#, nested(32))).expect_err("too deep");
    assert!(refusal.to_string().contains("nested deeper than 32"), "{refusal}");
    assert!(with_header(&format!(r#","x":{}"#, "[".repeat(5000))).is_err());

    let objects = format!("{}1{}", r#"{"a":"#.repeat(32), "}".repeat(32));
    let refusal = verify(&signed_well(&format!(r#"{{"x":{objects},{}"#, &payload()[1..]))).expect_err("too deep");
    assert!(refusal.to_string().contains("nested deeper than 32"), "{refusal}");
}

// Encodings.

#[test]
fn one_token_has_one_spelling() {
    let token = good();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };

    for other in [
        format!("{token}="),
        format!("{token}=="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{header} .{payload}.{signature}"),
        format!("{header}.{payload}\r\n.{signature}"),
        format!("{header}.{payload}.{signature}\0"),
        format!("Bearer {token}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{header}.{payload}"),
        header.to_owned(),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}.{signature}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}."),
        "..".to_owned(),
        ".".to_owned(),
        String::new(),
        format!("{header}.{payload}.{}", signature.to_uppercase()),
        format!("{header}\u{200b}.{payload}.{signature}"),
        json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
        json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] }).to_string(),
    ] {
        assert!(verify(&other).is_err(), "{other}");
    }
    assert_eq!(verify(&token), Ok(claims()));
}

#[test]
fn bits_that_belong_to_no_byte_are_zero() {
    // 64 bytes of signature leave four bits in the last character: one of its 16 spellings is the token.
    let token = good();
    let (rest, last) = token.split_at(token.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = alphabet.find(last).expect("base64url");
    for other in (index + 1)..(index + 16) {
        let token = format!("{rest}{}", &alphabet[other..=other]);
        assert!(matches!(verify(&token), Err(Invalid::Malformed(_))), "{other}");
    }

    // And in parts that the signature covers, where the issuer itself would have to be careless.
    let key = &ISSUERS.eddsa;
    let header = encode(header("EdDSA", key.kid()));
    for payload in ["e31", "e30=", "e 30", "e3", "e", ""] {
        let message = format!("{header}.{payload}");
        let token = format!("{message}.{}", encode(key.sign(message.as_bytes()).expect("signature")));
        assert!(matches!(verify(&token), Err(Invalid::Malformed(_))), "{payload}");
    }
}

#[test]
fn the_other_alphabet_is_refused() {
    let key = &ISSUERS.es256;
    let alphabetical = |token: &str| token.contains('-') || token.contains('_');
    let token = std::iter::repeat_with(|| jwt::sign(key, ACCESS_TOKEN, &claims()).expect("signed"))
        .find(|token| alphabetical(token.rsplit('.').next().unwrap_or_default()))
        .expect("some signature has one of the two");
    let other = token.replace('-', "+").replace('_', "/");
    assert!(verify(&token).is_ok());
    assert!(matches!(verify(&other), Err(Invalid::Malformed(_))));
}

#[test]
fn a_token_has_at_most_8192_bytes() {
    assert_eq!(verify(&of_length(MAX_TOKEN_BYTES)), Ok(claims()));

    let longer = of_length(MAX_TOKEN_BYTES + 1);
    assert_eq!(verify(&longer), Err(Invalid::TooLong));
    assert_eq!(verify(&"\u{e9}".repeat(4097)), Err(Invalid::TooLong), "bytes are counted, and nothing is decoded");
    assert_eq!(verify(&".".repeat(MAX_TOKEN_BYTES + 1)), Err(Invalid::TooLong));
    assert_eq!(verify(&".".repeat(MAX_TOKEN_BYTES)), Err(Invalid::Malformed("does not have three parts")));
    assert_eq!(jwt::verify_signature(&longer, &TRUSTED).map(drop), Err(Invalid::TooLong));
    let key = ISSUERS.eddsa.verifying_key();
    assert_eq!(jwt::verify_signature_by(&longer, key).map(drop), Err(Invalid::TooLong));
}

/// A good token that white space brings to this length. No base64 is one character longer than a multiple of four, so
/// the header takes some too.
fn of_length(length: usize) -> String {
    let key = &ISSUERS.eddsa;
    (0..3)
        .map(|spaces| {
            let header = format!("{}{}", header("EdDSA", key.kid()), " ".repeat(spaces));
            let room = length - encode(&header).len() - encode([0; 64]).len() - "..".len();
            let payload = payload();
            let filled = " ".repeat(room * 3 / 4 - payload.len());
            signed(key, &header, &format!("{payload}{filled}"))
        })
        .find(|token| token.len() == length)
        .expect("a token of that length")
}

// Damage.

#[test]
fn every_flipped_bit_is_noticed() {
    for key in [&ISSUERS.eddsa, &ISSUERS.es256] {
        let token = jwt::sign(key, ACCESS_TOKEN, &claims()).expect("signed");
        for bit in 0..token.len() * 8 {
            let mut bytes = token.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // The eighth bit makes it no text at all, which the type `str` already refuses.
            if let Ok(flipped) = String::from_utf8(bytes) {
                assert!(verify(&flipped).is_err(), "bit {bit} of {token}");
            }
        }
    }
}

#[test]
fn every_part_of_a_token_is_no_token() {
    for key in ISSUERS.all() {
        let token = jwt::sign(key, ACCESS_TOKEN, &claims()).expect("signed");
        for cut in 1..token.len() {
            assert!(verify(&token[..cut]).is_err(), "the first {cut}");
            assert!(verify(&token[cut..]).is_err(), "without the first {cut}");
        }
    }
}

#[test]
fn a_bad_signature_hides_what_is_inside() {
    let key = &ISSUERS.eddsa;
    for inside in [
        r#"{"iss":1}"#.to_owned(),
        "no JSON".to_owned(),
        serde_json::to_string(&Claims { exp: 1, iss: "other".to_owned(), ..claims() }).expect("JSON"),
    ] {
        let token = signed(&ATTACKERS.eddsa, &header("EdDSA", key.kid()), &inside);
        assert_eq!(verify(&token), Err(Invalid::Signature), "{inside}");
    }
    // Not even how it is encoded.
    let token = format!("{}.!!!.{}", encode(header("EdDSA", key.kid())), encode([0; 64]));
    assert_eq!(verify(&token), Err(Invalid::Signature));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_a_token(text in any::<String>(), parts in prop::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        prop_assert!(verify(&text).is_err());
        prop_assert!(verify(&parts.join(".")).is_err());
    }

    #[test]
    fn no_bytes_are_a_token(
        header in prop::collection::vec(any::<u8>(), 0..60),
        payload in prop::collection::vec(any::<u8>(), 0..60),
        signature in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let token = format!("{}.{}.{}", encode(&header), encode(&payload), encode(&signature));
        prop_assert!(verify(&token).is_err());

        // Behind a good header, so that the rest is reached too.
        let kid = ISSUERS.es256.kid();
        let token = format!("{}.{}.{}", encode(minting::header("ES256", kid)), encode(&payload), encode(&signature));
        prop_assert!(verify(&token).is_err());

        // And signed, so that the reader of claims is.
        let signed = signed_bytes(&ISSUERS.eddsa, minting::header("EdDSA", ISSUERS.eddsa.kid()).as_bytes(), "");
        prop_assert!(verify(&signed).is_err());
    }

    #[test]
    fn no_claims_but_ours_are_taken(name in "[a-z_]{1,8}", value in json_value()) {
        let mut claims = serde_json::to_value(claims()).expect("JSON");
        claims.as_object_mut().expect("an object").insert(name, value);
        // Any outcome but a panic; and whoever passes is for us.
        if let Ok(read) = verify(&signed_well(&claims.to_string())) {
            prop_assert_eq!((read.iss.as_str(), read.aud.as_str()), (minting::ISSUER, minting::AUDIENCE));
        }
    }

    #[test]
    fn strict_json_agrees_with_serde_json(value in json_value()) {
        let text = value.to_string();
        prop_assert_eq!(json::parse(text.as_bytes()).ok(), serde_json::from_str(&text).ok());
    }

    #[test]
    fn no_bytes_make_the_reader_of_json_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = json::parse(&bytes);
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

// Helpers.

fn verify(token: &str) -> Result<Claims, Invalid> {
    jwt::verify(token, &TRUSTED, &expected())
}

fn good() -> String {
    jwt::sign(&ISSUERS.eddsa, ACCESS_TOKEN, &claims()).expect("signed")
}

/// Signed by the issuer, whatever it says.
fn signed_well(payload: &str) -> String {
    let key = &ISSUERS.eddsa;
    signed(key, &header("EdDSA", key.kid()), payload)
}

fn signed_bytes(key: &SigningKey, header: &[u8], payload: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    format!("{message}.{}", encode(key.sign(message.as_bytes()).expect("signature")))
}
