//! `/me/sessions`: where somebody is logged in, and how he logs out.

use serde_json::{Value, json};

use super::{Tokens, alice, is_over, is_refused, log_in, refresh, refresh_for, sid};
use crate::{
    face::problem,
    util::{Rows, World, on_both, world::PASSWORD},
};

/// The list, as the bearer of these tokens sees it.
async fn listed(world: &World, tokens: &Tokens) -> Vec<Value> {
    let told = tokens.bearer(world).get("/me/sessions").await.expect(200).json();
    told["items"].as_array().expect("items").clone()
}

fn path(of: &Tokens) -> String {
    format!("/me/sessions/{}", sid(of))
}

on_both! {
    async fn they_are_listed(world) {
        let first = alice(world).await;
        let second = log_in(world, Some("user")).await;
        world.user("bob").await;
        let now = world.now();
        let items = listed(world, &first).await;
        assert_eq!(items.len(), 2, "{items:?}");
        let seconds = |item: &Value, name: &str| item[name].as_i64().expect("a NumericDate") - now;
        for (item, tokens, scope) in [(&items[0], &first, Value::Null), (&items[1], &second, json!("user"))] {
            assert_eq!(item["id"], sid(tokens));
            assert_eq!((&item["client_id"], &item["audience"], &item["scope"]), (&json!("rolecall"), &Value::Null, &scope));
            assert_eq!(item["api_key"], Value::Null);
            assert_eq!(item["current"], sid(tokens) == sid(&first));
            assert_eq!(item["used_at"], item["created_at"]);
            assert!((-30..=0).contains(&seconds(item, "created_at")));
            assert!((7 * 86400 - 30..=7 * 86400).contains(&seconds(item, "idle_at")));
            assert!((30 * 86400 - 30..=30 * 86400).contains(&seconds(item, "expires_at")));
            assert_eq!(item.as_object().expect("an object").len(), 10, "{item}");
        }
        world.wait_for(100).await;
        Tokens::of(refresh(&world.nobody(), &second.refresh).await);
        let items = listed(world, &first).await;
        assert!(items[1]["used_at"].as_i64() >= items[1]["created_at"].as_i64().map(|at| at + 100));
        assert_eq!(items[0]["used_at"], items[0]["created_at"]);
    }

    async fn by_pages(world) {
        let mut last = alice(world).await;
        for _ in 0..4 {
            last = log_in(world, None).await;
        }
        let all: Vec<Value> = listed(world, &last).await.iter().map(|item| item["id"].clone()).collect();
        let (mut seen, mut after) = (vec![], String::new());
        loop {
            let page = last.bearer(world).get(&format!("/me/sessions?limit=2{after}")).await.expect(200).json();
            seen.extend(page["items"].as_array().expect("items").iter().map(|item| item["id"].clone()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(seen, all);
        for query in ["limit=0", "limit=-1", "limit=201", "limit=x", "after=x", "unknown=1", "limit=1&limit=1"] {
            last.bearer(world).get(&format!("/me/sessions?{query}")).await.expect(400);
        }
    }

    async fn one_that_is_over_is_not_listed(world) {
        let first = alice(world).await;
        world.wait_for(6 * 86400).await;
        let second = log_in(world, None).await;
        assert_eq!(listed(world, &second).await.len(), 2);
        world.wait_for(86400 + 60).await;
        let second = Tokens::of(refresh(&world.nobody(), &second.refresh).await);
        let ids: Vec<Value> = listed(world, &second).await.iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids, [json!(sid(&second))]);
        is_over(world, &first).await;
    }

    async fn logging_out_ends_this_one(world) {
        let (first, second) = (alice(world).await, log_in(world, None).await);
        let told = first.bearer(world).delete(&path(&first)).await.expect(200).json();
        assert_eq!(told["in_force"], true);
        is_over(world, &first).await;
        assert_eq!(listed(world, &second).await.len(), 1);
        Tokens::of(refresh(&world.nobody(), &second.refresh).await);
    }

    async fn another_one_is_ended_at_its_next_call(world) {
        let (first, second) = (alice(world).await, log_in(world, None).await);
        let other = Tokens::of(refresh(&world.nobody(), &second.refresh).await);
        for tokens in [&second, &other] {
            tokens.bearer(world).get("/users/").await.expect(200);
        }
        first.bearer(world).delete(&path(&second)).await.expect(200);
        for tokens in [&second, &other] {
            tokens.bearer(world).get("/users/").await.expect(401);
        }
        is_refused(&refresh(&world.nobody(), &other.refresh).await);
        first.bearer(world).get("/users/").await.expect(200);
        problem(&first.bearer(world).delete(&path(&second)).await, 404, "not-found");
    }

    /// Row 21 of the security goals.
    async fn somebody_else_s_is_not_there(world) {
        let first = alice(world).await;
        let bob = world.user("bob").await;
        let bobs = bob.get("/me/sessions").await.expect(200).json();
        let bobs = bobs["items"][0]["id"].as_str().expect("an id").to_owned();
        let mut rows = Rows::of(world).await;
        let (version, sessions) = (rows.version().await, rows.number("SELECT count(*) FROM sessions").await);
        let upper = sid(&first).to_uppercase();
        for id in [&*bobs, "01890000-0000-7000-8000-000000000000", "x", "%00", "..%2f", "%27%20OR%201=1", &upper] {
            problem(&first.bearer(world).delete(&format!("/me/sessions/{id}")).await, 404, "not-found");
        }
        assert_eq!((rows.version().await, rows.number("SELECT count(*) FROM sessions").await), (version, sessions));
        rows.close().await;
        bob.get("/me").await.expect(200);
    }

    async fn all_but_this_one(world) {
        let (first, second, third) = (alice(world).await, log_in(world, None).await, log_in(world, Some("user")).await);
        let bob = world.user("bob").await;
        let version = first.bearer(world).delete("/me/sessions").await.expect(200).json()["version"].clone();
        for tokens in [&second, &third] {
            is_over(world, tokens).await;
        }
        let first = Tokens::of(refresh(&world.nobody(), &first.refresh).await);
        assert_eq!(listed(world, &first).await.len(), 1);
        bob.get("/me").await.expect(200);
        // There is none left: no change.
        let again = first.bearer(world).delete("/me/sessions").await.expect(200).json();
        assert_eq!((&again["version"], &again["in_force"]), (&version, &json!(true)));
    }

    async fn all_and_this_one(world) {
        let (first, second) = (alice(world).await, log_in(world, None).await);
        for query in ["current=1", "current=", "current=TRUE", "current=true&current=true", "all=true"] {
            problem(&first.bearer(world).delete(&format!("/me/sessions?{query}")).await, 400, "invalid");
        }
        first.bearer(world).delete("/me/sessions?current=true").await.expect(200);
        is_over(world, &first).await;
        is_over(world, &second).await;
        log_in(world, None).await;
    }

    /// A token that is cut to something speaks for less than the account.
    async fn a_token_that_is_cut_to_a_scope_logs_itself_out_and_no_more(world) {
        let whole = alice(world).await;
        let cut = log_in(world, Some("user")).await;
        // So does one of a session that is not.
        let less = Tokens::of(refresh_for(&world.nobody(), &whole.refresh, "user").await);
        for tokens in [&cut, &less] {
            let bearer = tokens.bearer(world);
            problem(&bearer.get("/me/sessions").await, 403, "cut-to-scope");
            problem(&bearer.delete("/me/sessions").await, 403, "cut-to-scope");
            problem(&bearer.delete("/me/sessions?current=true").await, 403, "cut-to-scope");
            let other = if sid(tokens) == sid(&cut) { &whole } else { &cut };
            for path in [path(other), "/me/sessions/x".into()] {
                problem(&bearer.delete(&path).await, 403, "cut-to-scope");
            }
            let said = json!({ "current_password": PASSWORD, "password": "eighteen violet otters" });
            problem(&bearer.post("/me/password", said).await, 403, "cut-to-scope");
        }
        cut.bearer(world).delete(&path(&cut)).await.expect(200);
        is_over(world, &cut).await;
        whole.bearer(world).get("/me/sessions").await.expect(200);
    }

    async fn it_is_in_the_log(world) {
        let admin = world.administrator().await;
        let (first, second, _) = (alice(world).await, log_in(world, None).await, log_in(world, None).await);
        first.bearer(world).delete(&path(&second)).await.expect(200);
        first.bearer(world).delete("/me/sessions").await.expect(200);
        let one = admin.get("/admin/audit?action=session.ended").await.expect(200).json()["items"][0].clone();
        assert_eq!(one["detail"], json!({ "session": sid(&second), "client": "rolecall" }));
        assert_eq!((&one["actor_name"], &one["actor"]), (&json!("alice"), &one["subject"]));
        let all = admin.get("/admin/audit?action=sessions.ended").await.expect(200).json()["items"][0].clone();
        assert_eq!(all["detail"], json!({ "ended": 1, "but": sid(&first) }));
    }
}
