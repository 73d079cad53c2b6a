//! What a caller can ask for, and what every change answers.

use axum::body::Body;
use serde_json::json;

use super::{assignment, with_role};
use crate::util::on_both;

on_both! {
    async fn every_change_answers_with_its_version_and_whether_it_is_in_force(world) {
        let admin = world.administrator().await;
        let alice = world.user("alice").await;
        let path = assignment(alice.id(), "admin");
        let start = admin.delete(&path).await.expect(200).json()["version"].as_i64().expect("a version");
        let mut expected = start;
        for prefer in ["respond-async", "wait=0", "wait=5", "wait = \"7\"", "return=minimal", "wait=soon", "", "respond-async, wait=3"] {
            for (method, status) in [("PUT", 200), ("DELETE", 403)] {
                let told = admin.send(method, &path, &[("prefer", prefer)], Body::empty()).await.expect(200).json();
                expected += 1;
                // One process: what is in force here is in force everywhere.
                assert_eq!(told, json!({ "version": expected, "in_force": true }), "{method} {prefer}");
                alice.get("/items/").await.expect(status);
            }
        }

        let made = admin.post("/admin/roles", json!({ "name": "reader", "permissions": ["notes:read"] })).await;
        let made = made.expect(201).json();
        assert_eq!((made["version"].as_i64(), made["in_force"].as_bool()), (Some(expected + 1), Some(true)));
        for (method, path) in [
            ("PUT", "/admin/roles/reader/permissions/notes:write"),
            ("DELETE", "/admin/roles/reader/permissions/notes:write"),
            ("PUT", "/admin/roles/reader/inherits/user"),
            ("DELETE", "/admin/roles/reader/inherits/user"),
            ("DELETE", "/admin/roles/reader"),
        ] {
            let told = admin.send(method, path, &[], Body::empty()).await.expect(200).json();
            assert_eq!(told["in_force"], true, "{method} {path}");
        }
        let user = format!("/admin/users/{}", alice.id());
        for disabled in [true, false] {
            let told = admin.patch(&user, json!({ "disabled": disabled })).await.expect(200).json();
            assert_eq!(told["in_force"], true);
        }
        let told = admin.delete(&user).await.expect(200).json();
        assert_eq!(told, json!({ "version": expected + 9, "in_force": true }));
    }

    async fn an_end_in_the_past_is_no_end(world) {
        let admin = world.administrator().await;
        let alice = with_role(world, &admin, "alice").await;
        let path = assignment(alice.id(), "admin");
        for until in [world.now(), world.now() - 1, 0, -1, i64::MIN] {
            let refused = admin.put_json(&path, json!({ "until": until })).await.expect(400);
            assert_eq!(refused.header("content-type"), "application/problem+json");
            assert!(refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("until")));
        }
        alice.get("/items/").await.expect(200);
    }
}
