//! Embedded in somebody's own server: with its `ConnectInfo`, and without.

use std::net::SocketAddr;

use rolecall::clock::Clock;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{HERE, WRONG, is_limited, until_limited};
use crate::util::{Actor, World, world::PASSWORD};

/// The routes of a service, served by axum.
async fn served(clock: &Clock, with_addresses: bool) -> (TempDir, rolecall_server::Rolecall, Actor, SocketAddr) {
    let folder = TempDir::new().expect("a folder");
    let rolecall = World::start("sqlite://rolecall.db", &folder, clock).await.expect("the service starts");
    let app = rolecall.guard().protect(rolecall.routes());
    // On all of this machine's addresses.
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    if with_addresses {
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
    } else {
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    let at = |ip: [u8; 4]| SocketAddr::from((ip, port));
    (folder, rolecall, Actor::nobody(at([127, 0, 0, 1])), at([127, 0, 0, 1]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_addresses_clients_are_told_apart() {
    let (_folder, _service, nobody, address) = served(&Clock::system(), true).await;
    nobody.register("alice", PASSWORD).await.expect(201);
    assert!(until_limited(async || nobody.log_in("alice", WRONG).await).await >= HERE);
    let elsewhere = Actor::from_address(address, [127, 0, 0, 2].into());
    elsewhere.log_in("alice", WRONG).await.expect(400);
    elsewhere.log_in("alice", PASSWORD).await.expect(200);
    is_limited(&nobody.log_in("alice", PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_addresses_all_are_one() {
    let (_folder, _service, nobody, address) = served(&Clock::system(), false).await;
    nobody.register("alice", PASSWORD).await.expect(201);
    assert!(until_limited(async || nobody.log_in("alice", WRONG).await).await >= HERE);
    is_limited(&Actor::from_address(address, [127, 0, 0, 2].into()).log_in("alice", PASSWORD).await);
}
