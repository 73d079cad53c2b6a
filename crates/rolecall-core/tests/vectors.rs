//! The examples of the RFCs; and, where the folder `shared/vectors` lies beside the repository, the files of the IETF's
//! JOSE cookbook and of Wycheproof, through `examples/verify`. What they come to is written in `docs/conformance.md`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rolecall_core::json;
use rolecall_core::jwk::{Algorithm, KeySet, SigningKey, VerifyingKey};
use rolecall_core::jwt::{self, Invalid};
use serde_json::{Value, json};

use crate::verify::verdict;

/// RFC 7515, A.1.1: the payload of A.1 to A.3.
const PAYLOAD: &str = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
const PAYLOAD_PART: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn rfc_7515_a_1_hs256() {
    let jwk = json!({
        "kty": "oct",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    });
    verifies(&jwk, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

#[test]
fn rfc_7515_a_2_rs256() {
    let jwk = json!({
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SF\
              d2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo\
              7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkM\
              Ls91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "e": "AQAB",
    });
    verifies(
        &jwk,
        "eyJhbGciOiJSUzI1NiJ9",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU\
         Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d\
         O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig\
         cN_IoypGlUPQGe77Rw",
    );
}

#[test]
fn rfc_7515_a_3_es256() {
    let jwk = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    verifies(
        &jwk,
        "eyJhbGciOiJFUzI1NiJ9",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
}

#[test]
fn rfc_7515_a_5_unsecured_is_refused() {
    let key = VerifyingKey::from_jwk(&rfc_8037_public()).expect("a key");
    let token = format!("eyJhbGciOiJub25lIn0.{PAYLOAD_PART}.");
    assert_eq!(jwt::verify_signature_by(&token, &key), Err(Invalid::Malformed("has an empty part")));
}

#[test]
fn rfc_7638_3_1_thumbprint() {
    let jwk = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiF\
              V4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9\
              c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1\
              jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    });
    let key = VerifyingKey::from_jwk(&jwk).expect("a key");
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(key.kid(), "2011-04-29");
}

fn rfc_8037_public() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
}

#[test]
fn rfc_8037_a_ed25519() {
    let key = VerifyingKey::from_jwk(&rfc_8037_public()).expect("a key");
    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(key.kid(), key.thumbprint());

    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6d\
                 WbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(jwt::verify_signature_by(token, &key), Ok(b"Example of Ed25519 signing".to_vec()));

    // Ed25519 is deterministic, so signing can be compared too; the seed of A.1 in PKCS#8 (RFC 8410, 7).
    let seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    let seed = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, seed).expect("base64url");
    let mut pkcs8 = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    pkcs8.extend(seed);
    let private = SigningKey::from_pkcs8(Algorithm::EdDsa, &pkcs8).expect("a private key");
    assert_eq!(private.kid(), key.thumbprint());
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    assert_eq!(crate::minting::encode(private.sign(message.as_bytes()).expect("signature")), signature);
}

fn verifies(jwk: &Value, header: &str, signature: &str) {
    let key = VerifyingKey::from_jwk(jwk).expect("a key");
    let token = format!("{header}.{PAYLOAD_PART}.{signature}");
    assert_eq!(jwt::verify_signature_by(&token, &key), Ok(PAYLOAD.as_bytes().to_vec()));

    // No `kid`: not to be found in a set, whatever is in it.
    let keys = KeySet::new(vec![key]).expect("a set");
    let refusal = jwt::verify_signature(&token, &keys).map(|(payload, _)| payload);
    assert_eq!(refusal, Err(Invalid::Header { name: "kid", why: "is missing" }));
}

// Files of others.

const PAGE: &str = include_str!("../../../docs/conformance.md");

/// What Wycheproof calls invalid and is taken here, and the other way round. Each is on the page, with the reason.
const SIGNATURES_TAKEN: [u64; 2] = [367, 370];
const SIGNATURES_REFUSED: [u64; 2] = [372, 373];
const KEYS_TAKEN: [u64; 2] = [1, 4];

#[test]
fn wycheproof_signatures() {
    let Some(counts) = wycheproof("json_web_signature_test.json", &SIGNATURES_TAKEN, &SIGNATURES_REFUSED) else {
        return;
    };
    counts.are_on_the_page("Wycheproof, `json_web_signature_test.json`");
}

#[test]
fn wycheproof_keys() {
    let Some(counts) = wycheproof("json_web_key_test.json", &KEYS_TAKEN, &[]) else { return };
    counts.are_on_the_page("Wycheproof, `json_web_key_test.json`");
}

#[test]
fn the_page_gives_a_reason_for_each_exception() {
    let (_, table) = PAGE.split_once("| case |").expect("a table of exceptions");
    let cases = table.lines().skip(2).map_while(|row| row.strip_prefix("| ")?.split_once(" |")).map(|(case, _)| case);
    let signatures = SIGNATURES_TAKEN.iter().chain(&SIGNATURES_REFUSED).map(|id| format!("signature {id}"));
    let keys = KEYS_TAKEN.iter().map(|id| format!("key {id}"));
    assert_eq!(cases.collect::<Vec<_>>(), signatures.chain(keys).collect::<Vec<_>>());
}

fn wycheproof(file: &str, taken: &[u64], refused: &[u64]) -> Option<Counts> {
    let file = read(&format!("wycheproof/{file}"))?;
    let mut counts = Counts::default();
    for group in array(&file, "testGroups") {
        let jwk = if group["public"].is_object() { &group["public"] } else { &group["private"] };
        for test in array(group, "tests") {
            let id = test["tcId"].as_u64().expect("an id");
            let valid = taken.contains(&id) || test["result"] == "valid" && !refused.contains(&id);
            counts.ask(&format!("{id}: {}", test["comment"]), jwk, &test["jws"], valid);
        }
    }
    assert_eq!(Some(counts.all() as u64), file["numberOfTests"].as_u64(), "cases that nobody asked about");
    Some(counts)
}

#[test]
fn cookbook_signatures() {
    let mut counts = Counts::default();
    for folder in ["jws", "curve25519", "rfc7797"] {
        let Some(folder) = folder_of(&format!("cookbook/{folder}")) else { return };
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let example = json::parse(&fs::read(&path).expect("a file")).expect("JSON");
            for (form, jws) in example["output"].as_object().expect("outputs") {
                // Only the compact form, and of that neither detached content nor `b64: false` (RFC 7797).
                let whole = jws.as_str().is_some_and(|jws| jws.split('.').all(|part| !part.is_empty()));
                let valid = whole && example["signing"]["protected"]["b64"].is_null();
                let key = &example["input"]["key"];
                let jwk = if key.is_array() { &json!({ "keys": key }) } else { key };
                counts.ask(&format!("{}: {form}", path.display()), jwk, jws, valid);
            }
        }
    }
    counts.are_on_the_page("JOSE cookbook, signatures");
}

/// With the private keys of the cookbook, what can be signed in one way only is signed as it stands there.
#[test]
fn cookbook_signatures_are_made_again() {
    let mut made = Vec::new();
    for folder in ["jws", "curve25519"] {
        let Some(folder) = folder_of(&format!("cookbook/{folder}")) else { return };
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let example = json::parse(&fs::read(&path).expect("a file")).expect("JSON");
            let (key, compact) = (&example["input"]["key"], example["output"]["compact"].as_str().unwrap_or_default());
            let Ok(key) = SigningKey::from_jwk(key) else { continue };
            let (message, signature) = compact.rsplit_once('.').unwrap_or_default();
            if key.algorithm() != Algorithm::Es256 && supported(compact) && !message.ends_with('.') {
                let own = key.sign(message.as_bytes()).expect("a signature");
                assert_eq!(crate::minting::encode(own), signature, "{}", path.display());
                made.push(key.algorithm().as_str());
            }
        }
    }
    made.sort_unstable();
    assert_eq!(made, ["EdDSA", "HS256", "RS256"]);
}

#[test]
fn cookbook_keys() {
    let Some(folder) = folder_of("cookbook/jwk") else { return };
    let (mut taken, mut signing) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let jwk = json::parse(&fs::read(&path).expect("a file")).expect("JSON");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if VerifyingKey::from_jwk(&jwk).is_ok() {
            taken.push(name.clone());
        }
        if SigningKey::from_jwk(&jwk).is_ok() {
            signing.push(name);
        }
    }
    taken.sort();
    signing.sort();
    assert_eq!(taken, ["3_3.rsa_public_key.json", "3_5.symmetric_key_mac_computation.json"]);
    assert_eq!(signing, ["3_4.rsa_private_key.json", "3_5.symmetric_key_mac_computation.json"]);
}

#[derive(Default)]
struct Counts {
    verified: usize,
    refused: usize,
    unsupported: usize,
}

impl Counts {
    /// Asks as a line of `examples/verify` does. What is valid may be refused only for an algorithm that is not ours.
    fn ask(&mut self, case: &str, jwk: &Value, jws: &Value, valid: bool) {
        let line = json!({ "jwk": jwk, "jws": jws }).to_string();
        match verdict::of(line.as_bytes()) {
            verdict::Verdict::Valid => {
                assert!(valid, "{case}");
                self.verified += 1;
            }
            verdict::Verdict::Invalid if !valid => self.refused += 1,
            verdict::Verdict::Invalid => {
                assert!(!supported(jws.as_str().expect("a token")), "{case}");
                self.unsupported += 1;
            }
        }
    }

    fn all(&self) -> usize {
        self.verified + self.refused + self.unsupported
    }

    fn are_on_the_page(&self, name: &str) {
        let row = format!("| {name} | {self} |");
        assert!(PAGE.contains(&row), "docs/conformance.md does not say: {row}");
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {} | {} | {}", self.all(), self.verified, self.refused, self.unsupported)
    }
}

/// Whether the header's `alg` is one of ours.
fn supported(token: &str) -> bool {
    let header = token.split('.').next().expect("a first part");
    let header = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, header).unwrap_or_default();
    json::parse(&header).is_ok_and(|header| header["alg"].as_str().is_some_and(|alg| alg.parse::<Algorithm>().is_ok()))
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().expect("an array")
}

fn read(file: &str) -> Option<Value> {
    let path = folder_of(file)?;
    Some(json::parse(&fs::read(path).expect("a file")).expect("JSON"))
}

fn folder_of(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(path);
    if found.exists() {
        return Some(found);
    }
    note(&format!("{path}: not here, skipped"));
    None
}

#[expect(clippy::print_stdout, reason = "what was skipped is for whoever runs the tests with --nocapture")]
fn note(text: &str) {
    println!("{text}");
}
