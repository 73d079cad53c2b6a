//! Clients that act for themselves, and tokens that were made for one thing.

use rolecall::{
    Caller, Reach, Router, authenticated, own, role,
    routing::{get, post},
    scope, service,
};
use rolecall_core::Claims;

use crate::{
    types::panic_of,
    util::{self, App, World},
};

fn api() -> Router {
    Router::new()
        .route("/service", get(service(), async || ""))
        .route("/scope", get(scope("stock:sync"), async || ""))
        .route("/stock/sync", post(service().and(scope("stock:sync")), async || "synced"))
        .route("/either", get(service().or(role("admin")), async || ""))
        .route(
            "/own",
            get(own("items:update").and(service()), async |reach: Reach| reach.owner().is_some().to_string()),
        )
}

/// A client that acts for itself.
fn alone(claims: &mut Claims) {
    claims.sub.clone_from(&claims.client_id);
    claims.preferred_username = None;
}

fn with_scope(scope: &str) -> impl FnOnce(&mut Claims) {
    move |claims| {
        alone(claims);
        claims.scope = Some(scope.into());
    }
}

async fn get_twice(app: &App, token: &str, path: &str) -> u16 {
    let caller = app.caller(token);
    let status = caller.get(path).await.status;
    assert_eq!(caller.get(path).await.status, status, "the same from the cache: {path}");
    status
}

#[tokio::test]
async fn a_service_is_a_client_without_a_user() {
    let world = World::new();
    let app = world.serve(api());
    let status = async |token: String| get_twice(&app, &token, "/service").await;

    assert_eq!(status(world.mint_with("shop", &[], alone)).await, 200, "whatever roles it has");
    assert_eq!(app.nobody().get("/service").await.status, 401);
    for roles in [&["admin"][..], &["rolecall.admin"], &[]] {
        assert_eq!(status(world.mint("alice", roles)).await, 403, "a person is none, whatever roles he has");
    }
    // Nothing but these two makes one: a person may have no name, or one that looks like it.
    assert_eq!(status(world.mint_with("alice", &[], |claims| claims.preferred_username = None)).await, 403);
    assert_eq!(
        status(world.mint_with("alice", &[], |claims| claims.preferred_username = Some(claims.client_id.clone())))
            .await,
        403
    );
    for other in ["Shop", "shop ", "shop2", "sho"] {
        assert_eq!(status(world.mint_with("shop", &[], |claims| claims.sub = other.into())).await, 403, "{other}");
    }
}

#[tokio::test]
async fn a_scope_is_named_and_held() {
    let world = World::new();
    let app = world.serve(api());
    let keeper = async |scope: &str| {
        get_twice(&app, &world.mint_with("kim", &["storekeeper"], with_scope(scope)), "/scope").await
    };
    for named in ["stock:sync", "stock:*", "*", "items:read stock:sync", "storekeeper stock:sync"] {
        assert_eq!(keeper(named).await, 200, "{named}");
    }
    // A role is not the permission, though it holds it; neither is the permission for own objects, or another.
    for other in ["storekeeper", "stock:syn", "stock:count", "items:*", "stock:sync:own", "stock:*:own"] {
        assert_eq!(keeper(other).await, 403, "{other}");
    }
    let unlimited = world.mint("kim", &["storekeeper"]);
    assert_eq!(get_twice(&app, &unlimited, "/scope").await, 403, "a token that says nothing");
    let named = |scope: &'static str| move |claims: &mut Claims| claims.scope = Some(scope.into());
    let not_held = world.mint_with("alice", &["user"], named("stock:sync"));
    assert_eq!(get_twice(&app, &not_held, "/scope").await, 403, "a scope gives nothing");
    let person = world.mint_with("alice", &["storekeeper"], named("stock:sync"));
    assert_eq!(get_twice(&app, &person, "/scope").await, 200, "a person may have one too");
}

#[tokio::test]
async fn a_service_with_the_scope_is_both() {
    let world = World::new();
    let app = world.serve(api());
    let status = async |token: String| app.caller(token).post("/stock/sync").await.status;

    assert_eq!(status(world.mint_with("shop", &["storekeeper"], with_scope("stock:sync"))).await, 200);
    assert_eq!(status(world.mint_with("shop", &["storekeeper"], alone)).await, 403);
    let person = world.mint_with("kim", &["storekeeper"], |claims| claims.scope = Some("stock:sync".into()));
    let refused = app.caller(person).post("/stock/sync").await;
    assert_eq!(refused.status, 403);
    insta::assert_snapshot!(
        refused.challenge().unwrap(),
        @r#"Bearer error="insufficient_scope", error_description="this needs a service and scope stock:sync", scope="stock:sync""#
    );
    // No scope would help here.
    insta::assert_snapshot!(
        app.caller(world.mint("kim", &[])).get("/service").await.challenge().unwrap(),
        @r#"Bearer error="insufficient_scope", error_description="this needs a service""#
    );
}

#[tokio::test]
async fn a_right_that_was_taken_away_is_gone_though_the_token_names_it() {
    let world = World::new();
    let app = world.serve(api());
    let shop = app.caller(world.mint_with("shop", &["storekeeper"], with_scope("stock:sync")));
    assert_eq!(shop.post("/stock/sync").await.status, 200);

    world.touch(&[rolecall_core::Subject::User("shop".into())]);
    world.authority_finds(&["storekeeper"]);
    assert_eq!(shop.post("/stock/sync").await.status, 200, "looked up, it is a service still");
    world.decide_by([util::role("storekeeper", &["stock:count"], &[])]);
    assert_eq!(shop.post("/stock/sync").await.status, 403);
    assert_eq!(shop.get("/service").await.status, 200);
}

#[tokio::test]
async fn they_join_with_other_rules() {
    let world = World::new();
    let app = world.serve(api());
    let (shop, ada) = (app.caller(world.mint_with("shop", &["author"], alone)), world.mint("ada", &["admin"]));

    assert_eq!(shop.get("/either").await.status, 200);
    assert_eq!(app.caller(ada).get("/either").await.status, 200);
    assert_eq!(app.caller(world.mint("alice", &["author"])).get("/either").await.status, 403);
    assert_eq!(shop.get("/own").await.body, "true", "its own objects only");
    assert_eq!(app.caller(world.mint("alice", &["author"])).get("/own").await.status, 403);

    let required = Router::new().require(service()).route("/", get(authenticated(), async || ""));
    assert_eq!(required.access_matrix().rows()[0].rule, service());
    let app = world.serve(required);
    assert_eq!(app.caller(world.mint("alice", &["admin"])).get("/").await.status, 403);
    assert_eq!(app.caller(world.mint_with("shop", &[], alone)).get("/").await.status, 200);
}

#[tokio::test]
async fn a_handler_learns_that_nobody_is_behind_it() {
    let world = World::new();
    let who = async |caller: Caller| format!("{} {} {}", caller.is_service(), caller.id(), caller.name());
    let app = world.serve(Router::new().route("/", get(authenticated(), who)));

    assert_eq!(app.caller(world.mint_with("shop", &[], alone)).get("/").await.body, "true shop shop");
    assert_eq!(app.caller(world.mint("alice", &[])).get("/").await.body, "false id-of-alice alice");
}

#[tokio::test]
async fn a_guard_that_explains_says_that_the_scope_is_missing() {
    let world = World::new();
    let app = App(world.guard().explaining(true).protect(api()));
    let shop = app.caller(world.mint_with("shop", &["storekeeper"], alone));
    assert_eq!(
        shop.post("/stock/sync").await.detail(),
        "this needs a service and scope stock:sync; you have role storekeeper, in a token without a scope"
    );
}

#[test]
fn a_scope_is_written_as_a_permission() {
    for text in ["stock-sync", "stock:*", "*", "stock:sync:own", "stock:sync items:read", "admin", ""] {
        let (message, place) = panic_of(move || drop(scope(text)));
        assert!(message.starts_with(&format!("`{text}` is not a permission: ")), "{message}");
        assert!(place.starts_with(file!()), "{place}");
    }
    assert_eq!(service().and(scope("stock:sync")).to_string(), "a service and scope stock:sync");
    assert_ne!(scope("stock:sync"), rolecall::permission("stock:sync"));
}
