//! Tokens of keys that nobody has cost no question to the database, and good callers nothing.

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::{
    face::opened,
    util::{Db, World, postgres, proxy::Proxy, until},
};

const TOKENS: usize = 10_000;
const CALLERS: usize = 4;

fn random() -> String {
    let mut bytes = [0; 48];
    rand::fill(&mut bytes).expect("randomness");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_of_them() {
    let (proxy, direct) = (Proxy::start(), postgres::database().await);
    let world = World::at(Db::Postgres, proxy.url(&direct), TempDir::new().expect("a folder")).await;
    let alice = world.user("alice").await;
    alice.get("/users/").await.expect(200);
    let (header, claims) = opened(alice.token());
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let (header, claims) = (header, part(&claims));
    // What the start has left to do in the background is done.
    let mut before = usize::MAX;
    until(async || {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        std::mem::replace(&mut before, proxy.statements()) == proxy.statements()
    })
    .await;

    let mut strangers = JoinSet::new();
    for _ in 0..CALLERS {
        let (nobody, mut header, claims) = (world.nobody(), header.clone(), claims.clone());
        strangers.spawn(async move {
            for _ in 0..TOKENS / CALLERS {
                header["kid"] = json!(random());
                let token = format!("{}.{claims}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), random());
                nobody.with_token(&token).get("/users/").await.expect(401);
            }
        });
    }
    while !strangers.is_empty() {
        alice.get("/users/").await.expect(200);
        while let Some(done) = strangers.try_join_next() {
            done.expect("refused");
        }
    }
    assert_eq!(proxy.statements(), before, "somebody asked the database");
    world.stop().await;
}
