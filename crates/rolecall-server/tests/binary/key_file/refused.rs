//! What does not fit is said, and nothing is changed by that.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{SQLITE, Scene, write};
use crate::util::{
    binary::{refuses, rolecall, run},
    postgres,
    world::PASSWORD,
};

impl Scene {
    /// Neither the service nor a command opens it; answers what is said.
    #[track_caller]
    fn does_not_open(&self, words: &[&str]) {
        let beside = fs::read(self.new_key()).ok();
        for command in [&["serve", "--json"][..], &["keys", "list"], &["keys", "rotate-file"]] {
            refuses(&mut rolecall(self.path(), command)).refused(words);
        }
        run(&mut rolecall(self.path(), &["users", "password", "olivia"]), PASSWORD).refused(words);
        assert_eq!(fs::read(self.new_key()).ok(), beside, "something was removed");
    }
}

async fn what_is_not_of_this_database(url: &str) {
    let mut scene = Scene::on(url).await;
    let mut rows = scene.rows().await;
    rows.run("CREATE TABLE kept AS SELECT kid AS name, sealed FROM signing_keys").await;
    rows.run("INSERT INTO kept SELECT name, sealed FROM secret_keys").await;
    rows.close().await;
    let before = fs::read(scene.key()).expect("a key");
    assert_eq!(scene.rotate().code, Some(0));
    let after = fs::read(scene.key()).expect("a key");

    // The file from before, as from a backup or on another machine.
    write(&scene.key(), &before);
    let was_rotated = ["rolecall.key` is not the one that belongs to this database, which was rotated since"];
    scene.does_not_open(&[was_rotated[0], "there is no `", "copy the key file here", "the newest copy"]);
    write(&scene.new_key(), &before);
    scene.does_not_open(&[was_rotated[0], "neither is `"]);
    write(&scene.new_key(), b"half of");
    scene.does_not_open(&["rolecall.key.new` is not a key file"]);
    write(&scene.new_key(), &after);
    for mode in [0o640, 0o604] {
        fs::set_permissions(scene.new_key(), fs::Permissions::from_mode(mode)).expect("a mode");
        scene.does_not_open(&["others can read the key file", "chmod 600", "rolecall.key.new"]);
    }
    fs::remove_file(scene.new_key()).expect("removed");
    fs::remove_file(scene.key()).expect("removed");
    scene.does_not_open(&["rolecall.key` cannot be read", "bring both back together"]);
    write(&scene.key(), &after);
    scene.goes_on_alone().await;

    // What the file from before encrypted.
    for (table, column, word) in
        [("signing_keys", "kid", "signing key"), ("secret_keys", "name", "secret key `refresh`")]
    {
        let mut rows = scene.rows().await;
        let of_before = format!("(SELECT kept.sealed FROM kept WHERE kept.name = {table}.{column})");
        rows.run(&format!("CREATE TABLE now_{table} AS SELECT {column} AS name, sealed FROM {table}")).await;
        rows.run(&format!("UPDATE {table} SET sealed = {of_before}")).await;
        rows.close().await;
        scene.does_not_open(&[word, "cannot be decrypted"]);
        let mut rows = scene.rows().await;
        let back = format!("(SELECT n.sealed FROM now_{table} n WHERE n.name = {table}.{column})");
        rows.run(&format!("UPDATE {table} SET sealed = {back}")).await;
        rows.close().await;
    }
    scene.goes_on_alone().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_of_this_database_on_sqlite() {
    what_is_not_of_this_database(SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_of_this_database_on_postgres() {
    what_is_not_of_this_database(&postgres::database().await).await;
}

/// Something in the middle cannot be decrypted: then nothing is encrypted anew.
async fn all_or_nothing(url: &str) {
    let mut scene = Scene::on(url).await;
    let mut rows = scene.rows().await;
    let garbage = if url == SQLITE { "x'00'" } else { "'\\x00'" };
    rows.run(&format!("INSERT INTO secret_keys (name, sealed, created_at) VALUES ('strange', {garbage}, 1)")).await;
    let before = fs::read(scene.key()).expect("a key");
    scene.rotate().refused(&["secret key `strange` cannot be decrypted"]);
    assert!(fs::read(scene.key()).expect("a key") == before && !scene.new_key().exists());
    assert_eq!(rows.number("SELECT count(*) FROM audit WHERE action = 'key_file.rotated'").await, 0);
    rows.close().await;
    scene.goes_on_alone().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_or_nothing_on_sqlite() {
    all_or_nothing(SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_or_nothing_on_postgres() {
    all_or_nothing(&postgres::database().await).await;
}
