//! `grant_type=refresh_token`: what it answers, for how long, and what it does not take.

use std::time::Duration;

use serde_json::json;

use super::{Tokens, alice, is_over, is_refused, log_in, refresh};
use crate::{
    face::{encoded, oauth_error, opened},
    util::{Db, Rows, World, on_both},
};

const DAY: u64 = 24 * 3600;

on_both! {
    async fn a_session_goes_on(world) {
        let first = alice(world).await;
        let answer = refresh(&world.nobody(), &first.refresh).await.expect(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
        let told = answer.json();
        let members = json!({
            "access_token": told["access_token"], "token_type": "Bearer", "expires_in": 900,
            "refresh_token": told["refresh_token"],
        });
        assert_eq!(told, members);
        let second = Tokens::of(answer);
        assert_ne!(second.refresh, first.refresh);
        let (before, now) = (opened(&first.access).1, opened(&second.access).1);
        for claim in ["sid", "sub", "aud", "client_id", "roles", "pv"] {
            assert_eq!(before[claim], now[claim], "{claim}");
        }
        assert_ne!(before["jti"], now["jti"]);
        // The access token from before is as good as it was.
        for tokens in [&first, &second] {
            tokens.bearer(world).get("/users/").await.expect(200);
        }
        let third = Tokens::of(refresh(&world.nobody(), &second.refresh).await);
        third.bearer(world).get("/users/").await.expect(200);
    }

    async fn another_log_in_is_another_session(world) {
        let (first, second) = (alice(world).await, log_in(world, None).await);
        assert_ne!(opened(&first.access).1["sid"], opened(&second.access).1["sid"]);
        let first = Tokens::of(refresh(&world.nobody(), &first.refresh).await);
        Tokens::of(refresh(&world.nobody(), &second.refresh).await);
        Tokens::of(refresh(&world.nobody(), &first.refresh).await);
    }

    async fn it_is_no_change_and_no_line_in_the_log(world) {
        let tokens = alice(world).await;
        let mut rows = Rows::of(world).await;
        let (version, lines) = (rows.version().await, rows.number("SELECT count(*) FROM audit").await);
        let tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        assert_eq!(rows.version().await, version);
        assert_eq!(rows.number("SELECT count(*) FROM audit").await, lines);
        rows.close().await;
    }

    async fn a_refresh_token_is_stored_only_as_a_hash(world) {
        let tokens = alice(world).await;
        let second = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        for token in [&tokens.refresh, &second.refresh] {
            assert!(token.starts_with("rcr_") && token.len() == 90, "{token}");
        }
        let mut rows = Rows::of(world).await;
        let stored = "SELECT count(*) FROM refresh_tokens WHERE length(hash) = 32 AND length(spent_hash) = 32 \
                      AND length(nonce) = 16";
        assert_eq!(rows.number(stored).await, 1);
        rows.close().await;
        if world.db == Db::Sqlite {
            for file in ["rolecall.db", "rolecall.db-wal"] {
                let bytes = std::fs::read(world.folder.path().join(file)).expect("a file");
                for token in [&tokens.refresh, &second.refresh] {
                    // The second half alone, too: the first has the session's id.
                    let half = token.as_bytes()[50..].to_vec();
                    assert!(!bytes.windows(half.len()).any(|window| window == half), "a token in `{file}`");
                }
            }
        }
    }

    /// Rows 12 and 5 of the security goals: not a part, not another spelling, not a bit of it.
    async fn only_the_token_itself_counts(world) {
        let (token, nobody) = (alice(world).await.refresh, world.nobody());
        let swapped = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        let mut wrong: Vec<String> = (1..token.len()).map(|length| token[..length].to_owned()).collect();
        wrong.extend((1..token.len()).map(|from| token[from..].to_owned()));
        wrong.extend((0..token.len()).map(|at| {
            let other = token[at..].chars().next().map(|c| if swapped(c) == c { 'x' } else { swapped(c) });
            format!("{}{}{}", &token[..at], other.expect("a letter"), &token[at + 1..])
        }));
        for (before, after) in [(" ", ""), ("", " "), ("\n", ""), ("", "\n"), ("", "="), ("", "A"), ("", "\0"), ("\"", "\"")] {
            wrong.push(format!("{before}{token}{after}"));
        }
        wrong.extend([token.to_uppercase(), token.to_lowercase(), token.replace("rcr_", "rcr-"), "rcr_".into(), "x".into()]);
        for wrong in wrong.iter().filter(|wrong| **wrong != token) {
            is_refused(&refresh(&nobody, wrong).await);
        }
        // None of them ended the session.
        Tokens::of(refresh(&nobody, &token).await);
    }

    async fn a_request_that_is_not_right_spends_nothing(world) {
        let (tokens, nobody) = (alice(world).await, world.nobody());
        let good = format!("grant_type=refresh_token&refresh_token={}", encoded(&tokens.refresh));
        for form in [
            "grant_type=refresh_token".to_owned(),
            "grant_type=refresh_token&refresh_token=".to_owned(),
            format!("{good}&refresh_token={}", encoded(&tokens.refresh)),
            format!("{good}&grant_type=refresh_token"),
            format!("{good}&scope=user&scope=user"),
        ] {
            oauth_error(&nobody.form("/token", &form).await, 400, "invalid_request");
        }
        oauth_error(&nobody.form(&format!("/token?{good}"), "").await, 400, "invalid_request");
        let other = "resource=https%3A%2F%2Fother.example";
        for (more, why) in [(format!("&{other}"), "this is another"), (format!("&{other}&{other}"), "more than once")] {
            let answer = nobody.form("/token", &format!("{good}{more}")).await;
            oauth_error(&answer, 400, "invalid_target");
            assert!(answer.text().contains(why), "{}", answer.text());
        }
        oauth_error(&nobody.form("/token", &format!("{good}&client_id=nobody")).await, 401, "invalid_client");
        oauth_error(&nobody.form("/token", &good.replace("=refresh_token&", "=refresh&")).await, 400, "unsupported_grant_type");
        let json = json!({ "grant_type": "refresh_token", "refresh_token": tokens.refresh });
        assert_eq!(nobody.post("/token", json).await.status, 415);
        nobody.form("/token", &format!("{good}&client_id=rolecall&unknown=ignored")).await.expect(200);
    }

    async fn neither_token_is_taken_for_the_other(world) {
        let tokens = alice(world).await;
        world.nobody().with_token(&tokens.refresh).get("/me").await.expect(401);
        is_refused(&refresh(&world.nobody(), &tokens.access).await);
    }

    async fn a_session_that_is_not_used_ends(world) {
        let tokens = alice(world).await;
        world.wait_for(7 * DAY - 60).await;
        let tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        assert_eq!(tokens.expires_in, 900);
        world.wait_for(7 * DAY + 1).await;
        is_over(world, &tokens).await;
    }

    async fn a_session_ends_however_often_it_is_used(world) {
        let mut tokens = alice(world).await;
        for _ in 0..5 {
            world.wait_for(6 * DAY - 60).await;
            tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        }
        // 30 days less 5 minutes have gone: no access token outlives the session.
        assert!((295..=300).contains(&tokens.expires_in), "{}", tokens.expires_in);
        world.wait_for(301).await;
        is_over(world, &tokens).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_token_outlives_no_session_that_may_stay_unused_for_less() {
    let briefly = |config: &mut rolecall_server::Config| config.session_idle_ttl = Duration::from_secs(100);
    let world = World::with(Db::Sqlite, briefly).await;
    let tokens = alice(&world).await;
    assert_eq!(tokens.expires_in, 100);
    world.wait(90);
    let tokens = Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
    assert_eq!(tokens.expires_in, 100);
    world.wait(90);
    tokens.bearer(&world).get("/me").await.expect(200);
    world.wait(11);
    is_over(&world, &tokens).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_goes_on_where_nobody_logs_in_with_a_password_any_more() {
    let world = World::on(Db::Sqlite).await;
    let tokens = alice(&world).await;
    let world = world.down().await.with(|config| config.password_grant = false).up().await;
    let told = world.nobody().get("/.well-known/oauth-authorization-server").await.expect(200).json();
    assert_eq!(
        told["grant_types_supported"],
        json!(["refresh_token", "client_credentials", "urn:rolecall:oauth:grant-type:api-key"])
    );
    Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
    world.stop().await;
}
