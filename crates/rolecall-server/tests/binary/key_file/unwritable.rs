//! Where the new file cannot be made, or cannot be given its name.

use std::fs;

use super::{SQLITE, Scene, write};
use crate::{
    store::full::Disk,
    util::binary::{Service, rolecall, run},
};

/// A copy that goes when the service ends would take the only key with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_of_systemd() {
    let mut scene = Scene::on(SQLITE).await;
    let key = scene.path().canonicalize().expect("a folder").join("rolecall.key");
    let mut command = rolecall(scene.path(), &["keys", "rotate-file", "--key-file"]);
    command.arg(&key).env("CREDENTIALS_DIRECTORY", key.parent().expect("a folder"));
    run(&mut command, "").refused(&["is a credential of systemd's", "rotate the file that it is made from"]);
    scene.goes_on_alone().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_or_read_only() {
    let Some(disk) = Disk::new() else {
        println!("left out: no disk can be mounted here");
        return;
    };
    let mut scene = Scene::on(SQLITE).await;
    let (key, new) = (disk.path().join("rolecall.key"), disk.path().join("rolecall.key.new"));
    let before = fs::read(scene.key()).expect("a key");
    write(&key, &before);
    let rotate = || {
        let mut command = rolecall(scene.path(), &["keys", "rotate-file", "--key-file"]);
        run(command.arg(&key), "")
    };
    disk.fill();
    rotate().refused(&["rolecall.key.new` cannot be made", "nothing was changed"]);
    disk.empty();
    disk.remount("ro");
    rotate().refused(&["rolecall.key.new` cannot be made", "nothing was changed", "where its folder can be written"]);
    let log = Service::serve(scene.path(), &["--key-file", &key.to_string_lossy()]).stop();
    assert!(!log.contains("rolecall.key"), "there is nothing to say: {log}");
    disk.remount("rw");
    assert!(fs::read(&key).expect("a key") == before && !new.exists());
    scene.goes_on_alone().await;

    // Cut off before its last step: it goes on with the one that has not its name yet.
    let rotate = || run(rolecall(scene.path(), &["keys", "rotate-file", "--key-file"]).arg(&key), "");
    assert_eq!(rotate().code, Some(0));
    let after = fs::read(&key).expect("a key");
    fs::rename(&key, &new).expect("moved");
    write(&key, &before);
    disk.remount("ro");
    let start = || Service::serve(scene.path(), &["--key-file", &key.to_string_lossy()]);
    let service = start();
    scene.olivia.with_new_connections().get("/admin/users").await.expect(200);
    let log = service.stop();
    assert!(log.contains("rolecall.key.new`, and cannot be renamed to"), "{log}");
    disk.remount("rw");
    start().stop();
    assert!(fs::read(&key).expect("a key") == after && !new.exists());
}
