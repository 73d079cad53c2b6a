//! A token is good for one API and from one issuer, though guards share what they have seen.

use std::sync::Arc;

use rolecall::{Audience, Guard, Live, Router, authenticated, optional, permission, role, routing::get};
use rolecall_core::{KeySet, Lease, Policy, jwk::VerifyingKey};

use crate::util::{self, App, LIFETIME, START, World, keys};

const OTHER: &str = "https://stock.example";
const INVALID_TOKEN: Option<&str> = Some(r#"Bearer error="invalid_token""#);

fn api() -> Router {
    Router::new().route("/", get(permission("items:read"), async || "")).route("/hello", get(optional(), async || ""))
}

#[tokio::test]
async fn a_token_for_another_api_is_refused_seen_or_not() {
    let world = World::new();
    let (items, stock) = (App(world.guard().protect(api())), App(world.guard_of(OTHER).protect(api())));
    let for_stock = world.mint_with("alice", &["user"], |claims| claims.aud = OTHER.into());
    let for_items = world.mint("alice", &["user"]);

    for _ in 0..2 {
        for path in ["/", "/hello"] {
            let answer = items.caller(&for_stock).get(path).await;
            assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN), "{path}");
            let answer = stock.caller(&for_items).get(path).await;
            assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN), "{path}");
            // From here on each is in the cache that both share.
            assert_eq!(stock.caller(&for_stock).get(path).await.status, 200, "{path}");
            assert_eq!(items.caller(&for_items).get(path).await.status, 200, "{path}");
        }
    }
    assert_eq!(world.seen.len(), 2);
}

#[tokio::test]
async fn a_stale_token_for_another_api_is_refused_without_a_look_up() {
    let world = World::new();
    let (items, stock) = (App(world.guard().protect(api())), App(world.guard_of(OTHER).protect(api())));
    let for_stock = world.mint_with("alice", &["user"], |claims| claims.aud = OTHER.into());
    assert_eq!(stock.caller(&for_stock).get("/").await.status, 200);

    world.touch(&[util::user("alice")]);
    assert_eq!(items.caller(&for_stock).get("/").await.status, 401);
    assert_eq!(world.authority.calls(), 0);
}

#[tokio::test]
async fn an_audience_that_is_empty_or_nearly_the_same_is_another() {
    let world = World::new();
    let app = world.serve(api());
    for aud in
        ["", " ", "https://items.example/", "HTTPS://items.example", "https://items.exampl", "*", "https://id.example"]
    {
        let token = world.mint_with("alice", &["user"], |claims| claims.aud = aud.into());
        assert_eq!(app.caller(token).get("/").await.status, 401, "{aud:?}");
    }
}

#[test]
fn a_guard_without_an_audience_cannot_be_made() {
    for text in ["", " ", "a b", "a\tb", "a\n", "\u{a0}", "\0"] {
        let refused = text.parse::<Audience>().unwrap_err();
        assert_eq!(refused.to_string(), "an audience is the name or address of one API, without white space");
    }
    assert_eq!("items-api".parse::<Audience>().unwrap().to_string(), "items-api");
}

/// Another issuer's world, at the same version, for an API of the same name, sharing the cache.
fn foreign(world: &World, issuer: &str) -> (App, util::Counter) {
    let reached = util::Counter::default();
    let counter = reached.clone();
    let live = Live::new(
        issuer,
        util::snapshot(START, util::roles(), &[&util::new_key()]),
        Lease::ENDLESS,
        world.clock.clone(),
        LIFETIME,
    );
    let guard =
        Guard::with_seen(Arc::new(live), world.authority.clone(), util::API.parse().unwrap(), world.seen.clone());
    (App(guard.protect(Router::new().route("/", get(authenticated(), async move || counter.add())))), reached)
}

#[tokio::test]
async fn a_token_that_one_issuer_signed_is_not_good_at_a_guard_of_another_though_they_share_a_cache() {
    let world = World::new();
    let app = world.serve(Router::new().route("/", get(authenticated(), async || "")));
    let token = world.mint("alice", &["admin"]);
    assert_eq!(app.caller(&token).get("/").await.status, 200);

    for issuer in ["https://other.example", util::ISSUER] {
        let (other, reached) = foreign(&world, issuer);
        for _ in 0..2 {
            let answer = other.caller(&token).get("/").await;
            assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN), "{issuer}");
        }
        assert_eq!(reached.count(), 0);
        assert_eq!(app.caller(&token).get("/").await.status, 200, "and where it is good it stays so");
    }
}

#[tokio::test]
async fn nor_is_it_when_both_issuers_call_their_keys_the_same() {
    let world = World::new();
    let app = world.serve(Router::new().route("/", get(authenticated(), async || "")));
    let token = world.mint("alice", &["admin"]);
    assert_eq!(app.caller(&token).get("/").await.status, 200);

    let mut jwk = util::new_key().verifying_key().to_jwk().unwrap();
    jwk["kid"] = world.key.kid().into();
    let mut snapshot = util::snapshot(START, util::roles(), &[]);
    snapshot.keys = KeySet::new(vec![VerifyingKey::from_jwk(&jwk).unwrap()]).unwrap();
    let live = Live::new("https://other.example", snapshot, Lease::ENDLESS, world.clock.clone(), LIFETIME);
    let guard =
        Guard::with_seen(Arc::new(live), world.authority.clone(), util::API.parse().unwrap(), world.seen.clone());
    let other = App(guard.protect(Router::new().route("/", get(authenticated(), async || ""))));
    let answer = other.caller(&token).get("/").await;
    assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN));
}

#[tokio::test]
async fn rights_worked_out_for_one_policy_are_not_read_by_another_of_the_same_version() {
    let world = World::new();
    let here = world.serve(Router::new().route("/", get(role("editor"), async || "")));
    let alice = world.mint("alice", &["user"]);
    assert_eq!(here.caller(&alice).get("/").await.status, 403);

    // The same roles in another order, so that their numbers mean others.
    let mut snapshot = util::snapshot(START, vec![], &[]);
    snapshot.keys = keys(&[&world.key]);
    let mut turned = util::roles();
    turned.reverse();
    snapshot.policy = Arc::new(Policy::new(turned).unwrap());
    let live = Live::new(util::ISSUER, snapshot, Lease::ENDLESS, world.clock.clone(), LIFETIME);
    let guard =
        Guard::with_seen(Arc::new(live), world.authority.clone(), util::API.parse().unwrap(), world.seen.clone());
    let routes = ["admin", "editor", "storekeeper", "author", "auditor", "user"];
    let api =
        routes.iter().fold(Router::new(), |api, name| api.route(&format!("/{name}"), get(role(name), async || "")));
    let there = App(guard.protect(api));
    for name in routes {
        let expected = if name == "user" { 200 } else { 403 };
        assert_eq!(there.caller(&alice).get(&format!("/{name}")).await.status, expected, "{name}");
    }
}
