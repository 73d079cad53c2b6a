//! Who may read keys, and who may change them.

use serde_json::json;

use super::{kid, rotate};
use crate::util::on_both;

on_both! {
    async fn an_auditor_reads_and_changes_nothing(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        world.give(&admin, &alice, "rolecall.auditor").await;
        let listed = alice.get("/admin/keys").await.expect(200).json();
        assert_eq!(listed["items"][0]["kid"], kid(&admin));
        alice.post("/admin/keys", json!({})).await.expect(403);
        alice.delete(&format!("/admin/keys/{}", kid(&admin))).await.expect(403);
        assert_eq!(admin.get("/admin/keys").await.expect(200).json(), listed);
    }

    async fn a_list_has_pages(world) {
        let admin = world.administrator().await;
        let mut kids = vec![kid(&admin), rotate(&admin).await, rotate(&admin).await];
        kids.sort();
        let mut found = vec![];
        let mut path = "/admin/keys?limit=2".to_owned();
        loop {
            let page = admin.get(&path).await.expect(200).json();
            found.extend(page["items"].as_array().expect("items").iter().map(|key| key["kid"].clone()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/admin/keys?limit=2&after={next}");
        }
        assert_eq!(json!(found), json!(kids));
        admin.get("/admin/keys?limit=0").await.expect(400);
        admin.get("/admin/keys?state=signing").await.expect(400);
    }
}
