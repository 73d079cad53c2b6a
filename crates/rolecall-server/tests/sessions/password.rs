//! `POST /me/password`: a new password for whoever knows the one that there is.

use rolecall_server::{Config, GuessLimits};
use serde_json::{Value, json};

use super::{Tokens, alice, is_over, log_in, refresh, sid};
use crate::{
    face::problem,
    util::{Actor, Answer, Rows, on_both, world::PASSWORD},
};

const NEW: &str = "eighteen violet otters";
const WRONG: &str = "nineteen yellow badgers";

async fn changed(bearer: &Actor, current: &str, new: &str) -> Answer {
    bearer.post("/me/password", json!({ "current_password": current, "password": new })).await
}

on_both! {
    async fn the_new_one_counts_and_the_old_one_does_not(world) {
        let (first, second) = (alice(world).await, log_in(world, None).await);
        let told = changed(&first.bearer(world), PASSWORD, NEW).await.expect(200).json();
        assert_eq!(told["in_force"], true);
        world.nobody().log_in("alice", PASSWORD).await.expect(400);
        world.nobody().log_in("alice", NEW).await.expect(200);
        // The other session ends at its very next call; this one goes on.
        is_over(world, &second).await;
        first.bearer(world).get("/users/").await.expect(200);
        let first = Tokens::of(refresh(&world.nobody(), &first.refresh).await);
        changed(&first.bearer(world), NEW, PASSWORD).await.expect(200);
        world.nobody().log_in("alice", PASSWORD).await.expect(200);
    }

    async fn the_current_one_is_needed(world) {
        let (tokens, bob) = (alice(world).await, world.user("bob").await);
        let mut rows = Rows::of(world).await;
        let version = rows.version().await;
        for wrong in [WRONG, "", " ", NEW, &PASSWORD.to_uppercase(), &format!("{PASSWORD} "), &"x".repeat(2000)] {
            problem(&changed(&tokens.bearer(world), wrong, NEW).await, 400, "wrong-password");
        }
        assert_eq!(rows.version().await, version);
        rows.close().await;
        world.nobody().log_in("alice", PASSWORD).await.expect(200);
        // An account without a password has none that anybody could know.
        let mut rows = Rows::of(world).await;
        rows.run("UPDATE users SET password = NULL WHERE username = 'bob'").await;
        rows.close().await;
        problem(&changed(&bob, PASSWORD, NEW).await, 400, "wrong-password");
    }

    async fn the_new_one_is_as_good_as_everybody_s(world) {
        let tokens = alice(world).await;
        for bad in ["short", "aaaaaaaaaaaaaaaaaaaaaaaa", "alice alice alice", "pass\u{7}word words of otters", &"x".repeat(1025)] {
            let told = problem(&changed(&tokens.bearer(world), PASSWORD, bad).await, 400, "invalid");
            assert!(told["detail"].as_str().is_some_and(|detail| detail.starts_with("`password` ")), "{told}");
        }
        world.nobody().log_in("alice", PASSWORD).await.expect(200);
    }

    /// Row 23 of the security goals.
    async fn a_body_has_two_members_and_no_others(world) {
        let (tokens, bob) = (alice(world).await, world.user("bob").await);
        let bearer = tokens.bearer(world);
        let good = json!({ "current_password": PASSWORD, "password": NEW });
        for (name, value) in [("user_id", json!(bob.id())), ("username", json!("bob")), ("id", json!(bob.id())), ("roles", json!(["admin"]))] {
            let mut body = good.clone();
            body[name] = value;
            problem(&bearer.post("/me/password", body).await, 400, "invalid");
        }
        for body in [json!({}), json!({ "password": NEW }), json!({ "current_password": PASSWORD }), json!([PASSWORD, NEW]),
                     json!({ "current_password": PASSWORD, "password": Value::Null })] {
            problem(&bearer.post("/me/password", body).await, 400, "invalid");
        }
        problem(&bearer.form("/me/password", "current_password=x&password=y").await, 415, "content-type");
        problem(&world.nobody().post("/me/password", good).await, 401, "unauthenticated");
        world.nobody().log_in("alice", PASSWORD).await.expect(200);
    }

    async fn it_is_in_the_log(world) {
        let (admin, first) = (world.administrator().await, alice(world).await);
        log_in(world, None).await;
        let version = changed(&first.bearer(world), PASSWORD, NEW).await.expect(200).json()["version"].clone();
        let told = |action: &str| format!("/admin/audit?action={action}");
        let line = admin.get(&told("user.password_changed")).await.expect(200).json()["items"][0].clone();
        assert_eq!((&line["actor"], &line["detail"], &line["version"]), (&line["subject"], &json!({}), &version));
        let line = admin.get(&told("sessions.ended")).await.expect(200).json()["items"][0].clone();
        assert_eq!((&line["detail"], &line["version"]), (&json!({ "ended": 1, "but": sid(&first) }), &version));
    }

    async fn of_two_at_once_one_is_there_in_the_end(world) {
        let (first, second) = (alice(world).await, log_in(world, None).await);
        let (one, other) = (first.bearer(world), second.bearer(world));
        let (one, other) = tokio::join!(changed(&one, PASSWORD, NEW), changed(&other, PASSWORD, WRONG));
        let done = [(one.status == 200, NEW), (other.status == 200, WRONG)];
        assert_eq!(done.iter().filter(|(done, _)| *done).count(), 1, "{} {}", one.text(), other.text());
        for (done, password) in done {
            let expected = if done { 200 } else { 400 };
            world.nobody().log_in("alice", password).await.expect(expected);
        }
        world.nobody().log_in("alice", PASSWORD).await.expect(400);
    }
}

fn three_guesses(config: &mut Config) {
    config.guess_limits = GuessLimits { per_account: 3, per_address: 100 };
}

/// Row 26: one count for all ways to guess at one account.
mod counted {
    use super::*;

    on_both! {
        with three_guesses;

        async fn a_wrong_one_counts_as_a_guess(world) {
            let tokens = alice(world).await;
            let bearer = tokens.bearer(world);
            problem(&changed(&bearer, WRONG, NEW).await, 400, "wrong-password");
            world.nobody().log_in("alice", WRONG).await.expect(400);
            problem(&changed(&bearer, WRONG, NEW).await, 400, "wrong-password");
            for current in [WRONG, PASSWORD] {
                let answer = changed(&bearer, current, NEW).await;
                problem(&answer, 429, "too-many-attempts");
                assert_ne!(answer.header("retry-after"), "");
            }
            world.nobody().log_in("alice", PASSWORD).await.expect(429);
            // The session itself goes on.
            bearer.get("/me").await.expect(200);
            world.wait_for(31).await;
            changed(&bearer, PASSWORD, NEW).await.expect(200);
            // The right one gives back what was used.
            for _ in 0..2 {
                world.nobody().log_in("alice", WRONG).await.expect(400);
            }
        }
    }
}
