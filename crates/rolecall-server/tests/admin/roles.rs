//! `/admin/roles`: roles, what they hold and whom they inherit.

use serde_json::json;

use super::{account, assignment, everything, inherits, items, permission, refused, version, version_now};
use crate::util::on_both;

on_both! {
    async fn a_role_is_made_read_and_deleted(world) {
        let admin = world.administrator().await;
        let before = version_now(&admin).await;
        let reader = json!({ "name": "reader", "permissions": ["items:read", "notes:*"], "inherits": ["user"] });

        let answer = admin.post("/admin/roles", reader).await.expect(201);

        assert_eq!(answer.header("location"), "/admin/roles/reader");
        let mut shown = json!({
            "name": "reader", "permissions": ["items:read", "notes:*"], "inherits": ["user"], "built_in": false,
        });
        assert_eq!(admin.get("/admin/roles/reader").await.expect(200).json(), shown);
        assert!(items(&admin, "/admin/roles").await.contains(&shown));
        (shown["version"], shown["in_force"]) = (json!(before + 1), json!(true));
        assert_eq!(answer.json(), shown);

        let answer = admin.delete("/admin/roles/reader").await.expect(200);
        assert_eq!(answer.json(), json!({ "version": before + 2, "in_force": true }));
        refused(admin.get("/admin/roles/reader").await, 404, "not-found");
        refused(admin.delete("/admin/roles/reader").await, 404, "not-found");
        assert_eq!(version_now(&admin).await, before + 2);
    }

    async fn what_is_said_twice_is_there_once(world) {
        let admin = world.administrator().await;
        let twice = json!({
            "name": "twice",
            "permissions": ["notes:write", "items:read", "notes:write"],
            "inherits": ["user", "admin", "user"],
        });

        let mut made = admin.post("/admin/roles", twice).await.expect(201).json();

        let shown = admin.get("/admin/roles/twice").await.expect(200).json();
        assert_eq!(shown["permissions"], json!(["items:read", "notes:write"]));
        assert_eq!(shown["inherits"], json!(["admin", "user"]));
        (made["version"], made["in_force"]) = (json!(null), json!(null));
        for member in ["name", "permissions", "inherits", "built_in"] {
            assert_eq!(made[member], shown[member]);
        }
    }

    async fn the_built_in_roles_are_shown_and_cannot_be_changed(world) {
        let admin = world.administrator().await;
        account(&admin, "bob").await;
        world.role(&admin, "reader", &[], &[]).await;
        let before = everything(&admin).await;
        let built_in = |name: &str, permissions: &[&str]| {
            json!({ "name": name, "permissions": permissions, "inherits": [], "built_in": true })
        };
        let all = [
            "*",
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
        let reading = all.into_iter().filter(|permission| permission.ends_with(":read")).collect::<Vec<_>>();
        let shown = admin.get("/admin/roles/rolecall.admin").await.expect(200).json();
        assert_eq!(shown["permissions"], built_in("rolecall.admin", &all)["permissions"]);
        assert_eq!(shown["built_in"], true);
        let auditor = admin.get("/admin/roles/rolecall.auditor").await.expect(200).json();
        assert_eq!(auditor, built_in("rolecall.auditor", &reading));

        for role in ["rolecall.admin", "rolecall.auditor"] {
            refused(admin.delete(&format!("/admin/roles/{role}")).await, 409, "built-in-role");
            for grant in ["items:read", "rolecall.users:read"] {
                refused(admin.put(&permission(role, grant)).await, 409, "built-in-role");
                refused(admin.delete(&permission(role, grant)).await, 409, "built-in-role");
            }
            refused(admin.put(&inherits(role, "reader")).await, 409, "built-in-role");
            refused(admin.delete(&inherits(role, "reader")).await, 409, "built-in-role");
        }
        for name in ["rolecall.admin", "rolecall.auditor", "rolecall.", "rolecall.boss", "rolecall.a.b"] {
            let answer = admin.post("/admin/roles", json!({ "name": name, "permissions": [] })).await;
            refused(answer, 400, "invalid");
        }
        assert_eq!(everything(&admin).await, before);

        // What only looks like it is anybody's.
        for name in ["rolecall", "rolecall-admin", "rolecallx.admin"] {
            world.role(&admin, name, &[], &[]).await;
        }
    }

    async fn a_taken_name_is_refused(world) {
        let admin = world.administrator().await;
        let before = everything(&admin).await;

        for name in ["admin", "user"] {
            let again = json!({ "name": name, "permissions": ["items:read"] });
            refused(admin.post("/admin/roles", again).await, 409, "taken");
        }

        assert_eq!(everything(&admin).await, before);
    }

    async fn a_body_that_is_not_right_makes_no_role(world) {
        let admin = world.administrator().await;
        let before = everything(&admin).await;

        for wrong in [
            json!({}),
            json!([]),
            json!(null),
            json!({ "name": "reader" }),
            json!({ "permissions": [] }),
            json!({ "name": null, "permissions": [] }),
            json!({ "name": 1, "permissions": [] }),
            json!({ "name": "", "permissions": [] }),
            json!({ "name": "Reader", "permissions": [] }),
            json!({ "name": "-reader", "permissions": [] }),
            json!({ "name": ".reader", "permissions": [] }),
            json!({ "name": "read er", "permissions": [] }),
            json!({ "name": "reader:x", "permissions": [] }),
            json!({ "name": "lé", "permissions": [] }),
            json!({ "name": "a\0", "permissions": [] }),
            json!({ "name": "a".repeat(65), "permissions": [] }),
            json!({ "name": "reader", "permissions": null }),
            json!({ "name": "reader", "permissions": "items:read" }),
            json!({ "name": "reader", "permissions": [1] }),
            json!({ "name": "reader", "permissions": [null] }),
            json!({ "name": "reader", "permissions": ["items"] }),
            json!({ "name": "reader", "permissions": [""] }),
            json!({ "name": "reader", "permissions": ["*:read"] }),
            json!({ "name": "reader", "permissions": ["items:read", "Items:Read"] }),
            json!({ "name": "reader", "permissions": ["items:read:theirs"] }),
            json!({ "name": "reader", "permissions": ["**"] }),
            json!({ "name": "reader", "permissions": ["items:re*"] }),
            json!({ "name": "reader", "permissions": [format!("{}:read", "a".repeat(129))] }),
            json!({ "name": "reader", "permissions": [], "inherits": null }),
            json!({ "name": "reader", "permissions": [], "inherits": "user" }),
            json!({ "name": "reader", "permissions": [], "inherits": [1] }),
            json!({ "name": "reader", "permissions": [], "born": 1 }),
            json!({ "name": "reader", "permissions": [], "built_in": true }),
            json!({ "name": "reader", "permissions": [], "users": [admin.id()] }),
        ] {
            refused(admin.post("/admin/roles", wrong).await, 400, "invalid");
        }
        let body = || json!({ "name": "reader", "permissions": [] }).to_string();
        refused(admin.send("POST", "/admin/roles", &[], body()).await, 415, "content-type");
        for junior in ["ghost", "Ghost", "", "rolecall.boss"] {
            let wrong = json!({ "name": "reader", "permissions": [], "inherits": ["user", junior] });
            refused(admin.post("/admin/roles", wrong).await, 404, "not-found");
        }
        let itself = json!({ "name": "reader", "permissions": [], "inherits": ["reader"] });
        let answer = admin.post("/admin/roles", itself).await;
        assert!(matches!(answer.status, 404 | 409), "{}", answer.text());

        assert_eq!(everything(&admin).await, before);
    }

    async fn a_permission_is_added_and_removed_once(world) {
        let admin = world.administrator().await;
        world.role(&admin, "reader", &[], &[]).await;
        let held = async || admin.get("/admin/roles/reader").await.expect(200).json()["permissions"].clone();

        for grant in [
            "items:read", "items:*", "*", "items:read:own", "items:*:own", "rolecall.users:read", "items:own",
        ] {
            let before = version_now(&admin).await;
            let answer = admin.put(&permission("reader", grant)).await.expect(200);
            assert_eq!(answer.json(), json!({ "version": before + 1, "in_force": true }));
            assert_eq!(held().await, json!([grant]));
            assert_eq!(version(admin.put(&permission("reader", grant)).await.expect(200)), before + 1);
            let answer = admin.delete(&permission("reader", grant)).await.expect(200);
            assert_eq!(answer.json(), json!({ "version": before + 2, "in_force": true }));
            assert_eq!(held().await, json!([]));
            assert_eq!(version(admin.delete(&permission("reader", grant)).await.expect(200)), before + 2);
        }
        // In a path a colon may be written either way.
        admin.put(&permission("reader", "items%3Aread")).await.expect(200);
        assert_eq!(held().await, json!(["items:read"]));
        // Removing a grant that a wider one covers is not removing what the wider one gives, and the other way round.
        admin.put(&permission("reader", "items:*")).await.expect(200);
        admin.delete(&permission("reader", "items:read")).await.expect(200);
        assert_eq!(held().await, json!(["items:*"]));
        let before = version_now(&admin).await;
        assert_eq!(version(admin.delete(&permission("reader", "items:write")).await.expect(200)), before);
        assert_eq!(held().await, json!(["items:*"]));
    }

    async fn what_is_no_permission_or_no_role_is_refused(world) {
        let admin = world.administrator().await;
        world.role(&admin, "reader", &["items:read"], &[]).await;
        let before = everything(&admin).await;

        for wrong in [
            "items", "*:read", "items:re*", "Items:read", "items:read:own:own", "items:%00", "items%20:read", ":",
        ] {
            refused(admin.put(&permission("reader", wrong)).await, 400, "invalid");
            refused(admin.delete(&permission("reader", wrong)).await, 400, "invalid");
        }
        for ghost in ["ghost", "Reader", "%00", "rolecall.boss"] {
            refused(admin.get(&format!("/admin/roles/{ghost}")).await, 404, "not-found");
            refused(admin.delete(&format!("/admin/roles/{ghost}")).await, 404, "not-found");
            refused(admin.put(&permission(ghost, "items:read")).await, 404, "not-found");
            refused(admin.delete(&permission(ghost, "items:read")).await, 404, "not-found");
            for (role, junior) in [(ghost, "reader"), ("reader", ghost), (ghost, ghost)] {
                refused(admin.put(&inherits(role, junior)).await, 404, "not-found");
                refused(admin.delete(&inherits(role, junior)).await, 404, "not-found");
            }
        }

        assert_eq!(everything(&admin).await, before);
    }

    async fn a_role_inherits_and_ceases_to_once(world) {
        let admin = world.administrator().await;
        world.role(&admin, "senior", &[], &[]).await;
        world.role(&admin, "junior", &[], &[]).await;
        let before = version_now(&admin).await;
        let inherited = async || admin.get("/admin/roles/senior").await.expect(200).json()["inherits"].clone();

        let answer = admin.put(&inherits("senior", "junior")).await.expect(200);
        assert_eq!(answer.json(), json!({ "version": before + 1, "in_force": true }));
        assert_eq!(inherited().await, json!(["junior"]));
        assert_eq!(version(admin.put(&inherits("senior", "junior")).await.expect(200)), before + 1);
        assert_eq!(version(admin.put(&inherits("senior", "rolecall.admin")).await.expect(200)), before + 2);
        assert_eq!(inherited().await, json!(["junior", "rolecall.admin"]));

        let answer = admin.delete(&inherits("senior", "junior")).await.expect(200);
        assert_eq!(answer.json(), json!({ "version": before + 3, "in_force": true }));
        assert_eq!(inherited().await, json!(["rolecall.admin"]));
        assert_eq!(version(admin.delete(&inherits("senior", "junior")).await.expect(200)), before + 3);
    }

    async fn a_circle_is_refused_with_its_path(world) {
        let admin = world.administrator().await;
        world.role(&admin, "c", &[], &[]).await;
        world.role(&admin, "b", &[], &["c"]).await;
        world.role(&admin, "a", &[], &["b"]).await;
        let before = everything(&admin).await;

        for (senior, junior, path) in [
            ("c", "a", "c -> a -> b -> c"),
            ("c", "b", "c -> b -> c"),
            ("b", "a", "b -> a -> b"),
            ("a", "a", "a -> a"),
        ] {
            let told = refused(admin.put(&inherits(senior, junior)).await, 409, "role-cycle");
            let detail = told["detail"].as_str().expect("a detail").replace('`', "");
            assert!(detail.contains(path), "{detail} shows {path}");
        }

        assert_eq!(everything(&admin).await, before);
    }

    async fn a_deleted_role_is_nobodys_and_no_role_inherits_it(world) {
        let admin = world.administrator().await;
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        world.role(&admin, "editor", &[], &["reader"]).await;
        let id = account(&admin, "bob").await;
        admin.put(&assignment(&id, "reader")).await.expect(200);
        admin.put(&assignment(&id, "editor")).await.expect(200);

        admin.delete("/admin/roles/reader").await.expect(200);

        assert_eq!(admin.get("/admin/roles/editor").await.expect(200).json()["inherits"], json!([]));
        let left = items(&admin, &format!("/admin/users/{id}/roles")).await;
        assert_eq!(left, [json!({ "role": "editor", "until": null })]);
        // Born again, it is another one.
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        assert_eq!(admin.get("/admin/roles/editor").await.expect(200).json()["inherits"], json!([]));
        assert_eq!(items(&admin, &format!("/admin/users/{id}/roles")).await.len(), 1);
    }

    async fn roles_are_not_edited_by_other_methods(world) {
        let admin = world.administrator().await;
        let before = everything(&admin).await;

        for (method, path) in [
            ("PUT", "/admin/roles"),
            ("PATCH", "/admin/roles/user"),
            ("POST", "/admin/roles/user"),
            ("PUT", "/admin/roles/user"),
            ("POST", "/admin/roles/user/inherits/admin"),
            ("GET", "/admin/roles/user/inherits/admin"),
            ("PUT", "/admin/users"),
            ("DELETE", "/admin/users"),
            ("POST", "/admin/audit"),
            ("DELETE", "/admin/audit"),
        ] {
            let answer = admin.send(method, path, &[("content-type", "application/json")], "{}").await;
            refused(answer, 405, "method");
        }

        assert_eq!(everything(&admin).await, before);
    }
}
