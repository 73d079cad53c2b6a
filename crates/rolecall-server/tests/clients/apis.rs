//! `/admin/apis` and `resource` (RFC 8707): a token is for exactly one API, and ends with it.

use rolecall_core::{KeySet, jwt};
use serde_json::{Value, json};

use super::{Client, client};
use crate::{
    admin::{NOBODY, everything, items, refused, version, version_now},
    face::{encoded, oauth_error, opened},
    util::{Actor, World, on_both, world::PASSWORD},
};

const ITEMS: &str = "https://items.test";

async fn api(admin: &Actor, identifier: &str) -> String {
    let made = admin.post("/admin/apis", json!({ "identifier": identifier, "name": "an API" })).await.expect(201);
    made.header("location").to_owned()
}

fn password(more: &str) -> String {
    format!("grant_type=password&username=alice&password={}{more}", encoded(PASSWORD))
}

fn token_in(told: &Value) -> &str {
    told["access_token"].as_str().expect("a token")
}

async fn audience(world: &World, client: &Client, more: &str) -> Value {
    let told = client.token(world, more).await.expect(200).json();
    opened(token_in(&told)).1["aud"].clone()
}

on_both! {
    async fn an_api_is_made_read_and_renamed(world) {
        let admin = world.administrator().await;
        let before = version_now(&admin).await;

        let answer = admin.post("/admin/apis", json!({ "identifier": ITEMS, "name": "Items" })).await.expect(201);

        let (made, place) = (answer.json(), answer.header("location").to_owned());
        let created = made["created_at"].as_i64().expect("a NumericDate");
        let shown = json!({
            "id": made["id"], "identifier": ITEMS, "name": "Items", "disabled": false, "created_at": created,
        });
        assert_eq!(admin.get(&place).await.expect(200).json(), shown);
        assert_eq!(items(&admin, "/admin/apis").await, [shown]);
        assert_eq!((&made["version"], &made["in_force"]), (&json!(before), &json!(true)));
        assert_eq!(version(admin.patch(&place, json!({ "name": "Other" })).await.expect(200)), before);
        assert_eq!(admin.get(&place).await.expect(200).json()["name"], "Other");
        for name in ["items-api", "urn:example:items", "https://items.test/", "https://items.test/v1?x=1", "Items"] {
            api(&admin, name).await;
        }
    }

    async fn what_cannot_be_makes_no_api(world) {
        let admin = world.administrator().await;
        let place = api(&admin, ITEMS).await;
        let before = everything(&admin).await;
        let issuer = format!("http://{}", world.address());

        for wrong in [
            "", " ", "a b", "a\nb", "a\0b", "häuser", "https://items.test/#x", "urn:", ":x", "1:x", "HTTPS://x.test", "a/b",
            "*", "items,notes", "<items>", &"x".repeat(513),
        ] {
            refused(admin.post("/admin/apis", json!({ "identifier": wrong, "name": "x" })).await, 400, "invalid");
        }
        for taken in [ITEMS, &issuer] {
            refused(admin.post("/admin/apis", json!({ "identifier": taken, "name": "x" })).await, 409, "taken");
        }
        for wrong in [
            json!({ "identifier": "x" }),
            json!({ "name": "x" }),
            json!({ "identifier": "x", "name": "" }),
            json!({ "identifier": "x", "name": "a\nb" }),
            json!({ "identifier": "x", "name": "x", "id": NOBODY }),
            json!({ "identifier": ["x"], "name": "x" }),
        ] {
            refused(admin.post("/admin/apis", wrong).await, 400, "invalid");
        }
        for wrong in [json!({ "identifier": "y" }), json!({ "disabled": null }), json!({ "name": null }), json!([])] {
            refused(admin.patch(&place, wrong).await, 400, "invalid");
        }
        for id in [NOBODY, admin.id(), "x", "%00", ITEMS] {
            let path = format!("/admin/apis/{}", encoded(id));
            refused(admin.get(&path).await, 404, "not-found");
            refused(admin.patch(&path, json!({})).await, 404, "not-found");
            refused(admin.delete(&path).await, 404, "not-found");
        }
        assert_eq!(everything(&admin).await, before);
    }

    async fn a_token_is_for_the_api_that_was_asked_for(world) {
        let admin = world.administrator().await;
        let issuer = format!("http://{}", world.address());
        let (mine, other) = (api(&admin, ITEMS).await, "urn:notes");
        api(&admin, other).await;
        let by_default = client(&admin, json!({ "default_audience": ITEMS })).await;
        let without = client(&admin, json!({})).await;
        let resource = |api: &str| format!("&resource={}", encoded(api));

        assert_eq!(audience(world, &without, "").await, issuer);
        assert_eq!(audience(world, &without, &resource(ITEMS)).await, ITEMS);
        assert_eq!(audience(world, &by_default, "").await, ITEMS);
        assert_eq!(audience(world, &by_default, &resource(other)).await, other);
        assert_eq!(audience(world, &by_default, &resource(&issuer)).await, issuer);
        for wrong in [
            resource("https://nowhere.test"),
            resource("https://items.test/"),
            resource("HTTPS://items.test"),
            resource("a\0b"),
            resource(&"x".repeat(5000)),
            format!("{0}{0}", resource(ITEMS)),
            format!("{}{}", resource(ITEMS), resource(other)),
        ] {
            oauth_error(&without.token(world, &wrong).await, 400, "invalid_target");
        }
        admin.patch(&mine, json!({ "disabled": true })).await.expect(200);
        oauth_error(&without.token(world, &resource(ITEMS)).await, 400, "invalid_target");
        // It does not fall back on a token that could do more.
        oauth_error(&by_default.token(world, "").await, 400, "invalid_target");
        admin.delete(&mine).await.expect(200);
        oauth_error(&by_default.token(world, "").await, 400, "invalid_target");
        assert_eq!(audience(world, &by_default, &resource(other)).await, other);
        // And the client can still be changed.
        admin.patch(&by_default.path(), json!({ "disabled": true })).await.expect(200);
        admin.patch(&by_default.path(), json!({ "disabled": false, "default_audience": null })).await.expect(200);
        assert_eq!(audience(world, &by_default, "").await, issuer);
    }

    async fn a_token_for_another_api_is_none_here(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        api(&admin, ITEMS).await;
        let boss = client(&admin, json!({ "default_audience": ITEMS })).await;
        admin.put(&boss.role("rolecall.admin")).await.expect(200);
        let told = world.nobody().form("/token", &password("&resource=https://items.test")).await.expect(200).json();
        let alice = world.nobody().with_token(token_in(&told));
        let jwks = world.nobody().get("/.well-known/jwks.json").await.expect(200).json();
        let issuer = format!("http://{}", world.address());
        let expected = jwt::Expected { issuer: &issuer, audience: ITEMS, now: world.now(), max_lifetime: 900 };
        let keys = KeySet::from_jwks(&jwks).expect("keys");
        jwt::verify(alice.token(), &keys, &expected).expect("good where it is for");

        for caller in [boss.acting(world).await, alice] {
            for path in ["/me", "/admin/users", "/admin/clients", "/users/", "/hello"] {
                let answer = caller.get(path).await;
                assert!(answer.header("www-authenticate").contains("invalid_token"), "{path}");
                refused(answer, 401, "invalid-token");
            }
            refused(caller.post("/admin/users", json!({ "username": "bob" })).await, 401, "invalid-token");
        }
    }

    async fn with_an_api_its_sessions_end(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let sessions = async |sql: &str| {
            let mut rows = crate::util::Rows::of(world).await;
            let count = rows.number(&format!("SELECT count(*) FROM sessions WHERE {sql}")).await;
            rows.close().await;
            count
        };
        for how in ["disabled", "deleted"] {
            let place = api(&admin, ITEMS).await;
            let mine = client(&admin, json!({ "apis": [ITEMS] })).await;
            mine.token(world, "&resource=https://items.test").await.expect(200);
            world.nobody().form("/token", &password("&resource=https://items.test")).await.expect(200);
            let bystander = mine.acting(world).await;
            assert_eq!(sessions(&format!("audience = '{ITEMS}'")).await, 2);
            let before = version_now(&admin).await;

            let answer = match how {
                "disabled" => admin.patch(&place, json!({ "disabled": true })).await,
                _ => admin.delete(&place).await,
            };

            assert_eq!(version(answer.expect(200)), before + 1, "what takes tokens away is a change");
            assert_eq!(sessions(&format!("audience = '{ITEMS}'")).await, 0);
            // Everybody's token is looked up, and those of others go on.
            bystander.get("/me").await.expect(200);
            admin.get("/me").await.expect(200);
            if how == "disabled" {
                admin.patch(&place, json!({ "disabled": false })).await.expect(200);
                mine.token(world, "&resource=https://items.test").await.expect(200);
                admin.delete(&place).await.expect(200);
            }
            assert_eq!(admin.get(&mine.path()).await.expect(200).json()["apis"], json!([]));
        }
    }
}
