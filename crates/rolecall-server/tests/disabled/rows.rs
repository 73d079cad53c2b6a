//! Behind the service's back: the rows alone keep what was had from counting, whatever should have ended it.

use serde_json::json;

use super::{calls::send, cast::Cast};
use crate::{
    admin::assignment,
    util::{Rows, World, on_both},
};

/// Whether a token counts, of which a client is told.
async fn counts(world: &World, cast: &Cast, token: &str) -> bool {
    let client = if token.starts_with("rcr_") { &cast.shop } else { &cast.gateway };
    let told = send(world, client, "/introspect", token).await.expect(200).json();
    assert!(told["active"] == true || told == json!({ "active": false }), "{told}");
    told["active"] == true
}

on_both! {
    async fn the_rows_alone_are_enough(world) {
        let cast = Cast::meet(world, 0).await;
        let mut rows = Rows::of(world).await;
        let api = cast.api.place.rsplit('/').next().expect("an id");
        for (table, id) in [("users", cast.elsewhere.id()), ("clients", &cast.shop.id), ("apis", api)] {
            let tokens = if table == "apis" { &cast.other } else { &cast.issuer };
            let disabled = |disabled: &str| format!("UPDATE {table} SET disabled = {disabled} WHERE id = '{id}'");
            assert!(counts(world, &cast, &tokens.access).await, "{table}");

            rows.run(&disabled("TRUE")).await;

            assert!(!counts(world, &cast, &tokens.access).await, "{table}");
            if table != "clients" {
                assert!(!counts(world, &cast, &tokens.refresh).await, "{table}");
            }
            let form = format!("grant_type=refresh_token&refresh_token={}", tokens.refresh);
            let answer = cast.shop.ask(world, &form).await;
            assert!(matches!(answer.status, 400 | 401), "{table}: {}", answer.text());
            rows.run(&disabled("FALSE")).await;
            assert!(counts(world, &cast, &tokens.refresh).await, "{table}: nothing has ended it");
        }
        // And with something that lets a token be looked up.
        let alice = world.nobody().with_token(&cast.issuer.access);
        alice.get("/me").await.expect(200);
        rows.run(&format!("UPDATE users SET disabled = TRUE WHERE id = '{}'", cast.elsewhere.id())).await;
        cast.admin.delete(&assignment(cast.elsewhere.id(), &cast.role)).await.expect(200);
        alice.get("/me").await.expect(401);
        rows.close().await;
    }

    /// Until the house is kept, a session that was not used is still there.
    async fn a_session_that_was_not_used_for_too_long(world) {
        let cast = Cast::meet(world, 0).await;
        assert!(counts(world, &cast, &cast.issuer.refresh).await);
        world.wait_for(7 * 24 * 3600 + 1).await;
        assert!(!counts(world, &cast, &cast.issuer.refresh).await);
    }
}
