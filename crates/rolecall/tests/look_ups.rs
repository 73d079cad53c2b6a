//! Asking the authority: once for each token at a time, so many at once, and what happens when it does not answer.

use std::collections::HashSet;

use http::header::RETRY_AFTER;
use rolecall::{Router, Unavailable, permission, routing::get};

use crate::util::{Actor, App, Calls, World, active, inactive, user};

fn serve(world: &World) -> App {
    world.serve(Router::new().route("/", get(permission("items:write"), async || "")))
}

#[tokio::test]
async fn many_calls_with_one_stale_token_make_one_look_up() {
    let world = World::new();
    let app = serve(&world);
    let alice = app.caller(world.mint("alice", &["user"]));
    world.touch(&[user("alice")]);
    world.authority_finds(&["editor"]);
    world.authority.block();
    let calls = Calls::begin((0..32).map(|_| alice.get("/"))).await;
    assert_eq!((world.authority.calls(), calls.answered().len()), (1, 0));

    world.authority.release();
    for answer in calls.finish().await {
        assert_eq!(answer.status, 200);
    }
    assert_eq!(world.authority.calls(), 1);
}

#[tokio::test]
async fn so_does_a_role_that_has_ended() {
    let world = World::new();
    let app = serve(&world);
    let alice = app.caller(world.mint("alice", &["user"]));
    let version = world.touch(&[user("alice")]);
    world
        .authority
        .says([active(&["editor"], version, Some(world.clock.wall() + 60)), active(&["user"], version, None)]);
    assert_eq!(alice.get("/").await.status, 200);
    world.advance(60);
    world.authority.block();
    let calls = Calls::begin((0..32).map(|_| alice.get("/"))).await;
    world.authority.release();
    for answer in calls.finish().await {
        assert_eq!(answer.status, 403);
    }
    assert_eq!(world.authority.calls(), 2);
}

#[tokio::test]
async fn so_does_a_session_that_is_over() {
    let world = World::new();
    let app = serve(&world);
    let alice = app.caller(world.mint("alice", &["editor"]));
    world.authority.says([inactive(world.touch(&[user("alice")]))]);
    world.authority.block();
    let calls = Calls::begin((0..32).map(|_| alice.get("/"))).await;
    world.authority.release();
    for answer in calls.finish().await {
        assert_eq!(answer.status, 401);
    }
    assert_eq!(world.authority.calls(), 1);
}

#[tokio::test]
async fn two_tokens_of_one_user_are_looked_up_each_by_itself() {
    let world = World::new();
    let app = serve(&world);
    let (one, other) = (world.mint("alice", &["user"]), world.mint("alice", &["user"]));
    let version = world.touch(&[user("alice")]);
    world.authority.says([active(&["editor"], version, None), active(&["user"], version, None)]);
    assert_eq!(app.caller(&one).get("/").await.status, 200);
    assert_eq!(app.caller(&other).get("/").await.status, 403);
    let asked: Vec<_> = world.authority.asked().into_iter().map(|asked| asked.token).collect();
    assert_eq!(asked, [one, other]);
}

#[tokio::test]
async fn more_tokens_than_can_be_looked_up_at_once_are_told_to_come_again_and_none_is_let_in() {
    let world = World::new();
    let app = serve(&world);
    let crowd: Vec<Actor> = (0..300).map(|_| app.caller(world.mint("alice", &["editor"]))).collect();
    world.touch(&[user("alice")]);
    world.authority_finds(&["user"]);
    world.authority.block();
    let calls = Calls::begin(crowd.iter().map(|caller| caller.get("/"))).await;
    let asked: HashSet<_> = world.authority.asked().into_iter().map(|asked| asked.token).collect();
    assert_eq!((world.authority.calls(), asked.len()), (64, 64));
    // The others wait for their turn or have been told.
    assert!(calls.answered().len() > 50, "{}", calls.answered().len());
    let told: HashSet<_> = calls
        .answered()
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 503);
            answer.header(RETRY_AFTER).expect("a time to come again").to_owned()
        })
        .collect();
    let spread = HashSet::from(["1", "2", "3"].map(str::to_owned));
    assert_eq!(told, spread, "not all come again at once");

    world.authority.release();
    let answers = calls.finish().await;
    assert!(answers.iter().all(|answer| [403, 503].contains(&answer.status)));
    assert!(answers.iter().filter(|answer| answer.status == 403).count() >= 64);
    for caller in &crowd {
        assert_eq!(caller.get("/").await.status, 403, "once there is room, each has its answer");
    }
}

#[tokio::test]
async fn an_authority_that_cannot_tell_is_a_503_that_is_not_kept() {
    let world = World::new();
    let app = serve(&world);
    let alice = app.caller(world.mint("alice", &["editor"]));
    assert_eq!(alice.get("/").await.status, 200);
    world.touch(&[user("alice")]);
    world.authority.says([Err(Unavailable)]);
    for n in 1..=2 {
        let answer = alice.get("/").await;
        assert_eq!((answer.status, answer.header(RETRY_AFTER)), (503, Some("1")));
        assert_eq!(answer.challenge(), None, "it says nothing about the token");
        assert_eq!(world.authority.calls(), n);
    }
    world.authority_finds(&["editor"]);
    assert_eq!(alice.get("/").await.status, 200);
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_nothing_locked() {
    let world = World::new();
    let app = serve(&world);
    world.authority.block();
    // More than there is room for: had one kept its place, the last would find none.
    for n in 0..100 {
        let caller = app.caller(world.mint("alice", &["user"]));
        world.touch(&[user("alice")]);
        world.authority_finds(&["editor"]);
        let hung_up = Calls::begin([caller.get("/"), caller.get("/")]).await;
        assert_eq!((hung_up.answered().len(), world.authority.calls()), (0, n + 1));
        drop(hung_up);
    }
    let alice = app.caller(world.mint("alice", &["user"]));
    world.touch(&[user("alice")]);
    world.authority_finds(&["editor"]);
    world.authority.release();
    assert_eq!(alice.get("/").await.status, 200);
}

#[tokio::test]
async fn a_look_up_that_outlives_the_token_lets_nobody_in() {
    let world = World::new();
    let app = serve(&world);
    let alice = app.caller(world.mint("alice", &["user"]));
    world.touch(&[user("alice")]);
    world.authority_finds(&["editor"]);
    world.authority.block();
    let calls = Calls::begin([alice.get("/")]).await;
    world.advance(crate::util::LIFETIME);
    world.authority.release();
    assert_eq!(calls.finish().await[0].status, 401);
}

#[tokio::test]
async fn a_look_up_that_outlives_the_right_to_decide_lets_nobody_in() {
    let world = World::new();
    let app = serve(&world);
    let alice = app.caller(world.mint("alice", &["user"]));
    world.touch(&[user("alice")]);
    world.authority_finds(&["editor"]);
    world.authority.block();
    let calls = Calls::begin([alice.get("/")]).await;
    world.live.suspend();
    world.authority.release();
    assert_eq!(calls.finish().await[0].status, 503);
}
