//! A key that was revoked: its tokens are refused at the very next call, whoever has seen them before.

use serde_json::json;

use super::{AHEAD, again, key, kid, published, rotate, state};
use crate::util::{Rows, on_both};

on_both! {
    async fn the_one_that_signs(world) {
        let admin = world.administrator().await;
        let (alice, bob) = (world.user("alice").await, world.user("bob").await);
        alice.get("/users/").await.expect(200);
        let first = kid(&admin);

        let told = admin.delete(&format!("/admin/keys/{first}")).await.expect(200).json();
        assert_eq!(told["in_force"], true);
        // The first was kept, the second was seen by nobody but `/me`, and the third is the administrator's own.
        for actor in [&alice, &bob, &admin] {
            for path in ["/users/", "/me", "/admin/keys", "/hello"] {
                let answer = actor.get(path).await.expect(401);
                assert!(answer.header("www-authenticate").contains("invalid_token"), "{path}");
            }
        }

        // Another one signs at once, and everything else goes on.
        let admin = again(world, "admin").await;
        let second = kid(&admin);
        assert_ne!(first, second);
        assert_eq!(published(world).await, std::slice::from_ref(&second));
        assert_eq!((state(&admin, &first).await, state(&admin, &second).await), ("revoked".into(), "signing".into()));
        again(world, "alice").await.get("/users/").await.expect(200);

        // Who repeats it is told that it is in force; nothing is left of the key.
        let again = admin.delete(&format!("/admin/keys/{first}")).await.expect(200).json();
        assert_eq!(again, told);
        let mut rows = Rows::of(world).await;
        assert_eq!(rows.number("SELECT count(*) FROM signing_keys WHERE length(sealed) = 0").await, 1);
        rows.close().await;
        let told = admin.get(&format!("/admin/audit?action=key.revoked&subject={first}")).await.expect(200).json();
        assert_eq!(told["items"][0]["detail"], json!({ "followed_by": second }), "{told}");
    }

    async fn the_one_that_signs_while_another_waits(world) {
        let admin = world.administrator().await;
        let (first, second) = (kid(&admin), rotate(&admin).await);
        world.wait(1);
        let third = rotate(&admin).await;
        admin.delete(&format!("/admin/keys/{first}")).await.expect(200);
        let admin = again(world, "admin").await;
        assert_eq!(kid(&admin), second, "verifiers may have that one already");
        assert_eq!(state(&admin, &third).await, "published");
        assert_eq!(key(&admin, &second).await["retires_at"], key(&admin, &third).await["signs_from"]);
    }

    async fn the_one_that_waits(world) {
        let admin = world.administrator().await;
        let (first, second) = (kid(&admin), rotate(&admin).await);
        assert_ne!(key(&admin, &first).await["retires_at"], json!(null));
        admin.delete(&format!("/admin/keys/{second}")).await.expect(200);
        assert_eq!(key(&admin, &first).await["retires_at"], json!(null));
        admin.get("/me").await.expect(200);
        world.wait_for(AHEAD + 1).await;
        assert_eq!(kid(&again(world, "admin").await), first);
    }

    async fn one_that_has_retired(world) {
        let admin = world.administrator().await;
        let (first, second) = (kid(&admin), rotate(&admin).await);
        world.wait_for(AHEAD + 1).await;
        admin.get("/me").await.expect(200);
        let new = again(world, "admin").await;
        assert_eq!(kid(&new), second);
        new.delete(&format!("/admin/keys/{first}")).await.expect(200);
        admin.get("/me").await.expect(401);
        new.get("/me").await.expect(200);
        assert_eq!(published(world).await, [second]);
    }

    async fn one_that_nobody_has(world) {
        let admin = world.administrator().await;
        for kid in ["x", "..", "%2e%2e", "%00", "'%20OR%201=1", &"k".repeat(2000)] {
            admin.delete(&format!("/admin/keys/{kid}")).await.expect(404);
            admin.get(&format!("/admin/keys/{kid}")).await.expect(404);
        }
        // Not by a part of its name, or by another spelling.
        let first = kid(&admin);
        for other in [&first[1..], &first[..first.len() - 1], &first.to_uppercase()] {
            admin.delete(&format!("/admin/keys/{other}")).await.expect(404);
        }
        admin.get("/me").await.expect(200);
    }
}
