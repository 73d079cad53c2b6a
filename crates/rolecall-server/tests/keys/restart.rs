//! A process that comes later, after an orderly end or without one, goes on with the keys as they were.

use serde_json::json;
use tempfile::TempDir;

use super::{AHEAD, again, kid, rotate};
use crate::util::{
    Db, World,
    binary::{self, Service},
    handed::elliptic,
    on_both, postgres,
};

on_both! {
    async fn the_ones_that_wait_still_wait(world) {
        // The harness takes the service down by value; a second one of the same kind is taken down here.
        let other = World::on(world.db).await;
        let admin = other.administrator().await;
        let (first, second) = (kid(&admin), rotate(&admin).await);
        let before = admin.get("/admin/keys").await.expect(200).json();
        let other = other.restarted().await;
        let admin = again(&other, "admin").await;
        assert_eq!(kid(&admin), first);
        assert_eq!(admin.get("/admin/keys").await.expect(200).json(), before);
        let other = other.down().await;
        // The time comes while nothing runs.
        other.clock.advance(std::time::Duration::from_secs(AHEAD));
        let other = other.up().await;
        assert_eq!(kid(&again(&other, "admin").await), second);
        other.stop().await;
    }

    async fn one_from_elsewhere_keeps_its_name(world) {
        let other = World::on(world.db).await;
        let admin = other.administrator().await;
        let (theirs, verified) = (elliptic(), elliptic());
        let signs = json!({ "pem": theirs.pem, "kid": "2019/a|b" });
        admin.post("/admin/keys", signs).await.expect(201);
        admin.post("/admin/keys", json!({ "pem": verified.public_pem, "kid": "..a" })).await.expect(201);
        let before = admin.get("/admin/keys").await.expect(200).json();
        let other = other.restarted().await;
        assert_eq!(again(&other, "admin").await.get("/admin/keys").await.expect(200).json(), before);
        let other = other.down().await;
        other.clock.advance(std::time::Duration::from_secs(AHEAD));
        let other = other.up().await;
        let admin = again(&other, "admin").await;
        assert_eq!(kid(&admin), "2019/a|b");
        admin.get("/admin/users").await.expect(200);
        admin.delete("/admin/keys/..a").await.expect(200);
        other.stop().await;
    }
}

async fn what_was_revoked_stays_so(db: Db) {
    let folder = TempDir::new().expect("a folder");
    let url = match db {
        Db::Sqlite => "sqlite://rolecall.db".to_owned(),
        Db::Postgres => postgres::database().await,
    };
    let listen = binary::address();
    let start = || Service::start(folder.path(), &["--listen", &listen, "--database-url", &url, "--lease", "5"]);
    let service = start();
    let password = service.password().expect("a password").to_owned();
    let log_in = async |service: &Service| service.nobody().logged_in("admin", &password).await;
    let old = log_in(&service).await;
    let second = rotate(&old).await;
    old.get("/admin/users").await.expect(200);
    old.delete(&format!("/admin/keys/{}", kid(&old))).await.expect(200);
    let new = log_in(&service).await;
    assert_eq!(kid(&new), second);
    let before = new.get("/admin/keys").await.expect(200).json();
    service.kill();

    let service = start();
    old.get("/admin/users").await.expect(401);
    assert_eq!(new.get("/admin/keys").await.expect(200).json(), before);
    assert_eq!(kid(&log_in(&service).await), second);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_revoked_stays_so_on_sqlite() {
    what_was_revoked_stays_so(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_revoked_stays_so_on_postgres() {
    what_was_revoked_stays_so(Db::Postgres).await;
}
