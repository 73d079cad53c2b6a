//! Administration over HTTP: the table of its routes, the laws that limit it, and the property that holds whatever is
//! called in whatever order.

mod assignments;
mod audit;
mod endings;
mod hand_out;
mod in_flight;
mod last_administrator;
mod old_tokens;
mod paging;
mod property;
mod refusals;
mod roles;
mod stronger;
mod users;

use serde_json::{Value, json};

pub use property::Dice;

use crate::util::{Actor, Answer, World};

/// The service's own permissions, as the design lists them.
const OWN_PERMISSIONS: [&str; 16] = [
    "rolecall.users:read",
    "rolecall.users:write",
    "rolecall.roles:read",
    "rolecall.roles:write",
    "rolecall.roles:grant",
    "rolecall.clients:read",
    "rolecall.clients:write",
    "rolecall.apis:read",
    "rolecall.apis:write",
    "rolecall.decisions:evaluate",
    "rolecall.decisions:read",
    "rolecall.audit:read",
    "rolecall.keys:read",
    "rolecall.keys:write",
    "rolecall.sessions:read",
    "rolecall.sessions:write",
];

/// An id that nobody has.
pub const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// Somebody who holds these permissions, by a role `NAME-role`, beside the role `user`.
pub async fn holder(world: &World, admin: &Actor, name: &str, permissions: &[&str]) -> Actor {
    let (person, role) = (world.user(name).await, format!("{name}-role"));
    world.role(admin, &role, permissions, &[]).await;
    world.give(admin, &person, &role).await;
    person
}

/// An account without a password and without roles; answers its id.
pub async fn account(admin: &Actor, name: &str) -> String {
    let made = admin.post("/admin/users", json!({ "username": name })).await.expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

pub fn user(id: &str) -> String {
    format!("/admin/users/{id}")
}

pub fn assignment(id: &str, role: &str) -> String {
    format!("/admin/users/{id}/roles/{role}")
}

pub fn permission(role: &str, permission: &str) -> String {
    format!("/admin/roles/{role}/permissions/{permission}")
}

pub fn inherits(role: &str, junior: &str) -> String {
    format!("/admin/roles/{role}/inherits/{junior}")
}

/// What a refusal says, which must be a problem document of this kind.
#[track_caller]
pub fn refused(answer: Answer, status: u16, kind: &str) -> Value {
    let answer = answer.expect(status);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["type"], format!("urn:rolecall:problem:{kind}"), "{problem}");
    assert_eq!(problem["status"], status);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "says what to do: {problem}");
    problem
}

/// The version that an answer tells, which must be in force.
#[track_caller]
pub fn version(answer: Answer) -> u64 {
    let told = answer.json();
    assert_eq!(told["in_force"], true, "{told}");
    told["version"].as_u64().unwrap_or_else(|| panic!("a version: {told}"))
}

/// The version now: what a call that changes nothing answers.
pub async fn version_now(admin: &Actor) -> u64 {
    version(admin.patch(&user(admin.id()), json!({})).await.expect(200))
}

/// The items of a list that fits on one page.
pub async fn items(caller: &Actor, path: &str) -> Vec<Value> {
    let page = caller.get(path).await.expect(200).json();
    assert_eq!(page["next"], Value::Null, "all on one page");
    page["items"].as_array().expect("items").clone()
}

/// All that administration can read, for a test that nothing has changed.
pub async fn everything(admin: &Actor) -> Value {
    let users = items(admin, "/admin/users?limit=200").await;
    let roles = items(admin, "/admin/roles?limit=200").await;
    let mut assigned = vec![];
    for user in &users {
        let id = user["id"].as_str().expect("an id");
        assigned.push(json!({ "user": id, "roles": items(admin, &format!("/admin/users/{id}/roles")).await }));
    }
    let mut clients = vec![];
    for client in items(admin, "/admin/clients?limit=200").await {
        let path = format!("/admin/clients/{}", client["client_id"].as_str().expect("an id"));
        let roles = items(admin, &format!("{path}/roles")).await;
        clients.push(json!({ "client": admin.get(&path).await.expect(200).json(), "roles": roles }));
    }
    let apis = items(admin, "/admin/apis?limit=200").await;
    let audit = items(admin, "/admin/audit?limit=200").await;
    json!({
        "version": version_now(admin).await, "users": users, "roles": roles, "assigned": assigned, "clients": clients,
        "apis": apis, "audit": audit,
    })
}
