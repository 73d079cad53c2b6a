//! `/admin/users/{id}/sessions`: what an administrator sees and ends, and of whom.

use serde_json::{Value, json};

use super::{Tokens, alice, is_over, log_in, refresh, sid};
use crate::{
    face::{opened, problem},
    util::{Actor, Rows, World, on_both},
};

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

fn sessions_of(tokens: &Tokens) -> String {
    format!("/admin/users/{}/sessions", opened(&tokens.access).1["sub"].as_str().expect("an id"))
}

/// Somebody who holds these permissions.
async fn holder(world: &World, admin: &Actor, name: &str, permissions: &[&str]) -> Actor {
    let person = world.user(name).await;
    world.role(admin, &format!("{name}-role"), permissions, &[]).await;
    world.give(admin, &person, &format!("{name}-role")).await;
    person
}

on_both! {
    async fn they_are_listed_and_ended(world) {
        let admin = world.administrator().await;
        let (first, second) = (alice(world).await, log_in(world, None).await);
        let path = sessions_of(&first);
        let told = admin.get(&path).await.expect(200).json();
        let ids: Vec<&Value> = told["items"].as_array().expect("items").iter().map(|item| &item["id"]).collect();
        assert_eq!(ids, [&json!(sid(&first)), &json!(sid(&second))]);
        assert!(told["items"].as_array().expect("items").iter().all(|item| item["current"] == false));
        let own = admin.get(&format!("/admin/users/{}/sessions", admin.id())).await.expect(200).json();
        assert_eq!(own["items"][0]["current"], true);

        let told = admin.delete(&format!("{path}/{}", sid(&first))).await.expect(200).json();
        assert_eq!(told["in_force"], true);
        is_over(world, &first).await;
        let second = Tokens::of(refresh(&world.nobody(), &second.refresh).await);
        let third = log_in(world, None).await;
        admin.delete(&path).await.expect(200);
        for tokens in [&second, &third] {
            is_over(world, tokens).await;
        }
        assert_eq!(admin.get(&path).await.expect(200).json()["items"], json!([]));
        // Taking away what is not there.
        let version = |answer: crate::util::Answer| answer.json()["version"].clone();
        let before = version(admin.delete(&path).await.expect(200));
        assert_eq!(version(admin.delete(&path).await.expect(200)), before);
        // He logs in again.
        log_in(world, None).await.bearer(world).get("/me").await.expect(200);
    }

    async fn an_id_that_is_not_his_is_not_there(world) {
        let admin = world.administrator().await;
        let (tokens, bob) = (alice(world).await, world.user("bob").await);
        let path = sessions_of(&tokens);
        let bobs = bob.get("/me/sessions").await.expect(200).json()["items"][0]["id"].as_str().expect("an id").to_owned();
        let mut rows = Rows::of(world).await;
        let version = rows.version().await;
        for id in [&*bobs, NOBODY, "x", "%00"] {
            problem(&admin.delete(&format!("{path}/{id}")).await, 404, "not-found");
        }
        for user in [NOBODY, "x", "%00"] {
            let path = format!("/admin/users/{user}/sessions");
            problem(&admin.get(&path).await, 404, "not-found");
            problem(&admin.delete(&path).await, 404, "not-found");
            problem(&admin.delete(&format!("{path}/{}", sid(&tokens))).await, 404, "not-found");
        }
        for query in ["limit=0", "limit=201", "after=x", "unknown=1"] {
            admin.get(&format!("{path}?{query}")).await.expect(400);
        }
        assert_eq!(rows.version().await, version);
        rows.close().await;
        bob.get("/me").await.expect(200);
        tokens.bearer(world).get("/me").await.expect(200);
    }

    async fn nobody_ends_what_is_of_somebody_stronger(world) {
        let admin = world.administrator().await;
        let ender = holder(world, &admin, "ender", &["rolecall.sessions:write", "rolecall.sessions:read"]).await;
        let tokens = alice(world).await;
        let (path, one) = (sessions_of(&tokens), format!("{}/{}", sessions_of(&tokens), sid(&tokens)));
        let id = opened(&tokens.access).1["sub"].as_str().expect("an id").to_owned();
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        admin.put(&format!("/admin/users/{id}/roles/reader")).await.expect(200);
        problem(&ender.delete(&path).await, 403, "stronger-account");
        problem(&ender.delete(&one).await, 403, "stronger-account");
        problem(&ender.delete(&format!("/admin/users/{}/sessions", admin.id())).await, 403, "stronger-account");
        tokens.bearer(world).get("/me").await.expect(200);
        admin.delete(&format!("/admin/users/{id}/roles/reader")).await.expect(200);
        ender.delete(&one).await.expect(200);
        is_over(world, &tokens).await;
    }

    async fn the_auditor_sees_and_does_not_end(world) {
        let admin = world.administrator().await;
        let (tokens, auditor) = (alice(world).await, world.user("auditor").await);
        world.give(&admin, &auditor, "rolecall.auditor").await;
        auditor.get(&sessions_of(&tokens)).await.expect(200);
        problem(&auditor.delete(&sessions_of(&tokens)).await, 403, "forbidden");
        problem(&auditor.delete(&format!("{}/{}", sessions_of(&tokens), sid(&tokens))).await, 403, "forbidden");
        tokens.bearer(world).get("/me").await.expect(200);
    }

    async fn an_administrator_may_end_his_own(world) {
        let admin = world.administrator().await;
        admin.delete(&format!("/admin/users/{}/sessions", admin.id())).await.expect(200);
        admin.get("/me").await.expect(401);
        world.administrator().await.get("/me").await.expect(200);
    }
}
