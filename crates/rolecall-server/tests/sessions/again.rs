//! The same spent token again: because the answer was lost, or two tabs raced.

use serde_json::json;

use super::{Tokens, alice, is_over, is_refused, log_in, refresh, refresh_for, without_grace};
use crate::{
    face::{oauth_error, opened},
    util::{Db, Rows, World, on_both},
};

on_both! {
    async fn it_gets_the_same_successor(world) {
        let (first, nobody) = (alice(world).await, world.nobody());
        let second = Tokens::of(refresh(&nobody, &first.refresh).await);
        for wait in [0, 3, 5] {
            world.wait_for(wait).await;
            let again = Tokens::of(refresh(&nobody, &first.refresh).await);
            assert_eq!(again.refresh, second.refresh);
            assert_ne!(again.access, second.access);
            again.bearer(world).get("/users/").await.expect(200);
        }
        // And once more with the next one, in the next generation.
        let third = Tokens::of(refresh(&nobody, &second.refresh).await);
        assert_ne!(third.refresh, second.refresh);
        assert_eq!(Tokens::of(refresh(&nobody, &second.refresh).await).refresh, third.refresh);
    }

    async fn not_once_the_successor_was_used(world) {
        let (first, nobody) = (alice(world).await, world.nobody());
        let second = Tokens::of(refresh(&nobody, &first.refresh).await);
        let third = Tokens::of(refresh(&nobody, &second.refresh).await);
        is_refused(&refresh(&nobody, &first.refresh).await);
        is_over(world, &third).await;
    }

    async fn not_after_the_grace(world) {
        let (first, nobody) = (alice(world).await, world.nobody());
        let second = Tokens::of(refresh(&nobody, &first.refresh).await);
        world.wait_for(12).await;
        is_refused(&refresh(&nobody, &first.refresh).await);
        is_over(world, &second).await;
    }

    async fn not_when_the_clock_was_set_back(world) {
        let (first, nobody) = (alice(world).await, world.nobody());
        let second = Tokens::of(refresh(&nobody, &first.refresh).await);
        let mut rows = Rows::of(world).await;
        // As it was when the clock was ahead.
        rows.run("UPDATE refresh_tokens SET spent_at = spent_at + 60").await;
        rows.close().await;
        is_refused(&refresh(&nobody, &first.refresh).await);
        is_over(world, &second).await;
    }

    async fn it_reaches_no_further_than_what_the_first_one_got(world) {
        let (admin, nobody) = (world.administrator().await, world.nobody());
        let first = alice(world).await;
        let alice = opened(&first.access).1["sub"].as_str().expect("an id").to_owned();
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        admin.put(&format!("/admin/users/{alice}/roles/reader")).await.expect(200);

        let second = Tokens::of(refresh_for(&nobody, &first.refresh, "reader").await);
        assert_eq!(second.scope.as_deref(), Some("reader"));
        let again = Tokens::of(refresh(&nobody, &first.refresh).await);
        assert_eq!((again.scope.as_deref(), &again.refresh), (Some("reader"), &second.refresh));
        again.bearer(world).get("/users/").await.expect(403);
        oauth_error(&refresh_for(&nobody, &first.refresh, "user").await, 400, "invalid_scope");
        let again = Tokens::of(refresh_for(&nobody, &first.refresh, "notes:read").await);
        assert_eq!(again.scope.as_deref(), Some("reader notes:read"));
        // The session itself was not cut.
        let third = Tokens::of(refresh(&nobody, &second.refresh).await);
        assert_eq!(third.scope, None);
        third.bearer(world).get("/users/").await.expect(200);
    }

    async fn what_keeps_somebody_out_is_looked_at_again(world) {
        let (admin, nobody) = (world.administrator().await, world.nobody());
        let first = alice(world).await;
        let path = format!("/admin/users/{}", opened(&first.access).1["sub"].as_str().expect("an id"));
        let second = Tokens::of(refresh(&nobody, &first.refresh).await);
        admin.delete(&format!("{path}/roles/user")).await.expect(200);
        let again = Tokens::of(refresh(&nobody, &first.refresh).await);
        assert_eq!(opened(&again.access).1["roles"], json!([]));
        again.bearer(world).get("/users/").await.expect(403);
        admin.patch(&path, json!({ "disabled": true })).await.expect(200);
        is_refused(&refresh(&nobody, &first.refresh).await);
        is_refused(&refresh(&nobody, &second.refresh).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_grace_it_gets_nothing() {
    let world = World::with(Db::Sqlite, without_grace).await;
    let first = alice(&world).await;
    let other = log_in(&world, None).await;
    let second = Tokens::of(refresh(&world.nobody(), &first.refresh).await);
    is_refused(&refresh(&world.nobody(), &first.refresh).await);
    is_over(&world, &second).await;
    // Another session of the same account goes on.
    Tokens::of(refresh(&world.nobody(), &other.refresh).await);
    world.stop().await;
}
