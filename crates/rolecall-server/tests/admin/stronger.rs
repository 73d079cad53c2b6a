//! Nobody acts on an account that holds more than he does himself.

use serde_json::{Value, json};

use super::{account, assignment, everything, holder, items, refused, user};
use crate::util::{Actor, Answer, on_both};

const CLERK: [&str; 4] = ["rolecall.users:read", "rolecall.users:write", "rolecall.roles:grant", "items:read"];

/// Every call that acts on an account. `role` is one that the caller may hand out.
async fn act(caller: &Actor, id: &str, role: &str) -> Vec<Answer> {
    vec![
        caller.patch(&user(id), json!({ "disabled": true })).await,
        caller.patch(&user(id), json!({ "disabled": false })).await,
        caller.patch(&user(id), json!({ "email": format!("{id}@example.org") })).await,
        caller.patch(&user(id), json!({ "email": null })).await,
        caller.put(&assignment(id, role)).await,
        caller.put_json(&assignment(id, role), json!({ "until": 4_000_000_000_i64 })).await,
        caller.delete(&assignment(id, role)).await,
        caller.delete(&user(id)).await,
    ]
}

on_both! {
    async fn an_account_that_holds_more_is_left_alone(world) {
        let admin = world.administrator().await;
        let clerk = holder(world, &admin, "clerk", &CLERK).await;
        world.role(&admin, "writer", &["items:write"], &[]).await;
        world.role(&admin, "vip", &[], &[]).await;
        world.role(&admin, "above", &[], &["writer"]).await;
        world.role(&admin, "owner", &["items:write:own"], &[]).await;
        world.role(&admin, "reading", &["rolecall.audit:read"], &[]).await;
        let stronger = ["writer", "vip", "above", "owner", "reading", "admin", "rolecall.admin"];
        let mut ids = vec![admin.id().to_owned()];
        for role in stronger {
            let id = account(&admin, &format!("with-{}", role.replace('.', "-"))).await;
            admin.put(&assignment(&id, "user")).await.expect(200);
            admin.put(&assignment(&id, role)).await.expect(200);
            ids.push(id);
        }
        // Disabled, he is as strong as he will be.
        let sleeper = account(&admin, "sleeper").await;
        admin.put(&assignment(&sleeper, "writer")).await.expect(200);
        admin.patch(&user(&sleeper), json!({ "disabled": true })).await.expect(200);
        ids.push(sleeper);
        let before = everything(&admin).await;

        for id in &ids {
            for answer in act(&clerk, id, "user").await {
                let told = refused(answer, 403, "stronger-account");
                assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("more than you")), "{told}");
            }
        }

        assert_eq!(everything(&admin).await, before);
    }

    async fn an_account_that_holds_no_more_is_acted_on(world) {
        let admin = world.administrator().await;
        let clerk = holder(world, &admin, "clerk", &CLERK).await;
        let peer = account(&admin, "peer").await;
        admin.put(&assignment(&peer, "clerk-role")).await.expect(200);
        let weak = account(&admin, "weak").await;
        for id in [peer, weak] {
            for answer in act(&clerk, &id, "user").await {
                answer.expect(200);
            }
        }
        // Himself he may do without, but not more than that.
        clerk.patch(&user(clerk.id()), json!({ "email": "clerk@example.org" })).await.expect(200);
        refused(clerk.put(&assignment(clerk.id(), "user")).await, 403, "to-oneself");
        clerk.delete(&assignment(clerk.id(), "user")).await.expect(200);
        clerk.delete(&assignment(clerk.id(), "clerk-role")).await.expect(200);
        refused(clerk.patch(&user(clerk.id()), json!({})).await, 403, "forbidden");
    }

    async fn a_token_cut_to_a_scope_acts_on_those_within_it(world) {
        let admin = world.administrator().await;
        let (bob, carol) = (account(&admin, "bob").await, account(&admin, "carol").await);
        admin.put(&assignment(&bob, "user")).await.expect(200);
        let scope = Some("rolecall.users:write rolecall.roles:grant");
        let answer = world.nobody().log_in_for("admin", world.password(), scope).await.expect(200).json();
        let less = admin.with_token(answer["access_token"].as_str().expect("a token"));
        let before = everything(&admin).await;

        for answer in act(&less, &bob, "user").await {
            refused(answer, 403, "stronger-account");
        }
        refused(less.delete(&user(admin.id())).await, 403, "stronger-account");

        assert_eq!(everything(&admin).await, before);
        less.delete(&user(&carol)).await.expect(200);
    }

    async fn what_an_account_holds_is_read_when_it_is_acted_on(world) {
        let admin = world.administrator().await;
        let clerk = holder(world, &admin, "clerk", &CLERK).await;
        world.role(&admin, "plain", &[], &[]).await;
        world.role(&admin, "writer", &["items:write"], &[]).await;
        let bob = account(&admin, "bob").await;
        world.give(&admin, &clerk, "plain").await;
        admin.put(&assignment(&bob, "plain")).await.expect(200);
        let acted = async || clerk.patch(&user(&bob), json!({ "email": null })).await;
        acted().await.expect(200);

        admin.put("/admin/roles/plain/inherits/writer").await.expect(200);
        // Both have it now.
        acted().await.expect(200);
        admin.delete(&assignment(clerk.id(), "plain")).await.expect(200);
        refused(acted().await, 403, "stronger-account");
        admin.delete("/admin/roles/plain").await.expect(200);
        acted().await.expect(200);
        admin.put(&assignment(&bob, "writer")).await.expect(200);
        refused(acted().await, 403, "stronger-account");
        admin.put_json(&assignment(&bob, "writer"), json!({ "until": world.now() + 60 })).await.expect(200);
        refused(acted().await, 403, "stronger-account");
        world.wait_for(61).await;
        // An assignment that has ended counts for nothing, though it is still listed.
        acted().await.expect(200);
        assert_eq!(items(&admin, &format!("/admin/users/{bob}/roles")).await.len(), 1);
        clerk.delete(&user(&bob)).await.expect(200);
        assert_eq!(admin.get(&user(&bob)).await.expect(404).json()["status"], Value::from(404));
    }
}
