//! An assignment with an end: at that time the next decision refuses, though nobody wrote anything, and no token lasts
//! longer.

use serde_json::json;

use super::{account, assignment, everything, holder, permission, refused, user, version_now};
use crate::util::{Actor, on_both, world::PASSWORD};

/// Logs in; answers the caller and for how many seconds his token is good.
async fn logged_in(person: &Actor, scope: Option<&str>) -> (Actor, i64) {
    let answer = person.log_in_for(person.name(), PASSWORD, scope).await.expect(200).json();
    let token = answer["access_token"].as_str().expect("a token");
    (person.with_token(token), answer["expires_in"].as_i64().expect("seconds"))
}

on_both! {
    async fn at_its_end_the_next_decision_refuses(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        let until = world.now() + 100;
        admin.put_json(&assignment(bob.id(), "admin"), json!({ "until": until })).await.expect(200);
        let (during, good_for) = logged_in(&bob, None).await;
        assert!((1..=100).contains(&good_for), "no token outlives it: {good_for}");
        for token in [&bob, &during] {
            token.get("/items/").await.expect(200);
        }
        let before = version_now(&admin).await;

        world.wait_for(101).await;

        assert_eq!(version_now(&admin).await, before, "nobody wrote anything");
        bob.get("/items/").await.expect(403);
        bob.get("/users/").await.expect(200);
        assert_eq!(bob.get("/me").await.expect(200).json()["roles"], json!(["user"]));
        during.get("/items/").await.expect(401);
        during.get("/users/").await.expect(401);
        let (after, good_for) = logged_in(&bob, None).await;
        assert_eq!(good_for, 900);
        after.get("/items/").await.expect(403);
        // It stands there still, and can be given again.
        let listed = admin.get(&format!("{}/roles", user(bob.id()))).await.expect(200).json();
        assert_eq!(listed["items"][0], json!({ "role": "admin", "until": until }));
        let next = json!({ "until": world.now() + 100 });
        admin.put_json(&assignment(bob.id(), "admin"), next).await.expect(200);
        for token in [&bob, &after] {
            token.get("/items/").await.expect(200);
        }
    }

    async fn an_end_that_is_moved_counts_with_the_old_token(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        let give = async |seconds: i64| {
            let until = json!({ "until": world.now() + seconds });
            admin.put_json(&assignment(bob.id(), "admin"), until).await.expect(200);
        };
        give(100).await;
        bob.get("/items/").await.expect(200);
        give(300).await;
        world.wait_for(200).await;
        bob.get("/items/").await.expect(200);
        give(10).await;
        bob.get("/items/").await.expect(200);
        world.wait_for(11).await;
        bob.get("/items/").await.expect(403);
        admin.put(&assignment(bob.id(), "admin")).await.expect(200);
        bob.get("/items/").await.expect(200);
    }

    async fn a_token_lasts_as_long_as_the_first_end_among_its_roles(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        world.role(&admin, "junior", &["notes:read"], &[]).await;
        world.role(&admin, "one", &[], &["junior"]).await;
        world.role(&admin, "other", &[], &["junior"]).await;
        for (role, seconds) in [("admin", 400), ("one", 100), ("other", 200)] {
            let until = json!({ "until": world.now() + seconds });
            admin.put_json(&assignment(bob.id(), role), until).await.expect(200);
        }

        for (scope, most) in [
            (None, 100),
            (Some("user"), 900),
            (Some("admin"), 400),
            (Some("admin user"), 400),
            (Some("admin other"), 200),
            // It comes by two; the first of them is no way to it from then on.
            (Some("junior"), 100),
            (Some("notes:read"), 100),
        ] {
            let (_, good_for) = logged_in(&bob, scope).await;
            // The clock goes on while this runs; not for a minute, though.
            assert!((most - 60..=most).contains(&good_for), "{scope:?}: {good_for}");
        }
        world.wait_for(110).await;
        let (junior, good_for) = logged_in(&bob, Some("junior")).await;
        assert!((30..=90).contains(&good_for), "{good_for}");
        junior.get("/notes/").await.expect(200);
        world.wait_for(100).await;
        junior.get("/notes/").await.expect(401);
    }

    async fn whoever_s_right_has_ended_hands_nothing_out(world) {
        let admin = world.administrator().await;
        let clerk = holder(world, &admin, "clerk", &["rolecall.roles:write", "rolecall.roles:grant"]).await;
        world.role(&admin, "reader", &["items:read"], &[]).await;
        world.role(&admin, "plain", &[], &[]).await;
        let bob = account(&admin, "bob").await;
        world.give(&admin, &clerk, "plain").await;
        let until = json!({ "until": world.now() + 100 });
        admin.put_json(&assignment(clerk.id(), "reader"), until.clone()).await.expect(200);
        clerk.put_json(&assignment(&bob, "reader"), until).await.expect(200);
        clerk.delete(&assignment(&bob, "reader")).await.expect(200);
        clerk.put(&permission("plain", "items:read")).await.expect(200);
        clerk.delete(&permission("plain", "items:read")).await.expect(200);

        world.wait_for(101).await;

        let before = everything(&admin).await;
        refused(clerk.put(&assignment(&bob, "reader")).await, 403, "beyond-your-rights");
        refused(clerk.put(&permission("plain", "items:read")).await, 403, "beyond-your-rights");
        refused(clerk.put("/admin/roles/plain/inherits/reader").await, 403, "beyond-your-rights");
        for role in [
            json!({ "name": "made", "permissions": ["items:read"] }),
            json!({ "name": "made", "permissions": [], "inherits": ["reader"] }),
        ] {
            refused(clerk.post("/admin/roles", role).await, 403, "beyond-your-rights");
        }
        assert_eq!(everything(&admin).await, before);
        // The right to give at all ends in the same way.
        let until = json!({ "until": world.now() + 100 });
        admin.put_json(&assignment(clerk.id(), "clerk-role"), until).await.expect(200);
        clerk.put(&assignment(&bob, "user")).await.expect(200);
        world.wait_for(101).await;
        refused(clerk.delete(&assignment(&bob, "user")).await, 403, "forbidden");
    }

    async fn what_is_held_for_a_time_is_given_for_no_longer(world) {
        let admin = world.administrator().await;
        let clerk = holder(world, &admin, "clerk", &["rolecall.roles:grant"]).await;
        world.role(&admin, "junior", &[], &[]).await;
        world.role(&admin, "one", &["items:read"], &["junior"]).await;
        world.role(&admin, "other", &["items:read"], &["junior"]).await;
        let (bob, now) = (account(&admin, "bob").await, world.now());
        for (role, seconds) in [("one", 1000), ("other", 2000)] {
            let until = json!({ "until": now + seconds });
            admin.put_json(&assignment(clerk.id(), role), until).await.expect(200);
        }
        let give = async |role: &str, until: Option<i64>| {
            clerk.put_json(&assignment(&bob, role), json!({ "until": until })).await
        };

        // What comes by two is held as long as the last of them.
        for (role, seconds) in [("one", 1000), ("other", 2000), ("junior", 2000)] {
            give(role, Some(now + seconds - 1)).await.expect(200);
            give(role, Some(now + seconds)).await.expect(200);
            refused(give(role, Some(now + seconds + 1)).await, 403, "beyond-your-rights");
            refused(give(role, None).await, 403, "beyond-your-rights");
        }
        give("user", None).await.expect(200);
        // Nor is a role given for good that somebody else has given for longer, or would be.
        admin.put(&assignment(clerk.id(), "one")).await.expect(200);
        give("one", None).await.expect(200);
        give("junior", None).await.expect(200);
        refused(give("other", None).await, 403, "beyond-your-rights");
    }

    async fn a_role_that_has_ended_is_no_way_to_another(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        world.role(&admin, "junior", &["notes:read"], &[]).await;
        world.role(&admin, "one", &[], &["junior"]).await;
        world.role(&admin, "other", &[], &["junior"]).await;
        // By two, or by itself and by another one: the first of the ways ends.
        for first in ["one", "junior"] {
            let until = json!({ "until": world.now() + 100 });
            admin.put_json(&assignment(bob.id(), first), until).await.expect(200);
            admin.put(&assignment(bob.id(), "other")).await.expect(200);
            let (minted, _) = logged_in(&bob, Some("junior")).await;
            let (looked_up, _) = logged_in(&bob, Some("junior user")).await;
            admin.put(&assignment(bob.id(), "admin")).await.expect(200);
            minted.get("/notes/").await.expect(200);
            looked_up.get("/notes/").await.expect(200);
            world.wait_for(110).await;

            admin.delete("/admin/roles/other/inherits/junior").await.expect(200);

            for token in [&minted, &looked_up] {
                assert_ne!(token.get("/notes/").await.status, 200, "{first} has ended");
            }
            admin.put("/admin/roles/other/inherits/junior").await.expect(200);
            admin.delete(&assignment(bob.id(), "admin")).await.expect(200);
        }
    }

    async fn an_administrator_for_a_time_is_none_afterwards(world) {
        let (admin, deputy) = (world.administrator().await, world.user("deputy").await);
        let until = json!({ "until": world.now() + 100 });
        admin.put_json(&assignment(deputy.id(), "rolecall.admin"), until).await.expect(200);
        let bob = account(&admin, "bob").await;
        let sooner = json!({ "until": world.now() + 50 });
        deputy.put_json(&assignment(&bob, "rolecall.admin"), sooner).await.expect(200);
        deputy.delete(&assignment(&bob, "rolecall.admin")).await.expect(200);

        world.wait_for(101).await;

        refused(deputy.put(&assignment(&bob, "rolecall.admin")).await, 403, "forbidden");
        refused(deputy.get("/admin/users").await, 403, "forbidden");
        refused(admin.delete(&assignment(admin.id(), "rolecall.admin")).await, 409, "last-administrator");
    }
}
