//! Tokens seen are bounded, and forgetting one changes no decision.

use rolecall::{Router, SeenTokens, permission, routing::get};

use crate::util::{self, App, World};

fn serve(world: &World) -> App {
    world.serve(Router::new().route("/", get(permission("items:read"), async || "")))
}

#[tokio::test]
async fn the_cache_is_bounded_by_count() {
    let world = World::new().remembering(SeenTokens::new(1000, 64 << 20));
    let app = serve(&world);
    let first = world.mint("alice", &["user"]);
    for n in 0..5000 {
        let token = if n == 0 { first.clone() } else { world.mint("alice", &["user"]) };
        assert_eq!(app.caller(token).get("/").await.status, 200);
        assert!(world.seen.len() <= 1000, "{} after {n}", world.seen.len());
    }
    assert!(world.seen.len() > 500, "{}: it should hold about what it may", world.seen.len());
    assert_eq!(app.caller(first).get("/").await.status, 200, "forgotten or not");
}

#[tokio::test]
async fn the_cache_is_bounded_by_bytes() {
    let bytes = 1 << 20;
    let world = World::new().remembering(SeenTokens::new(1_000_000, bytes));
    let app = serve(&world);
    for _ in 0..2000 {
        let token = world.mint("alice", &["user"]);
        let length = token.len() as u64;
        assert_eq!(app.caller(token).get("/").await.status, 200);
        // Each is there twice, as the token and as its claims.
        assert!(world.seen.len() as u64 * 2 * length <= bytes);
    }
    assert!(!world.seen.is_empty());
}

#[tokio::test]
async fn a_cache_that_holds_nothing_changes_no_decision() {
    for (count, bytes) in [(0, 0), (0, 1 << 20), (1000, 0), (1, 1)] {
        let world = World::new().remembering(SeenTokens::new(count, bytes));
        let app = serve(&world);
        let (alice, bob) = (app.caller(world.mint("alice", &["user"])), app.caller(world.mint("bob", &[])));
        for _ in 0..2 {
            assert_eq!(alice.get("/").await.status, 200);
            assert_eq!(bob.get("/").await.status, 403);
        }
        world.touch(&[util::user("alice"), util::user("bob")]);
        world.authority_finds(&["auditor"]);
        assert_eq!(alice.get("/").await.status, 403, "{count} {bytes}");
        world.authority_finds(&["user"]);
        assert_eq!(bob.get("/").await.status, 200, "{count} {bytes}");
    }
}

#[tokio::test]
async fn nobody_without_the_issuers_key_gets_anything_into_the_cache() {
    let world = World::new();
    let app = serve(&world);
    let stranger = World::new();
    for _ in 0..100 {
        assert_eq!(app.caller(stranger.mint("alice", &["user"])).get("/").await.status, 401);
    }
    assert_eq!(world.seen.len(), 0);
}
