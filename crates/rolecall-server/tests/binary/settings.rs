//! What a setting says is so once the service runs.

use std::{fs, path::Path};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    face::opened,
    util::{
        Rows,
        binary::{Service, rolecall, run},
        postgres,
        world::PASSWORD,
    },
};

const SQLITE: &str = "sqlite://rolecall.db";

fn write(folder: &Path, url: &str, settings: &str) {
    let fixed = format!("database_url = \"{url}\"\nlisten = \"127.0.0.1:0\"\nissuer = \"https://auth.example.org\"\n");
    fs::write(folder.join("rolecall.toml"), fixed + settings).expect("a file");
}

/// Production in a folder, with these settings from the start.
fn made(url: &str, settings: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), url, settings);
    let said = run(&mut rolecall(folder.path(), &["init", "--username", "olivia"]), PASSWORD);
    assert_eq!(said.code, Some(0), "{said:?}");
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_signed_as_init_was_told() {
    for (algorithm, kind) in [("ES256", "EC"), ("RS256", "RSA"), ("EdDSA", "OKP")] {
        let folder = made(SQLITE, &format!("signing_algorithm = \"{algorithm}\"\n"));
        let service = Service::serve(folder.path(), &[]);
        let olivia = service.nobody().logged_in("olivia", PASSWORD).await;
        assert_eq!(opened(olivia.token()).0["alg"], algorithm);
        let keys = service.nobody().get("/.well-known/jwks.json").await.expect(200).json();
        assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][1]), (&json!(kind), &json!(null)));
        assert!(!service.stop().contains("signing_algorithm"));
    }
}

/// What was written has no effect yet, and that is said; the next key is for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_algorithm_later_is_for_the_next_key() {
    let folder = made(SQLITE, "");
    write(folder.path(), SQLITE, "signing_algorithm = \"RS256\"\n");
    let service = Service::serve(folder.path(), &[]);
    let olivia = service.nobody().logged_in("olivia", PASSWORD).await;
    assert_eq!(opened(olivia.token()).0["alg"], "ES256");
    let next = olivia.post("/admin/keys", json!({})).await.expect(201).json();
    assert_eq!((&next["algorithm"], &next["state"]), (&json!("RS256"), &json!("published")));
    let log = service.stop();
    for words in
        ["`signing_algorithm` is RS256", "the next rotation makes one", "`POST /admin/keys`", "`rolecall keys rotate`"]
    {
        assert!(log.contains(words), "`{words}` is not in: {log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_good_for_as_long_as_it_is_set() {
    let folder = made(SQLITE, "access_token_ttl = \"5m\"\n");
    for (settings, seconds) in [
        ("access_token_ttl = \"5m\"\n", 300),
        ("access_token_ttl = 31\n", 31),
        // Nothing goes on after its session.
        ("session_ttl = \"1m\"\n", 60),
    ] {
        write(folder.path(), SQLITE, settings);
        let service = Service::serve(folder.path(), &[]);
        let told = service.nobody().log_in("olivia", PASSWORD).await.expect(200).json();
        assert_eq!(told["expires_in"], seconds);
        let claims = opened(told["access_token"].as_str().expect("a token")).1;
        let [begins, ends] = ["iat", "exp"].map(|claim| claims[claim].as_i64().expect("a time"));
        assert_eq!(ends - begins, seconds);
        service.stop();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_and_the_document_are_there_where_docs_is_on() {
    let folder = made(SQLITE, "docs = true\n");
    let service = Service::serve(folder.path(), &[]);
    service.nobody().get("/docs/").await.expect(200);
    let document = service.nobody().get("/openapi.json").await.expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_registering_gives_and_that_is_none_is_told() {
    let folder = made(SQLITE, "");
    write(folder.path(), SQLITE, "registration = \"open\"\nregistration_roles = [\"reader\"]\n");
    let service = Service::serve(folder.path(), &[]);
    service.nobody().register("alice", PASSWORD).await.expect(201);
    let olivia = service.nobody().logged_in("olivia", PASSWORD).await;
    let registered = async |olivia: &crate::util::Actor| {
        let audit = olivia.get("/admin/audit?action=user.registered").await.expect(200).json();
        audit["items"].as_array().expect("entries").iter().map(|entry| entry["detail"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(registered(&olivia).await, [json!({ "username": "alice", "roles": [] })]);
    let log = service.stop();
    assert!(log.contains("`registration_roles` has `reader`") && log.contains("POST /admin/roles"), "{log}");

    let service = Service::serve(folder.path(), &[]);
    let olivia = service.nobody().logged_in("olivia", PASSWORD).await;
    olivia.post("/admin/roles", json!({ "name": "reader", "permissions": [] })).await.expect(201);
    service.nobody().register("bob", PASSWORD).await.expect(201);
    let registered = registered(&olivia).await;
    assert!(registered.contains(&json!({ "username": "bob", "roles": ["reader"] })), "{registered:?}");
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lease_is_on_record() {
    let url = postgres::database().await;
    let folder = made(&url, "lease = \"7s\"\n");
    let service = Service::serve(folder.path(), &[]);
    let mut rows = Rows::at(&url, folder.path()).await;
    assert_eq!(rows.number("SELECT lease_ms FROM policy").await, 7000);
    rows.close().await;
    service.stop();
}

/// With the password in it, and nowhere else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_of_the_database_may_stand_in_a_file_of_its_own() {
    let (folder, url) = (TempDir::new().expect("a folder"), postgres::database().await);
    write(folder.path(), "sqlite://not-this.db", "");
    fs::write(folder.path().join("address"), format!("{url}\n")).expect("a file");
    let command = |arguments: &[&str]| {
        let mut command = rolecall(folder.path(), arguments);
        command.env("ROLECALL_DATABASE_URL_FILE", "address");
        command
    };
    let said = run(&mut command(&["init", "--json", "--username", "olivia"]), PASSWORD);
    assert_eq!(said.code, Some(0), "{said:?}");
    let service = Service::of(command(&["serve", "--json"])).unwrap_or_else(|said| panic!("{said:?}"));
    service.nobody().logged_in("olivia", PASSWORD).await.get("/admin/users").await.expect(200);
    assert!(service.told["database"].as_str().is_some_and(|shown| shown.starts_with("PostgreSQL database")));
    service.stop();
    assert!(!folder.path().join("not-this.db").exists());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_threads_hash() {
    let folder = made(SQLITE, "hashing_threads = 3\n");
    let service = Service::serve(folder.path(), &[]);
    let threads = fs::read_dir(format!("/proc/{}/task", service.id())).expect("threads");
    let names = threads.map(|thread| fs::read_to_string(thread.expect("one").path().join("comm")).unwrap_or_default());
    assert_eq!(names.filter(|name| name.starts_with("hashing-")).count(), 3);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_looks_as_it_is_set() {
    let folder = made(SQLITE, "");
    for (settings, is_json, tells) in [
        ("", true, true),
        ("log_format = \"json\"\n", true, true),
        ("log_format = \"text\"\n", false, true),
        ("log = \"warn\"\n", true, false),
    ] {
        write(folder.path(), SQLITE, settings);
        let log = Service::serve(folder.path(), &[]).stop();
        assert_eq!(log.contains(" is ready"), tells, "{settings}: {log}");
        for line in log.lines() {
            assert_eq!(serde_json::from_str::<serde_json::Value>(line).is_ok(), is_json, "{settings}: {line}");
        }
    }
}
