//! Keys from elsewhere: what comes in, what it does then, and what is refused.

use aws_lc_rs::rsa::KeySize;
use rolecall_core::{jwk::SigningKey, jwt};
use serde_json::{Value, json};

use super::{AHEAD, again, key, kid, published, rotate, state};
use crate::{
    face::{encoded, opened},
    util::{
        Actor, Answer, Rows, World,
        handed::{self, elliptic},
        on_both,
    },
};

/// A name that an issuer may have for its key.
const ODD: &str = "2019-05/a+b=c&d?e#f%41:\"\\|ES256";

async fn import(admin: &Actor, body: Value) -> Answer {
    admin.post("/admin/keys", body).await
}

fn refused(answer: Answer, status: u16, kind: &str) -> String {
    let problem = answer.expect(status).json();
    assert_eq!(problem["type"], format!("urn:rolecall:problem:{kind}"), "{problem}");
    problem["detail"].as_str().expect("a sentence").to_owned()
}

/// A token with these claims, as an issuer elsewhere signs it.
fn signed(key: &SigningKey, claims: &Value) -> String {
    jwt::sign(key, jwt::ACCESS_TOKEN, claims).expect("a token")
}

async fn jwks(world: &World) -> Vec<Value> {
    let set = world.nobody().get("/.well-known/jwks.json").await.expect(200).json();
    set["keys"].as_array().expect("keys").clone()
}

on_both! {
    async fn a_private_key_signs_when_everybody_can_have_it(world) {
        let admin = world.administrator().await;
        let (first, theirs) = (kid(&admin), elliptic());
        let mut jwk = theirs.jwk;
        jwk["kid"] = ODD.into();
        let made = import(&admin, json!({ "jwk": jwk })).await.expect(201);
        let (place, made) = (made.header("location").to_owned(), made.json());
        assert_eq!((&made["kid"], &made["state"], &made["algorithm"]), (&json!(ODD), &json!("published"), &json!("ES256")));
        assert_eq!(made["signs_from"].as_i64(), made["published_at"].as_i64().map(|at| at + AHEAD as i64));
        assert!(made.get("d").is_none() && made["jwk"].is_null(), "{made}");
        assert_eq!(admin.get(&place).await.expect(200).json()["kid"], ODD);
        assert_eq!(key(&admin, &first).await["retires_at"], made["signs_from"]);
        let public = theirs.key.verifying_key().clone().with_kid(ODD).expect("a name").to_jwk().expect("a public key");
        assert!(jwks(world).await.contains(&public));
        let told = admin.get("/admin/audit?action=key.imported").await.expect(200).json();
        assert_eq!((&told["items"][0]["subject"], &told["items"][0]["actor_name"]), (&json!(ODD), &json!("admin")), "{told}");
        assert_eq!(told["items"][0]["detail"], json!({ "algorithm": "ES256", "signs_from": made["signs_from"] }));

        world.wait_for(AHEAD + 1).await;
        let new = again(world, "admin").await;
        assert_eq!(kid(&new), ODD);
        new.get("/admin/users").await.expect(200);
        assert_eq!((state(&new, &first).await, key(&new, &encoded(ODD)).await["state"].clone()), ("retired".into(), json!("signing")));
        new.delete(&format!("/admin/keys/{}", encoded(ODD))).await.expect(200);
        new.get("/admin/users").await.expect(401);
        assert!(!published(world).await.contains(&ODD.to_owned()));
    }

    async fn tokens_of_the_issuer_that_moves_in_count_at_once(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let theirs = elliptic();
        let (_, claims) = opened(alice.token());
        let token = signed(&theirs.key, &claims);
        let old = alice.with_token(&token);
        old.get("/users/").await.expect(401);
        import(&admin, json!({ "pem": theirs.pem })).await.expect(201);
        old.get("/users/").await.expect(200);
        old.get("/admin/users").await.expect(403);
        // By the same rules as ours.
        for (name, wrong) in [
            ("iss", json!("https://elsewhere.example")),
            ("aud", json!("https://elsewhere.example")),
            ("exp", json!(world.now())),
            ("exp", json!(world.now() + 10 * 365 * 24 * 3600)),
            ("sid", json!(null)),
            ("jti", json!(1)),
        ] {
            let mut claims = claims.clone();
            claims[name] = wrong;
            alice.with_token(&signed(&theirs.key, &claims)).get("/users/").await.expect(401);
        }
        let session = claims["sid"].as_str().expect("a session");
        alice.delete(&format!("/me/sessions/{session}")).await.expect(200);
        old.get("/users/").await.expect(401);
    }

    async fn what_was_revoked_does_not_come_back(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let theirs = elliptic();
        let made = import(&admin, json!({ "pem": theirs.public_pem, "kid": "theirs" })).await.expect(201).json();
        assert_eq!((&made["state"], &made["signs_from"]), (&json!("verifying"), &json!(null)));
        let named = handed_key(&theirs, "theirs");
        let old = alice.with_token(&signed(&named, &opened(alice.token()).1));
        old.get("/users/").await.expect(200);
        let told = admin.delete("/admin/keys/theirs").await.expect(200).json();
        assert_eq!(told["in_force"], true);
        old.get("/users/").await.expect(401);
        alice.get("/users/").await.expect(200);

        let before = admin.get("/admin/keys").await.expect(200).json();
        for body in [
            json!({ "pem": theirs.public_pem, "kid": "theirs" }),
            json!({ "pem": theirs.pem }),
            json!({ "pem": theirs.old_pem, "kid": "another-name" }),
            json!({ "jwk": theirs.jwk }),
            json!({ "pem": elliptic().pem, "kid": "theirs" }),
            // Nor is what is in use brought in again.
            json!({ "pem": elliptic().pem, "kid": kid(&admin) }),
            json!({ "jwk": jwks(world).await[0] }),
        ] {
            refused(import(&admin, body).await, 409, "key-known");
        }
        assert_eq!(admin.get("/admin/keys").await.expect(200).json(), before);
        old.get("/users/").await.expect(401);
    }

    async fn what_only_verifies(world) {
        let admin = world.administrator().await;
        let first = kid(&admin);
        let (rsa, rsa_pem) = handed::rsa(KeySize::Rsa2048);
        let (public, private) = (elliptic(), elliptic());
        for (body, expected) in [
            (json!({ "pem": rsa_pem }), &rsa),
            (json!({ "jwk": handed::public_jwk(&public.key) }), &public.key),
            (json!({ "jwk": private.jwk, "signs": false }), &private.key),
        ] {
            let made = import(&admin, body).await.expect(201).json();
            assert_eq!((&made["kid"], &made["state"]), (&json!(expected.kid()), &json!("verifying")));
            assert_eq!((&made["signs_from"], &made["retires_at"], &made["gone_at"]), (&json!(null), &json!(null), &json!(null)));
            let token = signed(expected, &opened(admin.token()).1);
            admin.with_token(&token).get("/admin/users").await.expect(200);
        }
        // Nothing is kept that could sign.
        let mut rows = Rows::of(world).await;
        let halves = rows.texts("SELECT half FROM signing_keys WHERE signs_from IS NULL").await;
        assert_eq!(halves, ["public"; 3]);
        rows.close().await;
        world.wait_for(AHEAD + 1).await;
        let admin = again(world, "admin").await;
        assert_eq!(kid(&admin), first);
        assert_eq!(published(world).await.len(), 4);
        // If what signs goes, another one is made: none of these steps in.
        admin.delete(&format!("/admin/keys/{first}")).await.expect(200);
        let admin = again(world, "admin").await;
        assert!(![&first, rsa.kid(), public.key.kid(), private.key.kid()].contains(&&*kid(&admin)));
        assert_eq!(state(&admin, rsa.kid()).await, "verifying");
    }

    async fn of_each_kind(world) {
        let admin = world.administrator().await;
        let (rsa, rsa_pem) = handed::rsa(KeySize::Rsa3072);
        for (body, algorithm) in [
            (json!({ "pem": handed::edwards() }), "EdDSA"),
            (json!({ "pem": elliptic().old_pem, "kid": "old" }), "ES256"),
            (json!({ "pem": rsa_pem, "kid": "rsa", "signs": true }), "RS256"),
        ] {
            let made = import(&admin, body).await.expect(201).json();
            assert_eq!((&made["algorithm"], &made["state"]), (&json!(algorithm), &json!("published")));
        }
        // The last one signs in the end, although all came within a moment.
        world.wait_for(AHEAD + 10).await;
        let admin = again(world, "admin").await;
        assert_eq!(kid(&admin), "rsa");
        admin.get("/admin/users").await.expect(200);
        let public = rsa.verifying_key().clone().with_kid("rsa").expect("a name").to_jwk();
        assert!(jwks(world).await.contains(&public.expect("a public key")));
    }

    async fn what_is_no_good_changes_nothing(world) {
        let admin = world.administrator().await;
        let before = (admin.get("/admin/keys").await.expect(200).json(), admin.get("/admin/audit").await.expect(200).json());
        let (theirs, other) = (elliptic(), elliptic());
        let altered = |name: &str, value: Value| {
            let mut jwk = theirs.jwk.clone();
            jwk[name] = value;
            jwk
        };
        let weak = json!({ "kty": "RSA", "e": "AQAB", "n": format!("{}E", "u".repeat(170)) });
        for (body, why) in [
            // The forms.
            (json!({ "algorithm": "ES256", "jwk": theirs.jwk }), "made"),
            (json!({ "pem": theirs.pem, "jwk": theirs.jwk }), "made"),
            (json!({ "kid": "x" }), "made"),
            (json!({ "algorithm": "ES256", "signs": true }), "made"),
            (json!({ "jwk": theirs.jwk, "key": 1 }), "unknown field"),
            (json!({ "jwk": theirs.jwk, "signs": "yes" }), "wrong type"),
            (json!({ "pem": 1 }), "wrong type"),
            // JWKs.
            (json!({ "jwk": "x" }), "JSON object"),
            (json!({ "jwk": {} }), "`kty` is missing"),
            (json!({ "jwk": { "keys": [theirs.jwk] } }), "set of keys"),
            (json!({ "jwk": altered("d", other.jwk["d"].clone()) }), "`d` does not belong"),
            (json!({ "jwk": altered("alg", json!("ES384")) }), "`alg`"),
            (json!({ "jwk": altered("use", json!("enc")) }), "`use`"),
            (json!({ "jwk": altered("key_ops", json!(["verify"])) }), "`key_ops`"),
            (json!({ "jwk": altered("crv", json!("P-384")) }), "`crv`"),
            (json!({ "jwk": altered("kid", json!("a")), "kid": "b" }), "of its own"),
            (json!({ "jwk": altered("kid", json!(1)) }), "`kid`"),
            (json!({ "jwk": weak }), "2048"),
            // PEM.
            (json!({ "pem": "x" }), "-----BEGIN"),
            (json!({ "pem": format!("{}{}", theirs.pem, other.pem) }), "more than one"),
            (json!({ "pem": handed::pem("ENCRYPTED PRIVATE KEY", b"x") }), "openssl pkey"),
            (json!({ "pem": handed::pem("CERTIFICATE", b"x") }), "openssl x509"),
            (json!({ "pem": handed::pem("PRIVATE KEY", b"x") }), "Ed25519"),
            // What was to come in and is not there, which is no order to make one.
            (json!({ "jwk": null }), "JWK"),
            (json!({ "pem": null }), "wrong type"),
            (json!({ "jwk": null, "kid": "x" }), "JWK"),
            (json!({ "algorithm": null }), "wrong type"),
            // What cannot sign.
            (json!({ "pem": theirs.public_pem, "signs": true }), "does not sign"),
            (json!({ "pem": handed::rsa(KeySize::Rsa2048).1, "signs": true }), "3072"),
            // Secrets.
            (json!({ "jwk": handed::secret(&[7; 32], Some("x")) }), "rolecall keys import"),
            (json!({ "jwk": handed::secret(&[7; 32], None), "signs": false }), "rolecall keys import"),
        ] {
            let said = refused(import(&admin, body).await, 400, "invalid");
            assert!(said.contains(why), "{said}, not {why}");
            let d = theirs.jwk["d"].as_str().expect("text");
            assert!(!said.contains(&d[..10]), "{said}");
        }
        for kid in ["", " ", "a b", ".", "..", "ü", "a\n", "\u{0}", &"k".repeat(129)] {
            let said = refused(import(&admin, json!({ "pem": theirs.pem, "kid": kid })).await, 400, "invalid");
            assert!(said.contains("`kid`"), "{said}");
        }
        let after = (admin.get("/admin/keys").await.expect(200).json(), admin.get("/admin/audit").await.expect(200).json());
        assert_eq!(after, before);
        let longest = "k".repeat(128);
        import(&admin, json!({ "pem": theirs.pem, "kid": longest })).await.expect(201);
        world.wait_for(AHEAD + 1).await;
        again(world, "admin").await.get("/admin/users").await.expect(200);
    }

    async fn who_brings_one_in_holds_everything(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        world.role(&admin, "key-keeper", &["rolecall.keys:write", "rolecall.keys:read"], &[]).await;
        world.give(&admin, &alice, "key-keeper").await;
        rotate(&alice).await;
        let bodies = || [json!({ "pem": elliptic().pem }), json!({ "pem": elliptic().public_pem }), json!({ "jwk": handed::secret(&[7; 32], Some("x")) })];
        for body in bodies() {
            refused(import(&alice, body).await, 403, "beyond-your-rights");
        }
        // Nor whoever does only for a while, or holds everything but what is ours.
        let until = json!({ "until": world.now() + 3600 });
        admin.put_json(&format!("/admin/users/{}/roles/rolecall.admin", alice.id()), until).await.expect(200);
        refused(import(&alice, bodies()[1].clone()).await, 403, "beyond-your-rights");
        let bob = world.user("bob").await;
        world.role(&admin, "all", &["*", "rolecall.keys:write"], &[]).await;
        world.give(&admin, &bob, "all").await;
        refused(import(&bob, bodies()[1].clone()).await, 403, "beyond-your-rights");
        // Nor with a token that is cut to less.
        let cut = world.nobody().log_in_for("admin", world.password(), Some("rolecall.keys:write")).await.expect(200).json();
        let cut = admin.with_token(cut["access_token"].as_str().expect("a token"));
        rotate(&cut).await;
        refused(import(&cut, bodies()[1].clone()).await, 403, "beyond-your-rights");
        assert_eq!(published(world).await.len(), 3);
        world.nobody().post("/admin/keys", bodies()[1].clone()).await.expect(401);

        world.give(&admin, &bob, "rolecall.admin").await;
        import(&bob, bodies()[1].clone()).await.expect(201);
    }
}

fn handed_key(theirs: &handed::Elliptic, kid: &str) -> SigningKey {
    let mut jwk = theirs.jwk.clone();
    jwk["kid"] = kid.into();
    SigningKey::from_jwk(&jwk).expect("a key")
}
