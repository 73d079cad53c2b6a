//! What is told of it to those who look after the service: once, not each time.

use serde_json::Value;

use rolecall_server::{Config, GuessLimits};

use super::{HERE, WRONG, behind_proxy, is_limited, log_in_from, register_from, until_limited};
use crate::util::{Actor, World, on_both, world::PASSWORD};

fn few_from_a_network(config: &mut Config) {
    behind_proxy(config);
    config.guess_limits = GuessLimits { per_account: 0, per_address: 2 };
}

async fn lines(admin: &Actor, query: &str) -> Vec<Value> {
    let told = admin.get(&format!("/admin/audit?limit=200&{query}")).await.expect(200).json();
    told["items"].as_array().expect("lines").clone()
}

on_both! {
    with behind_proxy;

    async fn a_limit_is_told_once_an_hour(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        for n in 0..4 {
            let address = format!("203.0.113.{n}");
            let guess = async || log_in_from(world, &address, "alice", WRONG).await;
            for _ in 0..HERE + 30 {
                guess().await;
            }
        }
        let told = lines(&admin, "action=login.limited").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["subject"], alice.id());
        assert_eq!(told[0]["actor_name"], "a stranger");
        assert!(told[0]["actor"].is_null());
        assert_eq!(told[0]["address"], "203.0.113.0");
        assert_eq!(told[0]["detail"]["limit"], "account");
        assert_eq!(told[0]["detail"]["guesses"], HERE);

        world.wait_for(3700).await;
        let admin = world.administrator().await;
        until_limited(async || log_in_from(world, "203.0.113.9", "alice", WRONG).await).await;
        assert_eq!(lines(&admin, "action=login.limited").await.len(), 2);
    }

    async fn a_network_is_told_and_a_name_that_nobody_has_is_not(world) {
        let admin = world.administrator().await;
        // Names for which there are no guesses left, and then none for any name.
        for n in 0..4 {
            until_limited(async || log_in_from(world, "203.0.113.9", &format!("name{n}"), WRONG).await).await;
        }
        for n in 0..3 {
            let mut names = (0..).map(|m| format!("other{n}-{m}"));
            until_limited(async || log_in_from(world, "203.0.113.9", &names.next().expect("one"), WRONG).await).await;
        }
        let told = lines(&admin, "action=login.limited").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0]["subject"].is_null());
        assert_eq!(told[0]["address"], "203.0.113.9");
        assert_eq!(told[0]["detail"]["limit"], "address");
    }

    async fn a_limit_may_be_reached_from_everywhere_at_once_and_is_told_once(world) {
        let other = World::with(world.db, few_from_a_network).await;
        let admin = other.administrator().await;
        // All that a /48 has.
        let mut names = (0..).map(|n| format!("name{n}"));
        let mut guess = async |n: usize| {
            log_in_from(&other, &format!("2001:db8:0:{n:x}::1"), &names.next().expect("one"), WRONG).await
        };
        for n in 0..20 {
            guess(n / 2).await.expect(400);
        }
        for n in 100..130 {
            is_limited(&guess(n).await);
        }
        assert_eq!(lines(&admin, "action=login.limited").await.len(), 1);
        log_in_from(&other, "2001:db8:1::1", "nobody", WRONG).await.expect(400);
        other.stop().await;
    }

    async fn lines_say_where_it_came_from(world) {
        let admin = world.administrator().await;
        register_from(world, "192.0.2.1", "alice").await.expect(201);
        log_in_from(world, "[2001:db8::1]:443", "alice", PASSWORD).await.expect(200);
        let all = lines(&admin, "").await;
        let of = |action: &str| all.iter().rfind(|line| line["action"] == action).expect("a line")["address"].clone();
        assert_eq!(of("user.registered"), "192.0.2.1");
        assert_eq!(of("session.opened"), "2001:db8::1");
        assert_eq!(all[0]["address"], Value::Null, "{}", all[0]);

        world.role(&admin, "staff", &["notes:read"], &[]).await;
        let all = lines(&admin, "").await;
        assert_eq!(all.last().expect("a line")["address"], "127.0.0.1");
    }
}
