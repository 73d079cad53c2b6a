//! The setting `audience`: what a token is for when neither `resource` nor its client says.

use rolecall_server::Config;
use serde_json::{Value, json};

use super::client;
use crate::{
    admin::refused,
    face::{encoded, oauth_error, opened},
    util::{Actor, Answer, World, on_both, world::PASSWORD},
};

const ITEMS: &str = "https://items.test";

fn for_items(config: &mut Config) {
    config.audience = Some(ITEMS.into());
}

async fn log_in(world: &World, name: &str, password: &str, more: &str) -> Answer {
    let form = format!("grant_type=password&username={name}&password={}{more}", encoded(password));
    world.nobody().form("/token", &form).await
}

fn token(answer: Answer) -> String {
    answer.expect(200).json()["access_token"].as_str().expect("a token").to_owned()
}

fn audience(token: &str) -> Value {
    opened(token).1["aud"].clone()
}

/// Whoever administers asks for a token that is good there.
async fn administrator(world: &World) -> Actor {
    let issuer = format!("&resource=http://{}", world.address());
    world.nobody().with_token(&token(log_in(world, "admin", world.password(), &issuer).await))
}

on_both! {
    with for_items;

    async fn a_log_in_is_for_that_api_and_not_for_this_service(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let plain = token(log_in(world, "alice", PASSWORD, "").await);
        assert_eq!(audience(&plain), ITEMS);
        let alice = world.nobody().with_token(&plain);
        for path in ["/me", "/admin/users", "/users/", "/hello"] {
            refused(alice.get(path).await, 401, "invalid-token");
        }
        let issuer = format!("http://{}", world.address());
        let told = token(log_in(world, "alice", PASSWORD, &format!("&resource={issuer}")).await);
        assert_eq!(audience(&told), issuer);
        let alice = world.nobody().with_token(&told);
        for path in ["/me", "/users/", "/hello"] {
            alice.get(path).await.expect(200);
        }
        assert_eq!(audience(&token(log_in(world, "alice", PASSWORD, &format!("&resource={ITEMS}")).await)), ITEMS);
        oauth_error(&log_in(world, "alice", PASSWORD, "&resource=https://notes.test").await, 400, "invalid_target");
    }

    async fn what_a_client_says_goes_before_it(world) {
        let admin = administrator(world).await;
        let made = json!({ "identifier": "urn:notes", "name": "Notes" });
        admin.post("/admin/apis", made).await.expect(201);
        let by_default = client(&admin, json!({ "default_audience": "urn:notes" })).await;
        let without = client(&admin, json!({})).await;
        let issuer = format!("http://{}", world.address());

        assert_eq!(audience(&token(by_default.token(world, "").await)), "urn:notes");
        assert_eq!(audience(&token(without.token(world, "").await)), ITEMS);
        assert_eq!(audience(&token(by_default.token(world, &format!("&resource={issuer}")).await)), issuer);
        assert_eq!(audience(&token(by_default.token(world, &format!("&resource={ITEMS}")).await)), ITEMS);
    }

    async fn it_can_be_registered_and_disabled(world) {
        let admin = administrator(world).await;
        let made = admin.post("/admin/apis", json!({ "identifier": ITEMS, "name": "Items" })).await.expect(201);
        let without = client(&admin, json!({})).await;
        without.token(world, "").await.expect(200);

        admin.patch(made.header("location"), json!({ "disabled": true })).await.expect(200);

        // It does not fall back on a token that could do more.
        oauth_error(&without.token(world, "").await, 400, "invalid_target");
        oauth_error(&log_in(world, "admin", world.password(), "").await, 400, "invalid_target");
        administrator(world).await.get("/me").await.expect(200);

        // Without its row it would be enabled.
        refused(admin.delete(made.header("location")).await, 409, "default-audience");
        oauth_error(&without.token(world, "").await, 400, "invalid_target");
    }
}
