//! `rolecall keys import`: keys from elsewhere, with the service stopped, and secrets, which come in no other way.

use std::fs;

use aws_lc_rs::{hmac, rsa::KeySize};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_core::{jwk::SigningKey, jwt};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    face::opened,
    util::{
        Actor,
        binary::{Said, Service, address, refuses, rolecall, run},
        handed::{self, elliptic},
        postgres,
        world::PASSWORD,
    },
};

/// A service that starts and stops on one database, with alice's account.
struct Place {
    folder: TempDir,
    url: String,
    listen: String,
}

impl Place {
    /// And alice, as she logged in before anything came in.
    async fn new(url: &str) -> (Place, Actor) {
        let place = Place { folder: TempDir::new().expect("a folder"), url: url.to_owned(), listen: address() };
        let service = place.start();
        service.nobody().register("alice", PASSWORD).await.expect(201);
        let alice = service.nobody().logged_in("alice", PASSWORD).await;
        service.stop();
        (place, alice)
    }

    fn start(&self) -> Service {
        Service::start(self.folder.path(), &["--listen", &self.listen, "--database-url", &self.url])
    }

    /// What a command says, with all logged that can be.
    fn keys(&self, arguments: &[&str], stdin: &str) -> Said {
        let arguments = [&["keys"], arguments, &["--database-url", &self.url]].concat();
        run(rolecall(self.folder.path(), &arguments).env("ROLECALL_LOG", "trace"), stdin)
    }

    /// The keys that it tells of.
    fn told(&self, arguments: &[&str], stdin: &str) -> Vec<Value> {
        let said = self.keys(&[arguments, &["--json"]].concat(), stdin);
        assert_eq!(said.code, Some(0), "{said:?}");
        let told: Value = serde_json::from_str(&said.stdout).expect("JSON");
        told["keys"].as_array().expect("keys").clone()
    }

    fn refused(&self, arguments: &[&str], stdin: &str, words: &[&str]) -> String {
        let arguments = [&["keys"], arguments, &["--database-url", &self.url]].concat();
        run(&mut rolecall(self.folder.path(), &arguments), stdin).refused(words)
    }

    /// No file has these bytes in it.
    fn has_nowhere(&self, bytes: &[u8]) {
        for entry in fs::read_dir(self.folder.path()).expect("a folder").flatten() {
            let content = fs::read(entry.path()).expect("a file");
            assert!(!content.windows(bytes.len()).any(|window| window == bytes), "{:?}", entry.file_name());
        }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.folder.path().join(name), content).expect("a file");
        name.to_owned()
    }
}

/// What this key is called, and at which stage it is.
fn stage(keys: &[Value], kid: &str) -> String {
    let key = keys.iter().find(|key| key["kid"] == kid).unwrap_or_else(|| panic!("no {kid} in {keys:?}"));
    format!("{} {}", key["algorithm"].as_str().expect("text"), key["state"].as_str().expect("text"))
}

async fn keys_come_in(url: &str) {
    let (place, alice) = Place::new(url).await;
    let (theirs, other) = (elliptic(), elliptic());
    let file = place.file("theirs.pem", &theirs.old_pem);
    let said = place.keys(&["import", &file, "--kid", "theirs"], "");
    assert!(said.code == Some(0) && said.stdout.starts_with("theirs  ES256  published, signs in 3"), "{said:?}");
    let d = theirs.jwk["d"].as_str().expect("text");
    let lines = theirs.old_pem.lines().filter(|line| line.len() == 64);
    assert!(lines.chain([d]).all(|line| !said.stderr.contains(line)), "{}", said.stderr);

    let public = handed::public_jwk(&other.key).to_string();
    let told = place.told(&["import", "-"], &format!("\n {public}\n"));
    assert_eq!((told.len(), stage(&told, other.key.kid())), (1, "ES256 verifying".into()));
    let (rsa, pem) = handed::rsa(KeySize::Rsa2048);
    assert_eq!(stage(&place.told(&["import", &place.file("rsa.pem", &pem)], ""), rsa.kid()), "RS256 verifying");
    let edwards = place.file("edwards.pem", handed::edwards());
    assert_eq!(
        stage(&place.told(&["import", &edwards, "--kid", "-ed", "--verify-only"], ""), "-ed"),
        "EdDSA verifying"
    );

    let before = place.told(&["list"], "");
    assert_eq!((before.len(), stage(&before, "theirs")), (5, "ES256 published".into()));
    for (arguments, stdin, words) in [
        (&["import", "nothing.pem"][..], "", &["`nothing.pem` cannot be read"][..]),
        (&["import", "."], "", &["`.` cannot be read"]),
        (&["import", "-"], "", &["neither a JWK nor a key in PEM", "openssl"]),
        (&["import", "-"], "{", &["no good JSON"]),
        (&["import", "-"], &" ".repeat(65 * 1024), &["longer than 65536 bytes"]),
        (&["import", "-"], &elliptic().pem.repeat(2), &["more than one key"]),
        (&["import", "-", "--kid", "a b"], &elliptic().pem, &["`kid`"]),
        (&["import", "-", "--kid", "x"], &theirs.jwk.to_string(), &["is here already"]),
        (&["import", "-", "--kid", "theirs"], &elliptic().pem, &["is here already"]),
        (&["import", "theirs.pem"], "", &["is here already"]),
    ] {
        place.refused(arguments, stdin, words);
    }
    let der = place.file("theirs.der", b"\x30\x77\x02\x01\x01\xff\xfe");
    place.refused(&["import", &der], "", &["neither a JWK nor a key in PEM", "openssl"]);
    assert_eq!(place.told(&["list"], ""), before);

    assert_eq!(stage(&place.told(&["revoke", "-ed"], ""), "-ed"), "EdDSA revoked");

    let service = place.start();
    let in_use = ["keys", "import", &file, "--database-url", url];
    refuses(&mut rolecall(place.folder.path(), &in_use)).refused(&["is in use by"]);
    alice.get("/me").await.expect(200);
    let claims = opened(alice.token()).1;
    for key in [&other.key, &rsa] {
        let token = jwt::sign(key, jwt::ACCESS_TOKEN, &claims).expect("a token");
        alice.with_token(&token).get("/me").await.expect(200);
    }
    let set = service.nobody().get("/.well-known/jwks.json").await.expect(200).json();
    assert_eq!(set["keys"].as_array().expect("keys").len(), 4, "{set}");
    let log = service.stop();
    assert!(!log.contains("HS256"), "{log}");
    place.has_nowhere(&URL_SAFE_NO_PAD.decode(d).expect("base64url"));
    place.has_nowhere(d.as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_in_on_sqlite() {
    keys_come_in("sqlite://rolecall.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_in_on_postgres() {
    keys_come_in(&postgres::database().await).await;
}

const SECRET: &[u8; 32] = b"a secret that the tutorial signs";

/// A token with any header, and an HMAC by any bytes.
fn hmac_signed(secret: &[u8], header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

async fn a_secret_signs(url: &str) {
    let (place, old) = Place::new(url).await;
    let first = opened(old.token()).0["kid"].as_str().expect("text").to_owned();
    for (secret, why) in [
        (handed::secret(&SECRET[..31], Some("shared")), "`k` is shorter than 32 bytes"),
        (json!({ "kty": "oct", "k": "a secret!", "kid": "shared" }), "`k` is not canonical base64url"),
        (json!({ "kty": "oct", "kid": "shared" }), "`k` is missing"),
        (json!({ "kty": "oct", "kid": "shared", "k": URL_SAFE_NO_PAD.encode(SECRET), "alg": "HS512" }), "`alg`"),
    ] {
        place.refused(&["import", "-"], &secret.to_string(), &[why]);
    }
    let said = place.keys(&["import", "-", "--json"], &handed::secret(SECRET, Some("shared")).to_string());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.contains("whoever has it can sign them"), "{}", said.stderr);
    for shown in ["a secret that", &*URL_SAFE_NO_PAD.encode(SECRET)] {
        assert!(!said.stderr.contains(shown) && !said.stdout.contains(shown), "{said:?}");
    }
    // The same again, whatever it is called; another one of its name.
    for again in
        [handed::secret(SECRET, Some("shared")), handed::secret(SECRET, None), handed::secret(&[7; 32], Some("shared"))]
    {
        place.refused(&["import", "-"], &again.to_string(), &["is here already"]);
    }
    let listed = place.keys(&["list"], "");
    assert!(listed.stdout.contains("shared  HS256  "), "{}", listed.stdout);

    let service = place.start();
    // If all this was within a second, it begins with the next one.
    let alice = loop {
        let alice = service.nobody().logged_in("alice", PASSWORD).await;
        if opened(alice.token()).0["kid"] != *first {
            break alice;
        }
    };
    let (header, claims) = opened(alice.token());
    assert_eq!((&header["alg"], &header["kid"]), (&json!("HS256"), &json!("shared")));
    for actor in [&alice, &old] {
        actor.get("/me").await.expect(200);
    }
    // Nobody reads it, and what others had stays until its tokens are dead.
    let set = service.nobody().get("/.well-known/jwks.json").await.expect(200).json();
    let keys = set["keys"].as_array().expect("keys");
    assert_eq!((keys.len(), &keys[0]["kid"]), (1, &json!(first)), "{set}");

    // Whoever has the secret can sign, which is what the warning says; nobody else can, and by no other name.
    alice.with_token(&hmac_signed(SECRET, &header, &claims)).get("/me").await.expect(200);
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let jwk = &keys[0];
    let point: Vec<u8> = ["x", "y"]
        .iter()
        .flat_map(|name| URL_SAFE_NO_PAD.decode(jwk[*name].as_str().expect("text")).expect("base64url"))
        .collect();
    let (own, under_first) = (elliptic(), with("kid", json!(first)));
    let mut renamed = own.jwk.clone();
    renamed["kid"] = "shared".into();
    let renamed = SigningKey::from_jwk(&renamed).expect("a key");
    let by_renamed = jwt::sign(&renamed, jwt::ACCESS_TOKEN, &claims).expect("a token");
    for (what, token) in [
        ("another secret", hmac_signed(&[7; 32], &header, &claims)),
        ("no secret", hmac_signed(b"", &header, &claims)),
        ("the name of the secret", hmac_signed(b"shared", &header, &claims)),
        ("the secret under another key's name", hmac_signed(SECRET, &under_first, &claims)),
        ("a public key as a secret", hmac_signed(jwk.to_string().as_bytes(), &under_first, &claims)),
        ("a point as a secret", hmac_signed(&point, &under_first, &claims)),
        ("another algorithm", hmac_signed(SECRET, &with("alg", json!("ES256")), &claims)),
        ("another hash", hmac_signed(SECRET, &with("alg", json!("HS512")), &claims)),
        ("no algorithm", hmac_signed(SECRET, &with("alg", json!("none")), &claims)),
        ("another spelling", hmac_signed(SECRET, &with("alg", json!("hs256")), &claims)),
        ("an elliptic key under the secret's name", by_renamed),
    ] {
        assert_eq!(alice.with_token(&token).get("/me").await.status, 401, "{what}");
    }
    let log = service.stop();
    assert!(log.contains("whoever has it can sign them") && !log.contains("a secret that"), "{log}");

    // And away from it again.
    let next = place.told(&["rotate"], "")[0]["kid"].as_str().expect("a kid").to_owned();
    let left = place.told(&["revoke", "shared"], "");
    assert_eq!((stage(&left, "shared"), stage(&left, &next)), ("HS256 revoked".into(), "ES256 signing".into()));
    place.refused(&["import", "-"], &handed::secret(&[7; 32], Some("shared")).to_string(), &["is here already"]);
    let service = place.start();
    alice.get("/me").await.expect(401);
    old.get("/me").await.expect(200);
    let alice = service.nobody().logged_in("alice", PASSWORD).await;
    assert_eq!(opened(alice.token()).0["kid"], next);
    let log = service.stop();
    assert!(!log.contains("HS256"), "{log}");
    place.has_nowhere(SECRET);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_signs_on_sqlite() {
    a_secret_signs("sqlite://rolecall.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_signs_on_postgres() {
    a_secret_signs(&postgres::database().await).await;
}

/// Who leaves HS256 lets the tokens end that are out, and signs by a key of its own at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_may_only_verify() {
    let (place, alice) = Place::new("sqlite://rolecall.db").await;
    let told = place.told(&["import", "-", "--verify-only"], &handed::secret(SECRET, None).to_string());
    let kid = told[0]["kid"].as_str().expect("a kid");
    assert_eq!(stage(&told, kid), "HS256 verifying");
    // Not one by which anybody could try secrets.
    let guess = SigningKey::from_secret("x", SECRET).expect("a key");
    assert_ne!(kid, guess.verifying_key().thumbprint());

    let service = place.start();
    let (header, claims) = opened(alice.token());
    assert_eq!(opened(service.nobody().logged_in("alice", PASSWORD).await.token()).0["kid"], header["kid"]);
    let token = hmac_signed(SECRET, &json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid }), &claims);
    alice.with_token(&token).get("/me").await.expect(200);
    assert!(service.stop().contains("whoever has it can sign them"));
}

async fn another_key_file_encrypts_them_too(url: &str) {
    let (place, alice) = Place::new(url).await;
    let (theirs, public, gone) = (elliptic(), elliptic(), elliptic());
    place.told(&["import", "-", "--kid", "2019/a|b"], &theirs.pem);
    place.told(&["import", "-"], &public.public_pem);
    place.told(&["import", "-", "--kid", "gone"], &gone.pem);
    place.told(&["revoke", "gone"], "");
    place.told(&["import", "-", "--verify-only"], &handed::secret(SECRET, Some("shared")).to_string());
    let before = place.told(&["list"], "");
    let said = place.keys(&["rotate-file"], "");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(place.told(&["list"], ""), before);
    // What was there is still known, whichever file encrypts it.
    for known in [&theirs.pem, &public.pem, &gone.pem, &handed::secret(SECRET, None).to_string()] {
        place.refused(&["import", "-"], known, &["is here already"]);
    }
    let service = place.start();
    let claims = opened(alice.token()).1;
    let mut jwk = theirs.jwk.clone();
    jwk["kid"] = "2019/a|b".into();
    let named = SigningKey::from_jwk(&jwk).expect("a key");
    let secret = SigningKey::from_secret("shared", SECRET).expect("a key");
    for (key, status) in [(&named, 200), (&public.key, 200), (&secret, 200), (&gone.key, 401)] {
        let token = jwt::sign(key, jwt::ACCESS_TOKEN, &claims).expect("a token");
        alice.with_token(&token).get("/me").await.expect(status);
    }
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_file_encrypts_them_too_on_sqlite() {
    another_key_file_encrypts_them_too("sqlite://rolecall.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_file_encrypts_them_too_on_postgres() {
    another_key_file_encrypts_them_too(&postgres::database().await).await;
}
