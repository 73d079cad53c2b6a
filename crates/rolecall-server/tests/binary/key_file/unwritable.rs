//! Where the new file cannot be made, or cannot be given its name.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    process::Command,
};

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

/// As containers mount one: nothing takes its name, so that the database must not name another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_mounted_by_itself() {
    let mut scene = Scene::on(SQLITE).await;
    let plain = rolecall(scene.path(), &[]);
    let script = "mount --bind rolecall.key rolecall.key && echo mounted && exec \"$0\" keys rotate-file";
    let mut command = Command::new("unshare");
    command.current_dir(scene.path()).args(["-m", "sh", "-c", script]).arg(plain.get_program());
    let Ok(said) = command.output() else { return println!("left out: there is no `unshare` here") };
    if !said.stdout.starts_with(b"mounted") {
        return println!("left out: nothing can be mounted here");
    }
    let words = String::from_utf8_lossy(&said.stderr);
    assert!(!said.status.success(), "{words}");
    for word in ["is mounted by itself", "mount its folder", "nothing was changed"] {
        assert!(words.contains(word), "{words}");
    }
    scene.goes_on_alone().await;
}

/// The new one belongs to whom the old one does, also where root rotates it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_somebody_else() {
    if !rustix::process::geteuid().is_root() {
        println!("left out: only root can give a file away");
        return;
    }
    let mut scene = Scene::on(SQLITE).await;
    chown(scene.key(), Some(65534), Some(65534)).expect("given away");
    assert_eq!(scene.rotate().code, Some(0));
    let file = fs::metadata(scene.key()).expect("a file");
    assert_eq!((file.uid(), file.gid()), (65534, 65534));
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
