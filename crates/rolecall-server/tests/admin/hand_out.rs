//! The first law: whoever hands something out holds it. Permissions by what they cover, roles by their names too, and
//! a token that was cut to a scope hands out no more than it may use.

use serde_json::json;

use super::{account, assignment, everything, holder, inherits, permission, refused};
use crate::util::{Actor, World, on_both, world::PASSWORD};

/// May edit roles and give them; holds besides one permission, all on one object, and one for his own objects.
async fn clerk(world: &World, admin: &Actor) -> Actor {
    let held = ["rolecall.roles:write", "rolecall.roles:grant", "items:read", "notes:*", "docs:read:own"];
    holder(world, admin, "clerk", &held).await
}

/// Logs in again, cut to a scope.
async fn cut(person: &Actor, scope: &str) -> Actor {
    let answer = person.log_in_for(person.name(), PASSWORD, Some(scope)).await.expect(200).json();
    person.with_token(answer["access_token"].as_str().expect("a token"))
}

on_both! {
    async fn a_permission_is_handed_out_by_whoever_holds_what_covers_it(world) {
        let admin = world.administrator().await;
        let clerk = clerk(world, &admin).await;
        world.role(&admin, "plain", &[], &[]).await;
        world.give(&admin, &clerk, "plain").await;

        let held = [
            "items:read", "items:read:own", "notes:*", "notes:*:own", "notes:read", "notes:write:own",
            "docs:read:own", "rolecall.roles:write", "rolecall.roles:grant", "rolecall.roles:write:own",
        ];
        for (number, grant) in held.into_iter().enumerate() {
            clerk.put(&permission("plain", grant)).await.expect(200);
            clerk.delete(&permission("plain", grant)).await.expect(200);
            let role = json!({ "name": format!("made-{number}"), "permissions": [grant] });
            clerk.post("/admin/roles", role).await.expect(201);
        }
        let before = everything(&admin).await;
        for grant in [
            "*", "items:*", "items:*:own", "items:write", "items:write:own", "docs:read", "docs:*:own",
            "docs:write:own",
            "note:read", "notesx:read", "rolecall.roles:*", "rolecall.roles:read", "rolecall.users:write",
            "rolecall.audit:read:own", "rolecall:read",
        ] {
            let told = refused(clerk.put(&permission("plain", grant)).await, 403, "beyond-your-rights");
            assert!(told["detail"].as_str().is_some_and(|detail| detail.contains(&format!("`{grant}`"))), "{told}");
            let role = json!({ "name": "beyond", "permissions": ["items:read", grant] });
            refused(clerk.post("/admin/roles", role).await, 403, "beyond-your-rights");
        }
        assert_eq!(everything(&admin).await, before);
    }

    async fn a_role_is_handed_out_by_whoever_holds_it_with_all_that_it_inherits(world) {
        let admin = world.administrator().await;
        let clerk = clerk(world, &admin).await;
        let bob = account(&admin, "bob").await;
        // What he has: by assignment, and by inheritance.
        world.role(&admin, "junior", &["notes:read"], &[]).await;
        world.role(&admin, "senior", &["items:read"], &["junior"]).await;
        world.give(&admin, &clerk, "senior").await;
        // What he has not: the permissions alone are not the role, for a route may ask for its name.
        world.role(&admin, "twin", &["items:read"], &[]).await;
        world.role(&admin, "empty", &[], &[]).await;
        world.role(&admin, "heavy", &["items:write"], &["junior"]).await;
        world.role(&admin, "above", &[], &["senior"]).await;
        world.role(&admin, "target", &[], &[]).await;
        world.give(&admin, &clerk, "target").await;

        for role in ["clerk-role", "senior", "junior", "user"] {
            clerk.put(&assignment(&bob, role)).await.expect(200);
            clerk.delete(&assignment(&bob, role)).await.expect(200);
            clerk.put_json(&assignment(&bob, role), json!({ "until": world.now() + 600 })).await.expect(200);
            clerk.delete(&assignment(&bob, role)).await.expect(200);
            clerk.put(&inherits("target", role)).await.expect(200);
            clerk.delete(&inherits("target", role)).await.expect(200);
            let heir = json!({ "name": format!("heir-of-{role}"), "permissions": [], "inherits": [role] });
            clerk.post("/admin/roles", heir).await.expect(201);
        }
        let before = everything(&admin).await;
        // Whoever makes a role has not got it by that.
        for role in ["twin", "empty", "heavy", "above", "admin", "rolecall.admin", "rolecall.auditor", "heir-of-user"] {
            refused(clerk.put(&assignment(&bob, role)).await, 403, "beyond-your-rights");
            let until = json!({ "until": world.now() + 600 });
            refused(clerk.put_json(&assignment(&bob, role), until).await, 403, "beyond-your-rights");
            refused(clerk.put(&inherits("target", role)).await, 403, "beyond-your-rights");
            let heir = json!({ "name": "heir", "permissions": [], "inherits": ["user", role] });
            refused(clerk.post("/admin/roles", heir).await, 403, "beyond-your-rights");
        }
        assert_eq!(everything(&admin).await, before);
    }

    async fn a_role_that_grew_above_its_giver_is_no_longer_his_to_give(world) {
        let admin = world.administrator().await;
        let clerk = clerk(world, &admin).await;
        let bob = account(&admin, "bob").await;
        world.role(&admin, "low", &["items:read"], &[]).await;
        world.role(&admin, "mid", &[], &["low"]).await;
        world.give(&admin, &clerk, "mid").await;
        clerk.put(&assignment(&bob, "low")).await.expect(200);
        clerk.delete(&assignment(&bob, "low")).await.expect(200);

        // He loses the upper one: the lower one is not his name any more, though the permission is.
        admin.delete(&assignment(clerk.id(), "mid")).await.expect(200);
        refused(clerk.put(&assignment(&bob, "low")).await, 403, "beyond-your-rights");
        // He gets the lower one, and hands out all that it holds, until he loses that.
        world.give(&admin, &clerk, "low").await;
        clerk.put(&assignment(&bob, "low")).await.expect(200);
        refused(clerk.put(&inherits("low", "mid")).await, 409, "role-cycle");
        admin.delete(&assignment(clerk.id(), "low")).await.expect(200);
        refused(clerk.put(&assignment(&bob, "user")).await, 403, "stronger-account");
    }

    async fn everything_counts_as_any_name_but_the_service_s(world) {
        let admin = world.administrator().await;
        let chief = holder(world, &admin, "chief", &["*", "rolecall.roles:write", "rolecall.roles:grant"]).await;
        let bob = account(&admin, "bob").await;
        world.role(&admin, "empty", &[], &[]).await;
        world.role(&admin, "twin", &["items:read", "notes:*:own", "*"], &["empty"]).await;
        world.role(&admin, "giver", &["rolecall.roles:grant"], &[]).await;
        world.role(&admin, "reader", &["rolecall.users:read"], &[]).await;
        world.role(&admin, "above", &[], &["reader"]).await;
        world.role(&admin, "boss", &[], &["rolecall.admin"]).await;

        for role in ["empty", "twin", "giver", "admin", "user"] {
            chief.put(&assignment(&bob, role)).await.expect(200);
            chief.put(&inherits("empty", "giver")).await.expect(200);
            chief.delete(&inherits("empty", "giver")).await.expect(200);
        }
        for grant in ["*", "items:*", "anything:at-all", "rolecall:read", "rolecall.roles:grant"] {
            chief.put(&permission("twin", grant)).await.expect(200);
        }
        let before = everything(&admin).await;
        for role in ["reader", "above", "boss", "rolecall.admin", "rolecall.auditor"] {
            refused(chief.put(&assignment(&bob, role)).await, 403, "beyond-your-rights");
            refused(chief.put(&inherits("twin", role)).await, 403, "beyond-your-rights");
        }
        for grant in ["rolecall.users:read", "rolecall.roles:*", "rolecall.audit:read:own", "rolecall.other:read"] {
            refused(chief.put(&permission("twin", grant)).await, 403, "beyond-your-rights");
        }
        assert_eq!(everything(&admin).await, before);

        // Holding all of its permissions is not being authorized for a role of the service's.
        for own in ["rolecall.users:read", "rolecall.roles:read", "rolecall.audit:read"] {
            admin.put(&permission("chief-role", own)).await.expect(200);
        }
        chief.put(&assignment(&bob, "reader")).await.expect(200);
        refused(chief.put(&assignment(&bob, "rolecall.auditor")).await, 403, "beyond-your-rights");
        admin.put(&assignment(&bob, "rolecall.admin")).await.expect(200);
    }

    async fn a_role_that_holds_more_than_its_editor_is_not_edited(world) {
        let admin = world.administrator().await;
        let clerk = clerk(world, &admin).await;
        world.role(&admin, "low", &[], &[]).await;
        world.give(&admin, &clerk, "low").await;
        world.role(&admin, "strong", &["items:read", "items:write"], &[]).await;
        world.role(&admin, "heir", &["items:read"], &["strong", "user"]).await;
        world.role(&admin, "service", &["rolecall.audit:read"], &["user"]).await;
        world.role(&admin, "own", &["docs:read"], &["user"]).await;
        let before = everything(&admin).await;

        for role in ["strong", "heir", "service", "own", "admin"] {
            refused(clerk.delete(&format!("/admin/roles/{role}")).await, 403, "beyond-your-rights");
            refused(clerk.delete(&permission(role, "items:read")).await, 403, "beyond-your-rights");
            refused(clerk.put(&permission(role, "items:read")).await, 403, "beyond-your-rights");
            refused(clerk.delete(&inherits(role, "user")).await, 403, "beyond-your-rights");
            refused(clerk.put(&inherits(role, "user")).await, 403, "beyond-your-rights");
        }
        assert_eq!(everything(&admin).await, before);

        for call in ["/admin/roles/low/permissions/items:read", "/admin/roles/low/inherits/user"] {
            clerk.put(call).await.expect(200);
            clerk.delete(call).await.expect(200);
        }
        clerk.delete("/admin/roles/low").await.expect(200);
    }

    async fn a_scope_cuts_what_its_bearer_hands_out(world) {
        let admin = world.administrator().await;
        let held = ["*", "rolecall.roles:write", "rolecall.roles:grant"];
        let boss = holder(world, &admin, "boss", &held).await;
        world.role(&admin, "helper", &["rolecall.roles:grant", "rolecall.roles:write", "items:read"], &[]).await;
        world.role(&admin, "reader", &["items:read"], &[]).await;
        world.role(&admin, "empty", &[], &[]).await;
        world.give(&admin, &boss, "helper").await;
        world.give(&admin, &boss, "reader").await;
        let bob = account(&admin, "bob").await;

        // The whole of it first.
        for role in ["helper", "reader", "empty", "boss-role"] {
            boss.put(&assignment(&bob, role)).await.expect(200);
            boss.delete(&assignment(&bob, role)).await.expect(200);
        }
        let editing = "rolecall.roles:write rolecall.roles:grant";
        let mut made = 0;
        for (scope, grants, roles) in [
            // Permissions: only these, and no names, for it names none.
            (format!("{editing} items:*"), vec!["items:read", "items:*", "items:write:own", "items:read:own"], vec![]),
            (format!("{editing} items:read:own"), vec!["items:read:own"], vec![]),
            (editing.to_owned(), vec![], vec![]),
            // A role alone: that role, with what it holds.
            ("helper".to_owned(), vec!["items:read", "items:read:own"], vec!["helper"]),
            // Roles and permissions: the names of these, as far as the permissions go.
            (format!("helper reader {editing} items:read"), vec!["items:read", "items:read:own"],
                vec!["helper", "reader"]),
            (format!("helper reader {editing} items:read:own"), vec!["items:read:own"], vec![]),
            (format!("helper reader {editing}"), vec![], vec![]),
            // Everything but what is not named of the service's.
            (format!("{editing} *"),
                vec!["notes:read", "*", "items:*", "items:read", "items:write:own", "items:read:own"],
                vec!["helper", "reader", "empty", "boss-role"]),
        ] {
            let less = cut(&boss, &scope).await;
            for grant in [
                "items:read", "items:*", "items:write:own", "items:read:own", "notes:read", "*", "rolecall.audit:read",
            ] {
                made += 1;
                let role = json!({ "name": format!("made-{made}"), "permissions": [grant] });
                let answer = less.post("/admin/roles", role).await;
                match grants.contains(&grant) {
                    true => drop(answer.expect(201)),
                    false => drop(refused(answer, 403, "beyond-your-rights")),
                }
            }
            for role in ["helper", "reader", "empty", "boss-role"] {
                let answer = less.put(&assignment(&bob, role)).await;
                match roles.contains(&role) {
                    true => drop(answer.expect(200)),
                    false => drop(refused(answer, 403, "beyond-your-rights")),
                }
                admin.delete(&assignment(&bob, role)).await.expect(200);
            }
        }
    }
}
