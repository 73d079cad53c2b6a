//! `/admin/audit`: every change is one line, and what was refused is none.

use serde_json::{Value, json};

use super::{account, assignment, holder, inherits, items, permission, refused, user, version_now};
use crate::util::{Actor, Answer, on_both};

/// The lines after one, by id.
async fn lines_after(admin: &Actor, id: &str) -> Vec<Value> {
    items(admin, &format!("/admin/audit?limit=200&after={id}")).await
}

async fn last_line(admin: &Actor) -> String {
    let lines = items(admin, "/admin/audit?limit=200").await;
    lines.last().and_then(|line| line["id"].as_str()).expect("a line").to_owned()
}

on_both! {
    async fn every_change_writes_one_line(world) {
        let admin = world.administrator().await;
        let bob = account(&admin, "bob").await;
        let until = world.now() + 3600;
        let (before, mut last) = (version_now(&admin).await, last_line(&admin).await);
        let change = |body: Value| Some(body);
        let role = |name: &str, detail: Value| (name.to_owned(), detail);
        let user_path = user(&bob);
        let (as_user, as_reader) = (assignment(&bob, "user"), assignment(&bob, "reader"));

        let calls = [
            ("POST", "/admin/roles",
                change(json!({ "name": "reader", "permissions": ["items:read"], "inherits": ["user"] })),
                "role.added", role("reader", json!({ "permissions": ["items:read"], "inherits": ["user"] }))),
            ("PUT", "/admin/roles/reader/permissions/notes:*", None,
                "role.permission_granted", role("reader", json!({ "permission": "notes:*" }))),
            ("DELETE", "/admin/roles/reader/permissions/notes:*", None,
                "role.permission_revoked", role("reader", json!({ "permission": "notes:*" }))),
            ("PUT", "/admin/roles/reader/inherits/admin", None,
                "role.inheritance_added", role("reader", json!({ "junior": "admin" }))),
            ("DELETE", "/admin/roles/reader/inherits/admin", None,
                "role.inheritance_deleted", role("reader", json!({ "junior": "admin" }))),
            ("PUT", as_user.as_str(), None,
                "role.assigned", role(&bob, json!({ "role": "user", "until": null }))),
            ("PUT", as_user.as_str(), change(json!({ "until": until })),
                "role.assigned", role(&bob, json!({ "role": "user", "until": until }))),
            ("DELETE", as_user.as_str(), None,
                "role.deassigned", role(&bob, json!({ "role": "user" }))),
            ("PUT", as_reader.as_str(), None,
                "role.assigned", role(&bob, json!({ "role": "reader", "until": null }))),
            ("PATCH", user_path.as_str(), change(json!({ "disabled": true })), "user.disabled", role(&bob, json!({}))),
            ("PATCH", user_path.as_str(), change(json!({ "disabled": false })), "user.enabled", role(&bob, json!({}))),
            ("DELETE", "/admin/roles/reader", None, "role.deleted", role("reader", json!({}))),
            ("DELETE", user_path.as_str(), None, "user.deleted", role(&bob, json!({ "username": "bob" }))),
        ];
        for (number, (method, path, body, action, (subject, detail))) in calls.into_iter().enumerate() {
            let (request, started) = (format!("call-{number}"), world.now());
            let version = before + 1 + number as u64;
            // Each of them twice, where that is no mistake: the second time nothing is done, and nothing told.
            let again = !matches!(action, "role.added" | "role.deleted" | "user.deleted");
            for round in 0..if again { 2 } else { 1 } {
                let id = format!("{request}-{round}");
                let headers = [("x-request-id", id.as_str()), ("content-type", "application/json")];
                let body = body.as_ref().map(Value::to_string).unwrap_or_default();
                let answer = admin.send(method, path, &headers, body).await;
                assert!(matches!(answer.status, 200 | 201), "{method} {path}: {}", answer.text());
                assert_eq!(answer.json()["version"], version, "{method} {path}");
            }

            let lines = lines_after(&admin, &last).await;
            assert_eq!(lines.len(), 1, "{method} {path}: {lines:?}");
            let (line, at) = (&lines[0], lines[0]["at"].as_i64().expect("a NumericDate"));
            last = line["id"].as_str().expect("an id").to_owned();
            assert!((started..=world.now()).contains(&at));
            assert_eq!(*line, json!({
                "id": last, "at": at, "actor": admin.id(), "actor_name": "admin", "action": action,
                "subject": subject, "detail": detail, "version": version, "request_id": format!("{request}-0"),
                "address": "127.0.0.1",
            }));
        }
    }

    async fn what_concerns_no_token_is_told_without_a_version(world) {
        let admin = world.administrator().await;
        let (before, last) = (version_now(&admin).await, last_line(&admin).await);

        let bob = json!({ "username": "bob", "email": "bob@example.org", "password": "seventeen violet otters" });
        let headers = [("x-request-id", "one"), ("content-type", "application/json")];
        let answer = admin.send("POST", "/admin/users", &headers, bob.to_string()).await;
        let bob = answer.expect(201).json()["id"].as_str().expect("an id").to_owned();
        admin.patch(&user(&bob), json!({ "email": "robert@example.org" })).await.expect(200);
        admin.patch(&user(&bob), json!({ "email": "robert@example.org" })).await.expect(200);
        admin.patch(&user(&bob), json!({ "email": null })).await.expect(200);

        let lines = lines_after(&admin, &last).await;
        let told = |line: &Value| json!([line["action"], line["subject"], line["detail"], line["version"]]);
        let told: Vec<Value> = lines.iter().map(told).collect();
        assert_eq!(told, [
            json!(["user.added", bob, { "username": "bob", "email": "bob@example.org" }, null]),
            json!(["user.email_set", bob, { "email": "robert@example.org" }, null]),
            json!(["user.email_set", bob, { "email": null }, null]),
        ]);
        assert_eq!(lines[0]["request_id"], "one");
        assert!(lines[1]["request_id"].as_str().is_some_and(|id| !id.is_empty()), "a request without an id gets one");
        assert_eq!(version_now(&admin).await, before);
        let whole = admin.get("/admin/audit?limit=200").await.expect(200).text();
        assert!(!whole.contains("otters"), "no secrets in the log");

        // Two things at once are two lines of one request.
        let last = last_line(&admin).await;
        admin.patch(&user(&bob), json!({ "disabled": true, "email": "bob@example.org" })).await.expect(200);
        let lines = lines_after(&admin, &last).await;
        let actions: Vec<&Value> = lines.iter().map(|line| &line["action"]).collect();
        assert_eq!(actions, ["user.email_set", "user.disabled"]);
        assert_eq!(lines[0]["request_id"], lines[1]["request_id"]);
    }

    async fn what_was_refused_is_not_told(world) {
        let admin = world.administrator().await;
        let permissions = ["rolecall.users:write", "rolecall.roles:write", "rolecall.roles:grant"];
        let clerk = holder(world, &admin, "clerk", &permissions).await;
        let bob = account(&admin, "bob").await;
        world.role(&admin, "a", &[], &[]).await;
        world.role(&admin, "b", &[], &["a"]).await;
        let last = last_line(&admin).await;
        let is = |answer: Answer, status: u16| drop(answer.expect(status));

        is(admin.post("/admin/users", json!({ "username": "bob" })).await, 409);
        is(admin.post("/admin/users", json!({ "username": "b b" })).await, 400);
        is(admin.post("/admin/roles", json!({ "name": "a", "permissions": [] })).await, 409);
        is(admin.post("/admin/roles", json!({ "name": "c", "permissions": [], "inherits": ["ghost"] })).await, 404);
        is(admin.put(&inherits("a", "b")).await, 409);
        is(admin.put(&permission("rolecall.admin", "items:read")).await, 409);
        is(admin.put(&assignment(admin.id(), "user")).await, 403);
        is(admin.put_json(&assignment(&bob, "user"), json!({ "until": 1 })).await, 400);
        is(admin.delete(&user(admin.id())).await, 409);
        is(admin.patch(&user(admin.id()), json!({ "disabled": true, "email": "admin@example.org" })).await, 409);
        is(clerk.delete(&user(admin.id())).await, 403);
        is(clerk.patch(&user(admin.id()), json!({ "email": "clerk@example.org" })).await, 403);
        is(clerk.put(&assignment(&bob, "admin")).await, 403);
        is(clerk.put(&permission("clerk-role", "items:read")).await, 403);
        is(clerk.get("/admin/audit").await, 403);
        is(world.nobody().delete(&user(&bob)).await, 401);

        assert_eq!(lines_after(&admin, &last).await, Vec::<Value>::new());
        // What the failed call would have done first was undone with it.
        assert_eq!(admin.get(&user(admin.id())).await.expect(200).json()["email"], Value::Null);
    }

    async fn lines_are_found_by_what_they_tell(world) {
        let admin = world.administrator().await;
        let clerk = holder(world, &admin, "clerk", &["rolecall.users:write"]).await;
        let mallory = clerk.post("/admin/users", json!({ "username": "mallory" })).await.expect(201).json();
        let mallory = mallory["id"].as_str().expect("an id").to_owned();
        world.wait_for(60).await;
        let late = world.now();
        clerk.patch(&user(&mallory), json!({ "disabled": true })).await.expect(200);
        admin.delete(&user(&mallory)).await.expect(200);
        let found = async |query: &str| -> Vec<String> {
            let lines = items(&admin, &format!("/admin/audit?limit=200&{query}")).await;
            lines.iter().map(|line| line["action"].as_str().expect("an action").to_owned()).collect()
        };

        assert_eq!(found(&format!("subject={mallory}")).await, ["user.added", "user.disabled", "user.deleted"]);
        let of_clerk = ["user.registered", "session.opened", "user.added", "user.disabled"];
        assert_eq!(found(&format!("actor={}", clerk.id())).await, of_clerk);
        assert_eq!(found("action=user.deleted").await, ["user.deleted"]);
        assert_eq!(found(&format!("since={late}")).await, ["user.disabled", "user.deleted"]);
        assert_eq!(found(&format!("since={late}&actor={}", admin.id())).await, ["user.deleted"]);
        let all = format!("subject={mallory}&actor={}&action=user.disabled&since={late}", clerk.id());
        assert_eq!(found(&all).await, ["user.disabled"]);
        assert_eq!(found("subject=clerk-role").await, ["role.added"]);
        assert_eq!(found("since=-5").await.first().map(String::as_str), Some("instance.made"));
        for nobody in [
            "subject=x",
            "actor=admin",
            "action=user",
            "action=user.%25",
            "subject=%00",
            "actor=%00",
            "action=%00",
            "subject='%20OR%20''='",
        ] {
            assert_eq!(found(nobody).await, Vec::<String>::new(), "{nobody}");
        }
        assert_eq!(found(&format!("since={}", late + 3600)).await, Vec::<String>::new());
        assert_eq!(found(&format!("since={}", i64::MAX)).await, Vec::<String>::new());
    }

    async fn an_auditor_reads_everything_and_writes_nothing(world) {
        let admin = world.administrator().await;
        let bob = account(&admin, "bob").await;
        let auditor = world.user("auditor").await;
        world.give(&admin, &auditor, "rolecall.auditor").await;
        let before = items(&admin, "/admin/audit?limit=200").await;

        let (one, roles) = (user(&bob), format!("/admin/users/{bob}/roles"));
        for path in ["/admin/users", &one, &roles, "/admin/roles", "/admin/roles/user", "/admin/audit"] {
            auditor.get(path).await.expect(200);
        }
        for (method, path) in [
            ("POST", "/admin/users".to_owned()),
            ("PATCH", user(&bob)),
            ("DELETE", user(&bob)),
            ("PUT", assignment(&bob, "user")),
            ("DELETE", assignment(&bob, "user")),
            ("POST", "/admin/roles".to_owned()),
            ("DELETE", "/admin/roles/user".to_owned()),
            ("PUT", permission("user", "items:read")),
            ("DELETE", permission("user", "items:read")),
            ("PUT", inherits("user", "admin")),
            ("DELETE", inherits("user", "admin")),
        ] {
            let headers = [("content-type", "application/json")];
            refused(auditor.send(method, &path, &headers, "").await, 403, "forbidden");
        }
        assert_eq!(items(&admin, "/admin/audit?limit=200").await, before);
    }
}
