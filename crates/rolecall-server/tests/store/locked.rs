//! Another program has the database.

use serde_json::json;

use super::{made, refused};
use crate::util::{
    Actor, Db, Rows, World,
    binary::{Service, refuses, rolecall},
    world::PASSWORD,
};

/// Locks it as a database browser does that somebody forgot.
async fn lock(rows: &mut Rows) {
    match rows {
        Rows::Sqlite(_) => rows.run("BEGIN EXCLUSIVE").await,
        Rows::Postgres(_) => {
            rows.run("BEGIN").await;
            rows.run("LOCK TABLE policy IN ACCESS EXCLUSIVE MODE").await
        }
    };
}

const LOCKED: [&str; 2] = ["locked by another program", "end the other program"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_start_on_sqlite() {
    let (folder, _) = made();
    let mut rows = Rows::in_file(&folder.path().join("rolecall.db")).await;
    lock(&mut rows).await;
    // Not looked at from here: closing a file that a connection of this process has open ends its locks.
    refuses(&mut rolecall(folder.path(), &["dev", "--listen", "127.0.0.1:0"])).refused(&LOCKED);
    rows.run("ROLLBACK").await;
    rows.close().await;
    Service::start(folder.path(), &["--listen", "127.0.0.1:0"]).stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_start_on_postgres() {
    let down = World::on(Db::Postgres).await.down().await;
    let mut rows = Rows::at(&down.url, down.folder.path()).await;
    lock(&mut rows).await;
    refused(down.folder.path(), &down.url, &LOCKED);
    rows.run("ROLLBACK").await;
    down.up().await.stop().await;
}

/// 503 with a reason, to whoever needs the database.
async fn told(admin: &Actor, world: &World) {
    let register = json!({ "username": "bob", "password": PASSWORD });
    let (nobody, path) = (world.nobody(), format!("/admin/users/{}/roles/user", admin.id()));
    let (change, register) = tokio::join!(admin.delete(&path), nobody.post("/register", register));
    for refused in [change, register] {
        let problem = refused.expect(503).json();
        assert_eq!(problem["detail"], "the database is busy; try again in a moment");
    }
}

async fn at_run_time(db: Db) {
    let world = World::on(db).await;
    let admin = world.administrator().await;
    let alice = world.user("alice").await;
    let mut rows = Rows::of(&world).await;
    lock(&mut rows).await;
    let ((), ()) = tokio::join!(told(&admin, &world), async {
        // What is decided by what is known goes on, while the lease does.
        alice.get("/users/").await.expect(200);
        alice.get("/items/").await.expect(403);
        world.nobody().get("/health").await.expect(200);
    });
    rows.run("ROLLBACK").await;
    world.wait_for(0).await;
    world.nobody().register("bob", PASSWORD).await.expect(201);
    world.give(&admin, &alice, "admin").await;
    alice.get("/items/").await.expect(200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_run_time_on_sqlite() {
    at_run_time(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_run_time_on_postgres() {
    at_run_time(Db::Postgres).await;
}
