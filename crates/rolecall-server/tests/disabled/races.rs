//! The same while tokens are asked for: whatever the order, nothing that came of it counts when both have returned.

use std::future::Future;

use serde_json::{Value, json};

use super::{
    calls::send,
    cast::{Cast, by_key, by_password},
};
use crate::{
    admin::user,
    face::{oauth_error, opened},
    util::{Answer, World, on_both},
};

const ROUNDS: usize = 16;

/// What was asked for by each grant, at once with a removal, which is a little later in each round.
async fn raced(world: &World, cast: &Cast, round: usize, removal: impl Future<Output = Answer>) -> Vec<Value> {
    let (name, nobody) = (cast.elsewhere.name(), world.nobody());
    let ask = async |form: String| cast.shop.ask(world, &form).await;
    let refreshing = format!("grant_type=refresh_token&refresh_token={}", cast.issuer.refresh);
    let later = async {
        for _ in 0..2 * round {
            nobody.get("/.well-known/jwks.json").await.expect(200);
        }
        removal.await.expect(200)
    };
    let (itself, key, refreshed, logged_in, for_api, _) = tokio::join!(
        ask("grant_type=client_credentials".into()),
        ask(by_key(&cast.key.text)),
        ask(refreshing),
        ask(by_password(name, None)),
        ask(by_password(name, Some(&cast.api.identifier))),
        later,
    );
    [itself, key, refreshed, logged_in, for_api]
        .iter()
        .filter(|answer| answer.status == 200)
        .map(Answer::json)
        .collect()
}

fn text<'t>(told: &'t Value, member: &str) -> &'t str {
    told[member].as_str().unwrap_or_else(|| panic!("{member} in {told}"))
}

/// Fails the test unless the gateway is told that this token does not count, and a guard finds so, too.
async fn is_over(world: &World, cast: &Cast, told: &Value) {
    let token = text(told, "access_token");
    let introspected = send(world, &cast.gateway, "/introspect", token).await.expect(200).json();
    assert_eq!(introspected, json!({ "active": false }), "{told}");
    world.nobody().with_token(token).get("/me").await.expect(401);
    if let Some(refresh) = told["refresh_token"].as_str() {
        let form = format!("grant_type=refresh_token&refresh_token={refresh}");
        oauth_error(&cast.shop.ask(world, &form).await, 400, "invalid_grant");
    }
}

fn disabled(disabled: bool) -> Value {
    json!({ "disabled": disabled })
}

on_both! {
    async fn a_client_that_is_disabled_meanwhile(world) {
        let mut cast = Cast::meet(world, 0).await;
        let path = cast.shop.path();
        for round in 0..ROUNDS {
            let got = raced(world, &cast, round, cast.admin.patch(&path, disabled(true))).await;
            for told in &got {
                world.nobody().with_token(text(told, "access_token")).get("/me").await.expect(401);
            }
            cast.admin.patch(&path, disabled(false)).await.expect(200);
            for told in &got {
                is_over(world, &cast, told).await;
            }
            cast.issuer = cast.at_the_shop(world).await;
        }
    }

    async fn a_user_who_is_disabled_meanwhile(world) {
        for round in 0..ROUNDS / 2 {
            let cast = Cast::meet(world, round).await;
            let account = user(cast.elsewhere.id());
            let removal = cast.admin.patch(&account, disabled(true));
            for told in raced(world, &cast, 2 * round, removal).await {
                // What the shop gets for itself is none of her.
                match text(&told, "access_token") {
                    token if opened(token).1["sub"] == cast.shop.id => {
                        world.nobody().with_token(token).get("/me").await.expect(200);
                    }
                    _ => is_over(world, &cast, &told).await,
                }
            }
        }
    }

    async fn a_key_that_is_revoked_and_sessions_that_are_ended_meanwhile(world) {
        for round in 0..ROUNDS / 2 {
            let cast = Cast::meet(world, round).await;
            let account = user(cast.elsewhere.id());
            let (by_key, refreshing) = (by_key(&cast.key.text), format!("grant_type=refresh_token&refresh_token={}", cast.issuer.refresh));
            let (keys, sessions) = (format!("{account}/keys"), format!("{account}/sessions/{}", cast.issuer.sid()));
            let (exchanged, refreshed, revoked, ended) = tokio::join!(
                cast.shop.ask(world, &by_key), cast.shop.ask(world, &refreshing), cast.admin.delete(&keys), cast.admin.delete(&sessions),
            );
            revoked.expect(200);
            ended.expect(200);
            for answer in [exchanged, refreshed].iter().filter(|answer| answer.status == 200) {
                is_over(world, &cast, &answer.json()).await;
            }
        }
    }

    async fn an_api_that_is_disabled_meanwhile(world) {
        let mut cast = Cast::meet(world, 0).await;
        let place = cast.api.place.clone();
        for round in 0..ROUNDS {
            for told in raced(world, &cast, round, cast.admin.patch(&place, disabled(true))).await {
                if opened(text(&told, "access_token")).1["aud"] == cast.api.identifier {
                    is_over(world, &cast, &told).await;
                }
            }
            cast.admin.patch(&place, disabled(false)).await.expect(200);
            cast.issuer = cast.at_the_shop(world).await;
        }
    }
}
