//! One process has a database: a SQLite file by whatever name it is called, and what the version row says of either.

use std::{fs, os::unix::fs::symlink, path::Path};

use axum::body::Body;
use serde_json::json;

use super::{SQLITE, folder, made};
use crate::util::{
    Db, Rows, World,
    binary::{Service, refuses, rolecall},
    on_both, until,
    world::PASSWORD,
};

const ANYWHERE: [&str; 2] = ["--listen", "127.0.0.1:0"];

on_both! {
    async fn one_that_was_replaced_writes_nothing(world) {
        let admin = world.administrator().await;
        let alice = world.user("alice").await;
        let written = "SELECT (SELECT count(*) FROM guesses) + (SELECT count(*) FROM sessions) \
                       + (SELECT count(*) FROM users) + (SELECT count(*) FROM audit) + (SELECT version FROM policy)";
        let mut rows = Rows::of(world).await;
        let before = rows.number(written).await;
        rows.run("UPDATE policy SET holder = 'another process'").await;
        if world.db == Db::Postgres {
            // It finds that out each second, and would take the database back as it still has the lock.
            rows.run("ALTER TABLE policy ADD CONSTRAINT replaced CHECK (holder = 'another process')").await;
        }
        let nobody = world.nobody();
        // A guess at a name that nobody has is counted like any other, and nothing else is written for it.
        nobody.log_in("carol", "not the password of anybody").await.expect(503);
        nobody.log_in("alice", PASSWORD).await.expect(503);
        nobody.register("bob", PASSWORD).await.expect(503);
        admin.put(&format!("/admin/users/{}/roles/admin", alice.id())).await.expect(503);
        assert_eq!(rows.number(written).await, before);
        rows.close().await;
    }
}

/// A second one in this folder, on this database, is told who has it.
#[track_caller]
fn in_use(first: &Service, folder: &Path, url: &str) {
    let holder = format!("is in use by process {} (listening on {})", first.id(), first.address());
    let arguments = ["dev", "--listen", "127.0.0.1:0", "--database-url", url];
    refuses(&mut rolecall(folder, &arguments)).refused(&[&holder, "stop that process first", "in another folder"]);
    let arguments = ["users", "password", "admin", "--database-url", url];
    refuses(&mut rolecall(folder, &arguments)).refused(&[&holder, "stop that process first"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_one_is_told_who_has_it() {
    let (folder, elsewhere) = (folder(), folder());
    let first = Service::start(folder.path(), &ANYWHERE);
    let real = folder.path().join("rolecall.db");
    symlink(&real, elsewhere.path().join("link.db")).expect("a link");
    symlink(elsewhere.path().join("link.db"), elsewhere.path().join("second.db")).expect("a link to a link");
    symlink(folder.path(), elsewhere.path().join("folder")).expect("a link");
    fs::create_dir(folder.path().join("sub")).expect("a folder");

    in_use(&first, folder.path(), SQLITE);
    in_use(&first, folder.path(), "sqlite://./sub/../rolecall.db");
    in_use(&first, &folder.path().join("sub"), "sqlite://../rolecall.db");
    in_use(&first, elsewhere.path(), &format!("sqlite://{}", real.display()));
    in_use(&first, elsewhere.path(), "sqlite://link.db");
    in_use(&first, elsewhere.path(), "sqlite://second.db");
    in_use(&first, elsewhere.path(), "sqlite://folder/rolecall.db");
    in_use(&first, &elsewhere.path().join("folder"), SQLITE);
    assert!(!elsewhere.path().join("rolecall.key").exists(), "something was made");
    first.nobody().register("alice", PASSWORD).await.expect(201);
    first.stop();

    let service = Service::start(folder.path(), &ANYWHERE);
    service.nobody().log_in("alice", PASSWORD).await.expect(200);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_one_in_the_same_process() {
    let world = World::on(Db::Sqlite).await;
    let refused = World::start(&world.url, &world.folder, &world.clock).await.expect_err("two at once").to_string();
    let holder = format!("is in use by process {} (listening on {})", std::process::id(), world.address());
    assert!(refused.contains(&holder), "{refused}");
    // What it closed was not the first one's.
    let alice = world.user("alice").await;
    let admin = world.administrator().await;
    world.give(&admin, &alice, "admin").await;
    alice.get("/items/").await.expect(200);
    world.restarted().await.stop().await;
}

#[test]
fn a_link_to_what_is_not_there_yet_is_one_database_too() {
    let folder = folder();
    symlink(folder.path(), folder.path().join("here")).expect("a link");
    let first = Service::start(folder.path(), &["--listen", "127.0.0.1:0", "--database-url", "sqlite://here/new.db"]);
    in_use(&first, folder.path(), "sqlite://new.db");
    first.stop();
}

#[test]
fn a_killed_one_holds_nothing() {
    let folder = folder();
    for _ in 0..3 {
        Service::start(folder.path(), &ANYWHERE).kill();
    }
    Service::start(folder.path(), &ANYWHERE).stop();
}

/// What the file says who has it means nothing: the lock does.
#[test]
fn a_lock_file_that_was_left_is_nobodys() {
    let (folder, _) = made();
    fs::write(folder.path().join("rolecall.db.lock"), "process 1 (listening on 127.0.0.1:1)").expect("a file");
    Service::start(folder.path(), &ANYWHERE).stop();
    fs::remove_file(folder.path().join("rolecall.db.lock")).expect("removed");
    // And one that is a link leads nowhere.
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").expect("a file");
    symlink(&victim, folder.path().join("rolecall.db.lock")).expect("a link");
    refuses(&mut rolecall(folder.path(), &["dev", "--listen", "127.0.0.1:0"])).refused(&[]);
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "precious");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_lock_file_a_process_decides_nothing() {
    let world = World::on(Db::Sqlite).await;
    let admin = world.administrator().await;
    let alice = world.user("alice").await;
    alice.get("/users/").await.expect(200);
    let lock = world.folder.path().join("rolecall.db.lock");
    fs::rename(&lock, world.folder.path().join("away.lock")).expect("moved");
    until(async || alice.get("/users/").await.status == 503).await;
    admin.put(&format!("/admin/users/{}/roles/admin", alice.id())).await.expect(503);
    world.nobody().get("/ready").await.expect(503);

    // Another file of that name is not the one that is locked.
    fs::write(&lock, "").expect("a file");
    let (first, second) = (alice.get("/users/").await, alice.get("/users/").await);
    assert_eq!((first.status, second.status), (503, 503));
    fs::rename(world.folder.path().join("away.lock"), &lock).expect("back");
    until(async || alice.get("/users/").await.status == 200).await;
    world.give(&admin, &alice, "admin").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lost_its_lock_file_to_another_writes_nothing() {
    let folder = folder();
    let first = Service::start(folder.path(), &ANYWHERE);
    let password = first.password().expect("a password").to_owned();
    let admin = first.nobody().logged_in("admin", &password).await;
    first.nobody().register("alice", PASSWORD).await.expect(201);
    let alice = first.nobody().logged_in("alice", PASSWORD).await;
    fs::remove_file(folder.path().join("rolecall.db.lock")).expect("removed");

    let second = Service::start(folder.path(), &ANYWHERE);
    let path = format!("/admin/users/{}/roles/admin", alice.id());
    admin.put(&path).await.expect(503);
    first.nobody().register("bob", PASSWORD).await.expect(503);
    until(async || alice.get("/me").await.status == 503).await;

    let other = second.nobody().logged_in("admin", &password).await;
    let told = other.send("PUT", &path, &[], Body::empty()).await.expect(200).json();
    assert_eq!(told, json!({ "version": 2, "in_force": true }));
    alice.get("/me").await.expect(503);
    second.stop();
    first.kill();
}
