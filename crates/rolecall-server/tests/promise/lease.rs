//! On PostgreSQL a session can be lost without the process noticing: it decides until its lease ends, reloads when it
//! has the database again, and whoever takes over waits for what the one before may still allow.

use std::path::Path;

use axum::body::Body;
use rolecall::clock::Clock;
use rolecall_server::{Config, Dev, Error, Rolecall};
use serde_json::Value;
use tempfile::TempDir;

use super::{assignment, version, with_role};
use crate::util::{Actor, Answer, Db, Rows, World, postgres, proxy::Proxy, until};

struct Scene {
    proxy: Proxy,
    direct: String,
    world: World,
    rows: Rows,
    admin: Actor,
    alice: Actor,
}

impl Scene {
    /// A service behind a proxy, and alice, who has the role `admin` and a token that was seen.
    async fn new() -> Scene {
        let (proxy, direct) = (Proxy::start(), postgres::database().await);
        let world = World::at(Db::Postgres, proxy.url(&direct), TempDir::new().expect("a folder")).await;
        let rows = Rows::at(&direct, world.folder.path()).await;
        let admin = world.administrator().await;
        let alice = with_role(&world, &admin, "alice").await;
        Scene { proxy, direct, world, rows, admin, alice }
    }

    /// Takes alice's role away as another process would, which this one does not notice.
    async fn removed_by_somebody_else(&mut self) {
        let alice = self.alice.id();
        for sql in [
            "BEGIN".to_owned(),
            "UPDATE policy SET version = version + 1, tag = 'elsewhere'".to_owned(),
            format!("DELETE FROM user_assignments WHERE user_id = '{alice}' AND role = 'admin'"),
            format!(
                "INSERT INTO changes (version, seq, tag, at, subject) \
                 SELECT version, 0, tag, {}, '{alice}' FROM policy",
                self.world.now()
            ),
            "COMMIT".to_owned(),
        ] {
            self.rows.run(&sql).await;
        }
    }

    /// Until it decides again; then by what is in the database.
    async fn decides_again(&self) {
        until(async || self.alice.get("/users/").await.status == 200).await;
        self.alice.get("/items/").await.expect(403);
        let version = version(&self.admin).await;
        assert_eq!(self.world.nobody().get("/ready").await.status, 200);
        let told = self.admin.put(&assignment(self.alice.id(), "admin")).await.expect(200).json();
        assert_eq!(told["version"], version + 1);
        self.alice.get("/items/").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_database_is_done_without_until_the_lease_ends() {
    let mut scene = Scene::new().await;
    scene.proxy.go_silent();
    scene.removed_by_somebody_else().await;
    scene.alice.get("/items/").await.expect(200);
    scene.world.wait(6);
    for path in ["/items/", "/users/", "/me"] {
        let refused = scene.alice.get(path).await.expect(503);
        assert_ne!(refused.header("retry-after"), "");
    }
    scene.world.nobody().get("/users/").await.expect(401);
    scene.world.nobody().get("/health").await.expect(200);
    scene.world.nobody().get("/ready").await.expect(503);
    scene.admin.put(&assignment(scene.alice.id(), "user")).await.expect(503);
    // It gives the session with the lock up, and asks for a new one: that may be another process's by then.
    scene.proxy.somebody_comes().await;
    scene.proxy.heal();
    scene.decides_again().await;
    scene.world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_lock_is_regained_and_everything_reloaded() {
    let mut scene = Scene::new().await;
    scene.proxy.keep_from_lock();
    // The other connections are there, and so is the lease.
    scene.alice.get("/items/").await.expect(200);
    scene.world.nobody().register("bob", crate::util::world::PASSWORD).await.expect(201);
    scene.removed_by_somebody_else().await;
    scene.world.wait(6);
    scene.alice.get("/items/").await.expect(503);
    scene.proxy.heal();
    scene.decides_again().await;
    scene.world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_taken_over_from_writes_nothing_and_decides_nothing_after_its_lease() {
    let scene = Scene::new().await;
    scene.proxy.keep_from_lock();
    let (folder, clock) = (TempDir::new().expect("a folder"), Clock::system());
    std::fs::copy(scene.world.folder.path().join("rolecall.key"), folder.path().join("rolecall.key")).expect("a key");
    let mut other = None;
    until(async || {
        // The server has to notice first that the session with the lock has gone.
        other = start(&scene.direct, &folder, &clock, 60).await.ok();
        other.is_some()
    })
    .await;
    let other = World::serve(
        Db::Postgres,
        scene.direct.clone(),
        folder,
        clock,
        other.expect("it has the lock"),
        scene.world.password(),
    );

    let before = version(&other.nobody().logged_in("admin", other.password()).await).await;
    for refused in [
        scene.admin.put(&assignment(scene.alice.id(), "user")).await,
        scene.admin.delete(&assignment(scene.alice.id(), "admin")).await,
        scene.world.nobody().register("bob", crate::util::world::PASSWORD).await,
        scene.world.nobody().log_in("admin", scene.world.password()).await,
    ] {
        refused.expect(503);
    }
    scene.world.wait(6);
    scene.alice.get("/items/").await.expect(503);

    // The other one changes at once, but acknowledges only when no lease of this one can hold.
    let other_admin = other.nobody().logged_in("admin", other.password()).await;
    let path = assignment(scene.alice.id(), "admin");
    let told = other_admin.send("DELETE", &path, &[("prefer", "respond-async")], Body::empty()).await.expect(200);
    assert_eq!(told.json(), serde_json::json!({ "version": before + 1, "in_force": false }));
    other.stop().await;

    scene.alice.get("/items/").await.expect(503);
    scene.proxy.heal();
    scene.decides_again().await;
    scene.world.stop().await;
}

/// A service with another lease than those of the harness have.
async fn start(url: &str, folder: &TempDir, clock: &Clock, lease: u64) -> Result<Rolecall, Error> {
    let said = Dev { listen: Some("127.0.0.1:0".into()), database_url: Some(url.into()), lease: Some(lease) };
    Rolecall::start(Config::dev(folder.path(), &said)?, clock.clone()).await
}

/// Whether changes are acknowledged at once.
async fn acknowledges(world: &World) -> bool {
    let admin = world.administrator().await;
    let id = super::account(&admin, &format!("user{}", version(&admin).await)).await;
    let path = assignment(&id, "admin");
    let told = admin.send("PUT", &path, &[("prefer", "respond-async")], Body::empty()).await;
    told.expect(200).json()["in_force"].as_bool().expect("yes or no")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_over_from_one_that_signed_off_acknowledges_at_once() {
    let world = World::on(Db::Postgres).await;
    assert!(acknowledges(&world).await);
    let world = world.restarted().await;
    assert!(acknowledges(&world).await);
    world.stop().await;
}

/// Makes it look as if the last process, whose lease was 60 s, had been killed: nothing is to be acknowledged for 75 s.
async fn killed(url: &str) {
    let mut rows = Rows::at(url, Path::new("")).await;
    let sql = "UPDATE policy SET signed_off = FALSE, lease_ms = 60000 WHERE signed_off";
    assert_eq!(rows.run(sql).await, 1, "it had not signed off");
    rows.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_over_from_one_that_did_not_waits() {
    let down = World::on(Db::Postgres).await.down().await;
    killed(&down.url).await;
    let world = down.up().await;
    let admin = world.administrator().await;
    let alice = world.user("alice").await;
    let path = assignment(alice.id(), "admin");
    for prefer in ["respond-async", "wait=0"] {
        for method in ["PUT", "DELETE"] {
            let told = admin.send(method, &path, &[("prefer", prefer)], Body::empty()).await.expect(200).json();
            assert_eq!(told["in_force"], false, "{method} {prefer}");
        }
    }
    // What gives does not wait unless it is asked to, what takes away does; here it is in force either way.
    assert_eq!(admin.put(&path).await.expect(200).json()["in_force"], false);
    alice.get("/items/").await.expect(200);
    let removal = {
        let (admin, path) = (admin.clone(), path.clone());
        tokio::spawn(async move { admin.delete(&path).await })
    };
    until(async || alice.get("/items/").await.status == 403).await;
    world.wait_for(64).await;
    assert!(!acknowledges(&world).await);
    assert!(!removal.is_finished(), "acknowledged too early");
    world.wait(12);
    let told = removal.await.expect("no panic").expect(200).json();
    assert_eq!(told["in_force"], true);
    world.wait_for(0).await;
    assert!(acknowledges(&world).await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_before_it_has_waited_leaves_the_waiting_to_the_next() {
    let down = World::on(Db::Postgres).await.down().await;
    killed(&down.url).await;
    let world = down.up().await;
    assert!(!acknowledges(&world).await);
    let world = world.restarted().await;
    assert!(!acknowledges(&world).await, "the one that was killed may still be deciding");
    world.wait_for(76).await;
    assert!(acknowledges(&world).await);
    let world = world.restarted().await;
    assert!(acknowledges(&world).await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lease_of_the_one_before_counts() {
    let url = postgres::database().await;
    let (folder, clock) = (TempDir::new().expect("a folder"), Clock::system());
    let rolecall = start(&url, &folder, &clock, 60).await.expect("it starts");
    let password = rolecall.greeting().administrator().expect("an account").password.to_string();
    let down = World::serve(Db::Postgres, url, folder, clock, rolecall, &password).down().await;
    let mut rows = Rows::at(&down.url, Path::new("")).await;
    rows.run("UPDATE policy SET signed_off = FALSE").await;
    rows.close().await;

    // 5 s are this one's, and so 6.25 s are not enough.
    let world = down.up().await;
    world.wait_for(30).await;
    assert!(!acknowledges(&world).await);
    let world = world.restarted().await;
    world.wait_for(30).await;
    assert!(!acknowledges(&world).await, "it is not forgotten with the one between");
    world.wait_for(46).await;
    assert!(acknowledges(&world).await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_is_told_who_has_it_and_what_to_do() {
    let world = World::on(Db::Postgres).await;
    let folder = TempDir::new().expect("a folder");
    let refused = World::start(&world.url, &folder, &world.clock).await.expect_err("two at once").to_string();
    for word in ["is in use by process ", "this machine", "since ", "stop that one first"] {
        assert!(refused.contains(word), "{refused}");
    }
    let said = crate::util::binary::refuses(&mut crate::util::binary::rolecall(
        folder.path(),
        &["dev", "--listen", "127.0.0.1:0", "--database-url", &world.url],
    ));
    said.refused(&["is in use by process ", "stop that one first"]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing was made");
    let alice: Answer = world.user("alice").await.get("/users/").await;
    assert_eq!(alice.expect(200).json()[0]["username"], Value::from("alice"));
    world.stop().await;
}

#[test]
fn a_lease_is_5_to_300_seconds() {
    let lease = |seconds| Config::dev(Path::new("."), &Dev { lease: Some(seconds), ..Dev::default() });
    for good in [5, 30, 300] {
        assert_eq!(lease(good).expect("a lease").lease.as_secs(), good);
    }
    for bad in [0, 4, 301, u64::MAX] {
        let refused = lease(bad).expect_err("no lease").to_string();
        assert!(refused.contains("5 to 300 seconds"), "{refused}");
    }
}
