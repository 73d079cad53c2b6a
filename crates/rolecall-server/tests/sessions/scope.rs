//! `scope` at a refresh: an access token of less, never of more (RFC 6749, 6).

use super::{Tokens, alice, log_in, refresh, refresh_for};
use crate::{
    face::{oauth_error, opened},
    util::{World, on_both},
};

/// Alice with the roles `user`, `editor` (`notes:*`, inherits `reader`: `notes:read`) and `author` (`docs:edit:own`).
async fn people(world: &World) {
    let admin = world.administrator().await;
    let tokens = alice(world).await;
    let alice = opened(&tokens.access).1["sub"].as_str().expect("an id").to_owned();
    world.role(&admin, "reader", &["notes:read"], &[]).await;
    world.role(&admin, "editor", &["notes:*"], &["reader"]).await;
    world.role(&admin, "author", &["docs:edit:own"], &[]).await;
    for role in ["editor", "author"] {
        admin.put(&format!("/admin/users/{alice}/roles/{role}")).await.expect(200);
    }
}

on_both! {
    async fn it_may_only_shrink(world) {
        people(world).await;
        let nobody = world.nobody();
        let cases: &[(Option<&str>, &str, Option<&str>)] = &[
            (None, "", None),
            (None, "editor", Some("editor")),
            (None, "notes:read", Some("notes:read")),
            (None, "editor author docs:edit:own", Some("author editor docs:edit:own")),
            (Some("editor user"), "", Some("editor user")),
            (Some("editor user"), "user", Some("user")),
            // What it inherits is less.
            (Some("editor"), "reader", Some("reader")),
            (Some("editor"), "notes:read", Some("editor notes:read")),
            (Some("notes:*"), "notes:read", Some("notes:read")),
            (Some("notes:read"), "notes:read:own", Some("notes:read:own")),
            (Some("editor notes:read"), "editor", Some("editor notes:read")),
        ];
        for (of_session, asked, granted) in cases.iter() {
            let tokens = log_in(world, *of_session).await;
            let cut = Tokens::of(refresh_for(&nobody, &tokens.refresh, asked).await);
            assert_eq!(cut.scope.as_deref(), *granted, "{of_session:?} {asked}");
            assert_eq!(opened(&cut.access).1["scope"].as_str(), *granted);
            // For this access token alone: the refresh token has what the session has.
            let whole = Tokens::of(refresh(&nobody, &cut.refresh).await);
            assert_eq!(whole.scope.as_deref(), *of_session);
        }
    }

    async fn more_is_refused_and_spends_nothing(world) {
        people(world).await;
        let nobody = world.nobody();
        for (of_session, asked) in [
            (None, "admin"),
            (None, "items:read"),
            (None, "user Admin"),
            (None, "docs:edit"),
            (Some("user"), "editor"),
            (Some("user"), "user editor"),
            (Some("user"), "notes:read"),
            (Some("reader"), "editor"),
            (Some("reader"), "notes:*"),
            (Some("reader"), "notes:write"),
            // A role's name lets it past rules that the session cannot pass.
            (Some("notes:read"), "editor"),
            (Some("notes:read"), "reader"),
            (Some("notes:read"), "notes:*"),
            (Some("notes:read"), "docs:edit:own"),
            (Some("notes:read:own"), "notes:read"),
            (Some("editor notes:read"), "editor notes:write"),
            (Some("editor notes:read"), "reader"),
        ] {
            let tokens = log_in(world, of_session).await;
            oauth_error(&refresh_for(&nobody, &tokens.refresh, asked).await, 400, "invalid_scope");
            assert_eq!(Tokens::of(refresh(&nobody, &tokens.refresh).await).scope.as_deref(), of_session);
        }
    }

    async fn what_the_token_is_cut_to_is_what_it_may(world) {
        people(world).await;
        let tokens = log_in(world, Some("editor user")).await;
        let cut = Tokens::of(refresh_for(&world.nobody(), &tokens.refresh, "reader").await);
        let bearer = cut.bearer(world);
        bearer.get("/notes/").await.expect(200);
        bearer.post("/notes/", serde_json::json!({})).await.expect(403);
        bearer.get("/users/").await.expect(403);
        let whole = Tokens::of(refresh(&world.nobody(), &cut.refresh).await);
        whole.bearer(world).post("/notes/", serde_json::json!({})).await.expect(200);
    }
}
