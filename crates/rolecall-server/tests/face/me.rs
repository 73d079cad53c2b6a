//! `GET /me`: who the caller is, and what his session may do as of now.

use serde_json::json;

use super::problem;
use crate::util::{on_both, world::PASSWORD};

on_both! {
    async fn it_says_what_the_session_may_do_as_of_now(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let told = alice.get("/me").await.expect(200).json();
        assert_eq!(told, json!({ "id": alice.id(), "username": "alice", "roles": ["user"], "permissions": [] }));

        world.role(&admin, "reader", &["notes:read", "docs:read:own"], &[]).await;
        world.role(&admin, "editor", &["notes:write"], &["reader"]).await;
        world.give(&admin, &alice, "editor").await;
        admin.patch(&format!("/admin/users/{}", alice.id()), json!({ "email": "alice@example.org" })).await.expect(200);
        let told = alice.get("/me").await.expect(200).json();
        assert_eq!(
            told,
            json!({
                "id": alice.id(), "username": "alice", "email": "alice@example.org", "roles": ["editor", "user"],
                "permissions": ["docs:read:own", "notes:read", "notes:write"],
            }),
        );

        let cut = world.nobody().log_in_for("alice", PASSWORD, Some("editor notes:read")).await.expect(200).json();
        let cut = alice.with_token(cut["access_token"].as_str().expect("a token"));
        let told = cut.get("/me").await.expect(200).json();
        assert_eq!(
            (&told["roles"], &told["permissions"], &told["scope"]),
            (&json!(["editor"]), &json!(["notes:read"]), &json!("editor notes:read")),
        );

        admin.delete("/admin/roles/editor/inherits/reader").await.expect(200);
        let told = alice.get("/me").await.expect(200).json();
        assert_eq!(told["permissions"], json!(["notes:write"]));
        assert_eq!(cut.get("/me").await.expect(200).json()["permissions"], json!([]));
        admin.delete(&format!("/admin/users/{}/roles/editor", alice.id())).await.expect(200);
        assert_eq!(alice.get("/me").await.expect(200).json()["roles"], json!(["user"]));
    }

    async fn nobody_is_nobody(world) {
        let answer = world.nobody().get("/me").await;
        let told = problem(&answer, 401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="rolecall""#);
        assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("POST /token")));
    }

    async fn disabled_or_deleted_is_not_known_at_the_next_call(world) {
        let (admin, alice, bob) = (world.administrator().await, world.user("alice").await, world.user("bob").await);
        // Seen, and so remembered.
        for who in [&alice, &bob] {
            who.get("/users/").await.expect(200);
        }
        let path = format!("/admin/users/{}", alice.id());
        admin.patch(&path, json!({ "disabled": true })).await.expect(200);
        admin.delete(&format!("/admin/users/{}", bob.id())).await.expect(200);
        for who in [&alice, &bob] {
            for path in ["/me", "/users/", "/hello", "/admin/users"] {
                let answer = who.get(path).await;
                problem(&answer, 401, "invalid-token");
                assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
            }
        }
        admin.patch(&path, json!({ "disabled": false })).await.expect(200);
        alice.get("/me").await.expect(401);
        world.nobody().logged_in("alice", PASSWORD).await.get("/users/").await.expect(200);
    }
}
