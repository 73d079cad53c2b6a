//! `POST /introspect` (RFC 7662).

use serde_json::json;

use super::{ITEMS, Pair, alice, alice_through, gateway, inactive, send, send_form, shop, told};
use crate::{
    clients::{Client, client},
    face::{encoded, oauth_error, opened},
    util::{on_both, world::PASSWORD},
};

on_both! {
    async fn a_client_is_told_of_its_own_token(world) {
        let admin = world.administrator().await;
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        let mine = client(&admin, json!({})).await;
        admin.put(&mine.role("reader")).await.expect(200);
        let token = mine.acting(world).await.token().to_owned();
        let claims = opened(&token).1;

        let answer = send(world, &mine, "/introspect", &token).await.expect(200);

        assert_eq!(answer.header("cache-control"), "no-store");
        let issuer = format!("http://{}", world.address());
        assert_eq!(answer.json(), json!({
            "active": true, "iss": issuer, "sub": mine.id, "aud": issuer, "client_id": mine.id, "roles": ["reader"],
            "token_type": "Bearer", "iat": claims["iat"], "exp": claims["exp"], "jti": claims["jti"], "sid": claims["sid"],
        }));
    }

    async fn who_asks_for_an_api_is_told_of_the_tokens_for_it_and_nobody_else(world) {
        let admin = world.administrator().await;
        let api = admin.post("/admin/apis", json!({ "identifier": ITEMS, "name": "Items" })).await.expect(201);
        let items = client(&admin, json!({ "apis": [ITEMS] })).await;
        let (gateway, other) = (gateway(world, &admin).await, client(&admin, json!({})).await);
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let form = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));
        let form = format!("{form}&scope=user&resource={}", encoded(ITEMS));
        let for_items = Pair::of(send_form(world, "/token", &form).await);
        let for_us = alice(world).await;

        let seen = told(world, &items, &for_items.access).await;
        assert_eq!((&seen["active"], &seen["aud"], &seen["username"]), (&json!(true), &json!(ITEMS), &json!("alice")));
        assert_eq!((&seen["scope"], &seen["client_id"]), (&json!("user"), &json!("rolecall")));
        assert_eq!(told(world, &gateway, &for_us.access).await["active"], true);
        for (client, token) in [
            (&items, &for_us.access), (&gateway, &for_items.access), (&other, &for_us.access),
            (&other, &for_items.access), (&items, &for_items.refresh), (&gateway, &for_us.refresh),
        ] {
            assert_eq!(told(world, client, token).await, inactive());
        }
        // It is the API that counts, as it is now.
        admin.patch(api.header("location"), json!({ "disabled": true })).await.expect(200);
        assert_eq!(told(world, &items, &for_items.access).await, inactive());
    }

    async fn the_answer_is_of_now(world) {
        let admin = world.administrator().await;
        let gateway = gateway(world, &admin).await;
        let registered = world.nobody().register("alice", PASSWORD).await.expect(201).json();
        let path = format!("/admin/users/{}", registered["id"].as_str().expect("an id"));
        let token = alice(world).await.access;
        assert_eq!(told(world, &gateway, &token).await["roles"], json!(["user"]));

        admin.delete(&format!("{path}/roles/user")).await.expect(200);
        assert_eq!(told(world, &gateway, &token).await["roles"], json!([]));
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        admin.put(&format!("{path}/roles/reader")).await.expect(200);
        assert!(told(world, &gateway, &token).await["roles"].as_array().expect("roles").contains(&json!("reader")));

        admin.patch(&path, json!({ "disabled": true })).await.expect(200);
        assert_eq!(told(world, &gateway, &token).await, inactive());
        admin.patch(&path, json!({ "disabled": false })).await.expect(200);
        // Disabling ended the session.
        assert_eq!(told(world, &gateway, &token).await, inactive());
        let token = alice(world).await.access;
        assert_eq!(told(world, &gateway, &token).await["active"], true);
        world.wait_for(900).await;
        assert_eq!(told(world, &gateway, &token).await, inactive());
    }

    async fn a_refresh_token_is_shown_to_whom_it_was_given(world) {
        let admin = world.administrator().await;
        let (shop, other) = (shop(&admin).await, client(&admin, json!({})).await);
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let first = alice_through(world, &shop).await;

        let seen = told(world, &shop, &first.refresh).await;
        assert_eq!((&seen["active"], &seen["username"]), (&json!(true), &json!("alice")));
        assert_eq!(seen.get("token_type"), None);
        assert_eq!(told(world, &other, &first.refresh).await, inactive());
        let form = format!("grant_type=refresh_token&refresh_token={}", first.refresh);
        let second = Pair::of(shop.ask(world, &form).await);
        assert_eq!(told(world, &shop, &first.refresh).await, inactive());
        assert_eq!(told(world, &shop, &second.refresh).await["active"], true);
        // Asking spends nothing.
        Pair::of(shop.ask(world, &format!("grant_type=refresh_token&refresh_token={}", second.refresh)).await);
    }

    async fn who_does_not_prove_who_he_is_is_told_nothing(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({})).await;
        let token = mine.acting(world).await.token().to_owned();
        let public = json!({ "token_endpoint_auth_method": "none", "grant_types": ["password"], "first_party": true });
        let public = client(&admin, public).await;

        let wrong = Client { secret: "wrong".into(), ..mine.clone() };
        oauth_error(&send(world, &wrong, "/introspect", &token).await, 401, "invalid_client");
        for form in [
            format!("token={token}"),
            format!("token={token}&client_id={}", mine.id),
            format!("token={token}&client_id={}", public.id),
            format!("token={token}&client_id=rolecall"),
        ] {
            oauth_error(&send_form(world, "/introspect", &form).await, 401, "invalid_client");
        }
        // A person's token is no way for a client to prove who it is.
        admin.send("POST", "/introspect", &[super::FORM], format!("token={token}")).await.expect(401);
        admin.patch(&mine.path(), json!({ "disabled": true })).await.expect(200);
        oauth_error(&send(world, &mine, "/introspect", &token).await, 401, "invalid_client");
    }

    async fn what_is_no_token_of_ours_does_not_count(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({})).await;
        let token = mine.acting(world).await.token().to_owned();
        let (head, signature) = token.rsplit_once('.').expect("three parts");
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let altered = format!("{head}.{other}{}", &signature[1..]);
        let long = "a".repeat(20_000);

        for shown in ["x", "..", head, &altered, &token[1..], &token[..token.len() - 1], &long, "rcr_", &mine.secret] {
            assert_eq!(told(world, &mine, shown).await, inactive(), "{shown}");
        }
        let ask = async |path: &str, form: &str| {
            let basic = crate::clients::basic(&mine.id, &mine.secret);
            world.nobody().send("POST", path, &[super::FORM, ("authorization", &basic)], form.to_owned()).await
        };
        for form in ["", "token=", "token=a&token=a", "token_type_hint=access_token"] {
            oauth_error(&ask("/introspect", form).await, 400, "invalid_request");
        }
        oauth_error(&ask("/introspect?token=a", "token=a").await, 400, "invalid_request");
        assert_eq!(ask("/introspect", &format!("token={token}&token_type_hint=refresh_token&x=1")).await.expect(200)
            .json()["active"], true);
    }
}
