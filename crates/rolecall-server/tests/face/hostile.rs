//! Tokens that the service did not sign, or not so.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_core::{Algorithm, jwk::SigningKey};
use serde_json::{Value, json};

use super::{encoded, opened, problem};
use crate::util::{Actor, Answer, World, on_both};

/// One route of each kind: any caller, a permission of the service's own, a role of the application's, optional.
pub const GUARDED: [&str; 4] = ["/me", "/admin/users", "/items/", "/hello"];

/// Not known, with a token.
#[track_caller]
pub fn bad_token(answer: &Answer) {
    problem(answer, 401, "invalid-token");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
}

/// Header and claims, signed by whatever this is.
fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn key() -> SigningKey {
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
    SigningKey::from_pkcs8(Algorithm::Es256, der.as_ref()).expect("a key")
}

/// An administrator who has every right that the routes ask for.
pub async fn strong(world: &World) -> Actor {
    let admin = world.administrator().await;
    for path in GUARDED {
        admin.get(path).await.expect(200);
    }
    admin
}

on_both! {
    async fn a_token_that_the_service_did_not_sign_is_none(world) {
        let admin = strong(world).await;
        let (header, claims) = opened(admin.token());
        let jwks = world.nobody().get("/.well-known/jwks.json").await.expect(200);
        let jwk = jwks.json()["keys"][0].clone();
        let other = key();
        let by_other = |message: &[u8]| other.sign(message).expect("a signature");
        let public = other.verifying_key().to_jwk().expect("a public key");
        let signature = admin.token().rsplit('.').next().expect("three parts").to_owned();
        let with = |name: &str, value: Value| {
            let mut header = header.clone();
            header[name] = value;
            header
        };
        let mut tokens = vec![
            ("another key under the key's id", signed(&header, &claims, by_other)),
            ("another key under its own id", signed(&with("kid", other.kid().into()), &claims, by_other)),
            ("no signature", signed(&header, &claims, |_| vec![])),
            ("a signature of zeros", signed(&header, &claims, |_| vec![0; 64])),
            ("the key in the header", signed(&with("jwk", public.clone()), &claims, by_other)),
            ("an address of keys", signed(&with("jku", "https://evil.test/jwks".into()), &claims, by_other)),
            ("an address of a certificate", signed(&with("x5u", "https://evil.test/x".into()), &claims, by_other)),
            ("a certificate", signed(&with("x5c", json!(["MII="])), &claims, by_other)),
            ("a path as an id", signed(&with("kid", "../../dev/null".into()), &claims, by_other)),
            ("SQL as an id", signed(&with("kid", "x' UNION SELECT '1".into()), &claims, by_other)),
            ("an id that is no text", signed(&with("kid", json!(1)), &claims, by_other)),
            ("no id", signed(&json!({ "alg": "ES256", "typ": "at+jwt" }), &claims, by_other)),
        ];
        for none in ["none", "None", "nOnE", "NONE", ""] {
            tokens.push(("no algorithm", signed(&with("alg", none.into()), &claims, |_| vec![])));
            let last = tokens.last().expect("one").1.clone();
            tokens.push(("no algorithm, another's signature", format!("{last}{signature}")));
        }
        // The public key as a secret, in whatever form somebody may have it.
        let x = jwk["x"].as_str().expect("x");
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("text")).expect("base64url");
        let point = [&[4][..], &bytes("x"), &bytes("y")].concat();
        for secret in [
            x.as_bytes(),
            &bytes("x"),
            &point,
            jwk.to_string().as_bytes(),
            &jwks.body,
            header["kid"].as_str().expect("a kid").as_bytes(),
        ] {
            for alg in ["HS256", "ES256", "hs256"] {
                let hmac =
                    |message: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec();
                tokens.push(("the public key as a secret", signed(&with("alg", alg.into()), &claims, hmac)));
            }
        }
        // What the service signed, under another header, or with other claims.
        let keep = |_: &[u8]| URL_SAFE_NO_PAD.decode(&signature).expect("base64url");
        for (name, value) in [
            ("alg", json!("es256")),
            ("alg", json!("RS256")),
            ("typ", json!("JWT")),
            ("crit", json!([])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("cty", json!("JWT")),
            ("typ", Value::Null),
        ] {
            tokens.push(("another header", signed(&with(name, value), &claims, keep)));
        }
        for (name, value) in [
            ("sub", json!("x")),
            ("roles", json!(["admin", "rolecall.admin"])),
            ("exp", json!(1_i64 << 40)),
            ("pv", json!(1_u64 << 50)),
        ] {
            let mut claims = claims.clone();
            claims[name] = value;
            tokens.push(("other claims", signed(&header, &claims, keep)));
        }
        for (what, token) in &tokens {
            for path in GUARDED {
                // Twice: what was refused once is not remembered as good.
                for _ in 0..2 {
                    let answer = admin.with_token(token).get(path).await;
                    assert_eq!(answer.status, 401, "{what} at {path}: {token}");
                    bad_token(&answer);
                }
            }
        }
    }

    async fn every_bit_of_a_token_counts(world) {
        let admin = strong(world).await;
        let token = admin.token().as_bytes();
        // Each byte, and of the signature each bit.
        let start = admin.token().rfind('.').expect("three parts") + 1;
        let flips = (0..token.len())
            .flat_map(|at| (0..6).filter(move |bit| at >= start || *bit == at % 6).map(move |bit| (at, bit)));
        for (at, bit) in flips {
            let mut other = token.to_vec();
            other[at] ^= 1 << bit;
            // What cannot stand in a header is not sent by anybody.
            let Ok(other) = String::from_utf8(other) else { continue };
            if other.bytes().any(|b| !(0x20..0x7f).contains(&b)) || other.trim() == admin.token() {
                continue;
            }
            let answer = admin.with_token(&other).get("/me").await;
            assert_eq!(answer.status, 401, "bit {bit} of byte {at}");
        }
        // Cut, prolonged, padded, spaced, and in the wrong number of parts.
        let token = admin.token();
        let (head, signature) = token.rsplit_once('.').expect("three parts");
        let others = [
            token[..token.len() - 1].to_owned(),
            format!("{token}A"),
            format!("{token}="),
            format!("{token}."),
            format!(".{token}"),
            format!("{head}. {signature}"),
            format!("{token} {token}"),
            format!("{token},{token}"),
            format!("\"{token}\""),
            head.to_owned(),
            format!("{head}."),
            format!("{head}.{signature}.{signature}"),
            "a.b.c".into(),
            "...".into(),
            ".".into(),
            "null".into(),
            encoded(token),
            token.to_uppercase(),
            // A JWS as JSON (RFC 7515, 7.2), and an encrypted one.
            format!(r#"{{"protected":"{head}","signature":"{signature}"}}"#),
            "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..iv.text.tag".into(),
        ];
        for other in others {
            bad_token(&admin.with_token(&other).get("/me").await);
        }
        admin.get("/me").await.expect(200);
    }

    async fn a_long_token_is_refused_before_it_is_read(world) {
        let admin = strong(world).await;
        for length in [8193, 12_000, 15_000] {
            let padded = format!("{}{}", admin.token(), "A".repeat(length - admin.token().len()));
            for path in GUARDED {
                let told = problem(&admin.with_token(&padded).get(path).await, 401, "invalid-token");
                assert!(
                    told["detail"].as_str().is_some_and(|detail| detail.contains("longer than 8192 bytes")),
                    "{told}"
                );
            }
        }
    }
}
