//! Signing keys: how one follows another, what others may keep of them, and what revoking one does.

mod imported;
mod life;
mod load;
mod restart;
mod revoked;
mod rights;
mod secret;
mod set;
mod unknown;

use serde_json::Value;

use crate::{
    face::opened,
    util::{Actor, World, world::PASSWORD},
};

/// Seconds from the moment when a key is published until it signs, and until it is gone after it has retired.
const AHEAD: u64 = 360;
const TTL: u64 = 900;
const LEEWAY: u64 = 60;

/// The key that signed somebody's token.
fn kid(actor: &Actor) -> String {
    opened(actor.token()).0["kid"].as_str().expect("a kid").to_owned()
}

/// The keys that others read.
async fn published(world: &World) -> Vec<String> {
    let set = world.nobody().get("/.well-known/jwks.json").await.expect(200).json();
    let kid = |key: &Value| key["kid"].as_str().expect("a kid").to_owned();
    set["keys"].as_array().expect("keys").iter().map(kid).collect()
}

/// A key as administrators read it.
async fn key(admin: &Actor, kid: &str) -> Value {
    admin.get(&format!("/admin/keys/{kid}")).await.expect(200).json()
}

async fn state(admin: &Actor, kid: &str) -> String {
    key(admin, kid).await["state"].as_str().expect("a state").to_owned()
}

/// Makes a new key, and answers its id.
async fn rotate(admin: &Actor) -> String {
    let made = admin.post("/admin/keys", serde_json::json!({})).await.expect(201).json();
    made["kid"].as_str().expect("a kid").to_owned()
}

/// Somebody who is there already, with a new token.
async fn again(world: &World, name: &str) -> Actor {
    let password = if name == "admin" { world.password() } else { PASSWORD };
    world.nobody().logged_in(name, password).await
}
