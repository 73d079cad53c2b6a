//! `scope` is told and given only as far as it is held: whoever goes by it (RFC 7662, 2.2; RFC 9068, 2.2.3) must not
//! find a right in it that was taken away.

use serde_json::{Value, json};

use super::{Pair, gateway, shop, told};
use crate::{
    admin::{assignment, permission},
    clients::Client,
    face::{encoded, oauth_error, opened},
    util::{Actor, Answer, World, on_both, world::PASSWORD},
};

/// Alice as `user` and `writer` (`notes:read`, `notes:write`), and the shop that she uses.
async fn people(world: &World) -> (Actor, Actor, Client) {
    let (admin, alice) = (world.administrator().await, world.user("alice").await);
    world.role(&admin, "writer", &["notes:read", "notes:write"], &[]).await;
    world.give(&admin, &alice, "writer").await;
    let shop = shop(&admin).await;
    (admin, alice, shop)
}

async fn log_in(world: &World, shop: &Client, scope: &str) -> Pair {
    let form = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));
    Pair::of(shop.ask(world, &format!("{form}&scope={}", encoded(scope))).await)
}

async fn refresh(world: &World, shop: &Client, token: &str, more: &str) -> Answer {
    shop.ask(world, &format!("grant_type=refresh_token&refresh_token={token}{more}")).await
}

/// What the answer says that the token is cut to; the token says the same.
#[track_caller]
fn granted(answer: Answer) -> (Value, Pair) {
    let scope = answer.json()["scope"].clone();
    let pair = Pair::of(answer);
    assert_eq!(opened(&pair.access).1["scope"], scope);
    (scope, pair)
}

on_both! {
    async fn what_is_told_of_a_token(world) {
        let (admin, alice, shop) = people(world).await;
        let gateway = gateway(world, &admin).await;
        let editing = permission("writer", "notes:write");
        // What it is cut to, and what is left of that without `notes:write`, and without the role.
        for (scope, less, least, roles) in [
            ("user writer", "user writer", "user", json!(["user"])),
            ("writer", "writer", "", json!([])),
            ("notes:read notes:write", "notes:read", "", json!([])),
            ("notes:write", "", "", json!([])),
            // It would be more without the permission, or without the role.
            ("writer notes:write", "", "", json!([])),
            ("user writer notes:write", "", "", json!([])),
            ("writer notes:read notes:write", "writer notes:read", "", json!([])),
        ] {
            let pair = log_in(world, &shop, scope).await;
            let scopes = async |of: &str| {
                for (client, token) in [(&gateway, &pair.access), (&shop, &pair.access), (&shop, &pair.refresh)] {
                    let told = told(world, client, token).await;
                    assert_eq!((&told["active"], &told["scope"]), (&json!(true), &json!(of)), "{scope}");
                }
                told(world, &gateway, &pair.access).await["roles"].clone()
            };
            // One for permissions only is in no role, whatever its owner is in.
            let is_in_a_role = |scope: &str| scope.split_whitespace().any(|word| !word.contains(':'));
            assert_eq!(scopes(scope).await != json!([]), is_in_a_role(scope), "{scope}");
            admin.delete(&editing).await.expect(200);
            assert_eq!(scopes(less).await != json!([]), is_in_a_role(less), "{scope}");
            admin.delete(&assignment(alice.id(), "writer")).await.expect(200);
            assert_eq!(scopes(least).await, roles, "{scope}");
            // What comes back is in it again.
            admin.put(&editing).await.expect(200);
            world.give(&admin, &alice, "writer").await;
            scopes(scope).await;
        }
    }

    async fn a_wildcard_is_held_as_a_whole_or_not(world) {
        let (admin, _, shop) = people(world).await;
        admin.put(&permission("writer", "notes:*")).await.expect(200);
        let pair = log_in(world, &shop, "notes:* notes:read").await;
        assert_eq!(told(world, &shop, &pair.access).await["scope"], "notes:* notes:read");
        admin.delete(&permission("writer", "notes:*")).await.expect(200);
        assert_eq!(told(world, &shop, &pair.access).await["scope"], "notes:read");
        assert_eq!(granted(refresh(world, &shop, &pair.refresh, "").await).0, "notes:read");
    }

    async fn what_a_refresh_gives(world) {
        let (admin, alice, shop) = people(world).await;
        let pair = log_in(world, &shop, "user writer").await;
        admin.delete(&assignment(alice.id(), "writer")).await.expect(200);
        let (scope, less) = granted(refresh(world, &shop, &pair.refresh, "").await);
        assert_eq!((scope, &opened(&less.access).1["roles"]), (json!("user"), &json!(["user"])));
        // The answer that was lost is given again, and not with more than it had.
        assert_eq!(granted(refresh(world, &shop, &pair.refresh, "").await).0, "user");
        oauth_error(&refresh(world, &shop, &less.refresh, "&scope=writer").await, 400, "invalid_scope");
        // It is the token that has less, not the session.
        world.give(&admin, &alice, "writer").await;
        assert_eq!(granted(refresh(world, &shop, &less.refresh, "").await).0, "user writer");
    }

    async fn with_nothing_left_there_is_no_token_and_the_session_goes_on(world) {
        let (admin, alice, shop) = people(world).await;
        let pairs = [log_in(world, &shop, "writer").await, log_in(world, &shop, "notes:write").await];
        admin.delete(&assignment(alice.id(), "writer")).await.expect(200);
        for pair in &pairs {
            for _ in 0..2 {
                oauth_error(&refresh(world, &shop, &pair.refresh, "").await, 400, "invalid_scope");
            }
            world.nobody().with_token(&pair.access).get("/me").await.expect(200);
        }
        world.give(&admin, &alice, "writer").await;
        for (pair, scope) in pairs.iter().zip(["writer", "notes:write"]) {
            assert_eq!(granted(refresh(world, &shop, &pair.refresh, "").await).0, scope);
        }
    }
}
