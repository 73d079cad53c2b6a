//! What a process decides by goes only forward, and while it may not decide, it does not.

use std::{sync::Arc, time::Duration};

use http::header::RETRY_AFTER;
use rolecall::{Router, permission, public, role, routing::get};
use rolecall_core::{Lease, Policy, Snapshot};

use crate::util::{self, Actor, START, World, roles, snapshot, user};

fn alice_of(world: &World) -> Actor {
    let app = world.serve(
        Router::new()
            .route("/", get(permission("items:read"), async || ""))
            .route("/health", get(public(), async || "")),
    );
    app.caller(world.mint("alice", &["user"]))
}

/// Somebody else has what `user` had.
fn without_rights(world: &World, version: u64) -> Snapshot {
    let mut roles = roles();
    let user = roles.iter_mut().find(|role| role.name.as_str() == "user").unwrap();
    user.grants.clear();
    let at = roles.iter().position(|role| role.name.as_str() == "user").unwrap();
    roles.insert(at, util::role("reader", &["items:read"], &[]));
    snapshot(version, roles, &[&world.key])
}

#[tokio::test]
async fn an_older_snapshot_and_one_of_the_same_version_change_nothing() {
    let world = World::new();
    let alice = alice_of(&world);
    for version in [0, START - 1, START] {
        world.live.swap(without_rights(&world, version));
        assert_eq!(world.live.snapshot().version, START);
        assert_eq!(alice.get("/").await.status, 200);
    }
    world.live.swap(without_rights(&world, START + 1));
    assert_eq!(world.live.snapshot().version, START + 1);
    assert_eq!(alice.get("/").await.status, 403);
    world.live.swap(snapshot(START, roles(), &[&world.key]));
    assert_eq!(alice.get("/").await.status, 403);
}

#[tokio::test]
async fn a_suspended_process_decides_nothing_until_it_resumes() {
    let world = World::new();
    let alice = alice_of(&world);
    let fresh = alice_of(&world);
    assert_eq!(alice.get("/").await.status, 200);
    world.live.suspend();
    assert!(!world.live.may_decide());
    for caller in [&alice, &fresh] {
        let answer = caller.get("/").await;
        assert_eq!((answer.status, answer.header(RETRY_AFTER)), (503, Some("1")));
        assert_eq!(answer.challenge(), None);
    }
    assert_eq!(alice.get("/health").await.status, 200);

    // Neither a newer snapshot nor a lease ends it.
    world.live.swap(snapshot(START + 1, roles(), &[&world.key]));
    world.live.extend(Lease::ENDLESS);
    assert_eq!(alice.get("/").await.status, 503);

    world.live.resume(snapshot(START + 2, roles(), &[&world.key]), Lease::ENDLESS);
    assert!(world.live.may_decide());
    assert_eq!(alice.get("/").await.status, 200);
    assert_eq!(fresh.get("/").await.status, 200);
}

#[tokio::test]
async fn what_was_read_to_resume_is_obeyed() {
    let world = World::new();
    let alice = alice_of(&world);
    assert_eq!(alice.get("/").await.status, 200);
    world.live.suspend();
    world.live.resume(without_rights(&world, START + 1), Lease::ENDLESS);
    assert_eq!(alice.get("/").await.status, 403);
}

#[tokio::test]
async fn so_it_is_when_the_version_is_the_same() {
    let world = World::new();
    let alice = alice_of(&world);
    assert_eq!(alice.get("/").await.status, 200);
    world.live.suspend();
    world.live.resume(without_rights(&world, START), Lease::ENDLESS);
    assert_eq!(alice.get("/").await.status, 403, "the rights of the token that was seen are of another policy");
}

#[tokio::test]
async fn to_resume_is_to_decide_by_what_was_read_whatever_its_number() {
    let world = World::new();
    let alice = alice_of(&world);
    world.live.swap(without_rights(&world, START + 1));
    world.live.suspend();
    // A backup that was brought back, say.
    world.live.resume(snapshot(START, roles(), &[&world.key]), Lease::ENDLESS);
    assert_eq!(world.live.snapshot().version, START);
    assert_eq!(alice.get("/").await.status, 200);
}

#[tokio::test]
async fn a_lease_ends_on_the_clock_and_goes_on_when_it_is_extended() {
    let lease = |clock: &rolecall::clock::Clock| Lease::from_asking(clock.moment(), Duration::from_secs(300));
    let world = World::with_lease(lease);
    let alice = alice_of(&world);
    world.advance(200);
    assert_eq!(alice.get("/").await.status, 200);
    world.advance(101);
    assert!(!world.live.may_decide());
    for _ in 0..2 {
        let answer = alice.get("/").await;
        assert_eq!((answer.status, answer.header(RETRY_AFTER)), (503, Some("1")));
    }
    assert_eq!(alice.get("/health").await.status, 200);

    // A change alone does not give the right to decide.
    world.touch(&[]);
    assert_eq!(alice.get("/").await.status, 503);
    world.live.extend(lease(&world.clock));
    assert!(world.live.may_decide());
    assert_eq!(alice.get("/").await.status, 200);
}

#[tokio::test]
async fn an_earlier_lease_does_not_shorten_a_later_one() {
    let world = World::new();
    let alice = alice_of(&world);
    world.live.extend(Lease::NONE);
    assert_eq!(alice.get("/").await.status, 200);
}

#[tokio::test]
async fn without_a_lease_no_token_is_checked_or_looked_up() {
    let world = World::with_lease(|_| Lease::NONE);
    let alice = alice_of(&world);
    world.touch(&[user("alice")]);
    assert_eq!(alice.get("/").await.status, 503);
    assert_eq!((world.seen.len(), world.authority.calls()), (0, 0));
}

#[tokio::test]
async fn rules_of_several_applications_are_in_force_side_by_side_and_after_each_change() {
    let world = World::new();
    let one = world.serve(Router::new().route("/", get(role("user"), async || "")));
    let empty = world.serve(Router::new());
    let two = world.serve(
        Router::new()
            .route("/a", get(role("admin"), async || ""))
            .route("/b", get(permission("items:read"), async || "")),
    );
    let token = world.mint("alice", &["user"]);
    let check = async |b: u16| {
        assert_eq!(one.caller(&token).get("/").await.status, 200);
        assert_eq!(empty.caller(&token).get("/").await.status, 404);
        assert_eq!(two.caller(&token).get("/a").await.status, 403);
        assert_eq!(two.caller(&token).get("/b").await.status, b);
    };
    check(200).await;
    world.decide_by([util::role("user", &[], &[])]);
    check(403).await;
    world.change(|snapshot| snapshot.policy = Arc::new(Policy::new(roles()).unwrap()));
    check(200).await;
}
