//! `examples/verify`, asked by whoever wants a forged signature to pass.

use serde_json::{Value, json};

use crate::minting::{self, ATTACKERS, ISSUERS, encode, header, hmac_signed, payload, signed};
use verdict::Verdict::{self, Invalid, Valid};

#[path = "../examples/verify/verdict.rs"]
pub(crate) mod verdict;

fn ask(jwk: &Value, jws: impl Into<Value>) -> Verdict {
    verdict::of(json!({ "jwk": jwk, "jws": jws.into() }).to_string().as_bytes())
}

/// The issuer's keys with a token of each: EC, RSA, Ed25519, and the shared secret.
fn pairs() -> Vec<(Value, String)> {
    let mut pairs: Vec<(Value, String)> = ISSUERS
        .all()
        .map(|key| {
            let jwk = key.verifying_key().to_jwk().expect("a public key");
            (jwk, signed(key, &header(key.algorithm().as_str(), key.kid()), &payload()))
        })
        .into();
    let token = hmac_signed(minting::SECRET, &header("HS256", minting::SECRET_KID), &payload());
    pairs.push((minting::secret_jwk(), token));
    pairs
}

fn set(keys: &[Value]) -> Value {
    json!({ "keys": keys })
}

fn with(jwk: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut jwk = jwk.clone();
    jwk[name] = value.into();
    jwk
}

fn without(jwk: &Value, name: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().expect("an object").remove(name);
    jwk
}

#[test]
fn a_key_and_its_token_are_valid() {
    let keys: Vec<Value> = pairs().into_iter().map(|(jwk, _)| jwk).collect();
    for (jwk, token) in pairs() {
        assert_eq!(ask(&jwk, token.as_str()), Valid, "{jwk}");
        assert_eq!(ask(&set(&keys), token.as_str()), Valid, "chosen by kid: {jwk}");
        assert_eq!(ask(&without(&jwk, "alg"), token.as_str()), Valid, "the kind of key says which algorithm: {jwk}");
        assert_eq!(ask(&with(&jwk, "key_ops", json!(["verify"])), token), Valid);
    }
    for key in ISSUERS.all() {
        let jwk = key.verifying_key().to_jwk().expect("a public key");
        for text in ["", "not JSON", "{}"] {
            let token = signed(key, &json!({ "alg": key.algorithm().as_str() }).to_string(), text);
            assert_eq!(ask(&jwk, token), Valid, "no `typ`, no `kid`, and any payload: {text:?}");
        }
    }
}

/// Rows 4 and 7 of the advisories: each key with each other's token, and under each other's name.
#[test]
fn a_key_has_one_algorithm() {
    for (jwk, token) in pairs() {
        for (other, others) in pairs().iter().filter(|(other, _)| other["kty"] != jwk["kty"]) {
            assert_eq!(ask(&jwk, others.as_str()), Invalid);
            let alg = other["alg"].as_str().expect("a name");
            assert_eq!(ask(&with(&jwk, "alg", alg), token.as_str()), Invalid, "a key that says {alg}");
            let forged = with(&without(&jwk, "alg"), "kid", other["kid"].clone());
            assert_eq!(ask(&forged, others.as_str()), Invalid);
        }
    }
    for key in ISSUERS.all() {
        let jwk = key.verifying_key().to_jwk().expect("a public key");
        for alg in ["none", "nOnE", "None", "HS256", "PS256", "RS384", "ES384", "es256", "rs256", "", "unknown"] {
            let token = signed(key, &json!({ "alg": alg }).to_string(), &payload());
            for jwk in [&jwk, &without(&jwk, "alg")] {
                assert_eq!(ask(jwk, token.as_str()), Invalid, "{alg}");
                let unsigned = format!("{}.", token.rsplit_once('.').expect("three parts").0);
                assert_eq!(ask(jwk, unsigned), Invalid, "{alg}, stripped");
            }
        }
    }
}

/// Row 4: what is public of a key as a secret, in every form that a key comes in.
#[test]
fn a_public_key_is_no_secret() {
    for key in ISSUERS.all() {
        let jwk = key.verifying_key().to_jwk().expect("a public key");
        let members = ["x", "y", "n", "e"].into_iter().filter_map(|name| jwk[name].as_str());
        for secret in members.map(str::to_owned).chain([jwk.to_string(), key.kid().to_owned(), String::new()]) {
            let token = hmac_signed(secret.as_bytes(), &header("HS256", key.kid()), &payload());
            assert_eq!(ask(&jwk, token.as_str()), Invalid);
            assert_eq!(ask(&without(&jwk, "alg"), token.as_str()), Invalid);
            assert_eq!(ask(&set(&[jwk.clone(), minting::secret_jwk()]), token), Invalid, "beside a secret");
        }
    }
}

/// Row 5 and what changes the meaning of a token: one bit, extensions, other forms than the compact one.
#[test]
fn a_token_is_as_it_was_signed() {
    for (jwk, token) in pairs() {
        let parts: Vec<&str> = token.split('.').collect();
        for part in 0..3 {
            let mut flipped: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            let first = if flipped[part].starts_with('A') { "B" } else { "A" };
            flipped[part].replace_range(..1, first);
            assert_eq!(ask(&jwk, flipped.join(".")), Invalid);
        }
        for spoiled in
            [format!("{token}="), format!(" {token}"), format!("{token}\n"), format!("{token}."), String::new()]
        {
            assert_eq!(ask(&jwk, spoiled), Invalid);
        }
        let general = json!({ "payload": parts[1], "signatures": [{ "protected": parts[0], "signature": parts[2] }] });
        let flat = json!({ "payload": parts[1], "protected": parts[0], "signature": parts[2] });
        for other in [general.clone(), flat.clone(), json!([token]), json!(null), json!(1)] {
            assert_eq!(ask(&jwk, other), Invalid, "not the compact form");
        }
        assert_eq!(ask(&jwk, general.to_string()), Invalid);
        assert_eq!(ask(&jwk, flat.to_string()), Invalid);
    }
    for key in ISSUERS.all() {
        let jwk = key.verifying_key().to_jwk().expect("a public key");
        for (name, value) in [
            ("crit", json!([])),
            ("crit", json!("x")),
            ("crit", json!(["exp"])),
            ("crit", json!(["b64"])),
            ("b64", json!(false)),
            ("b64", json!(true)),
            ("zip", json!("DEF")),
            ("kid", json!(1)),
            ("kid", json!(null)),
        ] {
            let header = json!({ "alg": key.algorithm().as_str(), name: value });
            assert_eq!(ask(&jwk, signed(key, &header.to_string(), &payload())), Invalid, "{header}");
        }
        let twice = format!(r#"{{"alg":"none","alg":"{}"}}"#, key.algorithm());
        assert_eq!(ask(&jwk, signed(key, &twice, &payload())), Invalid);
    }
}

#[test]
fn a_key_for_something_else_does_not_verify() {
    for (jwk, token) in pairs() {
        for other in [
            with(&jwk, "use", "enc"),
            with(&jwk, "use", json!(null)),
            with(&jwk, "key_ops", json!(["sign"])),
            with(&jwk, "key_ops", json!([])),
            with(&jwk, "kty", "AKP"),
            without(&jwk, "kty"),
            with(&jwk, "alg", "unknown"),
            json!({}),
        ] {
            assert_eq!(ask(&other, token.as_str()), Invalid, "{other}");
            assert_eq!(ask(&set(&[other]), token.as_str()), Invalid);
        }
        assert_eq!(ask(&json!([jwk]), token.as_str()), Invalid);
        assert_eq!(ask(&json!(jwk.to_string()), token), Invalid);
    }
    let short = json!({ "kty": "oct", "k": encode([7; 31]) });
    assert_eq!(ask(&short, hmac_signed(&[7; 31], r#"{"alg":"HS256"}"#, "x")), Invalid);
}

/// Row 6: what is unknown in a set takes nothing with it.
#[test]
fn a_set_is_chosen_from_by_kid() {
    let (jwk, token) = pairs().swap_remove(0);
    let unknown = json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "future" });
    let broken = with(&jwk, "crv", "P-999");
    let other = ATTACKERS.es256.verifying_key().to_jwk().expect("a public key");
    let good = [unknown.clone(), json!(null), json!(1), broken, with(&jwk, "use", "enc"), jwk.clone(), other.clone()];
    assert_eq!(ask(&set(&good), token.as_str()), Valid);
    let future = signed(&ISSUERS.es256, &header("ML-DSA-44", "future"), &payload());
    assert_eq!(ask(&set(&good), future), Invalid, "the one that needs it");

    assert_eq!(ask(&set(&[]), token.as_str()), Invalid);
    assert_eq!(ask(&json!({ "keys": jwk }), token.as_str()), Invalid);
    assert_eq!(ask(&set(std::slice::from_ref(&other)), token.as_str()), Invalid, "no key of this name");
    let renamed = with(&other, "kid", jwk["kid"].clone());
    assert_eq!(ask(&set(std::slice::from_ref(&renamed)), token.as_str()), Invalid, "another key of this name");
    for twice in [[jwk.clone(), renamed.clone()], [renamed, jwk.clone()]] {
        assert_eq!(ask(&set(&twice), token.as_str()), Invalid, "two keys of one name");
    }
    // Without a name nothing is chosen, even where there is no choice.
    let nameless = signed(&ISSUERS.es256, r#"{"alg":"ES256"}"#, &payload());
    assert_eq!(ask(&set(&[jwk.clone(), other]), nameless.as_str()), Invalid);
    assert_eq!(ask(&set(std::slice::from_ref(&jwk)), nameless.as_str()), Invalid);
    assert_eq!(ask(&jwk, nameless), Valid);
}

#[test]
fn a_pair_is_read_as_its_public_half() {
    for (jwk, token) in pairs().into_iter().filter(|(jwk, _)| jwk["kty"] != "oct") {
        let pair = with(&with(&jwk, "d", "AQAB"), "p", "AQAB");
        assert_eq!(ask(&pair, token.as_str()), Valid);
        assert_eq!(ask(&set(&[pair]), token), Valid);
    }
}

#[test]
fn every_line_has_its_word() {
    let (jwk, token) = pairs().swap_remove(0);
    let good = json!({ "jwk": jwk, "jws": token, "comment": "more" }).to_string();
    let twice = good.replacen('{', r#"{"jws":"x.y.z","#, 1);
    let long = format!(r#"{{"jws":"{}"}}"#, "x".repeat(2 * 1024 * 1024));
    let deep = "[".repeat(100_000);
    let mut input = Vec::new();
    for line in [good.as_str(), "", "{", "null", "[]", "{}", &twice, &long, &deep, "\u{feff}{}", &good, "\0", " "] {
        input.extend(line.bytes().chain(*b"\n"));
    }
    input.extend(b"\xff\xfe\n");
    input.extend(good.bytes().chain(*b"\r\n"));
    input.extend(good.bytes());

    let words: Vec<String> = verdict::lines(input.as_slice())
        .map(|line| verdict::of(&line.expect("bytes can be read")).to_string())
        .collect();
    let valid: Vec<usize> = (0..words.len()).filter(|at| words[*at] == "valid").collect();
    assert_eq!((words.len(), valid), (16, vec![0, 10, 14, 15]));
    assert!(words.iter().all(|word| word == "valid" || word == "invalid"));
}

#[test]
fn a_line_of_exactly_the_longest_is_read() {
    let longest = [b'x'; 1024 * 1024];
    for (extra, kept) in [(0, longest.len()), (1, 0)] {
        let mut input = longest.to_vec();
        input.extend(std::iter::repeat_n(b'x', extra));
        input.extend(b"\nnext");
        let lines: Vec<Vec<u8>> = verdict::lines(input.as_slice()).map(|line| line.expect("bytes")).collect();
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [kept, 4]);
    }
}
