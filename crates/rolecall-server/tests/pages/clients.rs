//! The origins of clients: in force with the call that says so, and gone with the one that takes them away.

use serde_json::json;
use tempfile::TempDir;

use super::{APP, preflight, reader};
use crate::{
    clients::client,
    util::{Actor, Db, World, on_both, postgres, proxy::Proxy},
};

const SHOP: &str = "https://shop.example.org";

async fn may(world: &World, origin: &str) -> bool {
    reader(&preflight(&world.nobody(), "/token", origin).await) == Some(origin)
}

/// A public client with these origins; its path.
async fn page(admin: &Actor, origins: &[&str]) -> String {
    let said = json!({ "token_endpoint_auth_method": "none", "cors_origins": origins });
    client(admin, said).await.path()
}

on_both! {
    async fn an_origin_comes_and_goes_with_its_client(world) {
        let admin = world.administrator().await;
        assert!(!may(world, APP).await);
        let path = page(&admin, &[APP]).await;
        assert!(may(world, APP).await && !may(world, SHOP).await);

        admin.patch(&path, json!({ "cors_origins": [SHOP] })).await.expect(200);
        assert!(!may(world, APP).await && may(world, SHOP).await);
        admin.patch(&path, json!({ "disabled": true })).await.expect(200);
        assert!(!may(world, SHOP).await);
        admin.patch(&path, json!({ "disabled": false })).await.expect(200);
        assert!(may(world, SHOP).await);
        admin.delete(&path).await.expect(200);
        assert!(!may(world, SHOP).await);
    }

    async fn an_origin_of_two_clients_stays_with_the_other(world) {
        let admin = world.administrator().await;
        let (one, other) = (page(&admin, &[APP, SHOP]).await, page(&admin, &[APP]).await);
        admin.delete(&one).await.expect(200);
        assert!(may(world, APP).await && !may(world, SHOP).await);
        admin.delete(&other).await.expect(200);
        assert!(!may(world, APP).await);
    }

    async fn another_change_leaves_them(world) {
        let admin = world.administrator().await;
        let path = page(&admin, &[APP]).await;
        admin.patch(&path, json!({ "client_name": "another name" })).await.expect(200);
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        admin.put(&format!("{path}/roles/reader")).await.expect(200);
        client(&admin, json!({})).await;
        assert!(may(world, APP).await);
    }
}

/// Read at the start, and asked of nobody after that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preflight_touches_no_database() {
    let (proxy, direct) = (Proxy::start(), postgres::database().await);
    let world = World::at(Db::Postgres, proxy.url(&direct), TempDir::new().expect("a folder")).await;
    page(&world.administrator().await, &[APP]).await;
    let world = world.restarted().await;
    assert!(may(&world, APP).await && !may(&world, SHOP).await);
    proxy.go_silent();
    assert!(may(&world, APP).await && !may(&world, SHOP).await);
    proxy.heal();
    world.stop().await;
}
