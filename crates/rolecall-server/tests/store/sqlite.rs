//! Files that are there and are not a database of ours, or no longer one.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt},
    path::Path,
};

use super::{SQLITE, contents, dev_refuses, folder, made, refused};
use crate::util::{
    Rows,
    binary::{Service, refuses, rolecall},
};

const DAMAGED: [&str; 3] = ["the database is damaged or is not one", "move it away", "put a backup in its place"];

fn private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("private");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_one_is_private_and_in_wal_mode_and_says_whose_it_is() {
    let folder = folder();
    let service = Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    for name in ["rolecall.db", "rolecall.db-wal", "rolecall.db-shm", "rolecall.key", "rolecall.db.lock"] {
        let mode = fs::metadata(folder.path().join(name)).expect(name).mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}: {mode:o}");
    }
    let mut rows = Rows::in_file(&folder.path().join("rolecall.db")).await;
    let version = rows.texts("SELECT sqlite_version()").await[0].clone();
    let numbers: Vec<u32> = version.split('.').map(|number| number.parse().expect("a number")).collect();
    assert!(numbers.as_slice() >= &[3, 51, 3], "SQLite {version}");
    rows.close().await;
    service.stop();

    let (mut left, header) = (contents(folder.path()), fs::read(folder.path().join("rolecall.db")).expect("a file"));
    assert_eq!(left.len(), 2, "the log was folded into the file");
    assert!(left.remove("rolecall.key").is_some());
    assert_eq!(
        (&header[..16], &header[18..20], &header[68..72]),
        (&b"SQLite format 3\0"[..], &[2, 2][..], &b"Role"[..])
    );
}

#[test]
fn no_database_at_all() {
    for bytes in [&b""[..], b"x", b"SQLite format 2\0", &[0; 4096], b"hello\n".repeat(5000).as_slice()] {
        let folder = folder();
        private(&folder.path().join("rolecall.db"), bytes);
        refused(folder.path(), SQLITE, &DAMAGED);
    }
    let folder = folder();
    fs::create_dir(folder.path().join("rolecall.db")).expect("a folder");
    refused(folder.path(), SQLITE, &["rolecall.db"]);
    refused(folder.path(), "sqlite://no-such-folder/rolecall.db", &["no-such-folder"]);
}

#[test]
fn a_header_and_nothing_else() {
    let folder = folder();
    let mut bytes = b"SQLite format 3\0".to_vec();
    private(&folder.path().join("rolecall.db"), &bytes);
    refused(folder.path(), SQLITE, &DAMAGED);
    bytes.resize(8192, 0xa5);
    bytes[68..72].copy_from_slice(b"Role");
    private(&folder.path().join("rolecall.db"), &bytes);
    refused(folder.path(), SQLITE, &DAMAGED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_applications() {
    for mode in [0o600, 0o644] {
        for pragma in ["PRAGMA user_version = 7", "PRAGMA application_id = 7", "PRAGMA journal_mode = WAL"] {
            let folder = folder();
            let path = folder.path().join("rolecall.db");
            let mut theirs = Rows::in_new_file(&path).await;
            theirs.run("CREATE TABLE policy (version INTEGER)").await;
            theirs.run(pragma).await;
            theirs.run("INSERT INTO policy VALUES (41)").await;
            theirs.close().await;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
            refused(folder.path(), SQLITE, &["is a SQLite database of another application", "name another file"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_applications_that_runs() {
    let folder = folder();
    let mut theirs = Rows::in_new_file(&folder.path().join("rolecall.db")).await;
    theirs.run("PRAGMA journal_mode = WAL").await;
    theirs.run("CREATE TABLE theirs (x)").await;
    // Not looked at from here: closing a file that a connection of this process has open ends its locks.
    refuses(&mut rolecall(folder.path(), &["dev", "--listen", "127.0.0.1:0"])).refused(&["another application"]);
    theirs.run("INSERT INTO theirs VALUES (1)").await;
    theirs.close().await;
}

#[test]
fn bytes_that_were_flipped() {
    let (folder, _) = made();
    let path = folder.path().join("rolecall.db");
    let whole = fs::read(&path).expect("a file");
    let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let pages = whole.len() / page;
    // Whose it is, the size of a page, the root page's kind, cells and where they begin; then the kinds of other pages.
    let places = [0, 15, 16, 17, 100, 103, 105].into_iter();
    let places = places.chain((1..pages).step_by(pages / 6).map(|n| n * page)).chain([(pages - 1) * page]);
    for place in places {
        let mut flipped = whole.clone();
        flipped[place] ^= 0xff;
        private(&path, &flipped);
        let message = refused(folder.path(), SQLITE, &[]);
        assert!(DAMAGED.iter().all(|words| message.contains(words)), "byte {place}: {message}");
    }
    private(&path, &whole);
    Service::start(folder.path(), &["--listen", "127.0.0.1:0"]).stop();
}

#[test]
fn a_file_that_was_cut_short() {
    let (folder, _) = made();
    let path = folder.path().join("rolecall.db");
    let whole = fs::read(&path).expect("a file");
    for length in [whole.len() - 4096, whole.len() - 1, whole.len() / 2 / 4096 * 4096, 4096, 4095, 100, 15] {
        private(&path, &whole[..length]);
        let message = refused(folder.path(), SQLITE, &[]);
        assert!(DAMAGED.iter().all(|words| message.contains(words)), "{length} bytes: {message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_a_newer_release() {
    let (folder, password) = made();
    let mut rows = Rows::in_file(&folder.path().join("rolecall.db")).await;
    rows.run(
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
         VALUES (9999, 'later', '2030-01-01', TRUE, x'00', 0)",
    )
    .await;
    rows.close().await;
    refused(folder.path(), SQLITE, &["made by a newer Rolecall", "run that one, or a later one"]);

    let mut rows = Rows::in_file(&folder.path().join("rolecall.db")).await;
    rows.run("DELETE FROM _sqlx_migrations WHERE version = 9999").await;
    rows.close().await;
    let service = Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    service.nobody().log_in("admin", &password).await.expect(200);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_init_made() {
    let (folder, _) = made();
    let mut rows = Rows::in_file(&folder.path().join("rolecall.db")).await;
    rows.run("UPDATE instance SET made_by = 'init'").await;
    rows.close().await;
    dev_refuses(folder.path(), SQLITE, &["was not made by `dev`", "name another database"]);
}

#[test]
fn one_that_others_can_read_or_that_has_two_names() {
    let (folder, _) = made();
    let path = folder.path().join("rolecall.db");
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        refused(folder.path(), SQLITE, &["others can read the database", "chmod 600"]);
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    fs::hard_link(&path, folder.path().join("second.db")).expect("a second name");
    refused(folder.path(), SQLITE, &["hard link"]);
    refused(folder.path(), "sqlite://second.db", &["hard link"]);
    fs::remove_file(folder.path().join("second.db")).expect("removed");
    Service::start(folder.path(), &["--listen", "127.0.0.1:0"]).stop();
}

/// Whoever is killed leaves a log beside the file: with what was acknowledged last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_database_is_gone() {
    let folder = folder();
    let service = Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    service.kill();
    let log = fs::metadata(folder.path().join("rolecall.db-wal")).expect("a log").len();
    assert!(log > 0);
    fs::rename(folder.path().join("rolecall.db"), folder.path().join("away.db")).expect("moved");
    let dev = ["dev", "--listen", "127.0.0.1:0"];
    let before = contents(folder.path());
    refuses(&mut rolecall(folder.path(), &dev)).refused(&["rolecall.db-wal", "bring", "move"]);
    assert!(contents(folder.path()) == before);

    // With the log moved away too, it begins anew.
    fs::remove_file(folder.path().join("rolecall.db-wal")).expect("removed");
    let service = Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(service.told["created"], true);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_costs_no_more_than_itself() {
    let (folder, password) = made();
    let service = Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    service.kill();
    let log = OpenOptions::new().write(true).open(folder.path().join("rolecall.db-wal")).expect("a log");
    log.write_all_at(&[0xff; 64], 8).expect("damaged");
    let service = Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(service.told["created"], false);
    service.nobody().log_in("admin", &password).await.expect(200);
    service.stop();
}
