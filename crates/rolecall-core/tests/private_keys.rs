//! Private keys and secrets as others hand them over: as JWKs and in PEM.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, EcPrivateKeyRfc5915Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use rolecall_core::jwk::{Algorithm, AnyKey, KeyError, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::keys::with;
use crate::minting::{self, ISSUERS, encode, rsa_pkcs8, secret_jwk};

struct Pairs {
    ec: EcdsaKeyPair,
    rsa: RsaKeyPair,
    edwards: Ed25519KeyPair,
}

static PAIRS: LazyLock<Pairs> = LazyLock::new(|| Pairs {
    ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"),
    rsa: RsaKeyPair::from_pkcs8(&rsa_pkcs8(KeySize::Rsa2048)).expect("a key"),
    edwards: Ed25519KeyPair::generate().expect("a key"),
});

/// Each key in PKCS#8.
fn pkcs8() -> [(Algorithm, Vec<u8>); 3] {
    let rsa: aws_lc_rs::encoding::Pkcs8V1Der<'_> = PAIRS.rsa.as_der().expect("PKCS#8");
    [
        (Algorithm::Es256, PAIRS.ec.to_pkcs8v1().expect("PKCS#8").as_ref().to_vec()),
        (Algorithm::EdDsa, PAIRS.edwards.to_pkcs8v1().expect("PKCS#8").as_ref().to_vec()),
        (Algorithm::Rs256, rsa.as_ref().to_vec()),
    ]
}

/// Each key as a private JWK, without a `kid`.
static JWKS: LazyLock<[Value; 3]> = LazyLock::new(|| {
    let [ec, okp, rsa] = pkcs8().map(|(algorithm, der)| {
        let key = SigningKey::from_pkcs8(algorithm, &der).expect("a key");
        with(key.verifying_key().to_jwk().expect("a public key"), &json!({ "kid": null }))
    });
    let d: EcPrivateKeyBin<'_> = PAIRS.ec.private_key().as_be_bytes().expect("a number");
    let seed = PAIRS.edwards.seed().expect("a seed").as_be_bytes().expect("bytes");
    let n = rsa_numbers(&pkcs8()[2].1);
    let private = json!({ "d": n[3], "p": n[4], "q": n[5], "dp": n[6], "dq": n[7], "qi": n[8] });
    [
        with(ec, &json!({ "d": encode(d.as_ref()) })),
        with(okp, &json!({ "d": encode(seed.as_ref()) })),
        with(rsa, &private),
    ]
});

/// The version and the eight numbers of an RSA key (RFC 8017, A.1.2), in base64url.
fn rsa_numbers(pkcs8: &[u8]) -> Vec<String> {
    let (mut rest, mut numbers) = (element(pkcs1(pkcs8)).0, vec![]);
    while !rest.is_empty() {
        let (number, after) = element(rest);
        numbers.push(encode(number.strip_prefix(&[0]).unwrap_or(number)));
        rest = after;
    }
    numbers
}

fn pkcs1(pkcs8: &[u8]) -> &[u8] {
    let (info, _) = element(pkcs8);
    let (_, algorithm) = element(info);
    let (_, key) = element(algorithm);
    element(key).0
}

/// The content of a DER element, and what follows it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let long = usize::from(der[1].saturating_sub(0x80));
    let length = match long {
        0 => usize::from(der[1]),
        _ => der[2..2 + long].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
    };
    der[2 + long..].split_at(length)
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn signing(key: AnyKey) -> SigningKey {
    match key {
        AnyKey::Signing(key) => key,
        AnyKey::Verifying(key) => panic!("{key:?} is public"),
    }
}

fn verifying(key: AnyKey) -> VerifyingKey {
    match key {
        AnyKey::Verifying(key) => key,
        AnyKey::Signing(key) => panic!("{key:?} is private"),
    }
}

/// That both sign as one.
fn same(one: &SigningKey, other: &SigningKey) {
    assert_eq!(one.verifying_key().to_jwk(), other.verifying_key().to_jwk());
    let signature = one.sign(b"message").expect("signature");
    assert!(other.verifying_key().verify(b"message", &signature));
}

/// Why a private JWK is none.
fn refused(jwk: &Value) -> KeyError {
    let refusal = SigningKey::from_jwk(jwk).expect_err("it is wrong");
    assert_eq!(AnyKey::from_jwk(jwk).err(), Some(refusal.clone()));
    refusal
}

fn blamed(jwk: &Value) -> &'static str {
    match refused(jwk) {
        KeyError::Member { name, .. } => name,
        other => panic!("{other:?}"),
    }
}

// JWKs.

#[test]
fn a_private_jwk_is_the_same_key_as_its_pkcs_8() {
    for (jwk, (algorithm, der)) in JWKS.iter().zip(pkcs8()) {
        let (read, kept) = (signing(AnyKey::from_jwk(jwk).expect("a key")), SigningKey::from_pkcs8(algorithm, &der));
        let kept = kept.expect("a key");
        assert_eq!((read.algorithm(), read.kid()), (algorithm, kept.verifying_key().thumbprint()));
        same(&read, &kept);
        same(&kept, &read);
        // And what is written down is read again.
        let again = SigningKey::from_pkcs8(algorithm, &read.to_private_bytes().expect("PKCS#8")).expect("a key");
        same(&again, &read);
    }
}

#[test]
fn a_key_may_have_another_name() {
    for jwk in &*JWKS {
        let thumbprint = signing(AnyKey::from_jwk(jwk).expect("a key")).kid().to_owned();
        let named = signing(AnyKey::from_jwk(&with(jwk.clone(), &json!({ "kid": "2019/a b" }))).expect("a key"));
        assert_eq!((named.kid(), named.verifying_key().thumbprint()), ("2019/a b", &*thumbprint));
        assert_eq!(named.verifying_key().to_jwk().expect("public")["kid"], "2019/a b");
        let other = AnyKey::Signing(named).with_kid("other").expect("a name");
        assert_eq!(other.verifying_key().kid(), "other");
        assert_eq!(signing(other).kid(), "other");
        assert_eq!(blamed(&with(jwk.clone(), &json!({ "kid": "" }))), "kid");
        assert!(AnyKey::from_jwk(jwk).expect("a key").with_kid("").is_err());
    }
    let public = ISSUERS.eddsa.verifying_key().clone();
    let named = public.clone().with_kid("x").expect("a name");
    assert_eq!((named.kid(), named.thumbprint(), public.kid()), ("x", public.thumbprint(), public.thumbprint()));
}

#[test]
fn each_member_is_there_and_its_own() {
    for (jwk, private) in JWKS.iter().zip([&["d"][..], &["d"], &["d", "p", "q", "dp", "dq", "qi"]]) {
        for name in private {
            let missing = with(jwk.clone(), &json!({ *name: null }));
            // Where nothing private is left, it is a public key.
            match private.len() {
                1 => drop(verifying(AnyKey::from_jwk(&missing).expect("a public key"))),
                _ => assert_eq!(blamed(&missing), *name),
            }
            assert_eq!(SigningKey::from_jwk(&missing).err(), Some(KeyError::Member { name, why: "is missing" }));
            let text = jwk[*name].as_str().expect("text");
            let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
            let padded = encode([&[0], &*bytes].concat());
            for wrong in [
                json!(1),
                json!(""),
                json!([text]),
                json!(format!("{text}=")),
                json!(format!(" {text}")),
                json!(padded),
            ] {
                assert_eq!(blamed(&with(jwk.clone(), &json!({ *name: wrong }))), *name, "{wrong}");
            }
            // One bit of it.
            let mut altered = bytes.clone();
            *altered.last_mut().expect("bytes") ^= 2;
            assert_eq!(blamed(&with(jwk.clone(), &json!({ *name: encode(altered) }))), "d", "{name}");
            assert_eq!(blamed(&with(jwk.clone(), &json!({ *name: encode(&bytes[..bytes.len() - 1]) }))), "d", "{name}");
        }
    }
    let [ec, okp, rsa] = &*JWKS;
    // 0, and the order of the group, which is 0 again (FIPS 186-5; SEC 2, 2.4.2).
    let order = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
    for d in [encode([0; 32]), order.to_owned(), encode([0xff; 32])] {
        assert_eq!(blamed(&with(ec.clone(), &json!({ "d": d }))), "d");
    }
    // The halves of two keys.
    for (mine, other) in JWKS.iter().zip(others()) {
        let foreign = other.verifying_key().to_jwk().expect("a public key");
        let mut mixed = mine.clone();
        for name in ["x", "y", "n"].iter().filter(|name| mine.get(**name).is_some()) {
            mixed[*name] = foreign[*name].clone();
        }
        assert_eq!(blamed(&mixed), "d");
    }
    for (one, other) in [("p", "q"), ("dp", "dq"), ("d", "qi"), ("p", "n")] {
        let shuffled = with(rsa.clone(), &json!({ one: rsa[other], other: rsa[one] }));
        assert!(matches!(blamed(&shuffled), "d" | "n"), "{one} for {other}");
    }
    assert_eq!(blamed(&with(rsa.clone(), &json!({ "oth": [{ "r": "AQ", "d": "AQ", "t": "AQ" }] }))), "oth");
    assert_eq!(blamed(&with(okp.clone(), &json!({ "d": okp["x"] }))), "d");
}

/// Other keys of the same kinds.
fn others() -> [&'static SigningKey; 3] {
    [&ISSUERS.es256, &ISSUERS.eddsa, &ISSUERS.rs256]
}

#[test]
fn a_private_key_for_something_else_is_refused() {
    let secret = secret_jwk();
    for (jwk, own) in JWKS.iter().chain([&secret]).zip(["ES256", "EdDSA", "RS256", "HS256"]) {
        for alg in ["ES256", "EdDSA", "RS256", "HS256", "PS256", "ES384", "none", ""] {
            let named = with(jwk.clone(), &json!({ "alg": alg }));
            match alg == own {
                true => drop(SigningKey::from_jwk(&named).expect("a key")),
                false => assert_eq!(blamed(&named), "alg"),
            }
        }
        assert_eq!(blamed(&with(jwk.clone(), &json!({ "use": "enc" }))), "use");
        for ops in [json!(["verify"]), json!([]), json!("sign"), json!(["encrypt"]), json!(1)] {
            assert_eq!(blamed(&with(jwk.clone(), &json!({ "key_ops": ops }))), "key_ops");
        }
        let allowed = with(jwk.clone(), &json!({ "use": "sig", "key_ops": ["sign", "verify"] }));
        SigningKey::from_jwk(&allowed).expect("a key");
    }
    SigningKey::from_jwk(&with(JWKS[0].clone(), &json!({ "key_ops": ["sign"] }))).expect("a key");
    assert_eq!(blamed(&with(secret, &json!({ "key_ops": ["sign"] }))), "key_ops");
    for crv in ["P-384", "secp256k1", "Ed25519"] {
        assert_eq!(blamed(&with(JWKS[0].clone(), &json!({ "crv": crv }))), "crv");
    }
    for other in [json!([]), json!(null), json!("key")] {
        assert_eq!(SigningKey::from_jwk(&other).err(), Some(KeyError::NotAnObject));
        assert_eq!(AnyKey::from_jwk(&other).err(), Some(KeyError::NotAnObject));
    }
}

#[test]
fn a_secret_has_a_name_and_32_bytes() {
    let key = SigningKey::from_secret("shared", minting::SECRET).expect("a key");
    assert_eq!((key.kid(), key.algorithm()), ("shared", Algorithm::Hs256));
    assert_eq!(key.verifying_key().to_jwk(), None);
    assert_eq!(**key.to_private_bytes().expect("its bytes"), minting::SECRET[..]);
    let read = signing(AnyKey::from_jwk(&secret_jwk()).expect("a key"));
    let signature = read.sign(b"message").expect("signature");
    assert!(key.verifying_key().verify(b"message", &signature));
    assert_eq!(key.sign(b"message"), Ok(signature));
    // Without a name it would be known by its thumbprint, by which anybody can try secrets.
    assert_eq!(blamed(&with(secret_jwk(), &json!({ "kid": null }))), "kid");
    assert_eq!(
        SigningKey::from_secret("", minting::SECRET).err(),
        Some(refused(&with(secret_jwk(), &json!({ "kid": "" }))))
    );
    for length in [0, 1, 31] {
        let short = SigningKey::from_secret("shared", &vec![7; length]).err();
        assert!(matches!(short, Some(KeyError::Member { name: "k", .. })), "{length}");
    }
    SigningKey::from_secret("shared", &[7; 64]).expect("a key");
}

#[test]
fn rfc_7515_a_1_and_rfc_8037_a_are_signed_alike() {
    // Both are deterministic.
    let hs256 = json!({
        "kty": "oct", "kid": "a",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    });
    let okp = json!({
        "kty": "OKP", "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    for (jwk, message, signature) in [
        (
            hs256,
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl\
             LmNvbS9pc19yb290Ijp0cnVlfQ",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        (
            okp,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        ),
    ] {
        let key = SigningKey::from_jwk(&jwk).expect("a key");
        assert_eq!(encode(key.sign(message.as_bytes()).expect("signature")), signature);
    }
}

#[test]
fn nothing_private_is_shown() {
    let secret = secret_jwk();
    for jwk in JWKS.iter().chain([&secret]) {
        let mut shown = format!("{:?}", AnyKey::from_jwk(jwk));
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"].iter().filter(|name| jwk.get(**name).is_some()) {
            for wrong in [json!(format!("{}!", jwk[*name].as_str().expect("text"))), json!([jwk[*name]])] {
                shown.push_str(&format!("{:?}", AnyKey::from_jwk(&with(jwk.clone(), &json!({ *name: wrong })))));
            }
        }
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            let Some(private) = jwk[name].as_str() else { continue };
            assert!(!shown.contains(private) && !shown.contains(&private[1..20]), "{name}: {shown}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is written over a private member, no other key comes out of it.
    #[test]
    fn a_private_half_is_that_of_its_public_one(
        which in 0..3_usize,
        member in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let jwk = &JWKS[which];
        let names: Vec<_> =
            ["d", "p", "q", "dp", "dq", "qi"].into_iter().filter(|name| jwk.get(*name).is_some()).collect();
        let name = *member.get(&names);
        let mut bytes = URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("text")).expect("base64url");
        let place = at.index(bytes.len());
        bytes[place] ^= flip;
        let altered = with(jwk.clone(), &json!({ name: encode(bytes) }));
        prop_assert!(matches!(SigningKey::from_jwk(&altered), Err(KeyError::Member { .. })), "{} at {}", name, place);
    }
}

// PEM.

#[test]
fn pem_has_the_same_keys() {
    let sec1: EcPrivateKeyRfc5915Der<'_> = PAIRS.ec.private_key().as_der().expect("RFC 5915");
    let [ec, okp, rsa] = JWKS.clone().map(|jwk| signing(AnyKey::from_jwk(&jwk).expect("a key")));
    let [(_, ec_der), (_, okp_der), (_, rsa_der)] = pkcs8();
    let okp_v2 = PAIRS.edwards.to_pkcs8().expect("PKCS#8");
    for (key, label, der) in [
        (&ec, "PRIVATE KEY", &*ec_der),
        (&ec, "EC PRIVATE KEY", sec1.as_ref()),
        (&okp, "PRIVATE KEY", &okp_der),
        (&okp, "PRIVATE KEY", okp_v2.as_ref()),
        (&rsa, "PRIVATE KEY", &rsa_der),
        (&rsa, "RSA PRIVATE KEY", pkcs1(&rsa_der)),
    ] {
        let text = pem(label, der);
        for text in [
            text.clone(),
            text.replace('\n', "\r\n"),
            format!("Bag Attributes\n  friendlyName: a\n{text}\n\n"),
            format!("{}{text}", pem("EC PARAMETERS", &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7])),
        ] {
            let read = signing(AnyKey::from_pem(&text).expect(label));
            assert_eq!(read.kid(), key.verifying_key().thumbprint());
            same(&read, key);
        }
    }
    let (ec_spki, okp_spki, rsa_spki): (PublicKeyX509Der<'_>, PublicKeyX509Der<'_>, PublicKeyX509Der<'_>) = (
        PAIRS.ec.public_key().as_der().expect("SPKI"),
        PAIRS.edwards.public_key().as_der().expect("SPKI"),
        PAIRS.rsa.public_key().as_der().expect("SPKI"),
    );
    for (key, label, der) in [
        (&ec, "PUBLIC KEY", ec_spki.as_ref()),
        (&okp, "PUBLIC KEY", okp_spki.as_ref()),
        (&rsa, "PUBLIC KEY", rsa_spki.as_ref()),
        (&rsa, "RSA PUBLIC KEY", PAIRS.rsa.public_key().as_ref()),
    ] {
        let read = verifying(AnyKey::from_pem(&pem(label, der)).expect(label));
        assert_eq!(read.to_jwk(), key.verifying_key().to_jwk());
        // Not with anything behind it.
        let longer = AnyKey::from_pem(&pem(label, &[der, &[0]].concat()));
        assert!(matches!(longer, Err(KeyError::Pem(_))), "{longer:?}");
        for cut in [1, der.len() / 2, der.len() - 1] {
            assert!(AnyKey::from_pem(&pem(label, &der[..cut])).is_err());
        }
    }
    assert_eq!((rsa.verifying_key().modulus_bits(), ec.verifying_key().modulus_bits()), (Some(2048), None));
}

#[test]
fn the_halves_of_two_keys_are_none() {
    let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let mut ec = pkcs8()[0].1.clone();
    let point = ec.len() - 64;
    ec[point..].copy_from_slice(&other.public_key().as_ref()[1..]);
    let mut okp = PAIRS.edwards.to_pkcs8().expect("PKCS#8").as_ref().to_vec();
    let public = okp.len() - 32;
    okp[public..].copy_from_slice(Ed25519KeyPair::generate().expect("a key").public_key().as_ref());
    // The last byte of the last number, and one in the middle of the first.
    let [mut coefficient, mut modulus] = [pkcs8()[2].1.clone(), pkcs8()[2].1.clone()];
    *coefficient.last_mut().expect("bytes") ^= 1;
    modulus[100] ^= 1;
    for der in [ec, okp, coefficient, modulus] {
        assert!(AnyKey::from_pem(&pem("PRIVATE KEY", &der)).is_err());
        assert!(
            [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256]
                .iter()
                .all(|algorithm| SigningKey::from_pkcs8(*algorithm, &der).is_err())
        );
    }
}

/// The public key on P-256 with half of its point (SEC 1, 2.3.3).
fn compressed() -> Vec<u8> {
    let spki: PublicKeyX509Der<'_> = PAIRS.ec.public_key().as_der().expect("SPKI");
    let mut der = spki.as_ref()[..spki.as_ref().len() - 32].to_vec();
    // The outer length, that of the bits, and which of the two halves it would be.
    let bits = der.len() - 35;
    (der[1], der[bits], der[bits + 2]) = (der[1] - 32, 34, 3);
    der
}

/// A key that says it is for RSASSA-PSS (RFC 4055, 1.2) is for no RS256.
#[test]
fn an_rsa_key_is_for_what_it_says() {
    let spki: PublicKeyX509Der<'_> = PAIRS.rsa.public_key().as_der().expect("SPKI");
    let mut der = spki.as_ref().to_vec();
    let identifier = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let at = der.windows(9).position(|window| window == identifier).expect("rsaEncryption");
    assert!(AnyKey::from_pem(&pem("PUBLIC KEY", &der)).is_ok());
    for other in [0x0a, 0x0b] {
        der[at + 8] = other;
        assert!(AnyKey::from_pem(&pem("PUBLIC KEY", &der)).is_err());
    }
}

#[test]
fn pem_that_is_not_one_key_says_what_to_do() {
    let key = pem("PRIVATE KEY", &pkcs8()[0].1);
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a key");
    let p384_der: PublicKeyX509Der<'_> = p384.public_key().as_der().expect("SPKI");
    let old = key.replace("KEY-----\nM", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n\nM");
    for (text, why) in [
        (String::new(), "no block"),
        ("-----BEGIN ".to_owned(), "does not end"),
        (key.replace("-----END PRIVATE", "-----END PUBLIC"), "does not end"),
        (key[..key.len() / 2].to_owned(), "does not end"),
        (key.repeat(2), "more than one"),
        (format!("{key}{}", pem("CERTIFICATE", b"x")), "more than one"),
        (pem("EC PARAMETERS", b"x"), "no block"),
        (key.replacen("\nM", "\n!", 1), "not base64"),
        (key.replacen("\nM", "\nM=", 1), "not base64"),
        (pem("ENCRYPTED PRIVATE KEY", b"x"), "openssl pkey"),
        (old, "openssl pkey"),
        (pem("CERTIFICATE", b"x"), "openssl x509"),
        (pem("OPENSSH PRIVATE KEY", b"x"), "ssh-keygen"),
        (pem("PGP PRIVATE KEY BLOCK", b"x"), "something else"),
        (pem("", b"x"), "something else"),
        (pem("PRIVATE KEY", b""), "no key of Ed25519"),
        (pem("PRIVATE KEY", b"\x30\x03\x02\x01\x00"), "no key of Ed25519"),
        (pem("PRIVATE KEY", p384.to_pkcs8v1().expect("PKCS#8").as_ref()), "no key of Ed25519"),
        (pem("EC PRIVATE KEY", &pkcs8()[2].1), "no key of Ed25519"),
        (pem("RSA PRIVATE KEY", &pkcs8()[0].1), "no key of Ed25519"),
        (pem("PUBLIC KEY", &pkcs8()[0].1), "no key of Ed25519"),
        (pem("PUBLIC KEY", p384_der.as_ref()), "no key of Ed25519"),
        (pem("PUBLIC KEY", &compressed()), "uncompressed"),
        (pem("RSA PUBLIC KEY", b"\x30\x03\x02\x01\x03"), "no key of Ed25519"),
    ] {
        let refusal = AnyKey::from_pem(&text).expect_err(why).to_string();
        assert!(refusal.starts_with("PEM ") && refusal.contains(why), "{refusal}, not {why}");
    }
    let small = pem("RSA PUBLIC KEY", b"\x30\x06\x02\x01\x03\x02\x01\x03");
    assert!(matches!(AnyKey::from_pem(&small), Err(KeyError::Member { name: "n", .. })));
}
