//! A token that was made for less than its roles hold.

use rolecall::{Router, authenticated, permission, role, routing::get};

use crate::util::World;

fn api() -> Router {
    Router::new()
        .route("/read", get(permission("items:read"), async || ""))
        .route("/write", get(permission("items:write"), async || ""))
        .route("/editor", get(role("editor"), async || ""))
        .route("/user", get(role("user"), async || ""))
        .route("/me", get(authenticated(), async || ""))
}

/// What an editor may with this scope: read, write, role editor, role user, authenticated.
async fn editor_with(scope: &str) -> [u16; 5] {
    let world = World::new();
    let app = world.serve(api());
    let editor = app.caller(world.mint_with("eve", &["editor"], |claims| claims.scope = Some(scope.into())));
    let mut statuses = [0; 5];
    for (status, path) in statuses.iter_mut().zip(["/read", "/write", "/editor", "/user", "/me"]) {
        *status = editor.get(path).await.status;
        assert_eq!(editor.get(path).await.status, *status, "the same from the cache: {path}");
    }
    statuses
}

#[tokio::test]
async fn permissions_in_a_scope_cut_the_rest_off_and_roles_too() {
    assert_eq!(editor_with("items:read").await, [200, 403, 403, 403, 200]);
    assert_eq!(editor_with("items:*").await, [200, 200, 403, 403, 200]);
}

#[tokio::test]
async fn a_role_passes_a_scope_of_permissions_only_where_it_is_named() {
    assert_eq!(editor_with("items:read editor").await, [200, 403, 200, 403, 200]);
}

#[tokio::test]
async fn roles_in_a_scope_leave_only_these_active() {
    assert_eq!(editor_with("user").await, [200, 403, 403, 200, 200]);
    assert_eq!(editor_with("editor").await, [200, 200, 200, 200, 200]);
}

#[tokio::test]
async fn a_scope_gives_nothing_that_the_roles_do_not_hold() {
    assert_eq!(editor_with("stock:count admin").await, [403, 403, 403, 403, 200]);
}

#[tokio::test]
async fn a_scope_for_own_objects_passes_no_rule_that_asks_for_all() {
    assert_eq!(editor_with("items:read:own").await, [403, 403, 403, 403, 200]);
}

#[tokio::test]
async fn under_a_scope_that_cannot_be_read_nothing_passes() {
    assert_eq!(editor_with("Items:Read").await, [401; 5]);
}

#[tokio::test]
async fn roles_that_a_look_up_finds_are_cut_to_the_scope_of_the_token() {
    let world = World::new();
    let app = world.serve(api());
    let scoped = world.mint_with("eve", &["user"], |claims| claims.scope = Some("items:read".into()));
    let eve = app.caller(scoped);
    assert_eq!(eve.get("/read").await.status, 200);

    world.touch(&[crate::util::user("eve")]);
    world.authority_finds(&["editor"]);
    assert_eq!(eve.get("/write").await.status, 403);
    assert_eq!(eve.get("/read").await.status, 200);
    assert_eq!(world.authority.calls(), 1);
}
