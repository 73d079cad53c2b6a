//! `/admin/clients`: clients are made, read, changed and deleted, by the names of RFC 7591.

use serde_json::{Value, json};

use super::client;
use crate::{
    admin::{NOBODY, everything, items, refused, version, version_now},
    util::{Rows, on_both},
};

/// A public key of each kind that verifies, from RFC 7515 A.3 and RFC 8037 A.2.
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"mine"}"#;

fn keys(keys: &[&str]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|key| serde_json::from_str(key).expect("JSON")).collect();
    json!({ "keys": keys })
}

on_both! {
    async fn a_client_is_made_with_a_secret_that_is_told_once(world) {
        let admin = world.administrator().await;
        let before = version_now(&admin).await;

        let answer = admin.post("/admin/clients", json!({ "client_name": "  Stock   sync " })).await.expect(201);

        let (mut made, place) = (answer.json(), answer.header("location").to_owned());
        assert_eq!(answer.header("cache-control"), "no-store");
        let id = made["client_id"].as_str().expect("an id").to_owned();
        assert_eq!(place, format!("/admin/clients/{id}"));
        let secret = made["client_secret"].as_str().expect("a secret").to_owned();
        assert!(secret.starts_with("rcs_") && secret.len() == 47, "256 bits behind a prefix");
        assert_eq!(made["client_secret_expires_at"], 0, "RFC 7591, 3.2.1");
        // A new client is no change of what a token may do.
        assert_eq!((&made["version"], &made["in_force"]), (&json!(before), &json!(true)));
        let mut shown = admin.get(&place).await.expect(200).json();
        let issued = shown["client_id_issued_at"].as_i64().expect("a NumericDate");
        assert!((world.now() - 60..=world.now()).contains(&issued));
        assert_eq!(shown, json!({
            "client_id": id, "client_name": "Stock sync", "token_endpoint_auth_method": "client_secret_basic",
            "grant_types": ["client_credentials"], "redirect_uris": [], "jwks": null, "first_party": false,
            "default_audience": null, "apis": [], "cors_origins": [], "disabled": false, "client_id_issued_at": issued,
            "secrets": [{ "id": made["client_secret_id"], "created_at": made["client_secret_created_at"] }],
        }));
        shown.as_object_mut().expect("an object").remove("secrets");
        assert_eq!(items(&admin, "/admin/clients").await, [shown.clone()]);
        for told in ["client_secret", "client_secret_id", "client_secret_created_at", "client_secret_expires_at", "version", "in_force"] {
            made.as_object_mut().expect("an object").remove(told);
        }
        assert_eq!(made, shown);

        let audit = items(&admin, &format!("/admin/audit?subject={id}")).await;
        let actions: Vec<&str> = audit.iter().filter_map(|line| line["action"].as_str()).collect();
        assert_eq!(actions, ["client.added", "client.secret_added"]);
        assert!(!json!(audit).to_string().contains(&secret));
        let mut rows = Rows::of(world).await;
        assert_eq!(rows.number("SELECT count(*) FROM client_secrets WHERE length(hash) = 32").await, 1, "a hash");
        rows.close().await;
    }

    async fn a_client_is_all_that_is_said_of_it(world) {
        let admin = world.administrator().await;
        admin.post("/admin/apis", json!({ "identifier": "https://items.test", "name": "items" })).await.expect(201);
        let said = json!({
            "client_name": "app", "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["refresh_token", "password", "client_credentials", "password"],
            "redirect_uris": ["https://app.test/back?x=1", "http://127.0.0.1:9/b", "http://[::1]/", "http://localhost:8080/x"],
            "jwks": keys(&[EC, ED]), "first_party": true, "default_audience": "https://items.test",
            "apis": ["https://items.test"], "cors_origins": ["https://app.test:8443", "http://localhost:3000"],
        });

        let made = admin.post("/admin/clients", said).await.expect(201).json();

        assert_eq!(made["client_secret"], Value::Null, "it has keys");
        let shown = admin.get(&format!("/admin/clients/{}", made["client_id"].as_str().expect("an id"))).await;
        let shown = shown.expect(200).json();
        assert_eq!(shown["grant_types"], json!(["client_credentials", "password", "refresh_token"]));
        assert_eq!(shown["redirect_uris"].as_array().map(Vec::len), Some(4));
        assert_eq!(shown["cors_origins"], json!(["http://localhost:3000", "https://app.test:8443"]));
        assert_eq!((&shown["apis"], &shown["default_audience"]), (&json!(["https://items.test"]), &json!("https://items.test")));
        assert_eq!((&shown["first_party"], &shown["secrets"]), (&json!(true), &json!([])));
        let kept = shown["jwks"]["keys"].as_array().expect("keys");
        assert_eq!(kept.iter().map(|key| key["alg"].as_str()).collect::<Vec<_>>(), [Some("ES256"), Some("EdDSA")]);
        assert_eq!(kept[1]["kid"], "mine");
    }

    async fn what_cannot_be_makes_no_client(world) {
        let admin = world.administrator().await;
        let before = everything(&admin).await;
        let small = json!({ "keys": [{ "kty": "RSA", "e": "AQAB", "n": "u".repeat(171) }] });
        let secret = json!({ "keys": [{ "kty": "oct", "k": "A".repeat(43) }] });
        let private: Value = serde_json::from_str(&EC.replace(r#""kty""#, r#""d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI","kty""#)).expect("JSON");
        let jwt = |jwks: Value| json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks });
        for wrong in [
            json!({ "client_name": "" }),
            json!({ "client_name": " " }),
            json!({ "client_name": "a\nb" }),
            json!({ "client_name": "a\u{202e}b" }),
            json!({ "client_name": "n".repeat(65) }),
            json!({ "client_name": null }),
            json!({ "client_name": 1 }),
            json!({ "client_id": "mine" }),
            json!({ "client_secret": "mine" }),
            json!({ "roles": ["admin"] }),
            json!({ "disabled": true }),
            json!({ "scope": "items:read" }),
            json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
            json!({ "token_endpoint_auth_method": "None" }),
            json!({ "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"] }),
            json!({ "grant_types": ["implicit"] }),
            json!({ "grant_types": ["authorization_code"] }),
            json!({ "grant_types": ["client_credentials "] }),
            json!({ "grant_types": "client_credentials" }),
            json!({ "grant_types": ["password"] }),
            json!({ "grant_types": ["password"], "first_party": "yes" }),
            json!({ "redirect_uris": ["http://app.test/back"] }),
            json!({ "redirect_uris": ["https://app.test/back#x"] }),
            json!({ "redirect_uris": ["https://user@app.test/"] }),
            json!({ "redirect_uris": ["https://*.test/"] }),
            json!({ "redirect_uris": ["https://App.test/"] }),
            json!({ "redirect_uris": ["https://app.test/a b"] }),
            json!({ "redirect_uris": ["https://app.test:0/"] }),
            json!({ "redirect_uris": ["https://app.test:99999/"] }),
            json!({ "redirect_uris": ["https:///back"] }),
            json!({ "redirect_uris": ["/back"] }),
            json!({ "redirect_uris": ["myapp:/back"] }),
            json!({ "redirect_uris": ["javascript:alert(1)"] }),
            json!({ "redirect_uris": ["http://127.0.0.1.test/"] }),
            json!({ "redirect_uris": [format!("https://app.test/{}", "x".repeat(512))] }),
            json!({ "redirect_uris": (0..21).map(|n| format!("https://app.test/{n}")).collect::<Vec<_>>() }),
            json!({ "cors_origins": ["*"] }),
            json!({ "cors_origins": ["null"] }),
            json!({ "cors_origins": ["https://app.test/"] }),
            json!({ "cors_origins": ["https://app.test/x"] }),
            json!({ "cors_origins": ["https://app.test:443"] }),
            json!({ "cors_origins": ["http://app.test:80"] }),
            json!({ "cors_origins": ["https://APP.test"] }),
            json!({ "cors_origins": ["https://*.test"] }),
            json!({ "cors_origins": ["app.test"] }),
            json!({ "cors_origins": ["file://"] }),
            json!({ "cors_origins": ["https://a@app.test"] }),
            json!({ "cors_origins": ["https://app.test:"] }),
            json!({ "cors_origins": ["https://app.test?x"] }),
            json!({ "cors_origins": ["https://app..test"] }),
            json!({ "cors_origins": ["https://.app.test"] }),
            json!({ "cors_origins": ["https://app.test."] }),
            json!({ "cors_origins": ["https://app-.test"] }),
            json!({ "cors_origins": ["https://-app.test"] }),
            json!({ "cors_origins": ["http://[0:0:0:0:0:0:0:1]"] }),
            json!({ "cors_origins": ["http://[::1"] }),
            json!({ "cors_origins": ["http://[1]"] }),
            json!({ "apis": ["https://nowhere.test"] }),
            json!({ "apis": ["a\0b"] }),
            json!({ "default_audience": "nowhere" }),
            json!({ "default_audience": "a\0b" }),
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            json!({ "jwks": keys(&[EC]) }),
            jwt(json!({ "keys": [] })),
            jwt(json!([])),
            jwt(json!("x")),
            jwt(json!({ "keys": [1] })),
            jwt(small),
            jwt(secret),
            jwt(json!({ "keys": [private] })),
            jwt(keys(&[EC, EC])),
            jwt(keys(&[EC; 9])),
            // One good key does not make up for one that is not.
            jwt(json!({ "keys": [keys(&[EC])["keys"][0], { "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA" }] })),
            json!({ "jwks_uri": "https://app.test/jwks.json" }),
        ] {
            let mut body = json!({ "client_name": "mallory" });
            body.as_object_mut().expect("an object").extend(wrong.as_object().expect("an object").clone());
            let told = refused(admin.post("/admin/clients", body).await, 400, "invalid");
            assert!(!told.to_string().contains("jpsQnnGQmL"), "a private key is not sent back");
        }
        refused(admin.post("/admin/clients", json!({})).await, 400, "invalid");
        assert_eq!(everything(&admin).await, before);
    }

    async fn what_a_patch_leaves_out_stays(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({ "cors_origins": ["https://app.test"] })).await;
        let before = version_now(&admin).await;
        let patched = async |body: Value| version(admin.patch(&mine.path(), body).await.expect(200));
        let shown = async |member: &str| admin.get(&mine.path()).await.expect(200).json()[member].clone();

        assert_eq!(patched(json!({})).await, before);
        assert_eq!(patched(json!({ "client_name": "other" })).await, before, "a name decides nothing");
        assert_eq!(shown("client_name").await, "other");
        assert_eq!(shown("cors_origins").await, json!(["https://app.test"]));
        let to_keys = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": keys(&[EC]) });
        patched(to_keys).await;
        assert_eq!(shown("secrets").await, json!([]), "a client has one way to prove who it is");
        let back = json!({ "token_endpoint_auth_method": "client_secret_post", "jwks": null, "cors_origins": [] });
        patched(back).await;
        assert_eq!((shown("jwks").await, shown("cors_origins").await), (json!(null), json!([])));
        assert_eq!(version_now(&admin).await, before + 1, "pages of its origin may call no more");
        // What it may no longer do takes something away.
        assert_eq!(patched(json!({ "grant_types": [] })).await, before + 2);

        let untouched = everything(&admin).await;
        for wrong in [
            json!({ "client_name": null }),
            json!({ "grant_types": null }),
            json!({ "grant_types": ["password"] }),
            json!({ "disabled": null }),
            json!({ "jwks": keys(&[EC]) }),
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            json!({ "client_id": NOBODY }),
            json!({ "secrets": [] }),
            json!({ "client_id_issued_at": 0 }),
            json!([]),
        ] {
            refused(admin.patch(&mine.path(), wrong).await, 400, "invalid");
        }
        assert_eq!(everything(&admin).await, untouched);
    }

    async fn an_unknown_client_is_not_found_on_any_route(world) {
        let admin = world.administrator().await;
        let (mine, other) = (client(&admin, json!({})).await, client(&admin, json!({})).await);
        let theirs = admin.get(&other.path()).await.expect(200).json()["secrets"][0]["id"].clone();
        let before = everything(&admin).await;

        // A user is no client either.
        for id in [NOBODY, admin.id(), "x", "rolecall", "%00", "..%2Fusers", "'%20OR%20''='"] {
            let path = format!("/admin/clients/{id}");
            refused(admin.get(&path).await, 404, "not-found");
            refused(admin.patch(&path, json!({ "disabled": true })).await, 404, "not-found");
            refused(admin.delete(&path).await, 404, "not-found");
            refused(admin.post(&format!("{path}/secrets"), json!({})).await, 404, "not-found");
            refused(admin.delete(&format!("{path}/secrets/{NOBODY}")).await, 404, "not-found");
            refused(admin.get(&format!("{path}/roles")).await, 404, "not-found");
            refused(admin.put(&format!("{path}/roles/user")).await, 404, "not-found");
            refused(admin.delete(&format!("{path}/roles/user")).await, 404, "not-found");
        }
        // Nor is a client a user, or another's secret its own.
        refused(admin.get(&format!("/admin/users/{}", mine.id)).await, 404, "not-found");
        refused(admin.put(&format!("/admin/users/{}/roles/user", mine.id)).await, 404, "not-found");
        for secret in [theirs.as_str().expect("an id"), NOBODY, "x", "%00"] {
            refused(admin.delete(&format!("{}/secrets/{secret}", mine.path())).await, 404, "not-found");
        }
        assert_eq!(everything(&admin).await, before);
    }
}
