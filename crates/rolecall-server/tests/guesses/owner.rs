//! Whoever guesses slows the owner down, and never keeps him out.

use serde_json::json;

use super::{
    ACCOUNT_EVERY, HERE, NETWORK_EVERY, STRANGERS, WRONG, behind_proxy, is_limited, log_in_from, log_in_with,
    register_from, until_limited, used_up,
};
use crate::util::{Rows, World, on_both, world::PASSWORD};

/// Strangers use up all that they have.
async fn attacked(world: &World, name: &str) {
    let mut networks = (0..).map(|n| format!("203.0.113.{}", n / 10));
    let guess = async || log_in_from(world, &networks.next().expect("one"), name, WRONG).await;
    assert_eq!(used_up(world, ACCOUNT_EVERY, guess).await, STRANGERS);
}

on_both! {
    with behind_proxy;

    async fn one_attacker_does_not_concern_the_owner_anywhere_else(world) {
        register_from(world, "192.0.2.1", "alice").await.expect(201);
        assert_eq!(used_up(world, ACCOUNT_EVERY, async || log_in_from(world, "203.0.113.9", "alice", WRONG).await).await, HERE);
        for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
            log_in_from(world, address, "alice", PASSWORD).await.expect(200);
        }
        is_limited(&log_in_from(world, "203.0.113.9", "alice", PASSWORD).await);
    }

    async fn where_he_was_before_the_owner_gets_in_whatever_others_do(world) {
        register_from(world, "192.0.2.1", "alice").await.expect(201);
        log_in_from(world, "2001:db8:1:1::5", "alice", PASSWORD).await.expect(200);
        attacked(world, "alice").await;
        is_limited(&log_in_from(world, "192.0.2.77", "alice", PASSWORD).await);
        for _ in 0..5 {
            // Where he registered, and where he logged in, in the same network.
            log_in_from(world, "192.0.2.1", "alice", WRONG).await.expect(400);
            log_in_from(world, "192.0.2.1", "alice", PASSWORD).await.expect(200);
            log_in_from(world, "2001:db8:1:1:ffff::1", "alice", PASSWORD).await.expect(200);
        }
        // His own success frees no stranger.
        is_limited(&log_in_from(world, "203.0.113.200", "alice", WRONG).await);
        // Where he is known, guesses are counted as everywhere else.
        assert_eq!(used_up(world, ACCOUNT_EVERY, async || log_in_from(world, "192.0.2.1", "alice", WRONG).await).await, HERE);
        log_in_from(world, "2001:db8:1:1::5", "alice", PASSWORD).await.expect(200);
    }

    async fn in_a_new_place_the_owner_waits_as_long_as_he_is_told(world) {
        register_from(world, "192.0.2.1", "alice").await.expect(201);
        attacked(world, "alice").await;
        let wait = is_limited(&log_in_from(world, "192.0.2.77", "alice", PASSWORD).await);
        assert!(wait <= ACCOUNT_EVERY);
        world.wait(wait);
        log_in_from(world, "192.0.2.77", "alice", PASSWORD).await.expect(200);
        attacked_again(world).await;
        // From now on he is known there.
        log_in_from(world, "192.0.2.77", "alice", PASSWORD).await.expect(200);
    }

    async fn only_the_last_places_are_known_and_not_for_ever(world) {
        register_from(world, "192.0.2.1", "alice").await.expect(201);
        for n in 2..=9 {
            world.wait(1);
            log_in_from(world, &format!("192.0.2.{n}"), "alice", PASSWORD).await.expect(200);
        }
        attacked(world, "alice").await;
        is_limited(&log_in_from(world, "192.0.2.1", "alice", PASSWORD).await);
        for n in 2..=9 {
            log_in_from(world, &format!("192.0.2.{n}"), "alice", PASSWORD).await.expect(200);
        }
        world.wait_for(91 * 24 * 3600).await;
        attacked(world, "alice").await;
        is_limited(&log_in_from(world, "192.0.2.5", "alice", PASSWORD).await);
    }

    async fn a_success_gives_back_what_was_used(world) {
        world.user("alice").await;
        for _ in 0..5 {
            for _ in 0..HERE - 1 {
                world.nobody().log_in("alice", WRONG).await.expect(400);
            }
            world.nobody().log_in("alice", PASSWORD).await.expect(200);
            // What came back to the network meanwhile, but not to the account.
            world.wait(HERE as u64 * NETWORK_EVERY);
        }
    }

    async fn a_success_gives_the_network_back_no_more_than_itself(world) {
        world.user("mallory").await;
        world.user("alice").await;
        let mut guesses = 0;
        // The old trick: to log in with an account of one's own in between.
        for n in 0..200 {
            let name = format!("name{n}");
            let answer = log_in_from(world, "203.0.113.9", &name, WRONG).await;
            if answer.status == 429 {
                break;
            }
            guesses += 1;
            log_in_from(world, "203.0.113.9", "mallory", PASSWORD).await;
        }
        // Hashing takes time, in which some come back.
        assert!((100..130).contains(&guesses), "{guesses}");
    }

    async fn an_administrator_ends_the_wait(world) {
        let admin = world.administrator().await;
        let alice = world.user("alice").await;
        attacked(world, "alice").await;
        is_limited(&log_in_from(world, "192.0.2.77", "alice", PASSWORD).await);
        let path = format!("/admin/users/{}", alice.id());
        admin.patch(&path, json!({ "email": "alice@example.org" })).await.expect(200);
        is_limited(&log_in_from(world, "192.0.2.77", "alice", PASSWORD).await);
        for disabled in [true, false] {
            admin.patch(&path, json!({ "disabled": disabled })).await.expect(200);
        }
        log_in_from(world, "192.0.2.77", "alice", PASSWORD).await.expect(200);
    }

    async fn a_clock_that_was_ahead_keeps_nobody_out_and_gives_nothing_away(world) {
        world.user("alice").await;
        let guess = async || log_in_from(world, "203.0.113.9", "alice", WRONG).await;
        until_limited(guess).await;
        // As a clock that was a year ahead would have left it.
        let mut rows = Rows::of(world).await;
        rows.run("UPDATE guesses SET full_at = full_at + 31536000").await;
        let wait = is_limited(&guess().await);
        is_limited(&guess().await);
        world.wait(wait);
        log_in_from(world, "203.0.113.9", "alice", PASSWORD).await.expect(200);
        // Nor as the highest number there is.
        until_limited(guess).await;
        rows.run("UPDATE guesses SET full_at = 9223372036854775807").await;
        rows.close().await;
        let wait = is_limited(&guess().await);
        world.wait(wait);
        log_in_from(world, "203.0.113.9", "alice", PASSWORD).await.expect(200);
    }

    async fn from_many_new_places_at_once_nobody_waits_for_ever(world) {
        let alice = world.user("alice").await;
        for round in 0..4 {
            let mut all = tokio::task::JoinSet::new();
            for n in 0..12 {
                let nobody = world.nobody();
                let address = format!("192.0.2.{}", round * 6 + n);
                all.spawn(async move { log_in_with(&nobody, &[("x-forwarded-for", &address)], "alice", PASSWORD).await });
            }
            while let Some(answer) = all.join_next().await {
                answer.expect("no panic").expect(200);
            }
            // So that those of before are noted again.
            world.wait_for(25 * 3600).await;
        }
        let mut rows = Rows::of(world).await;
        assert_eq!(rows.number(&format!("SELECT count(*) FROM places WHERE user_id = '{}'", alice.id())).await, 8);
        rows.close().await;
    }

    async fn a_right_password_that_opens_no_session_is_no_guess(world) {
        world.user("alice").await;
        for _ in 0..HERE + 5 {
            let answer = world.nobody().log_in_for("alice", PASSWORD, Some("no:such")).await.expect(400);
            assert_eq!(answer.json()["error"], "invalid_scope");
        }
        world.nobody().log_in("alice", PASSWORD).await.expect(200);
    }
}

async fn attacked_again(world: &World) {
    let mut networks = (0..).map(|n| format!("198.51.100.{n}"));
    used_up(world, ACCOUNT_EVERY, async || log_in_from(world, &networks.next().expect("one"), "alice", WRONG).await)
        .await;
}

/// Somebody whose program logs in for each call is a bad neighbour, and no attacker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_good_log_ins_are_not_limited() {
    let world = World::on(crate::util::Db::Sqlite).await;
    world.user("alice").await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let nobody = world.nobody();
        all.spawn(async move {
            for _ in 0..100 {
                nobody.log_in("alice", PASSWORD).await.expect(200);
            }
        });
    }
    while let Some(done) = all.join_next().await {
        done.expect("no panic");
    }
    let mut rows = Rows::of(&world).await;
    let now = world.now();
    assert_eq!(rows.number(&format!("SELECT count(*) FROM guesses WHERE full_at > {now}")).await, 0);
    rows.close().await;
    world.stop().await;
}
