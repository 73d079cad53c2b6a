//! A token that was good, and what has changed since: the very next call is decided by what is so now.
//!
//! Alice has a token of 15 minutes. Ada takes a role away from her and her call returns. Whatever this process has seen
//! of Alice, her next call finds the role gone; and when Ada gives her one, it is there without a new token.

use rolecall::{Caller, Router, Unavailable, authenticated, permission, role, routing::get};
use rolecall_core::{
    Subject,
    jwt::{self, ACCESS_TOKEN},
};

use crate::util::{self, Actor, App, Asked, LIFETIME, START, World, active, inactive, keys, new_key, user};

const INVALID_TOKEN: Option<&str> = Some(r#"Bearer error="invalid_token""#);

fn api() -> Router {
    Router::new()
        .route("/read", get(permission("items:read"), async || "read"))
        .route("/write", get(permission("items:write"), async || "written"))
        .route("/editor", get(role("editor"), async || ""))
        .route("/me", get(authenticated(), async |caller: Caller| caller.roles().join(" ")))
}

/// Alice with role `user`, whose token has been seen.
async fn alice() -> (World, App, String, Actor) {
    let world = World::new();
    let app = world.serve(api());
    let token = world.mint("alice", &["user"]);
    let alice = app.caller(&token);
    assert_eq!(alice.get("/read").await.status, 200);
    assert_eq!(world.seen.len(), 1);
    (world, app, token, alice)
}

mod time {
    use super::*;

    #[tokio::test]
    async fn a_token_that_was_seen_ends_when_it_expires() {
        let (world, _, _, alice) = alice().await;
        world.advance(LIFETIME - 60);
        assert_eq!(alice.get("/read").await.status, 200);
        world.advance(60);
        for _ in 0..2 {
            let answer = alice.get("/read").await;
            assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN));
            assert!(answer.detail().contains("has expired"), "{}", answer.body);
        }
    }

    #[tokio::test]
    async fn an_expired_token_that_is_stale_too_is_not_looked_up() {
        let (world, _, _, alice) = alice().await;
        world.touch(&[user("alice")]);
        world.advance(LIFETIME);
        assert_eq!(alice.get("/read").await.status, 401);
        assert_eq!(world.authority.calls(), 0);
    }

    #[tokio::test]
    async fn a_role_that_ends_is_looked_up_when_it_has_ended() {
        let (world, _, _, alice) = alice().await;
        let version = world.touch(&[user("alice")]);
        world.authority.says([
            active(&["editor", "user"], version, Some(world.clock.wall() + 60)),
            active(&["user"], version, None),
        ]);
        for _ in 0..3 {
            assert_eq!(alice.get("/write").await.status, 200);
        }
        assert_eq!(world.authority.calls(), 1, "the answer is kept");

        world.advance(60);
        for _ in 0..3 {
            assert_eq!(alice.get("/write").await.status, 403);
            assert_eq!(alice.get("/read").await.status, 200);
        }
        assert_eq!(world.authority.calls(), 2, "and so is the next");
    }

    #[tokio::test]
    async fn while_it_cannot_be_told_what_is_left_after_a_role_ended_nothing_passes() {
        let (world, _, _, alice) = alice().await;
        let version = world.touch(&[user("alice")]);
        world.authority.says([active(&["editor"], version, Some(world.clock.wall() + 60)), Err(Unavailable)]);
        assert_eq!(alice.get("/write").await.status, 200);
        world.advance(61);
        assert_eq!(alice.get("/write").await.status, 503);
        assert_eq!(alice.get("/me").await.status, 503);
    }

    #[tokio::test]
    async fn an_end_after_the_token_does_not_make_it_last_longer() {
        let (world, _, _, alice) = alice().await;
        let version = world.touch(&[user("alice")]);
        world.authority.says([active(&["user"], version, Some(world.clock.wall() + 10 * LIFETIME))]);
        assert_eq!(alice.get("/read").await.status, 200);
        world.advance(LIFETIME);
        assert_eq!(alice.get("/read").await.status, 401);
    }
}

mod subjects {
    use super::*;

    #[tokio::test]
    async fn a_change_of_user_session_or_client_is_looked_up_once_and_the_answer_kept() {
        for subject in [user("alice"), Subject::Session("session-of-alice".into()), Subject::Client("shop".into())] {
            let (world, _, token, alice) = alice().await;
            for n in 1..=3 {
                let version = world.touch(std::slice::from_ref(&subject));
                world.authority_finds(&["user"]);
                for _ in 0..3 {
                    assert_eq!(alice.get("/read").await.status, 200);
                }
                let asked = world.authority.asked();
                assert_eq!(asked.len(), n, "{subject:?}");
                let expected = Asked { token: token.clone(), sub: "id-of-alice".into(), min: version };
                assert_eq!(asked.last(), Some(&expected));
            }
        }
    }

    #[tokio::test]
    async fn a_change_of_somebody_else_is_not_looked_up() {
        let (world, _, _, alice) = alice().await;
        world.touch(&[
            user("bob"),
            Subject::User("alice".into()),
            Subject::User("session-of-alice".into()),
            Subject::Session("id-of-alice".into()),
            Subject::Session("session-of-bob".into()),
            Subject::Client("id-of-alice".into()),
            Subject::Client("till".into()),
            Subject::Policy,
            Subject::Keys,
        ]);
        assert_eq!(alice.get("/read").await.status, 200);
        assert_eq!(alice.get("/write").await.status, 403);
        assert_eq!(world.authority.calls(), 0);
    }

    #[tokio::test]
    async fn a_token_minted_after_the_change_is_not_looked_up() {
        let (world, app, _, _) = alice().await;
        world.touch(&[user("alice")]);
        assert_eq!(app.caller(world.mint("alice", &["user"])).get("/read").await.status, 200);
        assert_eq!(world.authority.calls(), 0);
    }

    #[tokio::test]
    async fn a_token_that_is_stale_when_first_seen_is_looked_up_before_it_decides() {
        let world = World::new();
        let app = world.serve(api());
        let token = world.mint("alice", &["editor"]);
        world.touch(&[user("alice")]);
        world.authority_finds(&["user"]);
        assert_eq!(app.caller(&token).get("/write").await.status, 403);
        assert_eq!(app.caller(&token).get("/read").await.status, 200);
        assert_eq!(world.authority.calls(), 1);
    }

    #[tokio::test]
    async fn a_token_from_before_the_floor_is_looked_up_whoever_it_belongs_to() {
        let (world, _, _, alice) = alice().await;
        let version = world.change(|snapshot| snapshot.floor = START + 1);
        assert_eq!(version, START + 1);
        world.authority_finds(&["user"]);
        for _ in 0..2 {
            assert_eq!(alice.get("/read").await.status, 200);
        }
        assert_eq!(world.authority.calls(), 1);
        world.change(|snapshot| snapshot.floor = START + 1);
        assert_eq!(alice.get("/read").await.status, 200);
        assert_eq!(world.authority.calls(), 1, "the answer is above it");
    }

    #[tokio::test]
    async fn a_role_born_anew_is_another_role() {
        let (world, _, _, alice) = alice().await;
        // `user` is deleted and made again, and holds more.
        let mut roles = util::roles();
        let born = world.version() + 1;
        let reborn = roles.iter_mut().find(|role| role.name.as_str() == "user").unwrap();
        reborn.born = born;
        reborn.grants.push("items:write".parse().unwrap());
        world.decide_by(roles);
        world.authority_finds(&[]);

        assert_eq!(alice.get("/write").await.status, 403);
        assert_eq!(alice.get("/read").await.status, 403);
        assert_eq!(world.authority.calls(), 1);
        assert_eq!(world.authority.asked()[0].min, born);
    }
}

mod rights {
    use super::*;

    #[tokio::test]
    async fn rights_that_are_given_arrive_with_the_old_token() {
        let (world, _, _, alice) = alice().await;
        assert_eq!(alice.get("/write").await.status, 403);
        world.touch(&[user("alice")]);
        world.authority_finds(&["user", "editor"]);
        assert_eq!(alice.get("/write").await.status, 200);
        assert_eq!(alice.get("/editor").await.status, 200);
        assert_eq!(alice.get("/me").await.body, "user editor");
    }

    #[tokio::test]
    async fn rights_that_are_taken_away_are_gone_at_the_next_call() {
        let world = World::new();
        let app = world.serve(api());
        let alice = app.caller(world.mint("alice", &["editor"]));
        assert_eq!(alice.get("/write").await.status, 200);

        world.touch(&[user("alice")]);
        world.authority_finds(&["user"]);
        assert_eq!(alice.get("/write").await.status, 403);
        assert_eq!(alice.get("/editor").await.status, 403);
        assert_eq!(alice.get("/read").await.status, 200);
        assert_eq!(world.authority.calls(), 1);
    }

    #[tokio::test]
    async fn a_session_that_is_over_is_refused_at_the_next_call_and_stays_so() {
        let (world, app, _, alice) = alice().await;
        let version = world.touch(&[Subject::Session("session-of-alice".into())]);
        world.authority.says([inactive(version)]);
        for _ in 0..3 {
            let answer = alice.get("/read").await;
            assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN));
            assert!(answer.detail().contains("session is over"), "{}", answer.body);
            assert_eq!(alice.get("/me").await.status, 401);
        }
        assert_eq!(world.authority.calls(), 1);
        // A change of somebody else makes no new question and no other answer.
        world.touch(&[user("bob")]);
        assert_eq!(alice.get("/read").await.status, 401);
        world.decide_by(util::roles());
        assert_eq!(alice.get("/read").await.status, 401);
        assert_eq!(world.authority.calls(), 1);
        // Her other session goes on.
        let other = world.mint_with("alice", &["user"], |claims| claims.sid = "another".into());
        assert_eq!(app.caller(other).get("/read").await.status, 200);
    }

    #[tokio::test]
    async fn an_account_that_is_enabled_again_is_let_in_with_the_old_token() {
        let (world, _, _, alice) = alice().await;
        world.authority.says([inactive(world.touch(&[user("alice")]))]);
        assert_eq!(alice.get("/read").await.status, 401);
        world.touch(&[user("alice")]);
        world.authority_finds(&["user"]);
        assert_eq!(alice.get("/read").await.status, 200);
    }

    #[tokio::test]
    async fn a_change_of_policy_is_obeyed_without_a_look_up() {
        let (world, _, _, alice) = alice().await;
        world.decide_by([util::role("user", &[], &[])]);
        assert_eq!(alice.get("/read").await.status, 403);

        world.decide_by([util::role("user", &["items:*"], &[])]);
        assert_eq!(alice.get("/read").await.status, 200);
        assert_eq!(alice.get("/write").await.status, 200);

        world.decide_by([util::role("editor", &["items:*"], &[])]);
        assert_eq!(alice.get("/read").await.status, 403, "her role is gone");
        assert_eq!(world.authority.calls(), 0);
    }

    #[tokio::test]
    async fn a_rule_is_judged_by_the_policy_in_force_whatever_order_its_roles_are_in() {
        let (world, _, _, alice) = alice().await;
        let mut turned = util::roles();
        turned.reverse();
        turned.insert(0, util::role("aaa", &["aaa:a", "stock:count", "items:write"], &[]));
        world.decide_by(turned);
        assert_eq!(alice.get("/read").await.status, 200);
        assert_eq!(alice.get("/write").await.status, 403);
        assert_eq!(alice.get("/editor").await.status, 403);
    }

    #[tokio::test]
    async fn a_look_up_is_of_the_newest_change_and_an_older_answer_decides_nothing() {
        let world = World::new();
        let app = world.serve(api());
        let alice = app.caller(world.mint("alice", &["editor"]));
        assert_eq!(alice.get("/write").await.status, 200);
        let first = world.touch(&[user("alice")]);
        world.authority.says([active(&["editor"], first, None)]);
        world.authority.block();
        let calls = util::Calls::begin([alice.get("/write")]).await;
        assert_eq!(world.authority.calls(), 1);

        // While the answer is on its way back, the role is taken away.
        let second = world.touch(&[user("alice")]);
        world.authority.says([active(&["user"], second, None)]);
        world.authority.release();
        assert_eq!(calls.finish().await[0].status, 403);
        let mins: Vec<_> = world.authority.asked().into_iter().map(|asked| asked.min).collect();
        assert_eq!(mins, [first, second]);
    }

    #[tokio::test]
    async fn an_answer_that_is_too_old_every_time_decides_nothing() {
        let (world, _, _, alice) = alice().await;
        world.touch(&[user("alice")]);
        world.authority.says([active(&["admin"], START, None)]);
        let answer = alice.get("/read").await;
        assert_eq!((answer.status, answer.header(http::header::RETRY_AFTER)), (503, Some("1")));
        world.authority_finds(&["user"]);
        assert_eq!(alice.get("/read").await.status, 200);
    }
}

mod keys_in_force {
    use super::*;

    #[tokio::test]
    async fn a_token_dies_with_its_key_though_it_was_seen() {
        let (world, app, _, alice) = alice().await;
        let next = new_key();
        world.change(|snapshot| snapshot.keys = keys(&[&world.key, &next]));
        assert_eq!(alice.get("/read").await.status, 200);

        world.change(|snapshot| snapshot.keys = keys(&[&next]));
        for _ in 0..2 {
            let answer = alice.get("/read").await;
            assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN));
        }
        assert_eq!(world.seen.len(), 0, "and it is not kept");
        assert_eq!(world.authority.calls(), 0);

        let new = jwt::sign(&next, ACCESS_TOKEN, &world.claims("alice", &["user"])).unwrap();
        assert_eq!(app.caller(new).get("/read").await.status, 200);
    }

    #[tokio::test]
    async fn a_token_whose_key_is_gone_and_whose_user_changed_is_not_looked_up() {
        let (world, _, _, alice) = alice().await;
        world.change(|snapshot| {
            snapshot.keys = keys(&[]);
            let version = snapshot.version;
            snapshot.stale.touch(&user("alice"), version);
        });
        assert_eq!(alice.get("/read").await.status, 401);
        assert_eq!(world.authority.calls(), 0);
    }
}

mod ahead {
    use super::*;

    fn ahead_by(world: &World, versions: u64) -> String {
        world.mint_with("alice", &["user"], |claims| claims.pv += versions)
    }

    #[tokio::test]
    async fn a_token_ahead_of_this_process_waits_until_it_has_caught_up() {
        let world = World::new();
        let app = world.serve(api());
        let alice = app.caller(ahead_by(&world, 2));
        let mut calls = util::Calls::begin([alice.get("/read"), alice.get("/write")]).await;
        world.touch(&[]);
        calls.go_on().await;
        assert_eq!(calls.answered().len(), 0, "one version is not enough");

        world.touch(&[]);
        let statuses: Vec<_> = calls.finish().await.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200, 403]);
        assert_eq!(world.authority.calls(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_while_it_is_told_to_come_again() {
        let world = World::new();
        let app = world.serve(api());
        let alice = app.caller(ahead_by(&world, 1));
        for _ in 0..2 {
            let answer = alice.get("/read").await;
            assert_eq!((answer.status, answer.header(http::header::RETRY_AFTER)), (503, Some("1")));
        }
        world.touch(&[]);
        assert_eq!(alice.get("/read").await.status, 200);
    }

    #[tokio::test]
    async fn the_version_that_it_waited_for_is_obeyed() {
        let world = World::new();
        let app = world.serve(api());
        let alice = app.caller(ahead_by(&world, 1));
        let calls = util::Calls::begin([alice.get("/read")]).await;
        world.decide_by([util::role("user", &[], &[])]);
        assert_eq!(calls.finish().await[0].status, 403);
    }

    #[tokio::test]
    async fn an_answer_ahead_of_this_process_waits_too() {
        let (world, _, _, alice) = alice().await;
        let version = world.touch(&[user("alice")]);
        world.authority.says([active(&["editor"], version + 1, None)]);
        let calls = util::Calls::begin([alice.get("/write")]).await;
        assert_eq!(calls.answered().len(), 0);
        world.decide_by([util::role("editor", &[], &[])]);
        assert_eq!(calls.finish().await[0].status, 403);
    }
}
