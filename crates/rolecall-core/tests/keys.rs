//! Which keys are taken, which are not, and what they show of themselves; and the strict reader of JSON.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use rolecall_core::json;
use rolecall_core::jwk::{Algorithm, KeyError, KeySet, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::minting::{self, ISSUERS, TRUSTED, encode, secret_jwk};

fn ec() -> Value {
    ISSUERS.es256.verifying_key().to_jwk().expect("a public key")
}

fn rsa() -> Value {
    ISSUERS.rs256.verifying_key().to_jwk().expect("a public key")
}

fn okp() -> Value {
    ISSUERS.eddsa.verifying_key().to_jwk().expect("a public key")
}

/// The key, with some members set, or taken out by `null`.
pub(crate) fn with(mut jwk: Value, changes: &Value) -> Value {
    let members = jwk.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.clone(), value.clone())
        };
    }
    jwk
}

/// The member that is to blame.
fn blamed(jwk: &Value) -> &'static str {
    match VerifyingKey::from_jwk(jwk) {
        Err(KeyError::Member { name, .. }) => name,
        other => panic!("{jwk} gave {other:?}"),
    }
}

#[test]
fn a_key_is_published_whole_and_read_back() {
    for (jwk, kty, alg) in [(ec(), "EC", "ES256"), (rsa(), "RSA", "RS256"), (okp(), "OKP", "EdDSA")] {
        assert_eq!((&jwk["kty"], &jwk["alg"], &jwk["use"]), (&json!(kty), &json!(alg), &json!("sig")));
        let key = VerifyingKey::from_jwk(&jwk).expect("a key");
        assert_eq!(key.to_jwk(), Some(jwk.clone()));
        assert_eq!(jwk["kid"], key.thumbprint());
        // Whatever else is in it does not come out again.
        let noisy = with(jwk.clone(), &json!({ "x5c": ["MIIB"], "iat": 1, "key_ops": ["verify"] }));
        assert_eq!(VerifyingKey::from_jwk(&noisy).expect("a key").to_jwk(), Some(jwk));
    }
}

#[test]
fn the_kid_is_the_thumbprint_unless_it_is_given() {
    let bare = with(ec(), &json!({ "kid": null, "alg": null, "use": null }));
    let key = VerifyingKey::from_jwk(&bare).expect("a key");
    assert_eq!((key.kid(), key.algorithm()), (ISSUERS.es256.kid(), Algorithm::Es256));
    let named = VerifyingKey::from_jwk(&with(bare.clone(), &json!({ "kid": "2026-11" }))).expect("a key");
    assert_eq!((named.kid(), named.thumbprint()), ("2026-11", key.thumbprint()));
    for kid in [json!(""), json!(1), json!(["a"])] {
        assert_eq!(blamed(&with(bare.clone(), &json!({ "kid": kid }))), "kid");
    }
}

#[test]
fn a_key_has_one_algorithm() {
    for (jwk, own) in [(ec(), &["ES256"][..]), (rsa(), &["RS256"]), (okp(), &["EdDSA", "Ed25519"])] {
        let names = ["ES256", "RS256", "EdDSA", "Ed25519", "HS256", "PS256", "RS384", "RSA-OAEP", "none", "rs256", ""];
        for alg in names {
            let jwk = with(jwk.clone(), &json!({ "alg": alg }));
            if own.contains(&alg) {
                assert!(VerifyingKey::from_jwk(&jwk).is_ok(), "{jwk}");
            } else {
                assert_eq!(blamed(&jwk), "alg");
            }
        }
        assert_eq!(blamed(&with(jwk, &json!({ "alg": [own[0]] }))), "alg");
    }
    assert_eq!(blamed(&with(secret_jwk(), &json!({ "alg": "A256GCM" }))), "alg");
}

#[test]
fn a_key_for_something_else_is_refused() {
    for jwk in [ec(), rsa(), okp(), secret_jwk()] {
        for value in [json!("enc"), json!("SIG"), json!(["sig"]), json!(1)] {
            assert_eq!(blamed(&with(jwk.clone(), &json!({ "use": value }))), "use");
        }
        for value in [json!([]), json!(["sign"]), json!(["encrypt"]), json!("verify"), json!(["sign, verify"])] {
            assert_eq!(blamed(&with(jwk.clone(), &json!({ "key_ops": value }))), "key_ops");
        }
        for kty in ["ec", "AKP", "oct-hkdf", ""] {
            assert_eq!(blamed(&with(jwk.clone(), &json!({ "kty": kty }))), "kty");
        }
        assert_eq!(blamed(&with(jwk.clone(), &json!({ "kty": null }))), "kty");
    }
    for crv in ["P-384", "P-521", "secp256k1", "Ed25519", "p-256", ""] {
        assert_eq!(blamed(&with(ec(), &json!({ "crv": crv }))), "crv");
    }
    for crv in ["Ed448", "X25519", "P-256", "ed25519"] {
        assert_eq!(blamed(&with(okp(), &json!({ "crv": crv }))), "crv");
    }
    for other in [json!([]), json!(null), json!("key")] {
        assert_eq!(VerifyingKey::from_jwk(&other).err(), Some(KeyError::NotAnObject));
    }
}

#[test]
fn a_published_private_key_is_refused() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"] {
        for jwk in [ec(), rsa(), okp()] {
            assert_eq!(VerifyingKey::from_jwk(&with(jwk, &json!({ name: "AQ" }))).err(), Some(KeyError::Private));
        }
    }
}

#[test]
fn points_are_canonical_and_on_the_curve() {
    let coordinate = ec()["x"].as_str().expect("text").to_owned();
    for name in ["x", "y"] {
        for value in [
            encode([1; 31]),
            encode([1; 33]),
            encode([[0; 1].as_slice(), &[1; 32]].concat()),
            String::new(),
            format!("{coordinate}="),
            format!(" {coordinate}"),
            coordinate.replace('A', "+").replacen(&coordinate[..1], "/", 1),
        ] {
            assert_eq!(blamed(&with(ec(), &json!({ name: value }))), name, "{value}");
        }
        assert_eq!(blamed(&with(ec(), &json!({ name: null }))), name);
        assert_eq!(blamed(&with(ec(), &json!({ name: 1 }))), name);
    }
    let swapped = with(ec(), &json!({ "x": ec()["y"], "y": ec()["x"] }));
    for off in [
        swapped,
        with(ec(), &json!({ "y": encode([1; 32]) })),
        with(ec(), &json!({ "x": encode([0; 32]), "y": encode([0; 32]) })),
        with(ec(), &json!({ "x": encode([0xff; 32]) })),
    ] {
        assert_eq!(
            VerifyingKey::from_jwk(&off).err().map(|error| error.to_string()).as_deref(),
            Some("`x` and `y` are not a point on the curve")
        );
    }

    // 32 bytes leave two bits over in the last character.
    let x = okp()["x"].as_str().expect("text").to_owned();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(&x[42..]).expect("base64url");
    let stray = format!("{}{}", &x[..42], &alphabet[last + 1..last + 2]);
    assert_eq!(blamed(&with(okp(), &json!({ "x": stray }))), "x");
    for value in [encode([1; 31]), encode([1; 33]), encode([1; 44])] {
        assert_eq!(blamed(&with(okp(), &json!({ "x": value }))), "x");
    }
}

#[test]
fn an_ed25519_key_that_is_no_point_verifies_nothing() {
    // y = 2 is on no point of the curve.
    let mut y = [0; 32];
    y[0] = 2;
    let Ok(key) = VerifyingKey::from_jwk(&with(okp(), &json!({ "x": encode(y), "kid": null }))) else { return };
    assert!(!key.verify(b"message", &[0; 64]));
    assert!(!key.verify(b"message", &ISSUERS.eddsa.sign(b"message").expect("signature")));
}

#[test]
fn rsa_keys_are_neither_weak_nor_odd() {
    let number = |bytes: usize, first: u8, last: u8| {
        let mut number = vec![0xa5; bytes];
        (number[0], number[bytes - 1]) = (first, last);
        encode(number)
    };
    for n in [
        number(128, 0x80, 1),
        number(255, 0xff, 1),
        number(256, 0x7f, 1),
        number(1025, 1, 1),
        number(256, 0x80, 2),
        number(257, 0, 1),
        format!("{}==", number(256, 0x80, 1)),
        String::new(),
    ] {
        assert_eq!(blamed(&with(rsa(), &json!({ "n": n }))), "n");
    }
    assert!(VerifyingKey::from_jwk(&with(rsa(), &json!({ "n": number(256, 0x80, 1) }))).is_ok());

    for e in
        [&[][..], &[0], &[1], &[2], &[4], &[0, 1, 0, 1], &[1, 0, 0], &[2, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 1], &[1; 64]]
    {
        assert_eq!(blamed(&with(rsa(), &json!({ "e": encode(e) }))), "e", "{e:?}");
    }
    for e in [&[3][..], &[1, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]] {
        assert!(VerifyingKey::from_jwk(&with(rsa(), &json!({ "e": encode(e) }))).is_ok(), "{e:?}");
    }
}

/// 65537^128 is of the form, whichever primes it is looked at with, and has 2049 bits.
fn factorable() -> Vec<u8> {
    (0..128).fold(vec![1], |power, _| add(&times(&power, 1 << 16), &power))
}

// Arithmetic on little endian bytes.

fn times(number: &[u8], factor: u32) -> Vec<u8> {
    let mut carry = 0;
    let mut product: Vec<u8> =
        number.iter().map(|byte| digit(&mut carry, u64::from(*byte) * u64::from(factor))).collect();
    while carry > 0 {
        product.push(digit(&mut carry, 0));
    }
    product
}

fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let at = |number: &[u8], place: usize| u64::from(number.get(place).copied().unwrap_or(0));
    (0..=a.len().max(b.len())).map(|place| digit(&mut carry, at(a, place) + at(b, place))).collect()
}

fn digit(carry: &mut u64, sum: u64) -> u8 {
    let sum = sum + *carry;
    *carry = sum >> 8;
    sum.to_le_bytes()[0]
}

fn with_modulus(little_endian: &[u8]) -> Value {
    let number: Vec<u8> = little_endian.iter().rev().copied().skip_while(|byte| *byte == 0).collect();
    with(rsa(), &json!({ "n": encode(number) }))
}

#[test]
fn rsa_keys_that_anybody_can_factor_are_refused() {
    let weak = factorable();
    assert_eq!(
        VerifyingKey::from_jwk(&with_modulus(&weak)).err().map(|error| error.to_string()).as_deref(),
        Some("`n` is of a kind that can be factored (CVE-2017-15361)")
    );
    for near in 1..=1000 {
        assert!(VerifyingKey::from_jwk(&with_modulus(&add(&weak, &times(&[2], near)))).is_ok(), "{near} further");
    }
    // A power of 65537 modulo each prime, and not of one exponent: even modulo 5, odd modulo 3. A tool that looks at one
    // prime after the other takes it for weak, as it does one good key in 10^8.
    let primes = (5..=167_u32).filter(|n| (2..*n).all(|divisor| n % divisor != 0));
    let step = primes.fold(vec![2], |product, prime| times(&product, prime));
    assert!(VerifyingKey::from_jwk(&with_modulus(&add(&weak, &step))).is_ok());
}

#[test]
fn secrets_have_32_bytes_and_are_never_shown() {
    for k in [encode([7; 31]), String::new(), format!("{}=", encode([7; 32])), "+".repeat(43)] {
        assert_eq!(blamed(&with(secret_jwk(), &json!({ "k": k }))), "k");
    }
    let key = VerifyingKey::from_jwk(&secret_jwk()).expect("a secret");
    assert_eq!(key.to_jwk(), None);

    let private = minting::rsa_pkcs8(KeySize::Rsa2048);
    let shown = format!("{key:?} {:?} {:?}", *TRUSTED, SigningKey::from_pkcs8(Algorithm::Rs256, &private));
    for secret in [encode(minting::SECRET), "a secret that".to_owned(), encode(&private[40..60])] {
        assert!(!shown.contains(&secret), "{shown}");
    }
    assert!(shown.contains("SigningKey { kid: "), "{shown}");
    let published = TRUSTED.to_jwks();
    assert_eq!(published["keys"].as_array().map(Vec::len), Some(3));
    assert!(!published.to_string().contains(r#""kty":"oct""#), "{published}");
}

// Sets.

#[test]
fn what_a_set_has_of_unknown_keys_is_left_out() {
    let set = json!({ "keys": [
        { "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "future" },
        with(ec(), &json!({ "crv": "P-999" })),
        with(ec(), &json!({ "use": "enc" })),
        with(rsa(), &json!({ "alg": "PS256" })),
        with(rsa(), &json!({ "d": "AQ" })),
        with(okp(), &json!({ "x": "short" })),
        null, 1, "key", {},
        okp(),
    ], "more": 1 });
    let keys = KeySet::from_jwks(&set).expect("a set");
    assert_eq!(keys.iter().map(VerifyingKey::kid).collect::<Vec<_>>(), [ISSUERS.eddsa.kid()]);
    assert!(KeySet::from_jwks(&json!({ "keys": [] })).expect("a set").is_empty());
    assert_eq!(
        KeySet::from_jwks(&json!({ "keys": {} })).err(),
        Some(KeyError::Member { name: "keys", why: "is not an array" })
    );
    assert_eq!(KeySet::from_jwks(&json!([okp()])).err(), Some(KeyError::NotAnObject));
    assert!(KeySet::from_jwks(&okp()).is_err());
}

#[test]
fn one_kid_means_one_key() {
    let twice = json!({ "keys": [with(ec(), &json!({ "kid": "a" })), with(okp(), &json!({ "kid": "a" }))] });
    assert_eq!(KeySet::from_jwks(&twice).err(), Some(KeyError::Repeated));
    let key = ISSUERS.es256.verifying_key().clone();
    assert_eq!(KeySet::new(vec![key.clone(), key]).err(), Some(KeyError::Repeated));

    let keys = &*TRUSTED;
    for key in keys {
        assert_eq!(keys.find(key.kid()).map(VerifyingKey::thumbprint), Some(key.thumbprint()));
    }
    assert!(keys.find("").is_none());
}

// Private keys.

#[test]
fn private_keys_are_for_one_algorithm() {
    let random = SystemRandom::new();
    let p384 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random).expect("a key");
    let rsa = minting::rsa_pkcs8(KeySize::Rsa2048);
    let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
    for (algorithm, der) in [
        (Algorithm::Es256, p384.as_ref()),
        (Algorithm::Es256, &rsa),
        (Algorithm::Rs256, ed25519.as_ref()),
        (Algorithm::EdDsa, p384.as_ref()),
        (Algorithm::EdDsa, b""),
        (Algorithm::Rs256, &rsa[..rsa.len() - 1]),
    ] {
        assert_eq!(SigningKey::from_pkcs8(algorithm, der).err(), Some(KeyError::Pkcs8(algorithm)));
    }
    assert_eq!(SigningKey::from_pkcs8(Algorithm::Hs256, &[7; 32]).err(), Some(KeyError::Pkcs8(Algorithm::Hs256)));
}

#[test]
fn both_versions_of_pkcs8_are_read_for_ed25519() {
    let pair = Ed25519KeyPair::generate().expect("a key");
    let v1: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8 v1");
    let v2 = pair.to_pkcs8().expect("PKCS#8 v2");
    assert_ne!(v1.as_ref(), v2.as_ref());
    let [v1, v2] = [v1.as_ref(), v2.as_ref()].map(|der| SigningKey::from_pkcs8(Algorithm::EdDsa, der).expect("a key"));
    assert_eq!(v1.kid(), v2.kid());
    assert_eq!(v1.sign(b"message"), v2.sign(b"message"));
}

// JSON.

fn read(text: &str) -> Result<Value, String> {
    json::parse(text.as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn json_is_strict() {
    assert_eq!(read(" {\"a\":[1,-1,1.5,true,null,\"\u{fc}\"]} \n"), Ok(json!({ "a": [1, -1, 1.5, true, null, "ü"] })));
    assert_eq!(read("18446744073709551615"), Ok(json!(u64::MAX)));
    for text in [
        "",
        " ",
        "{}{}",
        "{} x",
        "[1,]",
        "{\"a\":1,}",
        "{'a':1}",
        "{a:1}",
        "01",
        "1.",
        "NaN",
        "1e400",
        "-1e400",
        "\u{feff}{}",
        "\"\\ud800\"",
        "\"\u{1}\"",
        "\"\\x\"",
        "[",
        "nul",
        "/**/1",
        "1 2",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    assert_eq!(json::parse(b"\"\xff\"").map_err(|error| error.to_string()), Err("text is not utf-8".to_owned()));
}

#[test]
fn json_has_each_member_once() {
    for (text, name) in [
        (r#"{"a":1,"a":1}"#, "a"),
        (r#"{"a":1,"b":2,"\u0061":3}"#, "a"),
        (r#"[{"b":{"a":1,"a":2}}]"#, "a"),
        (r#"{"":1,"":2}"#, ""),
    ] {
        let refusal = read(text).expect_err(text);
        assert!(refusal.contains(&format!("member `{name}` is repeated")), "{refusal}");
    }
    assert!(read(r#"{"a":{"a":1},"A":[{"a":1},{"a":2}]}"#).is_ok());
}

#[test]
fn json_nests_32_levels() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(&nested(json::MAX_DEPTH)).is_ok());
    assert!(read(&nested(json::MAX_DEPTH + 1)).expect_err("too deep").starts_with("nested deeper than 32"));
    assert!(read(&"[".repeat(1_000_000)).is_err());
    assert!(read(&"{\"a\":".repeat(1_000_000)).is_err());
}

#[test]
fn json_errors_show_names_in_ascii_and_no_values() {
    let name = format!("\\u202e\\u001b[31m{}", "x".repeat(100));
    let refusal = read(&format!(r#"{{"{name}":"SECRET","{name}":"SECRET"}}"#)).expect_err("repeated");
    assert!(refusal.is_ascii() && !refusal.contains('\u{1b}') && refusal.len() < 150, "{refusal}");
    for text in [r#"{"a":"SECRET"#, r#"{"a":"SECRET" "b"}"#, r#"["SECRET",]"#, r#"{"a":SECRET}"#] {
        assert!(!read(text).expect_err("no JSON").contains("SECRET"), "{text}");
    }
}

#[test]
fn json_reads_what_a_build_with_arbitrary_precision_hands_over() {
    let number = |digits: &str| read(&format!(r#"{{"a":{{"$serde_json::private::Number":"{digits}"}}}}"#));
    for digits in ["1", "-1", "18446744073709551615", "1.5", "-0"] {
        assert_eq!(number(digits), read(&format!(r#"{{"a":{digits}}}"#)), "{digits}");
    }
    for digits in ["1e400", "inf", "NaN", "x", ""] {
        assert!(number(digits).is_err(), "{digits}");
    }
    assert!(read(r#"{"$serde_json::private::Number":"1","b":2}"#).is_err());
    assert!(read(r#"{"$serde_json::private::Number":1}"#).is_err());
}
