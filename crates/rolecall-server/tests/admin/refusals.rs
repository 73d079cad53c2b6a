//! Who may not: callers without a token, callers who hold everything but the one permission that a route asks for, and
//! an application's own administrators.

use serde_json::json;

use super::{NOBODY, OWN_PERMISSIONS, everything, holder, refused};
use crate::util::{Actor, Answer, on_both, world::PASSWORD};

/// What every call of AuthZEN can be asked.
const QUESTION: &str = r#"{
    "subject": { "type": "user", "id": "x" }, "action": { "name": "read" }, "resource": { "type": "items", "id": "1" }
}"#;

/// Each route of the table: method, path, body, and the permission that it asks for.
fn routes() -> Vec<(&'static str, String, &'static str, &'static str)> {
    let user = format!("/admin/users/{NOBODY}");
    let (client, api) = (format!("/admin/clients/{NOBODY}"), format!("/admin/apis/{NOBODY}"));
    let route = |method, path: &str, body, permission| (method, path.to_owned(), body, permission);
    vec![
        route("GET", "/admin/users", "", "rolecall.users:read"),
        route("HEAD", "/admin/users", "", "rolecall.users:read"),
        route("POST", "/admin/users", r#"{"username":"mallory"}"#, "rolecall.users:write"),
        route("GET", &user, "", "rolecall.users:read"),
        route("HEAD", &user, "", "rolecall.users:read"),
        route("PATCH", &user, r#"{"disabled":true}"#, "rolecall.users:write"),
        route("DELETE", &user, "", "rolecall.users:write"),
        route("GET", &format!("{user}/roles"), "", "rolecall.users:read"),
        route("HEAD", &format!("{user}/roles"), "", "rolecall.users:read"),
        route("PUT", &format!("{user}/roles/user"), "", "rolecall.roles:grant"),
        route("DELETE", &format!("{user}/roles/user"), "", "rolecall.roles:grant"),
        route("GET", "/admin/roles", "", "rolecall.roles:read"),
        route("HEAD", "/admin/roles", "", "rolecall.roles:read"),
        route("POST", "/admin/roles", r#"{"name":"ghost","permissions":[]}"#, "rolecall.roles:write"),
        route("GET", "/admin/roles/user", "", "rolecall.roles:read"),
        route("HEAD", "/admin/roles/user", "", "rolecall.roles:read"),
        route("DELETE", "/admin/roles/ghost", "", "rolecall.roles:write"),
        route("PUT", "/admin/roles/user/permissions/items:read", "", "rolecall.roles:write"),
        route("DELETE", "/admin/roles/user/permissions/items:write", "", "rolecall.roles:write"),
        route("PUT", "/admin/roles/user/inherits/ghost", "", "rolecall.roles:write"),
        route("DELETE", "/admin/roles/user/inherits/ghost", "", "rolecall.roles:write"),
        route("GET", "/admin/clients", "", "rolecall.clients:read"),
        route("HEAD", "/admin/clients", "", "rolecall.clients:read"),
        route("POST", "/admin/clients", r#"{"client_name":"mallory"}"#, "rolecall.clients:write"),
        route("GET", &client, "", "rolecall.clients:read"),
        route("HEAD", &client, "", "rolecall.clients:read"),
        route("PATCH", &client, r#"{"disabled":true}"#, "rolecall.clients:write"),
        route("DELETE", &client, "", "rolecall.clients:write"),
        route("POST", &format!("{client}/secrets"), "", "rolecall.clients:write"),
        route("DELETE", &format!("{client}/secrets/{NOBODY}"), "", "rolecall.clients:write"),
        route("GET", &format!("{client}/roles"), "", "rolecall.clients:read"),
        route("HEAD", &format!("{client}/roles"), "", "rolecall.clients:read"),
        route("PUT", &format!("{client}/roles/user"), "", "rolecall.roles:grant"),
        route("DELETE", &format!("{client}/roles/user"), "", "rolecall.roles:grant"),
        route("GET", "/admin/apis", "", "rolecall.apis:read"),
        route("HEAD", "/admin/apis", "", "rolecall.apis:read"),
        route("POST", "/admin/apis", r#"{"identifier":"mallory","name":"mallory"}"#, "rolecall.apis:write"),
        route("GET", &api, "", "rolecall.apis:read"),
        route("HEAD", &api, "", "rolecall.apis:read"),
        route("PATCH", &api, r#"{"disabled":true}"#, "rolecall.apis:write"),
        route("DELETE", &api, "", "rolecall.apis:write"),
        route("GET", "/admin/keys", "", "rolecall.keys:read"),
        route("HEAD", "/admin/keys", "", "rolecall.keys:read"),
        route("POST", "/admin/keys", "{}", "rolecall.keys:write"),
        route("GET", "/admin/keys/ghost", "", "rolecall.keys:read"),
        route("HEAD", "/admin/keys/ghost", "", "rolecall.keys:read"),
        route("DELETE", "/admin/keys/ghost", "", "rolecall.keys:write"),
        route("GET", &format!("{user}/sessions"), "", "rolecall.sessions:read"),
        route("HEAD", &format!("{user}/sessions"), "", "rolecall.sessions:read"),
        route("DELETE", &format!("{user}/sessions"), "", "rolecall.sessions:write"),
        route("DELETE", &format!("{user}/sessions/{NOBODY}"), "", "rolecall.sessions:write"),
        route("POST", "/access/v1/evaluation", QUESTION, "rolecall.decisions:evaluate"),
        route("POST", "/access/v1/evaluations", QUESTION, "rolecall.decisions:evaluate"),
        route("POST", "/access/v1/search/subject", QUESTION, "rolecall.decisions:evaluate"),
        route("POST", "/access/v1/search/action", QUESTION, "rolecall.decisions:evaluate"),
        route("GET", &format!("{user}/keys"), "", "rolecall.sessions:read"),
        route("HEAD", &format!("{user}/keys"), "", "rolecall.sessions:read"),
        route("DELETE", &format!("{user}/keys"), "", "rolecall.sessions:write"),
        route("DELETE", &format!("{user}/keys/{NOBODY}"), "", "rolecall.sessions:write"),
        route("GET", "/admin/audit", "", "rolecall.audit:read"),
        route("HEAD", "/admin/audit", "", "rolecall.audit:read"),
    ]
}

async fn call(caller: &Actor, method: &str, path: &str, body: &'static str) -> Answer {
    let headers = [("content-type", "application/json")];
    caller.send(method, path, if body.is_empty() { &[] } else { &headers }, body).await
}

/// A refusal by the guard; the answer to `HEAD` has no body to look at.
#[track_caller]
fn shut(method: &str, answer: Answer, status: u16, kind: &str) -> Answer {
    if method != "HEAD" {
        refused(answer.clone(), status, kind);
    }
    answer.expect(status)
}

on_both! {
    async fn without_a_token_nobody_gets_anywhere(world) {
        let (admin, nobody) = (world.administrator().await, world.nobody());
        let before = everything(&admin).await;

        for (method, path, body, _) in routes() {
            let answer = shut(method, call(&nobody, method, &path, body).await, 401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="rolecall""#, "{method} {path}");
            let broken = nobody.with_token("broken");
            let answer = shut(method, call(&broken, method, &path, body).await, 401, "invalid-token");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#, "{method} {path}");
        }

        assert_eq!(everything(&admin).await, before);
    }

    async fn each_route_asks_for_its_permission_and_for_nothing_else(world) {
        let admin = world.administrator().await;
        let mut people = vec![];
        for missing in OWN_PERMISSIONS {
            let name = missing.trim_start_matches("rolecall.").replace(':', "-");
            // Neither `*` nor the same for own objects makes up for it.
            let own = format!("{missing}:own");
            let others = OWN_PERMISSIONS.into_iter().filter(|permission| *permission != missing);
            let others: Vec<&str> = others.chain(["*", &own]).collect();
            let lacks = holder(world, &admin, &format!("no-{name}"), &others).await;
            world.give(&admin, &lacks, "admin").await;
            let only = holder(world, &admin, &format!("only-{name}"), &[missing]).await;
            people.push((missing, lacks, only));
        }
        let before = everything(&admin).await;

        for (method, path, body, permission) in routes() {
            for (missing, lacks, only) in &people {
                if *missing == permission {
                    let answer = shut(method, call(lacks, method, &path, body).await, 403, "forbidden");
                    let challenge = answer.header("www-authenticate");
                    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
                    assert!(challenge.contains(&format!(r#"scope="{permission}""#)), "{challenge}");
                } else {
                    shut(method, call(only, method, &path, body).await, 403, "forbidden");
                }
            }
        }
        assert_eq!(everything(&admin).await, before);

        // And whoever has just that one is let in, to what there is and what he may do there.
        for (method, path, body, permission) in routes() {
            let (_, _, only) = people.iter().find(|(missing, ..)| *missing == permission).expect("somebody");
            let answer = call(only, method, &path, body).await;
            let by_the_guard = answer.status == 403 && answer.text().contains("problem:forbidden");
            assert!(!by_the_guard && answer.status != 401, "{method} {path}: {}", answer.text());
            assert!(answer.status < 500);
        }
    }

    async fn an_application_s_administrator_administers_nothing(world) {
        let (admin, boss) = (world.administrator().await, world.user("boss").await);
        let much = ["*", "rolecall:*", "admin:*", "users:write", "roles:write"];
        world.role(&admin, "everything", &much, &["admin"]).await;
        world.give(&admin, &boss, "admin").await;
        world.give(&admin, &boss, "everything").await;
        boss.get("/items/").await.expect(200);
        boss.post("/notes/", json!({})).await.expect(200);
        let again = world.nobody().logged_in("boss", PASSWORD).await;
        let before = everything(&admin).await;

        for (method, path, body, _) in routes() {
            for boss in [&boss, &again] {
                shut(method, call(boss, method, &path, body).await, 403, "forbidden");
            }
        }

        assert_eq!(everything(&admin).await, before);
    }

    async fn a_scope_takes_administration_away_from_an_administrator(world) {
        let admin = world.administrator().await;
        for scope in ["admin", "items:read", "*", "rolecall.audit:read:own", "admin *"] {
            let answer = world.nobody().log_in_for("admin", world.password(), Some(scope)).await.expect(200).json();
            let less = admin.with_token(answer["access_token"].as_str().expect("a token"));
            for (method, path, body, _) in routes() {
                shut(method, call(&less, method, &path, body).await, 403, "forbidden");
            }
        }
        let scope = Some("rolecall.users:read");
        let answer = world.nobody().log_in_for("admin", world.password(), scope).await.expect(200).json();
        let reader = admin.with_token(answer["access_token"].as_str().expect("a token"));
        reader.get("/admin/users").await.expect(200);
        reader.get("/admin/roles").await.expect(403);
        refused(reader.post("/admin/users", json!({ "username": "bob" })).await, 403, "forbidden");
    }
}
