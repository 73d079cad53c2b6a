//! The key file belongs to the database.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{SQLITE, contents, folder, made, refused};
use crate::util::{
    Rows,
    binary::{Service, refuses, rolecall},
    postgres,
};

#[test]
fn missing_readable_by_others_garbage_or_another_ones() {
    let (folder, _) = made();
    let path = folder.path().join("rolecall.key");
    let right = fs::read(&path).expect("a key");
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);

    fs::remove_file(&path).expect("removed");
    refused(folder.path(), SQLITE, &["rolecall.key", "bring both back together"]);
    let write = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("private");
    };
    for garbage in [&b""[..], b"\n", b"not a key", &right[1..], &[0xff; 43]] {
        write(garbage);
        refused(folder.path(), SQLITE, &["key file", "rolecall.key"]);
    }
    write(&fs::read(made().0.path().join("rolecall.key")).expect("another key"));
    refused(folder.path(), SQLITE, &["the key file is not the one that belongs to this database"]);
    write(&right);
    for mode in [0o640, 0o604, 0o620, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        refused(folder.path(), SQLITE, &["others can read the key file", "chmod 600"]);
    }
    write(&right);
    Service::start(folder.path(), &["--listen", "127.0.0.1:0"]).stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_on_postgres() {
    let (folder, url) = (folder(), postgres::database().await);
    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &url];
    Service::start(folder.path(), &arguments).stop();
    let mut rows = Rows::at(&url, folder.path()).await;
    let row = "SELECT holder || signed_off::text || lease_ms::text || version::text FROM policy";
    let before = rows.texts(row).await;
    let key = fs::read(folder.path().join("rolecall.key")).expect("a key");
    fs::remove_file(folder.path().join("rolecall.key")).expect("removed");
    refused(folder.path(), &url, &["rolecall.key", "bring both back together"]);
    assert_eq!(rows.texts(row).await, before, "who could not start has written");
    fs::write(folder.path().join("rolecall.key"), key).expect("a key");
    fs::set_permissions(folder.path().join("rolecall.key"), fs::Permissions::from_mode(0o600)).expect("private");
    Service::start(folder.path(), &arguments).stop();
}

/// A first start that did not come to its end, or a database that was moved away: what is there is used.
#[test]
fn one_that_is_there_before_the_database_is_kept() {
    let folder = folder();
    let key = fs::read(made().0.path().join("rolecall.key")).expect("a key");
    let path = folder.path().join("rolecall.key");
    fs::write(&path, &key).expect("a key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
    let dev = ["dev", "--listen", "127.0.0.1:0"];
    refuses(&mut rolecall(folder.path(), &dev)).refused(&["others can read the key file"]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    Service::start(folder.path(), &["--listen", "127.0.0.1:0"]).stop();
    assert_eq!(contents(folder.path())["rolecall.key"], key);
}
