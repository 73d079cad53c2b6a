//! `rolecall init`: what `rolecall serve` starts on.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, thread, time::Duration};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::files;
use crate::util::{
    Rows,
    binary::{Said, Service, rolecall, run, signal_to, wait},
    postgres,
    world::PASSWORD,
};

const SQLITE: &str = "sqlite://rolecall.db";

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn init(folder: &Path, arguments: &[&str], typed: &str) -> Said {
    run(rolecall(folder, &["init"]).args(arguments), typed)
}

async fn makes_what_serve_starts_on(url: &str) {
    let folder = folder();
    let arguments = ["--database-url", url, "--username", "Olivia", "--json"];
    let said = init(folder.path(), &arguments, &format!("{PASSWORD}\nand more"));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!said.stdout.contains(PASSWORD) && !said.stderr.contains(PASSWORD));
    let told: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(told["administrator"], json!({ "username": "olivia" }));
    assert_eq!(told["issuer"], "http://127.0.0.1:8000");
    assert_eq!(told["key_file"], "./rolecall.key");
    for name in files(folder.path()) {
        let mode = fs::metadata(folder.path().join(&name)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let mut rows = Rows::at(url, folder.path()).await;
    assert_eq!(rows.texts("SELECT made_by || ' ' || issuer FROM instance").await, ["init http://127.0.0.1:8000"]);
    assert_eq!(rows.texts("SELECT name FROM roles").await, [""; 0]);
    rows.close().await;

    let again = init(folder.path(), &["--database-url", url, "--username", "oscar"], PASSWORD);
    again.refused(&["there is a database already", "made by `rolecall init`", "start it with `rolecall serve`"]);
    let service = serve(folder.path(), url, &[]);
    let olivia = service.nobody().logged_in("olivia", PASSWORD).await;
    assert_eq!(olivia.get("/me").await.json()["roles"], json!(["rolecall.admin"]));
    let audit = olivia.get("/admin/audit?action=instance.made").await.expect(200).json();
    assert_eq!(audit["items"][0]["detail"], json!({ "by": "init", "administrator": "olivia", "roles": [] }));
    // It was left in order: a change is in force at once.
    let made = olivia.post("/admin/users", json!({ "username": "oscar" })).await.expect(201).json();
    assert_eq!(made["in_force"], true);
    service.stop();
}

/// Where `init` was told nothing else, its issuer names port 8000, which other tests of this machine may have.
fn serve(folder: &Path, url: &str, more: &[&str]) -> Service {
    let fixed = ["--database-url", url, "--listen", "127.0.0.1:0", "--issuer", "http://127.0.0.1:8000"];
    Service::serve(folder, &[&fixed, more].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn makes_what_serve_starts_on_with_sqlite() {
    makes_what_serve_starts_on(SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn makes_what_serve_starts_on_with_postgres() {
    makes_what_serve_starts_on(&postgres::database().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_passwords_are_as_good_as_everybodys() {
    let (folder, url) = (folder(), postgres::database().await);
    for url in [SQLITE, &url] {
        for (name, typed, words) in [
            ("olivia", "too short", "15"),
            ("olivia", "aaaaaaaaaaaaaaaaaaaa", "too easy to guess"),
            ("olivia", "", "15"),
            ("oliviaoliviaolivia", "oliviaoliviaolivia", "too easy to guess"),
            ("no@name", PASSWORD, "`@`"),
            ("", PASSWORD, "username"),
        ] {
            init(folder.path(), &["--database-url", url, "--username", name], typed).refused(&[words]);
        }
        init(folder.path(), &["--database-url", url], PASSWORD).refused(&["--username"]);
    }
    assert_eq!(files(folder.path()), [""; 0]);
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()";
    assert_eq!(Rows::at(&url, folder.path()).await.number(tables).await, 0);
    for wrong in [&["--password", PASSWORD][..], &[PASSWORD]] {
        assert_eq!(init(folder.path(), wrong, "").code, Some(2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_of_dev_is_not_touched() {
    let url = postgres::database().await;
    for url in [SQLITE, &url] {
        let folder = folder();
        Service::start(folder.path(), &["--listen", "127.0.0.1:0", "--database-url", url]).stop();
        let said = init(folder.path(), &["--database-url", url, "--username", "olivia"], PASSWORD);
        said.refused(&["there is a database already", "made by `rolecall dev`", "name another one"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_that_is_there_is_kept_if_it_is_good() {
    let folder = folder();
    let key = folder.path().join("rolecall.key");
    let arguments = ["--username", "olivia"];
    for garbage in ["", "not a key"] {
        fs::write(&key, garbage).expect("a file");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
        init(folder.path(), &arguments, PASSWORD).refused(&["is not a key file"]);
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).expect("a mode");
    init(folder.path(), &arguments, PASSWORD).refused(&["others can read the key file", "chmod 600"]);
    assert_eq!(files(folder.path()), ["rolecall.key"]);
    // What a key file that was begun leaves is no key file.
    fs::rename(&key, folder.path().join("rolecall.key.making")).expect("renamed");
    assert_eq!(init(folder.path(), &arguments, PASSWORD).code, Some(0));
    let whole = fs::read(&key).expect("a key");
    assert_eq!(files(folder.path()), ["rolecall.db", "rolecall.db.lock", "rolecall.key"]);

    let other = TempDir::new().expect("a folder");
    fs::write(other.path().join("rolecall.key"), &whole).expect("a file");
    fs::set_permissions(other.path().join("rolecall.key"), fs::Permissions::from_mode(0o600)).expect("a mode");
    assert_eq!(init(other.path(), &arguments, PASSWORD).code, Some(0));
    assert_eq!(fs::read(other.path().join("rolecall.key")).expect("a key"), whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_registering_gives_is_made_with_it() {
    let folder = folder();
    let settings = "registration = \"open\"\nregistration_roles = [\"user\", \"reader\", \"user\"]\n";
    fs::write(folder.path().join("rolecall.toml"), settings).expect("a file");
    assert_eq!(init(folder.path(), &["--username", "olivia"], PASSWORD).code, Some(0));
    let service = serve(folder.path(), SQLITE, &[]);
    service.nobody().register("alice", PASSWORD).await.expect(201);
    let alice = service.nobody().logged_in("alice", PASSWORD).await;
    assert_eq!(alice.get("/me").await.json()["roles"], json!(["reader", "user"]));
    assert_eq!(alice.get("/me").await.json()["permissions"], json!([]));
    service.stop();
}

async fn killed_at_any_moment(url: &str, rounds: u32, wiped: impl AsyncFn()) {
    let mut whole = Duration::from_millis(300);
    for round in 0..rounds {
        let folder = folder();
        fs::write(folder.path().join("password"), PASSWORD).expect("a file");
        let arguments = ["--database-url", url, "--username", "olivia"];
        let stdin = fs::File::open(folder.path().join("password")).expect("a file");
        let mut command = rolecall(folder.path(), &["init"]);
        let mut child = command.args(arguments).stdin(stdin).env("ROLECALL_LEASE", "5").spawn().expect("it starts");
        // At another moment each time; it does not matter when.
        thread::park_timeout(whole * round / rounds);
        signal_to(&child, Signal::KILL);
        wait(&mut child);

        let began = std::time::Instant::now();
        let mut said = None;
        crate::util::until(async || {
            let command = &mut rolecall(folder.path(), &["init"]);
            let again = run(command.args(arguments).env("ROLECALL_LEASE", "5"), PASSWORD);
            // PostgreSQL has to notice that the session has gone.
            let held = again.stderr.contains("is in use by ");
            assert!(!held || url.starts_with("postgres"), "round {round}: {again:?}");
            said = Some(again);
            !held
        })
        .await;
        let said = said.expect("it ends");
        match said.code {
            Some(0) => whole = began.elapsed(),
            // It had come to its end before.
            _ => assert!(said.stderr.contains("made by `rolecall init`"), "round {round}: {said:?}"),
        }
        let service = serve(folder.path(), url, &[]);
        service.nobody().logged_in("olivia", PASSWORD).await.get("/admin/users").await.expect(200);
        service.stop();
        wiped().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_on_sqlite() {
    killed_at_any_moment(SQLITE, 16, async || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_on_postgres() {
    let url = postgres::database().await;
    killed_at_any_moment(&url, 6, async || postgres::wipe(&url).await).await;
}

#[test]
fn beside_a_service_that_runs_it_says_who_has_the_database() {
    let folder = folder();
    assert_eq!(init(folder.path(), &["--username", "olivia"], PASSWORD).code, Some(0));
    let service = serve(folder.path(), SQLITE, &[]);
    init(folder.path(), &["--username", "oscar"], PASSWORD).refused(&["is in use by process "]);
    service.stop();
}
