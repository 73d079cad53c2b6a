//! Row 19 of the security goals: whatever ends a key ends what was had by it, at the next call.

use serde_json::{Value, json};

use super::{Key, alice, exchange, is_refused, key, robot};
use crate::{
    admin::{items, refused, user, version},
    util::{Actor, Db, Rows, World, on_both, world::PASSWORD},
};

/// Fails the test unless neither the key nor a token that was had for it counts.
async fn is_over(world: &World, key: &Key, calls: &Actor) {
    for path in ["/users/", "/me", "/hello", "/admin/users", "/me/keys"] {
        refused(calls.get(path).await, 401, "invalid-token");
    }
    is_refused(&exchange(world, &key.text, "").await);
    let mut rows = Rows::of(world).await;
    let sessions = rows.number("SELECT count(*) FROM sessions WHERE api_key IS NOT NULL").await;
    assert_eq!((rows.number("SELECT count(*) FROM api_keys").await, sessions), (0, 0));
    rows.close().await;
}

on_both! {
    async fn whatever_ends_a_key(world) {
        for how in ["revoked", "revoked by an administrator", "all by an administrator", "disabled", "deleted", "new password"] {
            let (admin, name) = (world.administrator().await, how.replace(' ', "-"));
            let owner = world.user(&name).await;
            let mine = key(&owner, json!({})).await;
            let calls = robot(world, &mine).await;
            calls.get("/users/").await.expect(200);
            let account = user(owner.id());

            let answer = match how {
                "revoked" => owner.delete(&format!("/me/keys/{}", mine.id)).await,
                "revoked by an administrator" => admin.delete(&format!("{account}/keys/{}", mine.id)).await,
                "all by an administrator" => admin.delete(&format!("{account}/keys")).await,
                "disabled" => admin.patch(&account, json!({ "disabled": true })).await,
                "deleted" => admin.delete(&account).await,
                _ => {
                    let new = json!({ "current_password": PASSWORD, "password": "eighteen violet otters" });
                    owner.post("/me/password", new).await
                }
            };

            version(answer.expect(200));
            is_over(world, &mine, &calls).await;
            match how {
                "disabled" => {
                    // Enabled again, he makes other ones.
                    admin.patch(&account, json!({ "disabled": false })).await.expect(200);
                    is_over(world, &mine, &calls).await;
                }
                "deleted" => {
                    // Row 22: who gets the name is somebody else.
                    let other = world.user(&name).await;
                    assert_eq!(items(&other, "/me/keys").await, [] as [Value; 0]);
                    is_over(world, &mine, &calls).await;
                }
                _ => {
                    owner.get("/me").await.expect(200);
                }
            }
        }
    }

    async fn the_rows_alone_are_enough(world) {
        let (admin, owner) = (world.administrator().await, alice(world).await);
        let mine = key(&owner, json!({})).await;
        // Past the service.
        let mut rows = Rows::of(world).await;
        rows.run("UPDATE users SET disabled = TRUE WHERE username = 'alice'").await;
        is_refused(&exchange(world, &mine.text, "").await);
        rows.run("UPDATE users SET disabled = FALSE WHERE username = 'alice'").await;
        let calls = robot(world, &mine).await;
        rows.run("DELETE FROM api_keys").await;
        assert_eq!(rows.number("SELECT count(*) FROM sessions WHERE api_key IS NOT NULL").await, 0);
        // And then something that lets the token be looked up.
        world.give(&admin, &owner, "admin").await;
        admin.delete(&format!("{}/roles/admin", user(owner.id()))).await.expect(200);
        refused(calls.get("/me").await, 401, "invalid-token");
        rows.close().await;
    }

    async fn a_log_in_that_ends_does_not_end_the_keys_that_it_made(world) {
        let owner = alice(world).await;
        let mine = key(&owner, json!({})).await;
        let calls = robot(world, &mine).await;
        let again = world.nobody().logged_in("alice", PASSWORD).await;
        // Logging out everywhere ends what keys have opened; they open the next.
        again.delete("/me/sessions").await.expect(200);
        refused(owner.get("/me").await, 401, "invalid-token");
        refused(calls.get("/me").await, 401, "invalid-token");
        robot(world, &mine).await.get("/users/").await.expect(200);
        again.delete("/me/sessions?current=true").await.expect(200);
        robot(world, &mine).await.get("/users/").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_ended_long_ago_is_forgotten() {
    for db in [Db::Sqlite, Db::Postgres] {
        let world = World::on(db).await;
        let owner = alice(&world).await;
        key(&owner, json!({ "expires_in": 60 })).await;
        let kept = key(&owner, json!({ "expires_in": 7200 })).await;
        world.wait_for(3700).await;
        // The house is kept at a start, and once an hour.
        let world = world.restarted().await;
        let mut rows = Rows::of(&world).await;
        let forgotten = async {
            while rows.texts("SELECT id FROM api_keys").await != [kept.id.clone()] {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), forgotten).await.expect("it is forgotten");
        rows.close().await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_was_reset_on_the_command_line() {
    use crate::util::binary::{Service, rolecall, run};
    let folder = tempfile::TempDir::new().expect("a folder");
    let start = || Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    let service = start();
    let nobody = service.nobody();
    nobody.register("alice", PASSWORD).await.expect(201);
    let mine = key(&nobody.logged_in("alice", PASSWORD).await, json!({})).await;
    // It survives a restart, and not the reset.
    service.stop();
    let service = start();
    service.nobody().form("/token", &super::form(&mine.text, "")).await.expect(200);
    service.stop();
    let said = run(&mut rolecall(folder.path(), &["users", "password", "alice"]), "eighteen violet otters");
    assert_eq!(said.code, Some(0));
    let service = start();
    is_refused(&service.nobody().form("/token", &super::form(&mine.text, "")).await);
    service.stop();
}
