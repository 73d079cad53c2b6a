//! Each state in which a rotation can be cut off: whatever comes next takes the file that belongs to the database.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{SQLITE, Scene, write};
use crate::util::{
    binary::{Said, rolecall, run},
    postgres,
    proxy::{AtCommit, Proxy},
    until,
    world::PASSWORD,
};

/// A key file of nobody's.
fn another() -> Vec<u8> {
    b"YW5vdGhlciBvbmUsIHdoaWNoIGlzIG5vYm9keSdzOi4\n".to_vec()
}

async fn before_the_database(url: &str) {
    let mut scene = Scene::on(url).await;
    for rotated in [false, true] {
        let key = fs::read(scene.key()).expect("a key");
        for (left, mode) in [(&b""[..], 0o600), (&another()[..20], 0o600), (&another(), 0o600), (&another(), 0o644)] {
            write(&scene.new_key(), left);
            fs::set_permissions(scene.new_key(), fs::Permissions::from_mode(mode)).expect("a mode");
            let log = scene.goes_on_alone().await;
            assert!(log.contains("rolecall.key.new` is not needed and was removed"), "{log}");
            assert_eq!(fs::read(scene.key()).expect("a key"), key);
        }
        // The next one begins anew.
        write(&scene.new_key(), &another());
        assert_eq!(scene.rotate().code, Some(0), "rotated before: {rotated}");
        let after = fs::read(scene.key()).expect("a key");
        assert!(after != key && after != another());
        scene.goes_on_alone().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_database_on_sqlite() {
    before_the_database(SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_database_on_postgres() {
    before_the_database(&postgres::database().await).await;
}

async fn before_it_had_its_name(url: &str) {
    let mut scene = Scene::on(url).await;
    // Nor need the old one be there.
    for old_is_there in [true, false] {
        let after = scene.cut_off_at_the_end(old_is_there);
        let log = scene.goes_on_alone().await;
        assert!(log.contains("a rotation of the key file came to its end"), "{log}");
        assert_eq!(fs::read(scene.key()).expect("a key"), after);
    }
    // Commands too, and the next rotation.
    for command in [&["keys", "list"][..], &["keys", "rotate-file"], &["users", "password", "olivia"]] {
        scene.cut_off_at_the_end(true);
        if command[0] == "users" {
            // Nothing is in the way of it that waits.
            write(&scene.key(), b"");
        }
        let said = run(&mut rolecall(scene.path(), command), PASSWORD);
        assert!(said.stderr.contains("a rotation of the key file came to its end"), "{said:?}");
        assert_eq!((said.code, scene.new_key().exists()), (Some(0), false), "{said:?}");
        if command[0] == "keys" {
            scene.goes_on_alone().await;
        }
    }
}

impl Scene {
    /// Rotated, but the new one waits for its name. Answers what is in it.
    fn cut_off_at_the_end(&self, old_is_there: bool) -> Vec<u8> {
        let before = fs::read(self.key()).expect("a key");
        assert_eq!(self.rotate().code, Some(0));
        fs::rename(self.key(), self.new_key()).expect("moved");
        if old_is_there {
            write(&self.key(), &before);
        }
        fs::read(self.new_key()).expect("a key")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_it_had_its_name_on_sqlite() {
    before_it_had_its_name(SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_it_had_its_name_on_postgres() {
    before_it_had_its_name(&postgres::database().await).await;
}

/// The connection breaks at COMMIT: nobody knows whether it took place, so both are kept, and then the right one counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_commit_that_nobody_answers() {
    let (proxy, direct) = (Proxy::start(), postgres::database().await);
    let mut scene = Scene::on(&proxy.url(&direct)).await;
    for (at, made) in [(AtCommit::CutBefore, false), (AtCommit::CutAfter, true)] {
        let before = fs::read(scene.key()).expect("a key");
        proxy.at_next_commit(at);
        scene.rotate().refused(&[
            "it is not known whether the key file",
            "rotated",
            "keep it, and the new one beside it",
        ]);
        assert_eq!(fs::read(scene.key()).expect("a key"), before);
        assert!(scene.new_key().exists());
        proxy.heal();
        let mut listed: Option<Said> = None;
        until(async || {
            let said = run(&mut rolecall(scene.path(), &["keys", "list"]), "");
            // PostgreSQL has to notice that the session has gone.
            let held = said.stderr.contains("is in use by ");
            listed = Some(said);
            !held
        })
        .await;
        assert_eq!(listed.as_ref().and_then(|said| said.code), Some(0), "{listed:?}");
        assert_eq!(fs::read(scene.key()).expect("a key") != before, made);
        scene.goes_on_alone().await;
    }
}

/// Whoever comes next looks before the COMMIT of a process that is gone takes place: it waits for its end, and looks again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_commit_that_is_under_way() {
    let mut scene = Scene::on(&postgres::database().await).await;
    let mut rows = scene.rows().await;
    let kept = |name: &str| {
        format!(
            "CREATE TABLE {name} AS SELECT kid AS name, sealed FROM signing_keys UNION ALL SELECT name, sealed FROM secret_keys"
        )
    };
    let put = |name: &str| {
        let put = |table: &str, column: &str| {
            format!("UPDATE {table} SET sealed = {name}.sealed FROM {name} WHERE {name}.name = {table}.{column}")
        };
        [put("signing_keys", "kid"), put("secret_keys", "name")]
    };
    let before = fs::read(scene.key()).expect("a key");
    rows.run(&kept("before")).await;
    assert_eq!(scene.rotate().code, Some(0));
    let after = fs::read(scene.key()).expect("a key");
    rows.run(&kept("after")).await;
    let named = rows.texts("SELECT key_file FROM instance").await.remove(0);
    // As the process that is gone leaves it.
    for sql in put("before") {
        rows.run(&sql).await;
    }
    rows.run("UPDATE instance SET key_file = NULL").await;
    write(&scene.key(), &before);
    write(&scene.new_key(), &after);
    rows.run("BEGIN").await;
    rows.run("UPDATE policy SET version = version").await;
    for sql in put("after") {
        rows.run(&sql).await;
    }
    rows.run(&format!("UPDATE instance SET key_file = '{named}'")).await;

    let mut command = rolecall(scene.path(), &["keys", "list"]);
    let next = tokio::task::spawn_blocking(move || run(&mut command, ""));
    let mut others = scene.rows().await;
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until(async || others.number(waiting).await > 0).await;
    rows.run("COMMIT").await;
    let said = next.await.expect("no fault");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(fs::read(scene.key()).expect("a key"), after);
    scene.goes_on_alone().await;
}
