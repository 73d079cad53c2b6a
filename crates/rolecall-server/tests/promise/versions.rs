//! Every change makes one version, and nothing else makes any.

use serde_json::{Value, json};

use super::{account, assignment, version, with_role};
use crate::util::{Db, Rows, World, on_both, until, world::PASSWORD};

on_both! {
    async fn changes_at_once_get_successive_versions(world) {
        let admin = world.administrator().await;
        let mut users = vec![];
        for n in 0..8 {
            users.push(account(&admin, &format!("user{n}")).await);
        }
        let before = version(&admin).await;
        let calls: Vec<_> = users
            .iter()
            .map(|user| {
                let (admin, path) = (admin.clone(), assignment(user, "admin"));
                tokio::spawn(async move { admin.put(&path).await.expect(200).json()["version"].as_i64() })
            })
            .collect();
        let mut versions = vec![];
        for call in calls {
            versions.push(call.await.expect("no panic").expect("a version"));
        }
        versions.sort_unstable();
        assert_eq!(versions, (before + 1..=before + 8).collect::<Vec<_>>());

        let mut rows = Rows::of(world).await;
        let sql = format!("SELECT version FROM changes WHERE version > {before} ORDER BY version");
        assert_eq!(rows.numbers(&sql).await, versions);
        let sql = format!("SELECT version FROM audit WHERE version > {before} ORDER BY version");
        assert_eq!(rows.numbers(&sql).await, versions);
        assert_eq!(rows.texts("SELECT DISTINCT c.tag FROM changes c JOIN policy p ON p.version = c.version AND p.tag = c.tag").await.len(), 1);
        assert_eq!(rows.texts("SELECT DISTINCT tag FROM changes").await.len() as i64, before + 8, "each change has a tag of its own");
    }

    async fn what_is_refused_or_changes_nothing_makes_no_version(world) {
        let admin = world.administrator().await;
        let alice = with_role(world, &admin, "alice").await;
        let before = version(&admin).await;
        let past = json!({ "until": world.now() - 1 });

        admin.put(&assignment("nobody", "admin")).await.expect(404);
        admin.put(&assignment(alice.id(), "no-such-role")).await.expect(404);
        admin.delete(&assignment("nobody", "admin")).await.expect(404);
        admin.delete(&assignment(alice.id(), "no-such-role")).await.expect(404);
        admin.put_json(&assignment(alice.id(), "user"), past).await.expect(400);
        admin.put(&assignment(admin.id(), "user")).await.expect(403);
        admin.delete(&assignment(admin.id(), "rolecall.admin")).await.expect(409);
        admin.delete(&format!("/admin/users/{}", admin.id())).await.expect(409);
        admin.post("/admin/roles", json!({ "name": "admin", "permissions": [] })).await.expect(409);
        admin.delete("/admin/roles/rolecall.admin").await.expect(409);

        for unchanged in [
            admin.put(&assignment(alice.id(), "admin")).await,
            admin.delete(&assignment(alice.id(), "rolecall.auditor")).await,
            admin.put("/admin/roles/admin/permissions/*").await,
            admin.delete("/admin/roles/admin/permissions/never:given").await,
            admin.delete("/admin/roles/admin/inherits/user").await,
            admin.patch(&format!("/admin/users/{}", alice.id()), json!({ "disabled": false })).await,
        ] {
            let told = unchanged.expect(200).json();
            assert_eq!((told["version"].as_i64(), &told["in_force"]), (Some(before), &Value::Bool(true)));
        }

        let mut rows = Rows::of(world).await;
        assert_eq!(rows.version().await, before);
        let next = admin.delete(&assignment(alice.id(), "admin")).await.expect(200).json();
        assert_eq!(next["version"], before + 1, "the next one follows without a gap");
        assert_eq!(rows.numbers("SELECT DISTINCT version FROM changes ORDER BY version").await.last(), Some(&(before + 1)));
    }

    async fn registering_and_logging_in_make_no_version_and_leave_an_audit_row(world) {
        let admin = world.administrator().await;
        let before = version(&admin).await;
        let alice = world.user("alice").await;
        world.nobody().log_in("alice", "not her password").await.expect(400);
        let bob = account(&admin, "bob").await;
        let address = json!({ "email": "bob@example.org" });
        let told = admin.patch(&format!("/admin/users/{bob}"), address).await.expect(200).json();
        assert_eq!(told["version"], before, "an address alters no decision");

        let mut rows = Rows::of(world).await;
        assert_eq!((rows.version().await, version(&admin).await), (before, before));
        for (subject, action, version) in [
            (alice.id(), "user.registered", "IS NULL"),
            (alice.id(), "session.opened", "IS NULL"),
            (&bob, "user.added", "IS NULL"),
            (&bob, "user.email_set", "IS NULL"),
        ] {
            let sql = format!(
                "SELECT count(*) FROM audit WHERE subject = '{subject}' AND action = '{action}' AND version {version}"
            );
            assert_eq!(rows.number(&sql).await, 1, "{action}");
        }
        alice.get("/users/").await.expect(200);
    }

    async fn a_change_that_fails_half_way_leaves_nothing_and_the_next_one_works(world) {
        let admin = world.administrator().await;
        let alice = world.user("alice").await;
        let before = version(&admin).await;
        let mut rows = Rows::of(world).await;
        // Something that the service did not expect, in the middle of the transaction.
        rows.run("ALTER TABLE changes RENAME TO moved").await;
        let broken = admin.put(&assignment(alice.id(), "admin")).await;
        assert!(broken.status >= 500, "{}", broken.text());
        rows.run("ALTER TABLE moved RENAME TO changes").await;

        alice.get("/items/").await.expect(403);
        assert_eq!(rows.version().await, before);
        assert_eq!(rows.number("SELECT count(*) FROM audit WHERE action = 'role.assigned'").await, 0);
        let told = admin.put(&assignment(alice.id(), "admin")).await.expect(200).json();
        assert_eq!(told["version"], before + 1);
        alice.get("/items/").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_version_row_is_taken_before_anything_is_read() {
    let world = World::on(Db::Postgres).await;
    let admin = world.administrator().await;
    let alice = world.user("alice").await;
    let (mut other, mut watch) = (Rows::of(&world).await, Rows::of(&world).await);
    // Somebody else has the row, and removes the account meanwhile.
    other.run("BEGIN").await;
    other.run("UPDATE policy SET version = version").await;
    let call = {
        let (admin, path) = (admin.clone(), assignment(alice.id(), "admin"));
        tokio::spawn(async move { admin.put(&path).await })
    };
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until(async || watch.number(waiting).await == 1).await;
    other.run(&format!("DELETE FROM users WHERE id = '{}'", alice.id())).await;
    other.run("COMMIT").await;
    call.await.expect("no panic").expect(404);
    world.stop().await;
}

/// A change waits for what was beside it already, and not for all that comes after: else who logs in without a pause
/// would keep what he has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_comes_later_goes_before_a_change() {
    let world = World::on(Db::Postgres).await;
    let admin = world.administrator().await;
    let alice = world.user("alice").await;
    let (mut beside, mut watch) = (Rows::of(&world).await, Rows::of(&world).await);
    beside.run("BEGIN").await;
    beside.run("SELECT 1 FROM policy FOR SHARE").await;
    let waiting = |on: &str| {
        format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event IN ({on})"
        )
    };
    let change = {
        let (admin, path) = (admin.clone(), assignment(alice.id(), "admin"));
        tokio::spawn(async move { admin.put(&path).await })
    };
    until(async || watch.number(&waiting("'tuple', 'transactionid'")).await == 1).await;
    let nobody = world.nobody();
    let log_in = tokio::spawn(async move { nobody.log_in("alice", PASSWORD).await });
    until(async || log_in.is_finished() || watch.number(&waiting("'advisory'")).await == 1).await;
    assert!(!log_in.is_finished(), "a log-in went before a change that waits");
    beside.run("COMMIT").await;
    change.await.expect("no panic").expect(200);
    // It is as of the change.
    let token = log_in.await.expect("no panic").expect(200).json();
    let alice = alice.with_token(token["access_token"].as_str().expect("a token"));
    alice.get("/items/").await.expect(200);
    world.stop().await;
}
