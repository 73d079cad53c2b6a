//! All that was encrypted by the old one is by the new one.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use super::{SQLITE, Scene};
use crate::util::{
    binary::{Service, refuses, rolecall, run},
    postgres,
    world::PASSWORD,
};

async fn nobody_notices(url: &str) {
    let mut scene = Scene::on(url).await;
    let (before, named) = (fs::read(scene.key()).expect("a key"), "SELECT key_file FROM instance WHERE key_file <> ''");
    assert_eq!(scene.rows().await.texts(named).await, [""; 0]);

    let service = Service::serve(scene.path(), &[]);
    scene.rotate().refused(&["is in use by", "stop that"]);
    service.stop();
    assert_eq!(fs::read(scene.key()).expect("a key"), before);

    let said = run(&mut rolecall(scene.path(), &["keys", "rotate-file", "--json"]), "");
    assert_eq!(said.code, Some(0), "{said:?}");
    let told: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(told["key_file"], "./rolecall.key");
    let id = told["id"].as_str().expect("an id");
    assert_eq!(scene.rows().await.texts(named).await, [id]);
    let after = fs::read(scene.key()).expect("a key");
    assert!(after != before && !String::from_utf8_lossy(&after).contains(id));
    scene.goes_on_alone().await;

    // Once more, and as people read it.
    let said = scene.rotate();
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.stderr.contains("`./rolecall.key` is another one now"), "{said:?}");
    assert_ne!(fs::read(scene.key()).expect("a key"), after);
    scene.goes_on_alone().await;

    // What the new one encrypts from now on, the next one does.
    let rotated = run(&mut rolecall(scene.path(), &["keys", "rotate", "--algorithm", "EdDSA"]), "");
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert_eq!(scene.rotate().code, Some(0));
    let service = Service::serve(scene.path(), &[]);
    let olivia = scene.olivia.with_new_connections();
    let keys = olivia.get("/admin/keys").await.expect(200).json();
    assert!(keys["items"].as_array().expect("keys").iter().any(|key| key["algorithm"] == "EdDSA"), "{keys}");
    let audit = olivia.get("/admin/audit?action=key_file.rotated").await.expect(200).json();
    let audit = audit["items"].as_array().expect("lines");
    assert_eq!(audit.len(), 3);
    assert_eq!((&audit[0]["subject"], &audit[0]["actor_name"]), (&json!(id), &json!("command line")));
    assert_eq!(audit[1]["detail"], json!({ "before": id }));
    service.stop();
}

/// Whoever has the file of before, and copies the database afterwards, finds nothing that it opens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_before_is_left_in_the_file_of_sqlite() {
    let mut scene = Scene::on(SQLITE).await;
    let hex = "SELECT hex(sealed) FROM signing_keys WHERE length(sealed) > 0 UNION SELECT hex(sealed) FROM secret_keys";
    let before: Vec<String> = scene.rows().await.texts(hex).await;
    assert!(before.len() >= 3, "{before:?}");
    assert_eq!(scene.rotate().code, Some(0));
    let written = |name: &str| fs::read(scene.path().join(name)).unwrap_or_default();
    let files = ["rolecall.db", "rolecall.db-wal"].map(written).concat();
    let files: String = files.iter().map(|byte| format!("{byte:02X}")).collect();
    // Half of one would do for whoever has the rest.
    for sealed in &before {
        assert!(!files.contains(&sealed[..32]) && !files.contains(&sealed[sealed.len() - 32..]));
    }
    scene.goes_on_alone().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_on_sqlite() {
    nobody_notices(SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_on_postgres() {
    nobody_notices(&postgres::database().await).await;
}

/// A database from before the counters had a key of their own goes on with what it has counted, also afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_of_before_go_on() {
    let mut scene = Scene::with(SQLITE, Some(b"YW5vdGhlciBvbmUsIHdoaWNoIGlzIG5vYm9keSdzOiA\n")).await;
    let mut rows = scene.rows().await;
    rows.run("DELETE FROM secret_keys WHERE name = 'guesses'").await;
    rows.close().await;
    let service = Service::serve(scene.path(), &[]);
    service.nobody().log_in("olivia", "a wrong one").await.expect(400);
    service.stop();
    scene.names = scene.counted().await;
    // What the key file gave then for 127.0.0.1, worked out elsewhere: HKDF and HMAC with SHA-256.
    assert!(scene.names.iter().any(|name| name == "lJbKbnSBlHUSq5gvR61EHw"), "{:?}", scene.names);
    scene.goes_on().await;
    assert_eq!(scene.rotate().code, Some(0));
    scene.goes_on_alone().await;
}

/// What the link leads to is another one, and the link is as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_link() {
    let mut scene = Scene::on(SQLITE).await;
    let real = scene.path().join("keys");
    fs::create_dir(&real).expect("a folder");
    let real = real.join("real.key");
    fs::rename(scene.key(), &real).expect("moved");
    symlink("keys/real.key", scene.key()).expect("a link");
    let before = fs::read(&real).expect("a key");
    assert_eq!(scene.rotate().code, Some(0));
    assert_eq!(fs::read_link(scene.key()).expect("a link").to_string_lossy(), "keys/real.key");
    assert_ne!(fs::read(&real).expect("a key"), before);
    // Cut off before its last step.
    fs::rename(&real, real.with_added_extension("new")).expect("moved");
    super::write(&real, &before);
    scene.goes_on_alone().await;
    assert!(fs::read_link(scene.key()).is_ok() && !real.with_added_extension("new").exists());
}

/// The database of `dev` too: its address is another one, and so are its tokens, but not its accounts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_development() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let start = || Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    let service = start();
    service.nobody().register("alice", PASSWORD).await.expect(201);
    service.stop();
    let key = folder.path().join("rolecall.key");
    let before = fs::read(&key).expect("a key");
    assert_eq!(run(&mut rolecall(folder.path(), &["keys", "rotate-file"]), "").code, Some(0));
    let after = fs::read(&key).expect("a key");
    // Cut off before its last step.
    fs::rename(&key, folder.path().join("rolecall.key.new")).expect("moved");
    super::write(&key, &before);
    let service = start();
    service.nobody().logged_in("alice", PASSWORD).await.get("/me").await.expect(200);
    service.stop();
    assert_eq!(fs::read(&key).expect("a key"), after);
    super::write(&key, &before);
    let dev = ["dev", "--json", "--listen", "127.0.0.1:0"];
    refuses(&mut rolecall(folder.path(), &dev)).refused(&["was rotated since"]);
}
