//! `rolecall serve`: what it starts on, and what it refuses, each time with what to do.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::json;
use tempfile::TempDir;

use super::files;
use crate::util::{
    Rows,
    binary::{Said, Service, refuses, rolecall, run},
    postgres,
    world::PASSWORD,
};

const SQLITE: &str = "sqlite://rolecall.db";
const ISSUER: &str = "https://auth.example.org";
const NEW: &str = "eighteen purple badgers";

/// A folder with settings, and a database that `init` made.
fn made(url: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    settings(folder.path(), url, "");
    let said = run(&mut rolecall(folder.path(), &["init", "--username", "olivia"]), PASSWORD);
    assert_eq!(said.code, Some(0), "{said:?}");
    folder
}

fn settings(folder: &Path, url: &str, more: &str) {
    let text = format!("database_url = \"{url}\"\nissuer = \"{ISSUER}\"\nlisten = \"127.0.0.1:0\"\nlease = 5\n{more}");
    fs::write(folder.join("rolecall.toml"), text).expect("a file");
}

fn refused(folder: &Path, arguments: &[&str], words: &[&str]) {
    let before = files(folder);
    let said: Said = refuses(rolecall(folder, &["serve", "--json"]).args(arguments));
    let message = said.refused(words);
    let after: Vec<String> = files(folder).into_iter().filter(|name| !name.ends_with(".lock")).collect();
    let before: Vec<String> = before.into_iter().filter(|name| !name.ends_with(".lock")).collect();
    assert_eq!(before, after, "{message}");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

async fn tells_others_no_more_than_it_must(url: &str) {
    let folder = made(url);
    let service = Service::serve(folder.path(), &[]);
    assert_eq!(service.told["issuer"], ISSUER);
    assert!(service.told.get("administrator").is_none());
    let nobody = service.nobody();
    nobody.register("alice", PASSWORD).await.expect(403);
    for path in ["/docs/", "/openapi.json"] {
        nobody.get(path).await.expect(404);
    }
    let metadata = nobody.get("/.well-known/oauth-authorization-server").await.expect(200).json();
    assert_eq!((&metadata["issuer"], &metadata["token_endpoint"]), (&json!(ISSUER), &json!(format!("{ISSUER}/token"))));
    assert_eq!(
        metadata["grant_types_supported"],
        json!(["password", "refresh_token", "client_credentials", "urn:rolecall:oauth:grant-type:api-key"])
    );
    let olivia = nobody.logged_in("olivia", PASSWORD).await;
    olivia.post("/admin/users", json!({ "username": "oscar", "password": NEW })).await.expect(201);
    let oscar = nobody.logged_in("oscar", NEW).await;
    // What the route asks for; nothing of what he has.
    let detail = oscar.get("/admin/users").await.expect(403).json()["detail"].to_string();
    assert!(detail.contains("rolecall.users:read") && !detail.contains("you have"), "{detail}");
    service.stop();
}

async fn an_administrator_gets_a_new_password(url: &str) {
    let folder = made(url);
    let said = run(&mut rolecall(folder.path(), &["users", "password", "olivia"]), NEW);
    assert_eq!(said.code, Some(0), "{said:?}");
    let service = Service::serve(folder.path(), &[]);
    service.nobody().log_in("olivia", PASSWORD).await.expect(400);
    service.nobody().logged_in("olivia", NEW).await.get("/admin/users").await.expect(200);
    service.stop();
}

async fn refuses_what_it_must_not_start_on(url: &str, empty: &str) {
    let folder = made(url);
    let database = folder.path().join("rolecall.db");
    let key = folder.path().join("rolecall.key");

    // None, one of development, another issuer.
    refused(folder.path(), &["--database-url", empty], &["there is no database", "make it with `rolecall init`"]);
    let dev = TempDir::new().expect("a folder");
    Service::start(dev.path(), &["--listen", "127.0.0.1:0", "--database-url", empty]).stop();
    let arguments = ["--database-url", empty, "--issuer", ISSUER, "--listen", "127.0.0.1:0"];
    refused(dev.path(), &arguments, &["was made by `rolecall dev`", "make it with `rolecall init`"]);
    let other = ["--issuer", "https://other.example.org"];
    refused(
        folder.path(),
        &other,
        &["`issuer` was fixed by `rolecall init` as `https://auth.example.org`", "set it back"],
    );
    // And `dev` none of production.
    let dev = ["dev", "--json", "--listen", "127.0.0.1:0", "--database-url", url];
    refuses(&mut rolecall(folder.path(), &dev)).refused(&["was not made by `dev`"]);

    // The key file.
    mode(&key, 0o640);
    refused(folder.path(), &[], &["others can read the key file", "chmod 600"]);
    mode(&key, 0o600);
    fs::rename(&key, folder.path().join("away")).expect("moved");
    refused(folder.path(), &[], &["rolecall.key` cannot be read", "bring both back together"]);
    fs::rename(folder.path().join("away"), &key).expect("moved back");

    // The database.
    if url == SQLITE {
        mode(&database, 0o644);
        refused(folder.path(), &[], &["others can read the database", "chmod 600"]);
        mode(&database, 0o600);
    }
    let mut rows = Rows::at(url, folder.path()).await;
    let newer = match url {
        SQLITE => "(9999, 'later', '2030-01-01', TRUE, x'00', 0)",
        _ => "(9999, 'later', now(), TRUE, '\\x00', 1)",
    };
    rows.run(&format!(
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) VALUES {newer}"
    ))
    .await;
    rows.close().await;
    refused(folder.path(), &[], &["made by a newer Rolecall", "run that one, or a later one"]);
    let mut rows = Rows::at(url, folder.path()).await;
    rows.run("DELETE FROM _sqlx_migrations WHERE version = 9999").await;
    rows.close().await;

    // Two at once.
    let service = Service::serve(folder.path(), &[]);
    refuses(&mut rolecall(folder.path(), &["serve"])).refused(&["is in use by ", "stop that"]);
    // What is settled without the database goes on beside it.
    assert_eq!(run(&mut rolecall(folder.path(), &["config", "check"]), "").code, Some(0));
    service.nobody().logged_in("olivia", PASSWORD).await.get("/admin/users").await.expect(200);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tells_others_no_more_than_it_must_on_sqlite() {
    tells_others_no_more_than_it_must(SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tells_others_no_more_than_it_must_on_postgres() {
    tells_others_no_more_than_it_must(&postgres::database().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_gets_a_new_password_on_sqlite() {
    an_administrator_gets_a_new_password(SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_gets_a_new_password_on_postgres() {
    an_administrator_gets_a_new_password(&postgres::database().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refuses_what_it_must_not_start_on_with_sqlite() {
    refuses_what_it_must_not_start_on(SQLITE, "sqlite://other.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refuses_what_it_must_not_start_on_with_postgres() {
    refuses_what_it_must_not_start_on(&postgres::database().await, &postgres::database().await).await;
}

/// An `init` that was killed between making the file and filling it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_database_is_none() {
    let folder = made(SQLITE);
    let mut rows = Rows::in_file(&folder.path().join("rolecall.db")).await;
    rows.run("DELETE FROM instance").await;
    rows.close().await;
    refused(folder.path(), &[], &["there is no database", "make it with `rolecall init`"]);
}

#[test]
fn passwords_are_not_sent_in_the_clear() {
    let folder = made(SQLITE);
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8000"] {
        refused(
            folder.path(),
            &["--listen", listen],
            &["`--listen", "proxy with TLS", "behind_proxy = true"].map(|w| w.trim_start_matches('`')),
        );
    }
    let mistaken = fs::read_to_string(folder.path().join("rolecall.toml")).expect("settings");
    fs::write(folder.path().join("rolecall.toml"), mistaken.replace("127.0.0.1:0", "0.0.0.0:0")).expect("a file");
    refused(folder.path(), &[], &["rolecall.toml:3: `listen` is `0.0.0.0:0`, and others could read"]);
    settings(folder.path(), SQLITE, "behind_proxy = true\n");
    Service::serve(folder.path(), &["--listen", "0.0.0.0:0"]).stop();
    for issuer in [
        "http://auth.example.org",
        "https://auth.example.org/",
        "https://Auth.example.org",
        "https://a/b",
        "auth",
        "",
        "https://u@a",
        "https://a:443",
        "https://a?b",
        "https://",
    ] {
        refused(folder.path(), &["--issuer", issuer], &["--issuer", "https://auth.example.org"]);
    }
}

#[test]
fn off_this_machine_the_issuer_is_given() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("rolecall.toml"), "behind_proxy = true\nlisten = \"0.0.0.0:0\"\n").expect("a file");
    refused(folder.path(), &[], &["`issuer` is missing", "https://auth.example.org"]);
    refused(folder.path(), &["--listen", "127.0.0.1:0"], &["`issuer` is missing", "another one at each start"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_grant_can_be_turned_off() {
    let folder = made(SQLITE);
    settings(folder.path(), SQLITE, "password_grant = false\n");
    let service = Service::serve(folder.path(), &[]);
    let answer = service.nobody().log_in("olivia", PASSWORD).await.expect(400).json();
    assert_eq!(
        (&answer["error"], &answer["error_description"]),
        (&json!("unsupported_grant_type"), &json!("`grant_type=password` is turned off here"))
    );
    let metadata = service.nobody().get("/.well-known/oauth-authorization-server").await.expect(200).json();
    assert_eq!(
        metadata["grant_types_supported"],
        json!(["refresh_token", "client_credentials", "urn:rolecall:oauth:grant-type:api-key"])
    );
    service.stop();
}

/// systemd lets the service into the folder of its credentials, and shows that as the group's right.
#[test]
fn the_key_file_may_be_a_credential_of_systemd() {
    let folder = made(SQLITE);
    let credentials = TempDir::new().expect("a folder");
    let key = credentials.path().join("rolecall.key");
    fs::rename(folder.path().join("rolecall.key"), &key).expect("moved");
    let start = |directory: Option<&Path>| {
        let mut command = rolecall(folder.path(), &["serve", "--json", "--key-file"]);
        command.arg(&key);
        directory.map(|directory| command.env("CREDENTIALS_DIRECTORY", directory));
        command
    };
    mode(&key, 0o440);
    refuses(&mut start(None)).refused(&["others can read the key file"]);
    refuses(&mut start(Some(folder.path()))).refused(&["others can read the key file"]);
    Service::of(start(Some(credentials.path()))).unwrap_or_else(|said| panic!("{said:?}")).stop();
    for readable in [0o444, 0o460, 0o404] {
        mode(&key, readable);
        refuses(&mut start(Some(credentials.path()))).refused(&["others can read the key file"]);
    }
}
