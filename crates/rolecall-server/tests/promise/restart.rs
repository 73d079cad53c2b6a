//! A process that was killed judges old tokens as the one before did.

use tempfile::TempDir;

use super::assignment;
use crate::util::{
    Actor, Db, Rows,
    binary::{self, Service},
    postgres,
    world::PASSWORD,
};

struct Killed {
    folder: TempDir,
    url: String,
    listen: String,
}

impl Killed {
    async fn new(db: Db) -> Killed {
        let url = match db {
            Db::Sqlite => "sqlite://rolecall.db".to_owned(),
            Db::Postgres => postgres::database().await,
        };
        Killed { folder: TempDir::new().expect("a folder"), url, listen: binary::address() }
    }

    fn start(&self) -> Service {
        let arguments = ["--listen", &self.listen, "--database-url", &self.url, "--lease", "5"];
        Service::start(self.folder.path(), &arguments)
    }

    async fn rows(&self) -> Rows {
        Rows::at(&self.url, self.folder.path()).await
    }
}

/// Somebody who may read the accounts.
async fn auditor(service: &Service, admin: &Actor) -> Actor {
    service.nobody().register("alice", PASSWORD).await.expect(201);
    let alice = service.nobody().logged_in("alice", PASSWORD).await;
    admin.put(&assignment(alice.id(), "rolecall.auditor")).await.expect(200);
    // From now on it is in the token.
    let alice = service.nobody().logged_in("alice", PASSWORD).await;
    alice.get("/admin/users").await.expect(200);
    alice
}

async fn a_right_taken_away_before_stays_away(db: Db) {
    let killed = Killed::new(db).await;
    let service = killed.start();
    let password = service.password().expect("a password").to_owned();
    let admin = service.nobody().logged_in("admin", &password).await;
    let alice = auditor(&service, &admin).await;
    admin.delete(&assignment(alice.id(), "rolecall.auditor")).await.expect(200);
    service.kill();

    let service = killed.start();
    assert_eq!(service.told["created"], false);
    alice.get("/admin/users").await.expect(403);
    alice.get("/me").await.expect(200);
    admin.get("/admin/users").await.expect(200);
    service.stop();
}

async fn a_token_from_before_the_floor_is_looked_up(db: Db) {
    let killed = Killed::new(db).await;
    let service = killed.start();
    let password = service.password().expect("a password").to_owned();
    let admin = service.nobody().logged_in("admin", &password).await;
    let alice = auditor(&service, &admin).await;
    service.kill();

    // Whom the changes concerned is forgotten, and with it that alice's session is over.
    let mut rows = killed.rows().await;
    rows.run(&format!("DELETE FROM sessions WHERE user_id = '{}'", alice.id())).await;
    rows.run("DELETE FROM changes").await;
    rows.close().await;
    let service = killed.start();
    alice.get("/admin/users").await.expect(200);
    service.kill();

    let mut rows = killed.rows().await;
    rows.run("UPDATE policy SET version = version + 1, floor = version + 1").await;
    rows.close().await;
    let service = killed.start();
    alice.get("/admin/users").await.expect(401);
    admin.get("/admin/users").await.expect(200);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_taken_away_before_stays_away_on_sqlite() {
    a_right_taken_away_before_stays_away(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_taken_away_before_stays_away_on_postgres() {
    a_right_taken_away_before_stays_away(Db::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_from_before_the_floor_is_looked_up_on_sqlite() {
    a_token_from_before_the_floor_is_looked_up(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_from_before_the_floor_is_looked_up_on_postgres() {
    a_token_from_before_the_floor_is_looked_up(Db::Postgres).await;
}
