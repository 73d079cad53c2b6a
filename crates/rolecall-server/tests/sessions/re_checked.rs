//! Rows 19 and 48 of the security goals: whatever keeps somebody from logging in keeps his session from going on.

use serde_json::json;

use super::{Tokens, alice, is_over, is_refused, log_in, refresh, refresh_for};
use crate::{
    face::{oauth_error, opened},
    util::{Actor, World, on_both, world::PASSWORD},
};

/// The administrator, and alice's tokens and path.
async fn both(world: &World) -> (Actor, Tokens, String) {
    let (admin, tokens) = (world.administrator().await, alice(world).await);
    let path = format!("/admin/users/{}", opened(&tokens.access).1["sub"].as_str().expect("an id"));
    (admin, tokens, path)
}

on_both! {
    async fn an_account_that_was_disabled(world) {
        let (admin, tokens, path) = both(world).await;
        admin.patch(&path, json!({ "disabled": true })).await.expect(200);
        is_over(world, &tokens).await;
        // Enabled again, he logs in again.
        admin.patch(&path, json!({ "disabled": false })).await.expect(200);
        is_over(world, &tokens).await;
    }

    /// Row 22: who registers under the name of one that is gone is somebody else.
    async fn an_account_that_was_deleted(world) {
        let (admin, tokens, path) = both(world).await;
        admin.delete(&path).await.expect(200);
        is_over(world, &tokens).await;
        let new = alice(world).await;
        let (before, now) = (opened(&tokens.access).1, opened(&new.access).1);
        assert_ne!(before["sub"], now["sub"]);
        is_over(world, &tokens).await;
        Tokens::of(refresh(&world.nobody(), &new.refresh).await);
    }

    async fn roles(world) {
        let (admin, mut tokens, path) = both(world).await;
        admin.put(&format!("{path}/roles/admin")).await.expect(200);
        tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        assert_eq!(opened(&tokens.access).1["roles"], json!(["admin", "user"]));
        admin.delete(&format!("{path}/roles/admin")).await.expect(200);
        tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        assert_eq!(opened(&tokens.access).1["roles"], json!(["user"]));
        // Until a time: no access token outlives that, and the next one is without.
        let until = json!({ "until": world.now() + 100 });
        admin.put_json(&format!("{path}/roles/admin"), until).await.expect(200);
        tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        assert!((90..=100).contains(&tokens.expires_in), "{}", tokens.expires_in);
        tokens.bearer(world).get("/items/").await.expect(200);
        world.wait_for(101).await;
        tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        assert_eq!((tokens.expires_in, &opened(&tokens.access).1["roles"]), (900, &json!(["user"])));
        tokens.bearer(world).get("/items/").await.expect(403);
        let admin = world.administrator().await;
        admin.delete("/admin/roles/user").await.expect(200);
        tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        tokens.bearer(world).get("/users/").await.expect(403);
    }

    async fn a_role_that_the_session_was_cut_to(world) {
        let (admin, _, path) = both(world).await;
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        admin.put(&format!("{path}/roles/reader")).await.expect(200);
        let tokens = log_in(world, Some("reader")).await;
        admin.delete(&format!("{path}/roles/reader")).await.expect(200);
        oauth_error(&refresh(&world.nobody(), &tokens.refresh).await, 400, "invalid_scope");
        // Nothing is left, which is not the same as everything.
        for path in ["/notes/", "/users/"] {
            tokens.bearer(world).get(path).await.expect(403);
        }
        // And the session is not over: what was taken away may be given back.
        admin.put(&format!("{path}/roles/reader")).await.expect(200);
        let tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        assert_eq!(tokens.scope.as_deref(), Some("reader"));
        tokens.bearer(world).get("/notes/").await.expect(200);
    }

    async fn more_roles_than_a_token_can_name(world) {
        let (admin, tokens, path) = both(world).await;
        for n in 0..130 {
            let name = format!("{n:0>64}");
            world.role(&admin, &name, &[], &[]).await;
            admin.put(&format!("{path}/roles/{name}")).await.expect(200);
        }
        let answer = refresh(&world.nobody(), &tokens.refresh).await;
        oauth_error(&answer, 400, "invalid_scope");
        assert!(answer.text().contains("more roles than one token can name"), "{}", answer.text());
        // It was not spent: with a scope there is a token.
        let tokens = Tokens::of(refresh_for(&world.nobody(), &tokens.refresh, "user").await);
        tokens.bearer(world).get("/users/").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_was_reset_on_the_command_line() {
    use crate::util::binary::{Service, rolecall, run};
    let folder = tempfile::TempDir::new().expect("a folder");
    let start = || Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    let service = start();
    service.nobody().register("alice", PASSWORD).await.expect(201);
    let tokens = Tokens::of(service.nobody().log_in("alice", PASSWORD).await);
    service.stop();
    assert_eq!(
        run(&mut rolecall(folder.path(), &["users", "password", "alice"]), "eighteen violet otters").code,
        Some(0)
    );
    let service = start();
    is_refused(&refresh(&service.nobody(), &tokens.refresh).await);
    service.stop();
}
