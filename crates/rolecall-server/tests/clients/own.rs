//! What a client gets for itself (RFC 6749, 4.4): a token by roles of its own, which lasts as long as they do.

use serde_json::{Value, json};

use super::{Client, client};
use crate::{
    admin::{items, refused, version},
    face::{encoded, oauth_error, opened},
    util::{Actor, World, on_both, world::PASSWORD},
};

/// A client that may read notes.
async fn reader(world: &World, admin: &Actor) -> Client {
    world.role(admin, "reader", &["notes:read"], &[]).await;
    let mine = client(admin, json!({})).await;
    admin.put(&mine.role("reader")).await.expect(200);
    mine
}

on_both! {
    async fn a_client_gets_a_token_for_itself(world) {
        let admin = world.administrator().await;
        let mine = reader(world, &admin).await;

        let answer = mine.token(world, "").await.expect(200);

        assert_eq!(answer.header("cache-control"), "no-store");
        let told = answer.json();
        let token = told["access_token"].as_str().expect("a token");
        // No refresh token (RFC 6749, 4.4.3).
        assert_eq!(told, json!({ "access_token": token, "token_type": "Bearer", "expires_in": 900 }));
        let (header, claims) = opened(token);
        assert_eq!(header["typ"], "at+jwt");
        let issuer = format!("http://{}", world.address());
        let iat = claims["iat"].as_i64().expect("a date");
        assert_eq!(claims, json!({
            "iss": issuer, "aud": issuer, "sub": mine.id, "client_id": mine.id, "iat": iat, "exp": iat + 900,
            "jti": claims["jti"], "sid": claims["sid"], "roles": ["reader"], "pv": claims["pv"],
        }));
        let robot = world.nobody().with_token(token);
        robot.get("/notes/").await.expect(200);
        robot.post("/notes/", json!({})).await.expect(403);
        assert_eq!(robot.get("/hello").await.expect(200).text(), mine.id);
        assert_eq!(robot.get("/me").await.expect(200).json(), json!({
            "id": mine.id, "client_name": "stock sync", "roles": ["reader"], "permissions": ["notes:read"],
        }));
        let audit = items(&admin, &format!("/admin/audit?subject={}&action=session.opened", mine.id)).await;
        assert_eq!((&audit[0]["actor"], &audit[0]["actor_name"]), (&json!(mine.id), &json!("stock sync")));
        // Each is a session of its own.
        assert_ne!(opened(mine.acting(world).await.token()).1["sid"], claims["sid"]);
    }

    async fn a_scope_cuts_it(world) {
        let admin = world.administrator().await;
        let mine = reader(world, &admin).await;
        let scoped = async |scope: &str| mine.token(world, &format!("&scope={}", encoded(scope))).await;

        let told = scoped("notes:read").await.expect(200).json();
        assert_eq!(told["scope"], "notes:read");
        world.nobody().with_token(told["access_token"].as_str().expect("a token")).get("/notes/").await.expect(200);
        assert_eq!(scoped("reader").await.expect(200).json()["scope"], "reader");
        for beyond in ["notes:write", "*", "admin", "user", "rolecall.admin", "ghost", "notes:*", "not a scope!"] {
            oauth_error(&scoped(beyond).await, 400, "invalid_scope");
        }
    }

    async fn roles_come_and_go_with_the_token_that_is_out(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({})).await;
        let robot = mine.acting(world).await;
        robot.get("/notes/").await.expect(403);
        world.role(&admin, "reader", &["notes:read"], &[]).await;

        version(admin.put(&mine.role("reader")).await.expect(200));
        robot.get("/notes/").await.expect(200);
        assert_eq!(items(&admin, &format!("{}/roles", mine.path())).await, [json!({ "role": "reader", "until": null })]);
        version(admin.delete(&mine.role("reader")).await.expect(200));
        robot.get("/notes/").await.expect(403);

        let until = world.now() + 100;
        admin.put_json(&mine.role("reader"), json!({ "until": until })).await.expect(200);
        robot.get("/notes/").await.expect(200);
        let told = mine.token(world, "").await.expect(200).json();
        assert_eq!(opened(told["access_token"].as_str().expect("a token")).1["exp"], until, "no token outlives its role");
        world.wait_for(101).await;
        robot.get("/notes/").await.expect(403);
        refused(admin.put_json(&mine.role("reader"), json!({ "until": until })).await, 400, "invalid");

        // A role that is deleted is nobody's, and one of its name later is another.
        admin.put(&mine.role("reader")).await.expect(200);
        robot.get("/notes/").await.expect(200);
        admin.delete("/admin/roles/reader").await.expect(200);
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        robot.get("/notes/").await.expect(403);
    }

    async fn a_client_that_is_disabled_is_out_with_all_that_came_through_it(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let password = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));
        for how in ["disabled", "deleted", "narrowed"] {
            let grants = json!({ "grant_types": ["client_credentials", "password"], "first_party": true });
            let mine = client(&admin, grants).await;
            let bystander = client(&admin, json!({})).await.acting(world).await;
            let robot = mine.acting(world).await;
            let told = mine.ask(world, &password).await.expect(200).json();
            let alice = world.nobody().with_token(told["access_token"].as_str().expect("a token"));
            for caller in [&robot, &alice, &bystander] {
                caller.get("/me").await.expect(200);
            }

            let told = match how {
                "disabled" => admin.patch(&mine.path(), json!({ "disabled": true })).await,
                "deleted" => admin.delete(&mine.path()).await,
                _ => admin.patch(&mine.path(), json!({ "grant_types": ["client_credentials"], "first_party": false })).await,
            };

            version(told.expect(200));
            for caller in [&robot, &alice] {
                for path in ["/me", "/users/", "/admin/users", "/hello"] {
                    refused(caller.get(path).await, 401, "invalid-token");
                }
            }
            bystander.get("/me").await.expect(200);
            if how == "disabled" {
                oauth_error(&mine.token(world, "").await, 401, "invalid_client");
                oauth_error(&mine.ask(world, &password).await, 401, "invalid_client");
                admin.patch(&mine.path(), json!({ "disabled": false })).await.expect(200);
                // What is over stays over.
                refused(robot.get("/me").await, 401, "invalid-token");
                refused(alice.get("/me").await, 401, "invalid-token");
                mine.token(world, "").await.expect(200);
            }
            if how == "narrowed" {
                mine.token(world, "").await.expect(200);
                oauth_error(&mine.ask(world, &password).await, 400, "unauthorized_client");
            }
        }
    }

    async fn it_sees_and_ends_what_it_has_opened_for_itself(world) {
        let admin = world.administrator().await;
        let grants = json!(["client_credentials", "password"]);
        let mine = client(&admin, json!({ "grant_types": grants, "first_party": true })).await;
        let other = client(&admin, json!({})).await.acting(world).await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let password = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));
        let told = mine.ask(world, &password).await.expect(200).json();
        // Hers, though it was the client that opened it.
        let alice = world.nobody().with_token(told["access_token"].as_str().expect("a token"));
        let sid = |actor: &Actor| opened(actor.token()).1["sid"].as_str().expect("an id").to_owned();
        let [first, second, third] = [mine.acting(world).await, mine.acting(world).await, mine.acting(world).await];

        let listed = items(&first, "/me/sessions").await;
        let ids: Vec<_> = listed.iter().map(|session| session["id"].as_str().expect("an id").to_owned()).collect();
        assert_eq!(ids, [sid(&first), sid(&second), sid(&third)]);
        assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&json!(true), &json!(false)));
        for others in [&alice, &other] {
            refused(first.delete(&format!("/me/sessions/{}", sid(others))).await, 404, "not-found");
            refused(others.delete(&format!("/me/sessions/{}", sid(&first))).await, 404, "not-found");
        }
        version(first.delete(&format!("/me/sessions/{}", sid(&second))).await.expect(200));
        refused(second.get("/me").await, 401, "invalid-token");
        first.delete("/me/sessions").await.expect(200);
        refused(third.get("/me").await, 401, "invalid-token");
        for stays in [&first, &alice, &other] {
            stays.get("/me").await.expect(200);
        }
        first.delete("/me/sessions?current=true").await.expect(200);
        refused(first.get("/me").await, 401, "invalid-token");
        alice.get("/me").await.expect(200);
        let lines = items(&admin, &format!("/admin/audit?action=sessions.ended&subject={}", mine.id)).await;
        assert_eq!(lines.iter().map(|line| line["detail"]["ended"].clone()).collect::<Vec<_>>(), [json!(1), json!(1)]);
    }

    async fn the_row_alone_is_enough_to_end_it(world) {
        let admin = world.administrator().await;
        let mine = reader(world, &admin).await;
        let robot = mine.acting(world).await;
        robot.get("/notes/").await.expect(200);
        // Past the service, and then something that lets the token be looked up.
        let mut rows = crate::util::Rows::of(world).await;
        rows.run("UPDATE clients SET disabled = TRUE").await;
        rows.close().await;
        let other = client(&admin, json!({})).await;
        admin.delete(&mine.role("reader")).await.expect(200);
        refused(robot.get("/notes/").await, 401, "invalid-token");
        assert_eq!(other.token(world, "").await.status, 200);
    }

    async fn more_roles_than_a_token_can_name_take_a_scope(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({})).await;
        for number in 0..130 {
            let name = format!("{}-{number}", "r".repeat(55));
            world.role(&admin, &name, &[], &[]).await;
            admin.put(&mine.role(&name)).await.expect(200);
        }
        oauth_error(&mine.token(world, "").await, 400, "invalid_scope");
        let named = mine.token(world, &format!("&scope={}-7", "r".repeat(55))).await.expect(200).json();
        assert_ne!(named["access_token"], Value::Null);
    }
}
