//! A refresh token in the wrong hands: whoever comes second ends the session, for both (rows 15 and 17 of the security
//! goals).

use serde_json::json;

use super::{Tokens, alice, is_over, is_refused, refresh};
use crate::{
    face::opened,
    util::{Rows, on_both},
};

on_both! {
    async fn a_token_of_long_ago_ends_the_session(world) {
        let (first, nobody) = (alice(world).await, world.nobody());
        let mut last = Tokens::of(refresh(&nobody, &first.refresh).await);
        for _ in 0..4 {
            last = Tokens::of(refresh(&nobody, &last.refresh).await);
        }
        last.bearer(world).get("/me").await.expect(200);
        is_refused(&refresh(&nobody, &first.refresh).await);
        // At the very next call, and not when it expires.
        first.bearer(world).get("/me").await.expect(401);
        is_over(world, &last).await;
    }

    async fn it_is_in_the_log_once(world) {
        let (first, nobody, admin) = (alice(world).await, world.nobody(), world.administrator().await);
        let second = Tokens::of(refresh(&nobody, &first.refresh).await);
        Tokens::of(refresh(&nobody, &second.refresh).await);
        let mut rows = Rows::of(world).await;
        let version = rows.version().await;
        for _ in 0..3 {
            is_refused(&refresh(&nobody, &first.refresh).await);
        }
        assert_eq!(rows.version().await, version + 1, "it was a change, and only the first time");
        rows.close().await;
        let claims = opened(&first.access).1;
        let told = admin.get("/admin/audit?action=session.ended").await.expect(200).json();
        let items = told["items"].as_array().expect("lines");
        assert_eq!(items.len(), 1, "{told}");
        assert_eq!(items[0]["subject"], claims["sub"]);
        assert_eq!((&items[0]["actor"], &items[0]["actor_name"]), (&json!(null), &json!("a stranger")));
        let detail = json!({ "session": claims["sid"], "client": "rolecall", "why": "a refresh token was used twice" });
        assert_eq!(items[0]["detail"], detail);
        assert_eq!(items[0]["address"], "127.0.0.1");
    }

    async fn another_client_ends_the_session(world) {
        let (tokens, admin) = (alice(world).await, world.administrator().await);
        let mut rows = Rows::of(world).await;
        rows.run("UPDATE sessions SET client_id = 'another'").await;
        rows.close().await;
        is_refused(&refresh(&world.nobody(), &tokens.refresh).await);
        tokens.bearer(world).get("/me").await.expect(401);
        is_refused(&refresh(&world.nobody(), &tokens.refresh).await);
        let told = admin.get("/admin/audit?action=session.ended").await;
        // The administrator's session was that client's too, and it has not ended.
        let told = told.expect(200).json();
        assert_eq!(told["items"][0]["detail"]["why"], "a refresh token came from another client");
    }
}
