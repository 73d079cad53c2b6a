//! `private_key_jwt` (RFC 7523): a client proves who it is by what it signed, for us, once.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use rolecall_core::{
    Algorithm,
    jwk::SigningKey,
    jwt::{self, ACCESS_TOKEN},
};
use serde_json::{Value, json};

use super::{Client, basic, client};
use crate::{
    admin::{refused, version},
    face::{encoded, oauth_error, opened},
    util::{Actor, Answer, World, on_both},
};

pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub fn key() -> SigningKey {
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
    SigningKey::from_pkcs8(Algorithm::Es256, der.as_ref()).expect("a key")
}

fn jwks(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.verifying_key().to_jwk().expect("public")).collect::<Vec<_>>() })
}

pub async fn signing_client(admin: &Actor, key: &SigningKey) -> Client {
    client(admin, json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks(&[key]) })).await
}

pub fn claims(world: &World, client: &Client, jti: &str) -> Value {
    let issuer = format!("http://{}", world.address());
    json!({ "iss": client.id, "sub": client.id, "aud": issuer, "exp": world.now() + 60, "iat": world.now(), "jti": jti })
}

pub fn signed(key: &SigningKey, claims: &Value) -> String {
    jwt::sign(key, "JWT", claims).expect("signed")
}

async fn asked(world: &World, assertion: &str, more: &str) -> Answer {
    let kind = encoded(TYPE);
    let form = format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}{more}");
    world.nobody().form("/token", &form).await
}

on_both! {
    async fn a_client_proves_it_by_what_it_signed(world) {
        let (admin, key) = (world.administrator().await, key());
        let mine = signing_client(&admin, &key).await;

        let told = asked(world, &signed(&key, &claims(world, &mine, "1")), "").await.expect(200).json();

        assert_eq!(opened(told["access_token"].as_str().expect("a token")).1["sub"], mine.id);
        let named = format!("&client_id={}", mine.id);
        asked(world, &signed(&key, &claims(world, &mine, "2")), &named).await.expect(200);
        // As some libraries write it (RFC 7519, 4.1.3).
        let mut listed = claims(world, &mine, "3");
        listed["aud"] = json!([listed["aud"]]);
        asked(world, &signed(&key, &listed), "").await.expect(200);
    }

    async fn it_is_used_once(world) {
        let (admin, key, other_key) = (world.administrator().await, key(), key());
        let (mine, other) = (signing_client(&admin, &key).await, signing_client(&admin, &other_key).await);
        let assertion = signed(&key, &claims(world, &mine, "once"));
        asked(world, &assertion, "").await.expect(200);

        oauth_error(&asked(world, &assertion, "").await, 401, "invalid_client");
        // Another one of the same name is the same.
        let mut again = claims(world, &mine, "once");
        again["exp"] = json!(world.now() + 100);
        oauth_error(&asked(world, &signed(&key, &again), "").await, 401, "invalid_client");
        // What another client calls so is another.
        asked(world, &signed(&other_key, &claims(world, &other, "once")), "").await.expect(200);

        // Of many at once, one.
        let assertion = signed(&key, &claims(world, &mine, "many"));
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (nobody, assertion) = (world.nobody(), assertion.clone());
            let form = format!(
                "grant_type=client_credentials&client_assertion_type={}&client_assertion={assertion}", encoded(TYPE),
            );
            asking.spawn(async move { nobody.form("/token", &form).await.status });
        }
        let answers = asking.join_all().await;
        assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|status| matches!(status, 200 | 401)), "{answers:?}");
        // It is remembered as long as it would be good, also past a restart.
        let mut rows = crate::util::Rows::of(world).await;
        assert_eq!(rows.number("SELECT count(*) FROM used_assertions").await, 3);
        assert!(rows.texts("SELECT jti FROM used_assertions").await.iter().all(|jti| jti.len() == 43), "hashes");
        rows.close().await;
    }

    async fn what_is_not_for_us_now_or_not_its_own_proves_nothing(world) {
        let (admin, key, foreign) = (world.administrator().await, key(), key());
        let (mine, other) = (signing_client(&admin, &key).await, signing_client(&admin, &foreign).await);
        let issuer = format!("http://{}", world.address());
        let mut number = 0;
        let mut with = |name: &str, value: Value| {
            number += 1;
            let mut claims = claims(world, &mine, &format!("n{number}"));
            claims[name] = value;
            claims
        };
        let mut wrong = vec![
            signed(&key, &with("aud", json!(format!("{issuer}/token")))),
            signed(&key, &with("aud", json!([issuer, "https://elsewhere.test"]))),
            signed(&key, &with("aud", json!("https://elsewhere.test"))),
            signed(&key, &with("iss", json!(other.id))),
            signed(&key, &with("exp", json!(world.now() - 1))),
            signed(&key, &with("exp", json!(world.now() + 7200))),
            signed(&key, &with("exp", json!("tomorrow"))),
            signed(&key, &with("nbf", json!(world.now() + 60))),
            signed(&key, &with("iat", json!(world.now() + 60))),
            signed(&key, &with("jti", json!(""))),
            signed(&foreign, &with("x", json!(1))),
            jwt::sign(&key, ACCESS_TOKEN, &with("x", json!(1))).expect("signed"),
            // Somebody else's, for him.
            signed(&key, &with("sub", json!(other.id))),
            signed(&key, &with("sub", json!("rolecall"))),
            signed(&key, &with("sub", json!(null))),
            admin.token().to_owned(),
            "a.b.c".into(),
            "x".into(),
        ];
        for missing in ["iss", "aud", "exp", "jti"] {
            let mut claims = with("x", json!(1));
            claims.as_object_mut().expect("an object").remove(missing);
            wrong.push(signed(&key, &claims));
        }
        for assertion in &wrong {
            oauth_error(&asked(world, assertion, "").await, 401, "invalid_client");
        }
        asked(world, &signed(&key, &with("x", json!(1))), "").await.expect(200);
    }

    async fn it_is_the_one_way_of_the_client_that_registered_it(world) {
        let (admin, key) = (world.administrator().await, key());
        let mine = signing_client(&admin, &key).await;
        let secret = client(&admin, json!({})).await;
        let fresh = |jti: &str| signed(&key, &claims(world, &mine, jti));

        oauth_error(&asked(world, &fresh("1"), "&client_secret=x").await, 400, "invalid_request");
        oauth_error(&asked(world, &fresh("2"), &format!("&client_id={}", secret.id)).await, 401, "invalid_client");
        let form = format!("grant_type=client_credentials&client_assertion={}", fresh("3"));
        oauth_error(&world.nobody().form("/token", &form).await, 400, "invalid_request");
        let kind = encoded(TYPE);
        let form = format!("grant_type=client_credentials&client_assertion_type={kind}");
        oauth_error(&world.nobody().form("/token", &form).await, 400, "invalid_request");
        let form = format!(
            "grant_type=client_credentials&client_assertion_type=urn:x&client_assertion={}", fresh("4"),
        );
        oauth_error(&world.nobody().form("/token", &form).await, 401, "invalid_client");
        let header = basic(&secret.id, &secret.secret);
        let headers = [super::FORM, ("authorization", header.as_str())];
        let both = format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={}", fresh("5"));
        oauth_error(&world.nobody().send("POST", "/token", &headers, both).await, 400, "invalid_request");
        // A client with a secret does not come by an assertion, nor one with keys by a secret.
        let theirs = signed(&key, &claims(world, &secret, "6"));
        oauth_error(&asked(world, &theirs, "").await, 401, "invalid_client");
        oauth_error(&Client { secret: "rcs_x".into(), ..mine.clone() }.token(world, "").await, 401, "invalid_client");
        oauth_error(&world.nobody().form("/token", &format!("grant_type=client_credentials&client_id={}", mine.id)).await, 401, "invalid_client");
        asked(world, &fresh("7"), "").await.expect(200);
    }

    async fn keys_are_replaced_one_after_the_other(world) {
        let (admin, old, new) = (world.administrator().await, key(), key());
        let mine = signing_client(&admin, &old).await;
        let fresh = |key: &SigningKey, jti: &str| signed(key, &claims(world, &mine, jti));

        admin.patch(&mine.path(), json!({ "jwks": jwks(&[&old, &new]) })).await.expect(200);
        asked(world, &fresh(&old, "1"), "").await.expect(200);
        asked(world, &fresh(&new, "2"), "").await.expect(200);
        version(admin.patch(&mine.path(), json!({ "jwks": jwks(&[&new]) })).await.expect(200));
        oauth_error(&asked(world, &fresh(&old, "3"), "").await, 401, "invalid_client");
        asked(world, &fresh(&new, "4"), "").await.expect(200);

        // Whoever sets the keys of a client could be it.
        admin.put(&mine.role("admin")).await.expect(200);
        let clerk = crate::admin::holder(world, &admin, "clerk", &["rolecall.clients:write"]).await;
        refused(clerk.patch(&mine.path(), json!({ "jwks": jwks(&[&old]) })).await, 403, "stronger-account");

        admin.patch(&mine.path(), json!({ "disabled": true })).await.expect(200);
        oauth_error(&asked(world, &fresh(&new, "5"), "").await, 401, "invalid_client");
    }
}
