//! A key is published before it signs, and stays until the last of its tokens is dead.

use std::{collections::BTreeSet, time::Duration};

use rolecall_server::Config;
use serde_json::json;

use super::{AHEAD, LEEWAY, TTL, again, key, kid, published, rotate, state};
use crate::util::{Db, World, on_both, until};

fn every_day(config: &mut Config) {
    config.key_rotation = Some(Duration::from_secs(24 * 3600));
}

fn never(config: &mut Config) {
    config.key_rotation = None;
}

on_both! {
    async fn one_follows_another(world) {
        let admin = world.administrator().await;
        let first = kid(&admin);
        assert_eq!(state(&admin, &first).await, "signing");
        let made = admin.post("/admin/keys", json!({ "algorithm": "EdDSA" })).await.expect(201);
        let (place, made) = (made.header("location").to_owned(), made.json());
        let second = made["kid"].as_str().expect("a kid").to_owned();
        assert_eq!((&made["algorithm"], &made["state"]), (&json!("EdDSA"), &json!("published")));
        let from = made["signs_from"].as_i64().expect("a time");
        assert_eq!(from - made["published_at"].as_i64().expect("a time"), AHEAD as i64);
        let shown = admin.get(&place).await.expect(200).json();
        assert_eq!((&shown["kid"], shown.get("version")), (&made["kid"], None));
        assert_eq!(key(&admin, &first).await["retires_at"], from);
        let set = published(world).await;
        assert!(set.len() == 2 && set.contains(&first) && set.contains(&second), "{set:?}");

        // The first signs until the moment when the second does.
        world.wait_for(AHEAD - 10).await;
        let old = again(world, "admin").await;
        assert_eq!(kid(&old), first);
        let left = u64::try_from(from - world.now()).expect("it is still to come");
        world.wait_for(left).await;
        let new = again(world, "admin").await;
        assert_eq!(kid(&new), second);
        assert_eq!((state(&new, &first).await, state(&new, &second).await), ("retired".into(), "signing".into()));

        // And its tokens are good until their own end.
        world.wait_for(TTL - 30).await;
        old.get("/admin/users").await.expect(200);
        assert!(published(world).await.contains(&first));
        world.wait_for(60).await;
        old.get("/admin/users").await.expect(401);
        world.wait_for(LEEWAY).await;
        until(async || published(world).await == std::slice::from_ref(&second)).await;
        let admin = again(world, "admin").await;
        admin.get(&format!("/admin/keys/{first}")).await.expect(404);
        let told = admin.get(&format!("/admin/audit?subject={first}&action=key.gone")).await.expect(200).json();
        assert_eq!(told["items"][0]["actor_name"], "the schedule", "{told}");
    }

    async fn what_has_retired_cannot_sign_any_more(world) {
        let admin = world.administrator().await;
        let first = kid(&admin);
        let mut rows = crate::util::Rows::of(world).await;
        let half = format!("SELECT half FROM signing_keys WHERE kid = '{first}'");
        assert_eq!(rows.texts(&half).await, ["private"]);
        rotate(&admin).await;
        world.wait_for(AHEAD + 1).await;
        until(async || rows.texts(&half).await == ["public"]).await;
        rows.close().await;
        // Its tokens count all the same.
        admin.get("/admin/users").await.expect(200);
    }

    async fn as_many_as_anybody_wants_to_read(world) {
        let admin = world.administrator().await;
        for _ in 1..100 {
            rotate(&admin).await;
        }
        let answer = admin.post("/admin/keys", json!({})).await.expect(409);
        assert_eq!(answer.json()["type"], "urn:rolecall:problem:too-many-keys");
        let theirs = crate::util::handed::elliptic();
        let answer = admin.post("/admin/keys", json!({ "pem": theirs.public_pem })).await.expect(409);
        assert_eq!(answer.json()["type"], "urn:rolecall:problem:too-many-keys");
        assert_eq!(published(world).await.len(), 100);
    }

    async fn of_those_that_were_revoked_the_last_ones_are_known(world) {
        let admin = world.administrator().await;
        let mut made = vec![];
        for _ in 0..102 {
            let kid = rotate(&admin).await;
            admin.delete(&format!("/admin/keys/{kid}")).await.expect(200);
            made.push(kid);
        }
        let mut known = 0;
        for kid in &made {
            known += usize::from(admin.get(&format!("/admin/keys/{kid}")).await.status == 200);
        }
        assert_eq!(known, 100);
        assert_eq!(published(world).await, [kid(&admin)]);
    }

    async fn an_algorithm_that_does_not_sign_here(world) {
        let admin = world.administrator().await;
        for algorithm in ["HS256", "none", "es256", "ES384", "PS256", ""] {
            admin.post("/admin/keys", json!({ "algorithm": algorithm })).await.expect(400);
        }
        admin.post("/admin/keys", json!({ "algorithm": 1 })).await.expect(400);
        admin.post("/admin/keys", json!({ "kid": "x" })).await.expect(400);
        assert_eq!(published(world).await, [kid(&admin)]);
        let [edwards, elliptic] = ["Ed25519", "ES256"].map(|name| json!({ "algorithm": name }));
        assert_eq!(admin.post("/admin/keys", edwards).await.expect(201).json()["algorithm"], "EdDSA");
        assert_eq!(admin.post("/admin/keys", elliptic).await.expect(201).json()["algorithm"], "ES256");
    }
}

mod by_the_clock {
    use super::*;

    on_both! {
        with every_day;

        async fn one_is_made_each_day(world) {
            let first = published(world).await;
            assert_eq!(first.len(), 1);
            world.wait_for(24 * 3600 - 60).await;
            // Long enough for a process that looks each second.
            tokio::time::sleep(Duration::from_millis(1500)).await;
            assert_eq!(published(world).await, first);
            world.wait_for(61).await;
            until(async || published(world).await.len() == 2).await;
            let admin = again(world, "admin").await;
            assert_eq!([kid(&admin)].as_slice(), first);
            let told = admin.get("/admin/audit?action=key.rotated").await.expect(200).json();
            assert_eq!(told["items"][0]["actor_name"], "the schedule", "{told}");
            world.wait_for(AHEAD).await;
            assert_ne!([kid(&again(world, "admin").await)].as_slice(), first);
        }
    }
}

mod without_a_schedule {
    use super::*;

    on_both! {
        with never;

        async fn a_key_signs_for_ever(world) {
            let first = published(world).await;
            world.wait_for(3650 * 24 * 3600).await;
            tokio::time::sleep(Duration::from_millis(1500)).await;
            assert_eq!(published(world).await, first);
        }
    }
}

/// Whoever verifies elsewhere reads the keys when those that he has are five minutes old, at whatever moments that is:
/// he never sees a token whose key he does not have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_the_keys_for_as_long_as_he_may_knows_every_token() {
    const STEP: u64 = 20;
    let world = World::with(Db::Sqlite, |config| config.access_token_ttl = Duration::from_secs(200)).await;
    // What was read at each moment, and the tokens with the moments from which and until which they are shown to others.
    let mut read: Vec<BTreeSet<String>> = vec![];
    let mut tokens: Vec<(usize, usize, String)> = vec![];
    for moment in 0..100 {
        let somebody = again(&world, "admin").await;
        let dead = moment + usize::try_from(200 / STEP).expect("a few");
        tokens.push((moment, dead, kid(&somebody)));
        if moment % 7 == 0 && moment < 50 {
            rotate(&somebody).await;
        }
        read.push(published(&world).await.into_iter().collect());
        world.wait(STEP);
    }
    let signed: BTreeSet<&String> = tokens.iter().map(|(_, _, kid)| kid).collect();
    assert!(signed.len() >= 8, "{} keys signed", signed.len());
    let kept = usize::try_from(300 / STEP).expect("a few");
    for (moment, dead, kid) in &tokens {
        for (at, set) in read.iter().enumerate().take(*dead).skip(moment.saturating_sub(kept - 1)) {
            // Nobody has read anything before the service was there.
            assert!(set.contains(kid), "a token of moment {moment} is unknown to who read at {at}");
        }
    }
    until(async || published(&world).await.len() < signed.len()).await;
    world.stop().await;
}
