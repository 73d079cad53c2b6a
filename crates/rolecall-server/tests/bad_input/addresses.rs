//! Row 31 of the security goals: what a caller says of our address is in no link, no place, no metadata and no token,
//! and what is to be for us is for the issuer.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use rolecall_core::{Algorithm, jwk::SigningKey, jwt};
use serde_json::json;

use super::{API_KEY, api_key, shop, text};
use crate::{
    clients::{FORM, basic, client},
    face::{encoded, oauth_error, opened},
    util::{Answer, World, on_both, world::PASSWORD},
};

const JSON: (&str, &str) = ("content-type", "application/json");

type Headers = &'static [(&'static str, &'static str)];

/// What the callers say.
const HOSTILE: [Headers; 5] = [
    &[("host", "evil.test")],
    &[("host", "evil.test:443"), ("x-forwarded-host", "evil.test"), ("x-forwarded-proto", "https")],
    &[("x-forwarded-proto", "https"), ("x-forwarded-port", "443"), ("x-forwarded-prefix", "/evil")],
    &[("forwarded", "for=10.0.0.1;host=evil.test;proto=https"), ("x-host", "evil.test")],
    &[("x-original-host", "evil.test"), ("x-forwarded-server", "evil.test"), ("origin", "https://evil.test")],
];

/// Nothing of it is anywhere in an answer.
#[track_caller]
fn clean(answer: Answer) -> Answer {
    let headers = answer.headers.values().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    for text in headers.chain([answer.text()]) {
        assert!(!text.contains("evil") && !text.contains("https://127"), "{text}");
    }
    answer
}

async fn send(world: &World, method: &str, path: &str, headers: &[&[(&str, &str)]], body: &str) -> Answer {
    clean(world.nobody().send(method, path, &headers.concat(), body.to_owned()).await)
}

on_both! {
    async fn documents_and_places_are_what_they_are(world) {
        let admin = world.administrator().await;
        let bearer = format!("Bearer {}", admin.token());
        let (authorized, issuer) = (("authorization", bearer.as_str()), format!("http://{}", world.address()));
        for (number, hostile) in HOSTILE.into_iter().enumerate() {
            for path in [
                "/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/.well-known/authzen-configuration", "/openapi.json",
            ] {
                let plain = world.nobody().get(path).await.expect(200);
                assert_eq!(clean(send(world, "GET", path, &[hostile], "").await.expect(200)).body, plain.body, "{path}");
            }
            for (list, member, said) in [
                ("/admin/users", "id", json!({ "username": format!("bob-{number}") })),
                ("/admin/roles", "name", json!({ "name": format!("role-{number}"), "permissions": [] })),
                ("/admin/clients", "client_id", json!({ "client_name": "shop" })),
                ("/admin/apis", "id", json!({ "identifier": format!("urn:items:{number}"), "name": "items" })),
                ("/admin/keys", "kid", json!({})),
            ] {
                let answer = send(world, "POST", list, &[hostile, &[JSON, authorized]], &said.to_string()).await.expect(201);
                let place = percent_encoding::percent_decode_str(answer.header("location")).decode_utf8_lossy();
                assert_eq!(place, format!("{list}/{}", text(&answer.json(), member)));
            }
            let told = send(world, "GET", "/no-such-path", &[hostile], "").await.expect(404).json();
            assert_eq!(told["status"], 404);
        }
        assert_eq!(opened(world.administrator().await.token()).1["iss"], issuer);
    }

    async fn tokens_are_by_the_issuer_and_for_it(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let (shop, key) = (shop(world, &admin).await, api_key(&alice).await);
        let (basic, issuer) = (basic(&shop.id, &shop.secret), format!("http://{}", world.address()));
        let proved = [FORM, ("authorization", basic.as_str())];
        let password = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));
        for hostile in HOSTILE {
            let first = send(world, "POST", "/token", &[hostile, &proved], &password).await.expect(200).json();
            let refreshing = format!("grant_type=refresh_token&refresh_token={}", text(&first, "refresh_token"));
            for form in [
                password.clone(),
                refreshing,
                "grant_type=client_credentials".into(),
                format!("grant_type={}&api_key={key}", encoded(API_KEY)),
            ] {
                let told = send(world, "POST", "/token", &[hostile, &proved], &form).await.expect(200).json();
                let token = text(&told, "access_token");
                let claims = opened(&token).1;
                assert_eq!((&claims["iss"], &claims["aud"]), (&json!(issuer), &json!(issuer)));

                let shown = format!("token={token}");
                let told = send(world, "POST", "/introspect", &[hostile, &proved], &shown).await.expect(200).json();
                assert_eq!((&told["active"], &told["iss"], &told["aud"]), (&json!(true), &json!(issuer), &json!(issuer)));
                // A token is judged as if nothing had been said, too.
                let bearer = format!("Bearer {token}");
                send(world, "GET", "/me", &[hostile, &[("authorization", &bearer)]], "").await.expect(200);
                send(world, "POST", "/revoke", &[hostile, &proved], &shown).await.expect(200);
                send(world, "GET", "/me", &[hostile, &[("authorization", &bearer)]], "").await.expect(401);
            }
            // Nobody is who he says that we are.
            for other in ["http://evil.test", "https://evil.test", "https://evil.test/"] {
                let form = format!("{password}&resource={}", encoded(other));
                oauth_error(&send(world, "POST", "/token", &[hostile, &proved], &form).await, 400, "invalid_target");
            }
        }
    }

    async fn an_assertion_is_for_the_issuer(world) {
        let admin = world.administrator().await;
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
        let key = SigningKey::from_pkcs8(Algorithm::Es256, der.as_ref()).expect("a key");
        let jwks = json!({ "keys": [key.verifying_key().to_jwk().expect("public")] });
        let mine = client(&admin, json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks })).await;
        let kind = encoded("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        let issuer = format!("http://{}", world.address());
        for (number, hostile) in HOSTILE.into_iter().enumerate() {
            for (audience, good) in [(issuer.as_str(), true), ("http://evil.test", false), ("https://evil.test", false)] {
                let claims = json!({
                    "iss": mine.id, "sub": mine.id, "aud": audience, "exp": world.now() + 60, "iat": world.now(),
                    "jti": format!("{number} {audience}"),
                });
                let assertion = jwt::sign(&key, "JWT", &claims).expect("signed");
                let form = format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}");
                let answer = send(world, "POST", "/token", &[hostile, &[FORM]], &form).await;
                match good {
                    true => drop(answer.expect(200)),
                    false => oauth_error(&answer, 401, "invalid_client"),
                }
            }
        }
    }

    async fn forward_auth_asks_about_tokens_for_the_issuer(world) {
        let (alice, issuer) = (world.user("alice").await, encoded(&format!("http://{}", world.address())));
        let bearer = format!("Bearer {}", alice.token());
        // Not those that have a meaning here: what was forwarded is judged, and refused where it is ambiguous.
        for hostile in [HOSTILE[0], &[("x-host", "evil.test"), ("x-forwarded-server", "evil.test")], &[("origin", "https://evil.test")]] {
            let ask = async |query: &str| send(world, "GET", &format!("/forward-auth{query}"), &[hostile, &[("authorization", &bearer)]], "").await;
            for query in ["", "?role=user", &format!("?audience={issuer}")] {
                ask(query).await.expect(204);
            }
            for other in ["http://evil.test", "evil.test"] {
                let path = format!("/forward-auth?audience={}", encoded(other));
                let answer = world.nobody().send("GET", &path, &[hostile, &[("authorization", &bearer)]].concat(), "").await;
                answer.expect(401);
            }
        }
    }
}
