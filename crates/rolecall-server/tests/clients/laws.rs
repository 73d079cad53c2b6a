//! The laws of administration hold for clients: nobody gives one what he does not hold, acts on one that holds more, or
//! becomes more by being one.

use serde_json::json;

use super::{Client, client};
use crate::{
    admin::{everything, holder, items, refused, user, version},
    util::{Actor, Answer, on_both},
};

const CLERK: [&str; 4] = ["rolecall.clients:read", "rolecall.clients:write", "rolecall.roles:grant", "notes:read"];

/// Every call that acts on a client. `role` is one that the caller may hand out.
async fn act(caller: &Actor, client: &Client, secret: &str, role: &str) -> Vec<Answer> {
    vec![
        caller.patch(&client.path(), json!({ "disabled": true })).await,
        caller.patch(&client.path(), json!({ "disabled": false })).await,
        caller.patch(&client.path(), json!({ "client_name": "mine" })).await,
        caller.patch(&client.path(), json!({ "token_endpoint_auth_method": "client_secret_post" })).await,
        caller.patch(&client.path(), json!({ "redirect_uris": ["https://mallory.test/"] })).await,
        caller.post(&format!("{}/secrets", client.path()), json!({})).await,
        caller.delete(&format!("{}/secrets/{secret}", client.path())).await,
        caller.put(&client.role(role)).await,
        caller.delete(&client.role(role)).await,
        caller.delete(&client.path()).await,
    ]
}

on_both! {
    async fn a_client_gets_only_what_its_giver_holds(world) {
        let admin = world.administrator().await;
        let clerk = holder(world, &admin, "clerk", &CLERK).await;
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        world.role(&admin, "writer", &["notes:write"], &[]).await;
        world.give(&admin, &clerk, "reader").await;
        let mine = client(&clerk, json!({})).await;
        let before = everything(&admin).await;

        for beyond in ["writer", "admin", "rolecall.admin", "rolecall.auditor"] {
            refused(clerk.put(&mine.role(beyond)).await, 403, "beyond-your-rights");
        }
        assert_eq!(everything(&admin).await, before);
        clerk.put(&mine.role("reader")).await.expect(200);
        mine.acting(world).await.get("/notes/").await.expect(200);

        // What he holds for a time, he gives for no longer.
        let (until, path) = (world.now() + 1000, format!("{}/roles/reader", user(clerk.id())));
        admin.put_json(&path, json!({ "until": until })).await.expect(200);
        let other = client(&clerk, json!({})).await;
        refused(clerk.put(&other.role("reader")).await, 403, "beyond-your-rights");
        clerk.put_json(&other.role("reader"), json!({ "until": until })).await.expect(200);
    }

    async fn a_client_that_holds_more_is_left_alone(world) {
        let admin = world.administrator().await;
        let clerk = holder(world, &admin, "clerk", &CLERK).await;
        world.role(&admin, "writer", &["notes:write"], &[]).await;
        world.role(&admin, "vip", &[], &[]).await;
        let mut stronger = vec![];
        for role in ["writer", "vip", "admin", "rolecall.admin"] {
            let one = client(&admin, json!({})).await;
            admin.put(&one.role(role)).await.expect(200);
            let secret = admin.get(&one.path()).await.expect(200).json()["secrets"][0]["id"].clone();
            stronger.push((one, secret.as_str().expect("an id").to_owned()));
        }
        // Disabled, it is as strong as it will be.
        admin.patch(&stronger[0].0.path(), json!({ "disabled": true })).await.expect(200);
        let before = everything(&admin).await;

        for (one, secret) in &stronger {
            for answer in act(&clerk, one, secret, "user").await {
                refused(answer, 403, "stronger-account");
            }
        }
        assert_eq!(everything(&admin).await, before);
        // And one that holds no more is acted on.
        let weak = client(&admin, json!({})).await;
        for answer in act(&clerk, &weak, crate::admin::NOBODY, "user").await {
            assert!(matches!(answer.status, 200 | 201 | 404), "{}", answer.text());
        }
    }

    async fn a_client_administers_by_its_roles_and_under_its_name(world) {
        let admin = world.administrator().await;
        let robot = client(&admin, json!({ "client_name": "Provisioning" })).await;
        let given = ["rolecall.users:write", "rolecall.users:read", "rolecall.roles:grant", "rolecall.clients:write"];
        world.role(&admin, "provisioner", &given, &[]).await;
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        let acting = robot.acting(world).await;
        refused(acting.post("/admin/users", json!({ "username": "bob" })).await, 403, "forbidden");
        admin.put(&robot.role("provisioner")).await.expect(200);
        admin.put(&robot.role("reader")).await.expect(200);

        let bob = acting.post("/admin/users", json!({ "username": "bob" })).await.expect(201).json();
        let bob = bob["id"].as_str().expect("an id");
        version(acting.put(&format!("{}/roles/reader", user(bob))).await.expect(200));

        for line in items(&admin, &format!("/admin/audit?subject={bob}")).await {
            assert_eq!((&line["actor"], &line["actor_name"]), (&json!(robot.id), &json!("Provisioning")), "{line}");
        }
        // The laws are the same.
        let assign = |role: &str| format!("{}/roles/{role}", user(bob));
        refused(acting.put(&assign("admin")).await, 403, "beyond-your-rights");
        refused(acting.patch(&user(admin.id()), json!({ "disabled": true })).await, 403, "stronger-account");
        refused(acting.put(&robot.role("reader")).await, 403, "to-oneself");
        refused(acting.put(&robot.role("admin")).await, 403, "to-oneself");
        // It is no account: it does not keep the last administrator from being lost.
        admin.put(&robot.role("rolecall.admin")).await.expect(200);
        refused(acting.patch(&user(admin.id()), json!({ "disabled": true })).await, 409, "last-administrator");
        // And what it loses it has lost at the next call.
        for role in ["rolecall.admin", "provisioner"] {
            admin.delete(&robot.role(role)).await.expect(200);
        }
        refused(acting.post("/admin/users", json!({ "username": "carol" })).await, 403, "forbidden");
        admin.patch(&robot.path(), json!({ "disabled": true })).await.expect(200);
        refused(acting.post("/admin/users", json!({ "username": "carol" })).await, 401, "invalid-token");
    }
}
