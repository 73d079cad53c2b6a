//! `/admin/users`: accounts are made, read, changed and deleted.

use serde_json::{Value, json};

use super::{NOBODY, account, assignment, everything, items, refused, user, version, version_now};
use crate::util::{on_both, world::PASSWORD};

on_both! {
    async fn an_account_is_made_without_any_role_and_read(world) {
        let admin = world.administrator().await;
        let before = version_now(&admin).await;

        let answer = admin.post("/admin/users", json!({ "username": "Bob", "email": "Bob@Example.ORG" })).await;

        let answer = answer.expect(201);
        let (made, place) = (answer.json(), answer.header("location").to_owned());
        let id = made["id"].as_str().expect("an id");
        assert_eq!(place, user(id));
        // A new account is no change of what a token may do.
        assert_eq!(version(answer), before);
        let mut shown = admin.get(&place).await.expect(200).json();
        let created = shown["created_at"].as_i64().expect("a NumericDate");
        assert!((world.now() - 60..=world.now()).contains(&created));
        assert_eq!(shown, json!({
            "id": id, "username": "bob", "email": "bob@example.org", "disabled": false, "created_at": created,
        }));
        (shown["version"], shown["in_force"]) = (json!(before), json!(true));
        assert_eq!(made, shown);
        assert_eq!(items(&admin, &format!("{place}/roles")).await, Vec::<Value>::new());
    }

    async fn an_account_with_a_password_logs_in_and_one_without_does_not(world) {
        let admin = world.administrator().await;
        let with = json!({ "username": "bob", "password": PASSWORD, "email": null });
        admin.post("/admin/users", with).await.expect(201);
        admin.post("/admin/users", json!({ "username": "carol", "password": null })).await.expect(201);

        let bob = world.nobody().logged_in("bob", PASSWORD).await;

        assert_eq!(bob.get("/me").await.expect(200).json()["roles"], json!([]));
        bob.get("/users/").await.expect(403);
        let answer = world.nobody().log_in("carol", PASSWORD).await.expect(400);
        assert_eq!(answer.json()["error"], "invalid_grant");
    }

    async fn a_name_or_an_address_that_is_taken_is_refused_in_every_spelling(world) {
        let admin = world.administrator().await;
        let bob = json!({ "username": "bob", "email": "bob@example.org" });
        admin.post("/admin/users", bob).await.expect(201);
        let before = everything(&admin).await;

        for taken in [
            json!({ "username": "bob" }),
            json!({ "username": "BOB" }),
            json!({ "username": "ｂｏｂ" }),
            json!({ "username": "bob", "email": "other@example.org" }),
            json!({ "username": "robert", "email": "bob@example.org" }),
            json!({ "username": "robert", "email": "BOB@example.org" }),
        ] {
            refused(admin.post("/admin/users", taken).await, 409, "taken");
        }
        let robert = account(&admin, "robert").await;
        refused(admin.patch(&user(&robert), json!({ "email": "Bob@Example.org" })).await, 409, "taken");
        admin.delete(&user(&robert)).await.expect(200);

        let after = everything(&admin).await;
        assert_eq!(after["users"], before["users"]);
    }

    async fn a_body_that_is_not_right_makes_no_account(world) {
        let admin = world.administrator().await;
        let before = everything(&admin).await;

        for wrong in [
            json!({}),
            json!([]),
            json!(["bob", null, null]),
            json!("bob"),
            json!(null),
            json!({ "username": null }),
            json!({ "username": 1 }),
            json!({ "username": ["bob"] }),
            json!({ "username": "" }),
            json!({ "username": "a@b" }),
            json!({ "username": "a b" }),
            json!({ "username": "a\nb" }),
            json!({ "username": "a\0b" }),
            json!({ "username": "ab\u{202e}c" }),
            json!({ "username": "раypal" }),
            json!({ "username": "a".repeat(65) }),
            json!({ "username": "bob", "email": "" }),
            json!({ "username": "bob", "email": "bob" }),
            json!({ "username": "bob", "email": "bob@a@b" }),
            json!({ "username": "bob", "email": "bob\0@example.org" }),
            json!({ "username": "bob", "email": 1 }),
            json!({ "username": "bob", "password": "" }),
            json!({ "username": "bob", "password": "fourteen chars" }),
            json!({ "username": "bob", "password": "aaaaaaaaaaaaaaaaaaaa" }),
            json!({ "username": "bob", "password": "p".repeat(1025) }),
            json!({ "username": "bob", "password": 123456789012345678_i64 }),
            // What only the service sets, and what only other calls do.
            json!({ "username": "bob", "id": NOBODY }),
            json!({ "username": "bob", "user_id": NOBODY }),
            json!({ "username": "bob", "roles": ["admin"] }),
            json!({ "username": "bob", "disabled": false }),
            json!({ "username": "bob", "verified": true }),
            json!({ "username": "bob", "created_at": 0 }),
        ] {
            let told = refused(admin.post("/admin/users", wrong.clone()).await, 400, "invalid");
            let password = wrong["password"].as_str().filter(|password| !password.is_empty());
            assert!(password.is_none_or(|password| !told.to_string().contains(password)), "{told}");
        }
        let twice = r#"{"username":"bob","username":"rob"}"#;
        for no_json in ["", "{", r#"{"username":"bob""#, "username=bob", twice] {
            let headers = [("content-type", "application/json")];
            refused(admin.send("POST", "/admin/users", &headers, no_json).await, 400, "invalid");
        }
        let body = || json!({ "username": "bob" }).to_string();
        for wrong in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
            let answer = admin.send("POST", "/admin/users", &[("content-type", wrong)], body()).await;
            refused(answer, 415, "content-type");
        }
        refused(admin.send("POST", "/admin/users", &[], body()).await, 415, "content-type");
        let large = json!({ "username": "bob", "email": "x".repeat(70_000) });
        refused(admin.post("/admin/users", large).await, 413, "too-large");

        assert_eq!(everything(&admin).await, before);
    }

    async fn an_account_is_found_by_any_spelling_of_its_name(world) {
        let admin = world.administrator().await;
        let id = account(&admin, "bob").await;

        for spelling in ["bob", "BOB", "Bob", "%62ob", "%EF%BD%82%EF%BD%8F%EF%BD%82"] {
            let found = items(&admin, &format!("/admin/users?username={spelling}")).await;
            assert_eq!(found.iter().map(|user| &user["id"]).collect::<Vec<_>>(), [&json!(id)], "{spelling}");
        }
        for nobody in ["bo", "bobb", "bob%20", "b%25", "bob%00", "a%40b", "%27%20OR%201=1--"] {
            assert_eq!(items(&admin, &format!("/admin/users?username={nobody}")).await, Vec::<Value>::new());
        }
    }

    async fn an_unknown_account_is_not_found_on_any_route(world) {
        let admin = world.administrator().await;
        let before = everything(&admin).await;

        for id in [NOBODY, "x", "admin", "%00", "%F0%9F%90%88", "..%2Froles", "'%20OR%20''='"] {
            refused(admin.get(&user(id)).await, 404, "not-found");
            refused(admin.patch(&user(id), json!({ "disabled": true })).await, 404, "not-found");
            refused(admin.patch(&user(id), json!({})).await, 404, "not-found");
            refused(admin.delete(&user(id)).await, 404, "not-found");
            refused(admin.get(&format!("/admin/users/{id}/roles")).await, 404, "not-found");
            refused(admin.put(&assignment(id, "user")).await, 404, "not-found");
            refused(admin.delete(&assignment(id, "user")).await, 404, "not-found");
        }
        refused(admin.get(&user("%ff")).await, 400, "invalid");

        assert_eq!(everything(&admin).await, before);
    }

    async fn what_a_patch_leaves_out_stays_and_null_removes(world) {
        let admin = world.administrator().await;
        let id = account(&admin, "bob").await;
        let before = version_now(&admin).await;
        let shown = async || {
            let shown = admin.get(&user(&id)).await.expect(200).json();
            (shown["disabled"].clone(), shown["email"].clone())
        };
        let patched = async |body: Value| version(admin.patch(&user(&id), body).await.expect(200));

        // An address is no change of what a token may do; being disabled is one.
        assert_eq!(patched(json!({})).await, before);
        assert_eq!(patched(json!({ "email": "Bob@example.org" })).await, before);
        assert_eq!(shown().await, (json!(false), json!("bob@example.org")));
        assert_eq!(patched(json!({ "disabled": true })).await, before + 1);
        assert_eq!(shown().await, (json!(true), json!("bob@example.org")));
        assert_eq!(patched(json!({ "disabled": true, "email": "bob@example.org" })).await, before + 1);
        assert_eq!(patched(json!({ "disabled": false, "email": null })).await, before + 2);
        assert_eq!(shown().await, (json!(false), json!(null)));
        assert_eq!(patched(json!({ "email": null })).await, before + 2);

        let untouched = everything(&admin).await;
        for wrong in [
            json!({ "disabled": null }),
            json!({ "disabled": "true" }),
            json!({ "disabled": 1 }),
            json!({ "email": "bob" }),
            json!({ "email": 1 }),
            json!({ "email": ["bob@example.org"] }),
            json!({ "email": "bob@example.org", "disabled": null }),
            json!({ "username": "robert" }),
            json!({ "password": PASSWORD }),
            json!({ "roles": [] }),
            json!({ "id": NOBODY }),
            json!(null),
            json!([]),
            json!([true]),
        ] {
            refused(admin.patch(&user(&id), wrong).await, 400, "invalid");
        }
        refused(admin.send("PATCH", &user(&id), &[], "{}").await, 415, "content-type");
        // Half of it is right, and none of it is done.
        let carol = account(&admin, "carol").await;
        admin.patch(&user(&carol), json!({ "email": "carol@example.org" })).await.expect(200);
        let half = json!({ "disabled": true, "email": "carol@example.org" });
        refused(admin.patch(&user(&id), half).await, 409, "taken");
        assert_eq!(shown().await, (json!(false), json!(null)));
        admin.delete(&user(&carol)).await.expect(200);
        assert_eq!(everything(&admin).await["users"], untouched["users"]);
    }

    async fn an_address_logs_in_as_long_as_it_is_set(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        world.nobody().log_in("bob@example.org", PASSWORD).await.expect(400);

        admin.patch(&user(bob.id()), json!({ "email": "bob@example.org" })).await.expect(200);

        for spelling in ["bob@example.org", "Bob@Example.ORG"] {
            let token = world.nobody().log_in(spelling, PASSWORD).await.expect(200).json();
            let same = bob.with_token(token["access_token"].as_str().expect("a token"));
            assert_eq!(same.get("/me").await.expect(200).json()["id"], bob.id());
        }
        admin.patch(&user(bob.id()), json!({ "email": "robert@example.org" })).await.expect(200);
        world.nobody().log_in("bob@example.org", PASSWORD).await.expect(400);
        world.nobody().log_in("robert@example.org", PASSWORD).await.expect(200);
        admin.patch(&user(bob.id()), json!({ "email": null })).await.expect(200);
        world.nobody().log_in("robert@example.org", PASSWORD).await.expect(400);
        world.nobody().log_in("bob", PASSWORD).await.expect(200);
    }

    async fn a_deleted_name_registered_again_is_somebody_else(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        world.give(&admin, &bob, "admin").await;
        bob.get("/items/").await.expect(200);
        let before = version_now(&admin).await;

        assert_eq!(version(admin.delete(&user(bob.id())).await.expect(200)), before + 1);

        refused(admin.delete(&user(bob.id())).await, 404, "not-found");
        assert_eq!(version_now(&admin).await, before + 1);
        bob.get("/items/").await.expect(401);
        let answer = world.nobody().log_in("bob", PASSWORD).await.expect(400);
        assert_eq!(answer.json()["error"], "invalid_grant");

        let again = world.user("bob").await;
        assert_ne!(again.id(), bob.id());
        again.get("/users/").await.expect(200);
        again.get("/items/").await.expect(403);
        let given = items(&admin, &format!("{}/roles", user(again.id()))).await;
        assert_eq!(given, [json!({ "role": "user", "until": null })]);
        for path in ["/items/", "/users/", "/me"] {
            let answer = bob.get(path).await.expect(401);
            assert!(answer.header("www-authenticate").contains("invalid_token"));
        }
        // What the log says of the one is not said of the other.
        let of = async |id: &str| -> Vec<String> {
            let lines = items(&admin, &format!("/admin/audit?subject={id}")).await;
            lines.iter().map(|line| line["action"].as_str().expect("an action").to_owned()).collect()
        };
        let deleted = ["user.registered", "session.opened", "role.assigned", "user.deleted"];
        assert_eq!(of(bob.id()).await, deleted);
        assert_eq!(of(again.id()).await, ["user.registered", "session.opened"]);
    }
}
