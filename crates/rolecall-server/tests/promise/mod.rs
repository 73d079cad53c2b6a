//! A right taken away is gone when the call that took it away returns: whoever hangs up, whatever breaks, and however
//! often it is started again (design, section 6).

mod hang_up;
mod in_force;
mod lease;
mod look_ups;
mod prefer;
mod record;
mod restart;
mod unknown;
mod versions;

use axum::body::Body;

use crate::util::{Actor, World};

/// Somebody who registered, and was given the role `admin`.
async fn with_role(world: &World, admin: &Actor, name: &str) -> Actor {
    let somebody = world.user(name).await;
    world.give(admin, &somebody, "admin").await;
    somebody.get("/items/").await.expect(200);
    somebody
}

/// An account without a password; answers its id.
async fn account(admin: &Actor, name: &str) -> String {
    let made = admin.post("/admin/users", serde_json::json!({ "username": name })).await.expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

fn assignment(user: &str, role: &str) -> String {
    format!("/admin/users/{user}/roles/{role}")
}

/// Takes away what nobody has: the answer comes when every change before it is over, and tells the version.
async fn version(admin: &Actor) -> i64 {
    let path = assignment(admin.id(), "user");
    let answer = admin.send("DELETE", &path, &[("prefer", "respond-async")], Body::empty()).await;
    answer.expect(200).json()["version"].as_i64().expect("a version")
}
