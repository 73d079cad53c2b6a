//! A client is asked about like a user, by its id.

use serde_json::json;

use crate::{
    clients::client,
    util::{Actor, on_both},
};

async fn decided(who: &Actor, kind: &str, id: &str) -> bool {
    let question = json!({
        "subject": { "type": kind, "id": id }, "action": { "name": "read" }, "resource": { "type": "notes", "id": "1" },
    });
    who.post("/access/v1/evaluation", question).await.expect(200).json()["decision"] == true
}

on_both! {
    async fn what_it_may_it_may_until_it_is_disabled(world) {
        let admin = world.administrator().await;
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        let (mine, other) = (client(&admin, json!({ "client_name": "sync" })).await, client(&admin, json!({})).await);
        assert!(!decided(&admin, "client", &mine.id).await);
        admin.put(&mine.role("reader")).await.expect(200);
        assert!(decided(&admin, "client", &mine.id).await);
        // Neither by its name, nor as a user, nor another one.
        for (kind, id) in [("client", "sync"), ("user", &*mine.id), ("client", &*other.id), ("client", admin.id()), ("client", "rolecall")] {
            assert!(!decided(&admin, kind, id).await, "{kind} {id}");
        }

        admin.patch(&mine.path(), json!({ "disabled": true })).await.expect(200);
        assert!(!decided(&admin, "client", &mine.id).await);
        admin.patch(&mine.path(), json!({ "disabled": false })).await.expect(200);
        assert!(decided(&admin, "client", &mine.id).await);
        admin.delete(&mine.path()).await.expect(200);
        assert!(!decided(&admin, "client", &mine.id).await);
    }
}
