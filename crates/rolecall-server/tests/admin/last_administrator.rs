//! The last account that can administer, enabled and without an end, stays on every path.

use serde_json::json;

use super::{account, assignment, everything, inherits, items, refused, user};
use crate::util::{Actor, World, on_both};

const ADMINISTRATOR: &str = "rolecall.admin";

/// Somebody else who administers, until then.
async fn deputy(world: &World, admin: &Actor, until: Option<i64>) -> Actor {
    let deputy = world.user("deputy").await;
    let path = assignment(deputy.id(), ADMINISTRATOR);
    admin.put_json(&path, json!({ "until": until })).await.expect(200);
    admin.put(&assignment(deputy.id(), "admin")).await.expect(200);
    deputy
}

/// The names of those who can administer for good, by what the API tells, through roles `boss` and `chief` too.
async fn administrators(admin: &Actor) -> Vec<String> {
    let mut found = vec![];
    for account in items(admin, "/admin/users?limit=200").await {
        let id = account["id"].as_str().expect("an id");
        let roles = items(admin, &format!("/admin/users/{id}/roles")).await;
        let for_good = |role: &serde_json::Value| {
            role["until"].is_null() && [ADMINISTRATOR, "boss", "chief"].iter().any(|name| role["role"] == *name)
        };
        if account["disabled"] == false && roles.iter().any(for_good) {
            found.push(account["username"].as_str().expect("a name").to_owned());
        }
    }
    found
}

on_both! {
    async fn the_only_one_cannot_take_himself_out(world) {
        let admin = world.administrator().await;
        let before = everything(&admin).await;

        refused(admin.patch(&user(admin.id()), json!({ "disabled": true })).await, 409, "last-administrator");
        refused(admin.delete(&user(admin.id())).await, 409, "last-administrator");
        refused(admin.delete(&assignment(admin.id(), ADMINISTRATOR)).await, 409, "last-administrator");

        assert_eq!(everything(&admin).await, before);
        // Of what is not administration he may lose everything.
        admin.delete(&assignment(admin.id(), "admin")).await.expect(200);
        admin.delete("/admin/roles/admin").await.expect(200);
    }

    async fn whoever_administers_for_a_time_or_is_disabled_does_not_count(world) {
        let admin = world.administrator().await;
        let deputy = deputy(world, &admin, Some(world.now() + 3600)).await;
        let sleeper = account(&admin, "sleeper").await;
        admin.put(&assignment(&sleeper, ADMINISTRATOR)).await.expect(200);
        admin.patch(&user(&sleeper), json!({ "disabled": true })).await.expect(200);
        let before = everything(&admin).await;

        let it = assignment(admin.id(), ADMINISTRATOR);
        for caller in [&admin, &deputy] {
            refused(caller.patch(&user(admin.id()), json!({ "disabled": true })).await, 409, "last-administrator");
            refused(caller.delete(&user(admin.id())).await, 409, "last-administrator");
            refused(caller.delete(&it).await, 409, "last-administrator");
        }
        let soon = json!({ "until": world.now() + 60 });
        refused(deputy.put_json(&it, soon).await, 409, "last-administrator");
        // He administers for a time, so he cannot give it for longer.
        refused(deputy.put_json(&it, json!({ "until": i64::MAX })).await, 403, "beyond-your-rights");
        refused(deputy.put(&it).await, 403, "beyond-your-rights");
        assert_eq!(everything(&admin).await, before);

        // With a second one who counts, each of these goes.
        deputy.patch(&user(&sleeper), json!({ "disabled": false })).await.expect(200);
        deputy.put_json(&it, json!({ "until": world.now() + 60 })).await.expect(200);
        deputy.delete(&it).await.expect(200);
        refused(deputy.patch(&user(&sleeper), json!({ "disabled": true })).await, 409, "last-administrator");
        refused(deputy.delete(&user(&sleeper)).await, 409, "last-administrator");
        refused(deputy.delete(&assignment(&sleeper, ADMINISTRATOR)).await, 409, "last-administrator");
    }

    async fn a_role_of_one_s_own_that_inherits_administration_is_as_good(world) {
        let admin = world.administrator().await;
        world.role(&admin, "boss", &[], &[ADMINISTRATOR]).await;
        world.role(&admin, "chief", &[], &["boss"]).await;
        let deputy = world.user("deputy").await;
        world.give(&admin, &deputy, "chief").await;
        deputy.delete(&assignment(admin.id(), ADMINISTRATOR)).await.expect(200);
        refused(admin.get("/admin/users").await, 403, "forbidden");
        assert_eq!(administrators(&deputy).await, ["deputy"]);
        let before = everything(&deputy).await;

        for path in [
            "/admin/roles/boss".to_owned(),
            "/admin/roles/chief".to_owned(),
            inherits("boss", ADMINISTRATOR),
            inherits("chief", "boss"),
            assignment(deputy.id(), "chief"),
            user(deputy.id()),
        ] {
            refused(deputy.delete(&path).await, 409, "last-administrator");
        }
        refused(deputy.patch(&user(deputy.id()), json!({ "disabled": true })).await, 409, "last-administrator");
        assert_eq!(everything(&deputy).await, before);

        // A second way there, and the first is free to go.
        deputy.put(&inherits("chief", ADMINISTRATOR)).await.expect(200);
        deputy.delete(&inherits("chief", "boss")).await.expect(200);
        refused(deputy.delete("/admin/roles/chief").await, 409, "last-administrator");
        refused(deputy.delete(&inherits("chief", ADMINISTRATOR)).await, 409, "last-administrator");
        deputy.delete("/admin/roles/boss").await.expect(200);
        deputy.put(&assignment(admin.id(), ADMINISTRATOR)).await.expect(200);
        deputy.delete("/admin/roles/chief").await.expect(200);
        refused(deputy.get("/admin/users").await, 403, "forbidden");
        admin.get("/admin/users").await.expect(200);
    }

    async fn of_two_who_go_at_once_one_stays(world) {
        let admin = world.administrator().await;
        let deputy = deputy(world, &admin, None).await;
        let path = |person: &Actor| assignment(person.id(), ADMINISTRATOR);

        // Each takes himself out: exactly one may.
        for _ in 0..10 {
            let (one, other) = (path(&admin), path(&deputy));
            let (first, second) = tokio::join!(admin.delete(&one), deputy.delete(&other));
            let mut both = [(first.status, &admin, &deputy), (second.status, &deputy, &admin)];
            both.sort_by_key(|(status, ..)| *status);
            assert_eq!((both[0].0, both[1].0), (200, 409));
            let (gone, left) = (both[0].1, both[0].2);
            assert_eq!(administrators(left).await, [left.name()]);
            left.put(&path(gone)).await.expect(200);
        }
        // Each takes the other out: the second has lost the right, or is the last.
        for _ in 0..10 {
            let (one, other) = (path(&admin), path(&deputy));
            let (first, second) = tokio::join!(admin.delete(&other), deputy.delete(&one));
            let mut both = [(first.status, &deputy, &admin), (second.status, &admin, &deputy)];
            both.sort_by_key(|(status, ..)| *status);
            assert_eq!(both[0].0, 200);
            assert!(matches!(both[1].0, 403 | 409), "{}", both[1].0);
            let (gone, left) = (both[0].1, both[0].2);
            assert_eq!(administrators(left).await, [left.name()]);
            left.put(&path(gone)).await.expect(200);
        }
        // In other ways: one deletes himself, the other is disabled by himself.
        let (one, other) = (user(admin.id()), user(deputy.id()));
        let (first, second) = tokio::join!(admin.delete(&one), deputy.patch(&other, json!({ "disabled": true })));
        let left = match (first.status, second.status) {
            (200, 409) => deputy,
            (409, 200) => admin,
            both => panic!("exactly one may go: {both:?}"),
        };
        assert_eq!(administrators(&left).await, [left.name()]);
    }
}
