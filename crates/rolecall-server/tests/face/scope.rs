//! `scope` at `/token`: a session cut to some roles, to some permissions, or to both.

use serde_json::{Value, json};

use super::{oauth_error, opened};
use crate::util::{Actor, World, on_both, world::PASSWORD};

/// Alice, with the roles `user`, `editor` (`notes:*`, and inherits `reader`: `notes:read`), and `author`
/// (`docs:edit:own`).
async fn alice(world: &World) -> (Actor, Actor) {
    let (admin, alice) = (world.administrator().await, world.user("alice").await);
    world.role(&admin, "reader", &["notes:read"], &[]).await;
    world.role(&admin, "editor", &["notes:*"], &["reader"]).await;
    world.role(&admin, "author", &["docs:edit:own"], &[]).await;
    world.give(&admin, &alice, "editor").await;
    world.give(&admin, &alice, "author").await;
    (admin, alice)
}

/// Who alice is in a session that is cut to a scope, and what the answer said of it.
async fn cut(world: &World, alice: &Actor, scope: &str) -> (Actor, Value) {
    let told = world.nobody().log_in_for("alice", PASSWORD, Some(scope)).await.expect(200).json();
    let token = told["access_token"].as_str().expect("a token").to_owned();
    let claims = opened(&token).1;
    assert_eq!(claims.get("scope"), told.get("scope"));
    (alice.with_token(&token), told)
}

/// Statuses of the four calls, and whether each of some roles is active.
async fn seen(alice: &Actor) -> ([u16; 3], [bool; 3]) {
    let calls = [
        alice.get("/users/").await.status,
        alice.get("/notes/").await.status,
        alice.post("/notes/", json!({})).await.status,
    ];
    let mut roles = [false; 3];
    for (has, role) in roles.iter_mut().zip(["user", "editor", "reader"]) {
        *has = alice.get(&format!("/has/{role}")).await.expect(200).json() == json!(true);
    }
    (calls, roles)
}

on_both! {
    async fn a_session_is_cut_to_what_its_scope_names(world) {
        let (_, alice) = alice(world).await;
        let all = ([200, 200, 200], [true, true, true]);
        assert_eq!(seen(&alice).await, all);
        let cases = [
            // Roles, also inherited ones: only these are active.
            ("editor", "editor", ([403, 200, 200], [false, true, true])),
            ("reader", "reader", ([403, 200, 403], [false, false, true])),
            ("user", "user", ([200, 403, 403], [true, false, false])),
            (" user  editor user ", "editor user", ([200, 200, 200], [true, true, true])),
            // Permissions: a check needs one that covers it, and no role is named.
            ("notes:read", "notes:read", ([403, 200, 403], [false, false, false])),
            ("notes:*", "notes:*", ([403, 200, 200], [false, false, false])),
            ("docs:edit:own", "docs:edit:own", ([403, 403, 403], [false, false, false])),
            // `:own` of what is held for all objects.
            ("notes:read:own", "notes:read:own", ([403, 403, 403], [false, false, false])),
            // Both: rules on roles pass for those that are named.
            ("notes:read user editor", "editor user notes:read", ([200, 200, 403], [true, true, false])),
            ("reader notes:read", "reader notes:read", ([403, 200, 403], [false, false, true])),
            ("notes:write editor", "editor notes:write", ([403, 403, 200], [false, true, false])),
        ];
        for (scope, granted, expected) in cases {
            let (alice, told) = cut(world, &alice, scope).await;
            assert_eq!(told["scope"], granted);
            assert_eq!(seen(&alice).await, expected, "{scope}");
            assert_eq!(alice.get("/me").await.expect(200).json()["scope"], granted);
        }
        // None at all means all, and the answer does not name what nobody asked for.
        for scope in ["", " ", "   "] {
            let (alice, told) = cut(world, &alice, scope).await;
            assert!(told.get("scope").is_none());
            assert_eq!(seen(&alice).await, all);
        }
    }

    async fn what_the_caller_lacks_is_refused(world) {
        let (_, alice) = alice(world).await;
        for scope in [
            "admin",
            "rolecall.admin",
            "rolecall.auditor",
            "nosuchrole",
            "user admin",
            "*",
            "items:read",
            "items:*",
            "docs:edit",
            "docs:*",
            "rolecall.users:read",
            "notes:read items:read",
            // Held, but not by the roles that are to be active.
            "user notes:read",
            "reader notes:write",
            "author notes:read",
        ] {
            oauth_error(&world.nobody().log_in_for("alice", PASSWORD, Some(scope)).await, 400, "invalid_scope");
        }
        alice.get("/me").await.expect(200);
        // Who holds everything may have any of it; and `*` is not the service's own.
        for scope in ["*", "items:read", "admin", "rolecall.admin", "rolecall.users:read"] {
            world.nobody().log_in_for("admin", world.password(), Some(scope)).await.expect(200);
        }
    }

    async fn what_is_no_scope_is_refused(world) {
        let (_, _) = alice(world).await;
        let (long, many) = ("r".repeat(65), "notes:read ".repeat(500));
        for scope in [
            "User",
            "user\tnotes:read",
            "user\n",
            "user,editor",
            "\"user\"",
            "notes:",
            ":read",
            ":",
            "::",
            "**",
            "*:read",
            "notes:read:all",
            "notes:Read",
            "notes:read:own:own",
            "notes:*:*",
            "юзер",
            "user\u{202e}",
            "../user",
            "-user",
            &long,
        ] {
            oauth_error(&world.nobody().log_in_for("alice", PASSWORD, Some(scope)).await, 400, "invalid_scope");
        }
        // However often it is named.
        let told = world.nobody().log_in_for("alice", PASSWORD, Some(&many)).await.expect(200).json();
        assert_eq!(told["scope"], "notes:read");
    }

    async fn a_cut_session_loses_what_the_account_loses_and_gains_nothing_else(world) {
        let (admin, alice) = alice(world).await;
        let (cut, _) = cut(world, &alice, "editor user notes:read").await;
        let role = |role: &str| format!("/admin/users/{}/roles/{role}", alice.id());

        world.give(&admin, &alice, "admin").await;
        alice.get("/items/").await.expect(200);
        cut.get("/items/").await.expect(403);

        admin.delete(&role("user")).await.expect(200);
        assert_eq!(seen(&cut).await, ([403, 200, 403], [false, true, false]));
        admin.delete(&role("editor")).await.expect(200);
        assert_eq!(seen(&cut).await, ([403, 403, 403], [false, false, false]));
        // Given again, it is there again: the scope names the role, not one that was taken away.
        world.give(&admin, &alice, "editor").await;
        assert_eq!(seen(&cut).await, ([403, 200, 403], [false, true, false]));
        admin.delete("/admin/roles/editor/permissions/notes:*").await.expect(200);
        // Inherited still.
        cut.get("/notes/").await.expect(200);
        admin.delete("/admin/roles/editor/inherits/reader").await.expect(200);
        cut.get("/notes/").await.expect(403);
    }
}
