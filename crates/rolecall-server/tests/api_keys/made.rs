//! `/me/keys`: keys are made, listed and revoked by their owner.

use serde_json::{Value, json};

use super::{alice, exchange, is_refused, key, robot, said};
use crate::{
    admin::{NOBODY, items, refused, version, version_now},
    clients::client,
    util::{Rows, World, on_both},
};

const YEAR: i64 = 365 * 86400;

async fn rows_of(world: &World) -> (i64, i64) {
    let mut rows = Rows::of(world).await;
    let counted = (rows.version().await, rows.number("SELECT count(*) FROM api_keys").await);
    rows.close().await;
    counted
}

on_both! {
    async fn a_key_is_told_once(world) {
        let (admin, alice) = (world.administrator().await, alice(world).await);
        let before = version_now(&admin).await;

        let answer = alice.post("/me/keys", said(json!({ "name": "  Backup   robot " }))).await.expect(201);

        assert_eq!(answer.header("cache-control"), "no-store");
        let mut made = answer.json();
        let text = made["api_key"].as_str().expect("a key").to_owned();
        assert!(text.starts_with("rck_") && text.len() == 68, "an id and 256 bits behind a prefix");
        // A new key is no change of what a token may do.
        assert_eq!((&made["version"], &made["in_force"]), (&json!(before), &json!(true)));
        let created = made["created_at"].as_i64().expect("a NumericDate");
        assert!((world.now() - 60..=world.now()).contains(&created));
        let shown = json!({
            "id": made["id"], "name": "Backup robot", "scope": "user", "created_at": created,
            "expires_at": created + 86400, "used_at": null,
        });
        assert_eq!(items(&alice, "/me/keys").await, std::slice::from_ref(&shown));
        for told in ["api_key", "version", "in_force"] {
            made.as_object_mut().expect("an object").remove(told);
        }
        assert_eq!(made, shown);

        let audit = items(&admin, "/admin/audit?action=api_key.added").await;
        assert_eq!(audit[0]["detail"], json!({
            "key": made["id"], "name": "Backup robot", "scope": "user", "expires_at": created + 86400,
        }));
        assert_eq!((&audit[0]["actor"], &audit[0]["subject"]), (&json!(alice.id()), &json!(alice.id())));
        let mut rows = Rows::of(world).await;
        assert_eq!(rows.number("SELECT count(*) FROM api_keys WHERE length(hash) = 32").await, 1, "a hash");
        rows.close().await;
    }

    async fn it_has_an_end_within_a_year(world) {
        let alice = alice(world).await;
        let now = world.now();
        for end in [
            json!({}),
            json!({ "expires_in": null }),
            json!({ "expires_in": 0 }),
            json!({ "expires_in": -1 }),
            json!({ "expires_in": YEAR + 1 }),
            json!({ "expires_in": i64::MAX }),
            json!({ "expires_in": i64::MIN }),
            json!({ "expires_in": 1.5 }),
            json!({ "expires_in": "60" }),
            json!({ "expires_at": now }),
            json!({ "expires_at": 0 }),
            json!({ "expires_at": i64::MIN }),
            json!({ "expires_at": i64::MAX }),
            json!({ "expires_at": now + YEAR + 600 }),
            json!({ "expires_at": now + 60, "expires_in": 60 }),
        ] {
            let mut body = json!({ "name": "robot" });
            body.as_object_mut().expect("an object").extend(end.as_object().expect("an object").clone());
            refused(alice.post("/me/keys", body).await, 400, "invalid");
        }
        assert_eq!(items(&alice, "/me/keys").await, [] as [Value; 0]);
        for end in [json!({ "expires_in": YEAR }), json!({ "expires_in": 1 }), json!({ "expires_at": now + 600 })] {
            let mut body = json!({ "name": "robot" });
            body.as_object_mut().expect("an object").extend(end.as_object().expect("an object").clone());
            alice.post("/me/keys", body).await.expect(201);
        }
    }

    /// Row 23 of the security goals.
    async fn a_body_that_is_not_right_makes_no_key(world) {
        let (alice, bob) = (alice(world).await, world.user("bob").await);
        let before = rows_of(world).await;
        for more in [
            json!({ "name": "" }),
            json!({ "name": " " }),
            json!({ "name": "a\nb" }),
            json!({ "name": "a\u{1b}[31mb" }),
            json!({ "name": "x".repeat(65) }),
            json!({ "name": null }),
            json!({ "name": ["x"] }),
            json!({ "scope": ["user"] }),
            json!({ "user_id": bob.id() }),
            json!({ "user": bob.id() }),
            json!({ "id": NOBODY }),
            json!({ "roles": ["admin"] }),
            json!({ "hash": "x" }),
            json!({ "api_key": "rck_x" }),
            json!({ "created_at": 0 }),
            json!({ "used_at": 0 }),
        ] {
            refused(alice.post("/me/keys", said(more)).await, 400, "invalid");
        }
        for body in [json!([]), json!([said(json!({}))]), json!("robot"), json!({ "expires_in": 60 })] {
            refused(alice.post("/me/keys", body).await, 400, "invalid");
        }
        let form = alice.form("/me/keys", "name=robot&expires_in=60").await;
        refused(form, 415, "content-type");
        assert_eq!(rows_of(world).await, before);
    }

    async fn by_pages(world) {
        let alice = alice(world).await;
        let mut ids = vec![];
        for _ in 0..5 {
            ids.push(key(&alice, json!({})).await.id);
        }
        let (mut seen, mut after) = (vec![], String::new());
        loop {
            let page = alice.get(&format!("/me/keys?limit=2{after}")).await.expect(200).json();
            seen.extend(page["items"].as_array().expect("items").iter().map(|key| key["id"].clone()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(seen, ids);
        // Row 36: a cursor is a key of the list.
        for query in [
            "limit=0", "limit=-1", "limit=201", "limit=x", "after=x", "after=%00", "after=%27%20OR%201=1", "unknown=1",
            "limit=1&limit=1",
        ] {
            refused(alice.get(&format!("/me/keys?{query}")).await, 400, "invalid");
        }
        assert_eq!(items(&alice, &format!("/me/keys?after={NOBODY}")).await.len(), 5);
    }

    async fn an_account_has_fifty_at_most(world) {
        let (alice, bob) = (alice(world).await, world.user("bob").await);
        let first = key(&alice, json!({ "expires_in": 60 })).await;
        for _ in 1..50 {
            key(&alice, json!({ "expires_in": 600 })).await;
        }
        refused(alice.post("/me/keys", said(json!({}))).await, 409, "too-many-api-keys");
        key(&bob, json!({})).await;
        alice.delete(&format!("/me/keys/{}", first.id)).await.expect(200);
        key(&alice, json!({ "expires_in": 60 })).await;
        refused(alice.post("/me/keys", said(json!({}))).await, 409, "too-many-api-keys");
        // One that has ended is none.
        world.wait_for(61).await;
        key(&alice, json!({})).await;
    }

    /// Row 21 of the security goals.
    async fn somebody_else_s_is_not_there(world) {
        let (alice, bob) = (alice(world).await, world.user("bob").await);
        let (hers, his) = (key(&alice, json!({})).await, key(&bob, json!({})).await);
        let caller = robot(world, &his).await;
        let before = rows_of(world).await;
        let upper = hers.id.to_uppercase();
        for id in [&*his.id, &upper, NOBODY, "x", "%00", "..%2f", "%27%20OR%201=1"] {
            refused(alice.delete(&format!("/me/keys/{id}")).await, 404, "not-found");
        }
        assert_eq!(rows_of(world).await, before);
        caller.get("/me").await.expect(200);
        assert_eq!(items(&alice, "/me/keys").await[0]["id"], hers.id);
    }

    async fn one_is_revoked_at_the_next_call(world) {
        let (admin, alice) = (world.administrator().await, alice(world).await);
        let (one, other) = (key(&alice, json!({})).await, key(&alice, json!({})).await);
        let (calls, goes_on) = (robot(world, &one).await, robot(world, &other).await);
        calls.get("/users/").await.expect(200);

        version(alice.delete(&format!("/me/keys/{}", one.id)).await.expect(200));

        for path in ["/users/", "/me", "/hello"] {
            refused(calls.get(path).await, 401, "invalid-token");
        }
        is_refused(&exchange(world, &one.text, "").await);
        goes_on.get("/users/").await.expect(200);
        alice.get("/users/").await.expect(200);
        robot(world, &other).await;
        let audit = items(&admin, "/admin/audit?action=api_key.revoked").await;
        assert_eq!(audit[0]["detail"], json!({ "key": one.id, "name": "robot" }));
        refused(alice.delete(&format!("/me/keys/{}", one.id)).await, 404, "not-found");
    }

    async fn a_client_that_acts_for_itself_has_none(world) {
        let admin = world.administrator().await;
        let program = client(&admin, json!({})).await.acting(world).await;
        refused(program.post("/me/keys", said(json!({}))).await, 404, "not-found");
        refused(program.get("/me/keys").await, 404, "not-found");
        refused(program.delete(&format!("/me/keys/{NOBODY}")).await, 404, "not-found");
    }
}
