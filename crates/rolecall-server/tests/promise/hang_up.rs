//! Whoever hangs up does not leave a right in force that he took away.

use std::net::SocketAddr;

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{assignment, version, with_role};
use crate::util::{
    Actor, Db, Rows, World, postgres,
    proxy::{AtCommit, Proxy},
};

/// Sends a removal, and does not read the answer.
async fn send_removal(address: SocketAddr, admin: &Actor, user: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let (path, token) = (assignment(user, "admin"), admin.token());
    let request = format!("DELETE {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_commit_and_swap() {
    let (proxy, direct) = (Proxy::start(), postgres::database().await);
    let world = World::at(Db::Postgres, proxy.url(&direct), TempDir::new().expect("a folder")).await;
    let admin = world.administrator().await;
    let alice = with_role(&world, &admin, "alice").await;
    let before = version(&admin).await;

    proxy.at_next_commit(AtCommit::HoldAnswer);
    let mut call = send_removal(world.address(), &admin, alice.id()).await;
    proxy.happened().await;
    // It is committed, and the service does not know it yet. The caller leaves, and the service has noticed it when it
    // closes its side too.
    call.shutdown().await.expect("hung up");
    assert_eq!(call.read(&mut [0]).await.expect("the other side closes"), 0, "an answer came");
    drop(call);
    proxy.release();

    assert_eq!(version(&admin).await, before + 1);
    alice.get("/items/").await.expect(403);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_after_sending() {
    let world = World::on(Db::Sqlite).await;
    let admin = world.administrator().await;
    let mut users = vec![];
    for n in 0..8 {
        users.push(with_role(&world, &admin, &format!("user{n}")).await);
    }
    let mut rows = Rows::of(&world).await;
    let mut removed = 0;
    for round in 0..6 {
        let mut calls = vec![];
        for user in &users {
            world.give(&admin, user, "admin").await;
        }
        for user in &users {
            calls.push(send_removal(world.address(), &admin, user.id()).await);
        }
        // Some hang up at once, some a little later, one after the other.
        for (n, call) in calls.into_iter().enumerate() {
            for _ in 0..n * round {
                tokio::task::yield_now().await;
            }
            drop(call);
        }
        let version = version(&admin).await;
        assert_eq!(rows.version().await, version);
        for user in &users {
            let sql =
                format!("SELECT count(*) FROM user_assignments WHERE user_id = '{}' AND role = 'admin'", user.id());
            match rows.number(&sql).await {
                0 => removed += 1,
                // The call was over before it began.
                _ => continue,
            }
            user.get("/items/").await.expect(403);
        }
    }
    assert!(removed > 0, "all hung up too early");
    world.stop().await;
}
