//! `rolecall users password NAME`, with the database in hand.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::{ANYWHERE, files};
use crate::util::{
    Actor, Rows,
    binary::{self, Said, Service, rolecall, run},
    postgres,
    world::PASSWORD,
};

const NEW: &str = "eighteen purple badgers";

fn set(folder: &Path, name: &str, arguments: &[&str], typed: &str) -> Said {
    run(rolecall(folder, &["users", "password", name]).args(arguments), typed)
}

async fn sets_a_password(url: &str) {
    let folder = TempDir::new().expect("a folder");
    let listen = binary::address();
    let arguments = ["--listen", &listen, "--database-url", url];
    let service = Service::start(folder.path(), &arguments);
    let lost = service.password().expect("a password").to_owned();
    let admin = service.nobody().logged_in("admin", &lost).await;
    service.nobody().register("alice", PASSWORD).await.expect(201);
    let alice = service.nobody().logged_in("alice", PASSWORD).await;

    let running = set(folder.path(), "admin", &["--database-url", url], NEW);
    running.refused(&["is in use by process ", "stop that"]);
    admin.get("/me").await.expect(200);
    service.stop();

    let before = Rows::at(url, folder.path()).await.version().await;
    for (name, typed, words) in [
        ("nobody", NEW, ["no such user", ""]),
        ("no@name", NEW, ["", ""]),
        ("admin", "too short", ["15", ""]),
        ("admin", "aaaaaaaaaaaaaaaaaaaa", ["", ""]),
        ("admin", "", ["15", ""]),
    ] {
        set(folder.path(), name, &["--database-url", url], typed).refused(&words);
    }
    assert_eq!(Rows::at(url, folder.path()).await.version().await, before);

    // A line of a file, whatever ends it.
    let said = set(folder.path(), "admin", &["--database-url", url], &format!("{NEW}\r\nand more"));
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{}", said.stderr);
    assert!(said.stderr.contains("`admin` has a new password"), "{}", said.stderr);
    assert!(!said.stderr.contains(NEW));

    let service = Service::start(folder.path(), &arguments);
    assert_eq!(service.told["created"], false);
    admin.get("/me").await.expect(401);
    alice.get("/me").await.expect(200);
    service.nobody().log_in("admin", &lost).await.expect(400);
    let admin: Actor = service.nobody().logged_in("admin", NEW).await;
    assert_eq!(admin.get("/me").await.json()["roles"], json!(["admin", "rolecall.admin"]));
    let audit = admin.get("/admin/audit?action=user.password_reset").await.expect(200).json();
    let entries = audit["items"].as_array().expect("entries");
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["actor"], &entries[0]["actor_name"]), (&json!(null), &json!("command line")));
    assert_eq!((&entries[0]["subject"], &entries[0]["version"]), (&json!(admin.id()), &json!(before + 1)));
    // What the command took, it gave back in order: changes are acknowledged at once.
    let told = admin.delete(&format!("/admin/users/{}/roles/user", alice.id())).await.expect(200).json();
    assert_eq!(told["in_force"], true);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sets_a_password_on_sqlite() {
    sets_a_password("sqlite://rolecall.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sets_a_password_on_postgres() {
    sets_a_password(&postgres::database().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_database_is_none_is_made() {
    let (folder, url) = (TempDir::new().expect("a folder"), postgres::database().await);
    let said = set(folder.path(), "admin", &[], NEW);
    said.refused(&["there is no database at ", "rolecall.db", "start `rolecall dev` first"]);
    let said = set(folder.path(), "admin", &["--database-url", &url], NEW);
    said.refused(&["there is no database at ", "start `rolecall dev` first"]);
    assert_eq!(files(folder.path()), [""; 0]);
    let mut rows = Rows::at(&url, folder.path()).await;
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()";
    assert_eq!(rows.number(tables).await, 0);
}

#[test]
fn says_to_a_program_what_it_did() {
    let folder = TempDir::new().expect("a folder");
    Service::start(folder.path(), &ANYWHERE).stop();
    let said = set(folder.path(), "Admin", &["--json"], NEW);
    let told: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!((said.code, &told["username"], said.stderr.as_str()), (Some(0), &json!("admin"), ""));
    assert!(told["version"].is_u64(), "{told}");
}

#[test]
fn a_password_is_never_an_argument() {
    let folder = TempDir::new().expect("a folder");
    Service::start(folder.path(), &ANYWHERE).stop();
    let said = set(folder.path(), "admin", &[NEW], "");
    assert_eq!(said.code, Some(2));
    let said = set(folder.path(), "admin", &["--password", NEW], "");
    assert_eq!(said.code, Some(2));
}
