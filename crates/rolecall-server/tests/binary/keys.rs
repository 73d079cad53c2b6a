//! `rolecall keys`, with the service stopped.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    face::opened,
    util::{
        binary::{Service, refuses, rolecall, run},
        postgres,
        world::PASSWORD,
    },
};

fn keys(folder: &TempDir, url: &str, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["keys"], arguments, &["--json", "--database-url", url]].concat();
    let said = run(&mut rolecall(folder.path(), &arguments), "");
    assert_eq!(said.code, Some(0), "{said:?}");
    let told: Value = serde_json::from_str(&said.stdout).expect("JSON");
    told["keys"].as_array().expect("keys").clone()
}

async fn listed_rotated_and_revoked(url: &str) {
    let folder = TempDir::new().expect("a folder");
    let listen = crate::util::binary::address();
    let start = || Service::start(folder.path(), &["--listen", &listen, "--database-url", url]);
    let service = start();
    service.nobody().register("alice", PASSWORD).await.expect(201);
    let alice = service.nobody().logged_in("alice", PASSWORD).await;
    let first = opened(alice.token()).0["kid"].clone();
    let in_use = ["keys", "list", "--database-url", url];
    refuses(&mut rolecall(folder.path(), &in_use)).refused(&["is in use by", "stop that"]);
    service.stop();

    let before = keys(&folder, url, &["list"]);
    assert_eq!((before.len(), &before[0]["kid"], &before[0]["state"]), (1, &first, &json!("signing")));
    let said = run(&mut rolecall(folder.path(), &["keys", "list", "--database-url", url]), "");
    assert_eq!(said.stdout, format!("{}  ES256  signing\n", first.as_str().expect("text")));

    let second = keys(&folder, url, &["rotate", "--algorithm", "EdDSA"])[0].clone();
    assert_eq!((&second["algorithm"], &second["state"]), (&json!("EdDSA"), &json!("published")));
    let said = run(&mut rolecall(folder.path(), &["keys", "list", "--database-url", url]), "").stdout;
    for line in ["  ES256  signing, another one does in 3", "  EdDSA  published, signs in 3"] {
        assert!(said.contains(line), "{said}");
    }
    for wrong in ["HS256", "none"] {
        let arguments = ["keys", "rotate", "--algorithm", wrong, "--database-url", url];
        refuses(&mut rolecall(folder.path(), &arguments)).refused(&["`ES256`, `RS256` or `EdDSA`"]);
    }
    refuses(&mut rolecall(folder.path(), &["keys", "revoke", "ghost", "--database-url", url]))
        .refused(&["there is no such key"]);

    let left = keys(&folder, url, &["revoke", first.as_str().expect("text")]);
    let states: Vec<_> = left.iter().map(|key| (&key["kid"], key["state"].as_str().expect("a state"))).collect();
    assert!(states.contains(&(&first, "revoked")) && states.contains(&(&second["kid"], "signing")), "{states:?}");

    let service = start();
    alice.get("/me").await.expect(401);
    let alice = service.nobody().logged_in("alice", PASSWORD).await;
    assert_eq!(opened(alice.token()).0["kid"], second["kid"]);
    alice.get("/me").await.expect(200);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listed_rotated_and_revoked_on_sqlite() {
    listed_rotated_and_revoked("sqlite://rolecall.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listed_rotated_and_revoked_on_postgres() {
    listed_rotated_and_revoked(&postgres::database().await).await;
}
