//! `/admin/users/{id}/roles/{role}`: who has which role, and until when.

use serde_json::{Value, json};

use super::{account, assignment, everything, items, refused, version, version_now};
use crate::util::on_both;

on_both! {
    async fn a_role_is_given_and_taken_away_once(world) {
        let admin = world.administrator().await;
        let id = account(&admin, "bob").await;
        let before = version_now(&admin).await;
        let listed = async || items(&admin, &format!("/admin/users/{id}/roles")).await;

        let answer = admin.put(&assignment(&id, "user")).await.expect(200);
        assert_eq!(answer.json(), json!({ "version": before + 1, "in_force": true }));
        assert_eq!(listed().await, [json!({ "role": "user", "until": null })]);
        assert_eq!(version(admin.put(&assignment(&id, "user")).await.expect(200)), before + 1);
        // Any content type is right for no body at all.
        let answer = admin.send("PUT", &assignment(&id, "user"), &[("content-type", "text/plain")], "").await;
        assert_eq!(version(answer.expect(200)), before + 1);

        let answer = admin.delete(&assignment(&id, "user")).await.expect(200);
        assert_eq!(answer.json(), json!({ "version": before + 2, "in_force": true }));
        assert_eq!(listed().await, Vec::<Value>::new());
        assert_eq!(version(admin.delete(&assignment(&id, "user")).await.expect(200)), before + 2);
    }

    async fn an_end_is_set_moved_and_removed(world) {
        let admin = world.administrator().await;
        let id = account(&admin, "bob").await;
        let (before, now) = (version_now(&admin).await, world.now());
        let until = async |body: Value| {
            let version = version(admin.put_json(&assignment(&id, "user"), body).await.expect(200));
            let listed = items(&admin, &format!("/admin/users/{id}/roles")).await;
            assert_eq!(listed.len(), 1);
            (version - before, listed[0]["until"].clone())
        };

        assert_eq!(until(json!({ "until": now + 3600 })).await, (1, json!(now + 3600)));
        assert_eq!(until(json!({ "until": now + 3600 })).await, (1, json!(now + 3600)));
        assert_eq!(until(json!({ "until": now + 7200 })).await, (2, json!(now + 7200)));
        assert_eq!(until(json!({ "until": now + 60 })).await, (3, json!(now + 60)));
        assert_eq!(until(json!({ "until": i64::MAX })).await, (4, json!(i64::MAX)));
        assert_eq!(until(json!({ "until": null })).await, (5, json!(null)));
        assert_eq!(until(json!({})).await, (5, json!(null)));
        assert_eq!(until(json!({ "until": now + 60 })).await, (6, json!(now + 60)));
        // Without a body: no end.
        assert_eq!(version(admin.put(&assignment(&id, "user")).await.expect(200)), before + 7);
        assert_eq!(until(json!({})).await, (7, json!(null)));
    }

    async fn an_end_that_is_none_changes_nothing(world) {
        let admin = world.administrator().await;
        let id = account(&admin, "bob").await;
        let (path, now) = (assignment(&id, "user"), world.now());
        let before = everything(&admin).await;

        for past in [json!(now), json!(now - 1), json!(0), json!(-1), json!(i64::MIN)] {
            let told = refused(admin.put_json(&path, json!({ "until": past })).await, 400, "invalid");
            assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("`until`")), "{told}");
        }
        for wrong in [
            json!({ "until": "tomorrow" }),
            json!({ "until": (now + 60).to_string() }),
            json!({ "until": 2e9 }),
            json!({ "until": now as f64 + 60.5 }),
            json!({ "until": u64::MAX }),
            json!({ "until": true }),
            json!({ "until": [now + 60] }),
            json!({ "until": now + 60, "from": now }),
            json!({ "Until": now + 60 }),
            json!([now + 60]),
            json!(now + 60),
            json!(null),
        ] {
            refused(admin.put_json(&path, wrong).await, 400, "invalid");
        }
        for no_json in ["{", "until=1", " ", r#"{"until":1e999}"#, r#"{"until":null,"until":null}"#] {
            let answer = admin.send("PUT", &path, &[("content-type", "application/json")], no_json).await;
            refused(answer, 400, "invalid");
        }
        let until = || json!({ "until": now + 60 }).to_string();
        refused(admin.send("PUT", &path, &[], until()).await, 415, "content-type");
        refused(admin.send("PUT", &path, &[("content-type", "text/plain")], until()).await, 415, "content-type");

        assert_eq!(everything(&admin).await, before);
    }

    async fn an_unknown_role_is_not_found(world) {
        let admin = world.administrator().await;
        let id = account(&admin, "bob").await;
        let before = everything(&admin).await;

        for role in ["ghost", "User", "user%20", "%00", "rolecall.", "rolecall.boss", "%E2%98%83"] {
            refused(admin.put(&assignment(&id, role)).await, 404, "not-found");
            refused(admin.delete(&assignment(&id, role)).await, 404, "not-found");
        }

        assert_eq!(everything(&admin).await, before);
    }

    async fn nobody_gives_a_role_to_himself(world) {
        let admin = world.administrator().await;
        let before = everything(&admin).await;

        for role in ["user", "admin", "rolecall.admin"] {
            refused(admin.put(&assignment(admin.id(), role)).await, 403, "to-oneself");
        }
        let later = json!({ "until": world.now() + 60 });
        refused(admin.put_json(&assignment(admin.id(), "admin"), later).await, 403, "to-oneself");

        assert_eq!(everything(&admin).await, before);
    }

    async fn a_caller_says_how_long_he_waits(world) {
        let admin = world.administrator().await;
        let id = account(&admin, "bob").await;

        for prefer in [
            "respond-async",
            "wait=5",
            "wait=0",
            "wait = 5",
            "wait=\"5\"",
            "respond-async, wait=5",
            "WAIT=5",
            "wait=5, foo; bar",
            // What is not understood is passed over.
            "wait=-1",
            "wait=soon",
            "return=minimal",
            "",
        ] {
            for method in ["PUT", "DELETE"] {
                let answer = admin.send(method, &assignment(&id, "user"), &[("prefer", prefer)], "").await;
                assert_eq!(answer.expect(200).json()["in_force"], true, "`{prefer}`");
            }
        }
        // It goes for everything that changes something.
        for (method, path, body) in [
            ("POST", "/admin/users".to_owned(), r#"{"username":"carol"}"#),
            ("POST", "/admin/roles".to_owned(), r#"{"name":"reader","permissions":[]}"#),
            ("PUT", "/admin/roles/reader/permissions/items:read".to_owned(), ""),
            ("PUT", "/admin/roles/reader/inherits/user".to_owned(), ""),
            ("DELETE", "/admin/roles/reader/inherits/user".to_owned(), ""),
            ("DELETE", "/admin/roles/reader/permissions/items:read".to_owned(), ""),
            ("DELETE", "/admin/roles/reader".to_owned(), ""),
            ("PATCH", format!("/admin/users/{id}"), r#"{"disabled":true}"#),
            ("DELETE", format!("/admin/users/{id}"), ""),
        ] {
            let headers = [("prefer", "respond-async"), ("content-type", "application/json")];
            let answer = admin.send(method, &path, &headers, body).await;
            assert!(matches!(answer.status, 200 | 201), "{method} {path}: {}", answer.text());
            assert_eq!(answer.json()["in_force"], true);
        }
    }
}
