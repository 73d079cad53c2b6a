//! `POST /revoke` (RFC 7009).

use serde_json::json;

use super::{Pair, alice, alice_through, gateway, inactive, send, send_form, shop, told};
use crate::{
    admin::items,
    clients::{Client, client},
    face::{encoded, oauth_error},
    util::{World, on_both, world::PASSWORD},
};

/// A session of alice's through this client, and one that is not touched.
async fn ends(world: &World, shop: &Client, by: fn(&Pair) -> &str) {
    let (ended, other) = (alice_through(world, shop).await, alice_through(world, shop).await);
    let bearer = world.nobody().with_token(&ended.access);
    bearer.get("/me").await.expect(200);

    let answer = send(world, shop, "/revoke", by(&ended)).await.expect(200);

    assert_eq!(answer.text(), "");
    bearer.get("/me").await.expect(401);
    let form = format!("grant_type=refresh_token&refresh_token={}", ended.refresh);
    oauth_error(&shop.ask(world, &form).await, 400, "invalid_grant");
    for token in [&ended.access, &ended.refresh] {
        assert_eq!(told(world, shop, token).await, inactive());
        send(world, shop, "/revoke", token).await.expect(200);
    }
    world.nobody().with_token(&other.access).get("/me").await.expect(200);
    assert_eq!(told(world, shop, &other.refresh).await["active"], true);
}

on_both! {
    async fn either_token_ends_the_session(world) {
        let admin = world.administrator().await;
        let shop = shop(&admin).await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        ends(world, &shop, |pair| &pair.access).await;
        ends(world, &shop, |pair| &pair.refresh).await;
        let rows = items(&admin, "/admin/audit?action=session.ended").await;
        assert_eq!(rows.len(), 2);
        assert_eq!((&rows[0]["actor"], &rows[0]["actor_name"]), (&json!(shop.id), &json!("shop")));
    }

    async fn a_client_gives_its_own_back(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({})).await;
        let robot = mine.acting(world).await;
        robot.get("/me").await.expect(200);
        send(world, &mine, "/revoke", robot.token()).await.expect(200);
        robot.get("/me").await.expect(401);
    }

    async fn what_was_given_to_another_client_is_not_ended(world) {
        let admin = world.administrator().await;
        let (shop, gateway) = (shop(&admin).await, gateway(world, &admin).await);
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let pair = alice_through(world, &shop).await;
        let own = alice(world).await;

        // One that may see a token may not end it.
        for token in [&pair.access, &pair.refresh, &own.access, &own.refresh] {
            oauth_error(&send(world, &gateway, "/revoke", token).await, 400, "invalid_grant");
        }
        // Nor does anybody who has found one, without being the client.
        for token in [&pair.access, &pair.refresh] {
            oauth_error(&send_form(world, "/revoke", &format!("token={token}")).await, 400, "invalid_grant");
        }
        let named = format!("token={}&client_id={}", pair.access, shop.id);
        oauth_error(&send_form(world, "/revoke", &named).await, 401, "invalid_client");
        for token in [&pair.access, &own.access] {
            world.nobody().with_token(token).get("/me").await.expect(200);
        }
        assert_eq!(told(world, &shop, &pair.refresh).await["active"], true);
    }

    async fn who_logged_in_without_a_client_logs_out_without_one(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let pair = alice(world).await;
        send_form(world, "/revoke", &format!("token={}&token_type_hint=access_token", pair.refresh)).await.expect(200);
        world.nobody().with_token(&pair.access).get("/me").await.expect(401);
        assert_eq!(items(&admin, "/admin/audit?action=session.ended").await[0]["actor_name"], "alice");
    }

    async fn an_api_key_is_revoked_by_whoever_could_use_it(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let grant = "urn:rolecall:oauth:grant-type:api-key";
        let may = client(&admin, json!({ "client_name": "robots", "grant_types": [grant] })).await;
        let may_not = client(&admin, json!({})).await;
        let exchange = async |key: &str| {
            send_form(world, "/token", &format!("grant_type={}&api_key={key}", encoded(grant))).await
        };
        for (client, actor) in [(None, "alice"), (Some(&may), "robots")] {
            let said = json!({ "name": "robot", "expires_in": 600 });
            let key = alice.post("/me/keys", said).await.expect(201).json()["api_key"].as_str().expect("a key").to_owned();
            let robot = exchange(&key).await.expect(200).json()["access_token"].as_str().expect("a token").to_owned();
            let robot = world.nobody().with_token(&robot);
            robot.get("/me").await.expect(200);
            oauth_error(&send(world, &may_not, "/revoke", &key).await, 400, "unauthorized_client");
            send_form(world, "/revoke", &format!("token={}", &key[..key.len() - 4])).await.expect(200);
            robot.get("/me").await.expect(200);

            for _ in 0..2 {
                let answer = match client {
                    Some(client) => send(world, client, "/revoke", &key).await,
                    None => send_form(world, "/revoke", &format!("token={key}&token_type_hint=api_key")).await,
                };
                assert_eq!(answer.expect(200).text(), "");
                robot.get("/me").await.expect(401);
                oauth_error(&exchange(&key).await, 400, "invalid_grant");
            }
            let lines = items(&admin, &format!("/admin/audit?action=api_key.revoked&subject={}", alice.id())).await;
            assert_eq!(lines.last().expect("a line")["actor_name"], actor);
        }
        alice.get("/me").await.expect(200);
    }

    async fn what_does_not_count_is_no_error(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({})).await;
        for token in ["x", "a.b.c", "rcr_x", &"a".repeat(20_000)] {
            send(world, &mine, "/revoke", token).await.expect(200);
        }
        for form in ["", "token=", "token=a&token=a"] {
            oauth_error(&send_form(world, "/revoke", form).await, 400, "invalid_request");
        }
        oauth_error(&send_form(world, "/revoke?token=a", "token=a").await, 400, "invalid_request");
    }
}
