//! `/admin/users/{id}/keys`: what an administrator sees and revokes, and of whom.

use serde_json::{Value, json};

use super::{alice, exchange, is_refused, key, robot};
use crate::{
    admin::{NOBODY, holder, items, refused, user, version, version_now},
    util::on_both,
};

on_both! {
    async fn they_are_listed_and_revoked(world) {
        let (admin, owner) = (world.administrator().await, alice(world).await);
        let (one, two, three) = (key(&owner, json!({})).await, key(&owner, json!({})).await, key(&owner, json!({})).await);
        let path = format!("{}/keys", user(owner.id()));
        assert_eq!(items(&admin, &path).await, items(&owner, "/me/keys").await);
        let first = admin.get(&format!("{path}?limit=1")).await.expect(200).json();
        assert_eq!((&first["items"][0]["id"], &first["next"]), (&json!(one.id), &json!(one.id)));
        for query in ["limit=0", "after=x", "unknown=1"] {
            refused(admin.get(&format!("{path}?{query}")).await, 400, "invalid");
        }

        let before = version_now(&admin).await;
        assert_eq!(version(admin.delete(&format!("{path}/{}", one.id)).await.expect(200)), before + 1);
        is_refused(&exchange(world, &one.text, "").await);
        robot(world, &two).await;
        assert_eq!(version(admin.delete(&path).await.expect(200)), before + 2);
        for key in [&two, &three] {
            is_refused(&exchange(world, &key.text, "").await);
        }
        assert_eq!(items(&admin, &path).await, [] as [Value; 0]);
        // There is none left: no change.
        assert_eq!(version(admin.delete(&path).await.expect(200)), before + 2);
        let audit = items(&admin, "/admin/audit?action=api_keys.revoked").await;
        assert_eq!((&audit[0]["detail"], &audit[0]["actor"]), (&json!({ "revoked": 2 }), &json!(admin.id())));
        // Log-ins go on.
        owner.get("/me").await.expect(200);
    }

    async fn an_id_that_is_not_his_is_not_there(world) {
        let (admin, owner, bob) = (world.administrator().await, alice(world).await, world.user("bob").await);
        let (hers, his) = (key(&owner, json!({})).await, key(&bob, json!({})).await);
        let path = format!("{}/keys", user(owner.id()));
        let before = version_now(&admin).await;
        for id in [&*his.id, &hers.id.to_uppercase(), NOBODY, "x", "%00"] {
            refused(admin.delete(&format!("{path}/{id}")).await, 404, "not-found");
        }
        for other in [NOBODY, "x", "%00"] {
            let path = format!("/admin/users/{other}/keys");
            refused(admin.get(&path).await, 404, "not-found");
            refused(admin.delete(&path).await, 404, "not-found");
            refused(admin.delete(&format!("{path}/{}", his.id)).await, 404, "not-found");
        }
        assert_eq!(version_now(&admin).await, before);
        for key in [&hers, &his] {
            robot(world, key).await;
        }
        // Nobody makes one for somebody else.
        admin.post(&path, super::said(json!({}))).await.expect(405);
    }

    async fn of_an_account_that_holds_more_they_stay(world) {
        let admin = world.administrator().await;
        let clerk = holder(world, &admin, "clerk", &["rolecall.sessions:read", "rolecall.sessions:write"]).await;
        let mine = key(&admin, json!({})).await;
        let path = format!("{}/keys", user(admin.id()));
        refused(clerk.delete(&path).await, 403, "stronger-account");
        refused(clerk.delete(&format!("{path}/{}", mine.id)).await, 403, "stronger-account");
        robot(world, &mine).await.get("/admin/users").await.expect(200);
        // Seeing them takes no more than the permission.
        assert_eq!(items(&clerk, &path).await.len(), 1);
        let peer = alice(world).await;
        key(&peer, json!({})).await;
        clerk.delete(&format!("{}/keys", user(peer.id()))).await.expect(200);
        assert_eq!(items(&peer, "/me/keys").await, [] as [Value; 0]);
    }
}
