//! What an old token may do is what its account may do now: rights arrive with it and leave it at the next call, and a
//! session that is over stays over.

use serde_json::json;

use super::{assignment, inherits, permission, refused, user, version};
use crate::util::{Actor, on_both, world::PASSWORD};

async fn cut(person: &Actor, scope: &str) -> Actor {
    let answer = person.log_in_for(person.name(), PASSWORD, Some(scope)).await.expect(200).json();
    person.with_token(answer["access_token"].as_str().expect("a token"))
}

on_both! {
    async fn whoever_is_disabled_is_out_until_he_logs_in_anew(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        let second = world.nobody().logged_in("bob", PASSWORD).await;
        bob.get("/users/").await.expect(200);

        let told = admin.patch(&user(bob.id()), json!({ "disabled": true })).await.expect(200).json();

        assert_eq!(told["in_force"], true);
        for token in [&bob, &second] {
            for path in ["/users/", "/me", "/admin/users"] {
                let answer = token.get(path).await;
                assert!(answer.header("www-authenticate").contains("invalid_token"));
                refused(answer, 401, "invalid-token");
            }
            // Where nobody need log in, a token that is over is refused all the same.
            token.get("/hello").await.expect(401);
        }
        let answer = world.nobody().log_in("bob", PASSWORD).await.expect(400);
        assert_eq!(answer.json()["error"], "invalid_grant");

        admin.patch(&user(bob.id()), json!({ "disabled": false })).await.expect(200);
        for token in [&bob, &second] {
            refused(token.get("/users/").await, 401, "invalid-token");
        }
        let again = world.nobody().logged_in("bob", PASSWORD).await;
        assert_eq!(again.id(), bob.id());
        again.get("/users/").await.expect(200);
        // What is given to him later does not raise the dead one either.
        world.give(&admin, &again, "admin").await;
        again.get("/items/").await.expect(200);
        refused(bob.get("/items/").await, 401, "invalid-token");
    }

    async fn an_administrator_who_is_disabled_or_deleted_does_nothing_more(world) {
        let admin = world.administrator().await;
        for (name, how) in [("one", "disabled"), ("two", "deleted"), ("three", "deassigned")] {
            let deputy = world.user(name).await;
            world.give(&admin, &deputy, "rolecall.admin").await;
            deputy.get("/admin/users").await.expect(200);
            let (path, status) = (user(deputy.id()), if how == "deassigned" { 403 } else { 401 });
            match how {
                "disabled" => admin.patch(&path, json!({ "disabled": true })).await.expect(200),
                "deleted" => admin.delete(&path).await.expect(200),
                _ => admin.delete(&assignment(deputy.id(), "rolecall.admin")).await.expect(200),
            };
            deputy.get("/admin/users").await.expect(status);
            deputy.put(&assignment(admin.id(), "user")).await.expect(status);
            deputy.post("/admin/users", json!({ "username": "accomplice" })).await.expect(status);
            deputy.post("/admin/roles", json!({ "name": "back-door", "permissions": [] })).await.expect(status);
        }
    }

    async fn a_permission_comes_and_goes_with_its_role(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        world.role(&admin, "reader", &[], &[]).await;
        world.give(&admin, &bob, "reader").await;
        bob.get("/notes/").await.expect(403);

        for grant in ["notes:read", "notes:*", "*"] {
            version(admin.put(&permission("reader", grant)).await.expect(200));
            bob.get("/notes/").await.expect(200);
            version(admin.delete(&permission("reader", grant)).await.expect(200));
            bob.get("/notes/").await.expect(403);
        }
        // Own notes are not all notes.
        admin.put(&permission("reader", "notes:read:own")).await.expect(200);
        bob.get("/notes/").await.expect(403);
        // A permission that nobody knew before is one, too.
        assert_eq!(bob.get("/may/gadgets:turn").await.expect(200).json(), false);
        admin.put(&permission("reader", "gadgets:turn")).await.expect(200);
        assert_eq!(bob.get("/may/gadgets:turn").await.expect(200).json(), true);
    }

    async fn inheritance_comes_and_goes_for_everybody_above(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        world.role(&admin, "editor", &[], &[]).await;
        world.role(&admin, "chief", &[], &["editor"]).await;
        world.give(&admin, &bob, "chief").await;
        bob.get("/notes/").await.expect(403);

        admin.put(&inherits("editor", "reader")).await.expect(200);
        bob.get("/notes/").await.expect(200);
        assert_eq!(bob.get("/has/reader").await.expect(200).json(), true);
        admin.delete(&inherits("editor", "reader")).await.expect(200);
        bob.get("/notes/").await.expect(403);
        assert_eq!(bob.get("/has/reader").await.expect(200).json(), false);
        admin.put(&inherits("editor", "reader")).await.expect(200);
        bob.get("/notes/").await.expect(200);
        admin.delete("/admin/roles/editor").await.expect(200);
        bob.get("/notes/").await.expect(403);
        assert_eq!(bob.get("/has/chief").await.expect(200).json(), true);
    }

    async fn rights_given_arrive_with_the_old_token_as_far_as_its_scope_goes(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        world.role(&admin, "reader", &["notes:read", "notes:write"], &[]).await;
        world.give(&admin, &bob, "reader").await;
        let (as_user, as_reader, reading) =
            (cut(&bob, "user").await, cut(&bob, "reader").await, cut(&bob, "notes:read").await);
        for token in [&bob, &as_reader, &reading] {
            token.get("/notes/").await.expect(200);
        }
        as_user.get("/notes/").await.expect(403);
        reading.post("/notes/", json!({})).await.expect(403);

        admin.delete(&assignment(bob.id(), "reader")).await.expect(200);
        for token in [&bob, &as_reader, &reading, &as_user] {
            token.get("/notes/").await.expect(403);
        }
        world.give(&admin, &bob, "admin").await;
        for (token, read, write, items) in [
            (&bob, 200, 200, 200),
            (&as_user, 403, 403, 403),
            (&as_reader, 403, 403, 403),
            (&reading, 200, 403, 403),
        ] {
            token.get("/notes/").await.expect(read);
            token.post("/notes/", json!({})).await.expect(write);
            token.get("/items/").await.expect(items);
        }
        // The role that a scope names comes back, by itself or by one that inherits it.
        world.role(&admin, "above", &[], &["reader"]).await;
        world.give(&admin, &bob, "above").await;
        as_reader.get("/notes/").await.expect(200);
        as_reader.get("/items/").await.expect(403);
    }

    async fn a_token_cut_to_a_role_follows_the_inheritance_that_gave_it(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        world.role(&admin, "editor", &[], &["reader"]).await;
        world.role(&admin, "chief", &[], &["editor"]).await;
        world.give(&admin, &bob, "chief").await;
        // The token names `reader`, and nothing of the roles by which it came.
        let (named, unseen) = (cut(&bob, "reader").await, cut(&bob, "reader").await);
        let both = cut(&bob, "user reader").await;
        named.get("/notes/").await.expect(200);
        both.get("/notes/").await.expect(200);

        admin.delete(&inherits("editor", "reader")).await.expect(200);
        for token in [&named, &unseen, &both] {
            token.get("/notes/").await.expect(403);
            assert_eq!(token.get("/has/reader").await.expect(200).json(), false);
        }
        // Looked up meanwhile, it is still a token for a role that may come again, and by another way.
        world.give(&admin, &bob, "admin").await;
        named.get("/notes/").await.expect(403);
        admin.put(&inherits("admin", "reader")).await.expect(200);
        named.get("/notes/").await.expect(200);
        admin.delete(&assignment(bob.id(), "admin")).await.expect(200);
        named.get("/notes/").await.expect(403);
        admin.put(&inherits("editor", "reader")).await.expect(200);
        for token in [&named, &unseen, &both] {
            token.get("/notes/").await.expect(200);
        }
        // Without the role in between.
        let again = cut(&bob, "reader").await;
        admin.delete("/admin/roles/editor").await.expect(200);
        for token in [&named, &unseen, &both, &again] {
            token.get("/notes/").await.expect(403);
        }
        admin.put(&inherits("chief", "reader")).await.expect(200);
        for token in [&named, &unseen, &both, &again] {
            token.get("/notes/").await.expect(200);
        }
        // Without the role that was assigned.
        admin.delete("/admin/roles/chief").await.expect(200);
        for token in [&named, &unseen, &both, &again] {
            token.get("/notes/").await.expect(403);
        }
        both.get("/users/").await.expect(200);
    }

    async fn a_role_born_again_gives_nothing_to_those_of_the_first(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        world.role(&admin, "above", &[], &["reader"]).await;
        world.give(&admin, &bob, "reader").await;
        let carol = world.user("carol").await;
        world.give(&admin, &carol, "above").await;
        // Some tokens name the role, some were looked up, one has not been seen since, one is cut to it.
        let (minted, unseen) = (world.nobody().logged_in("bob", PASSWORD).await, cut(&bob, "reader user").await);
        let (named, inherited) = (cut(&bob, "reader").await, cut(&carol, "reader").await);
        for token in [&bob, &minted, &named, &inherited, &carol] {
            token.get("/notes/").await.expect(200);
        }

        admin.delete("/admin/roles/reader").await.expect(200);
        for token in [&bob, &minted, &named, &inherited, &carol] {
            token.get("/notes/").await.expect(403);
        }
        world.role(&admin, "reader", &["notes:read", "notes:write"], &[]).await;

        for token in [&bob, &minted, &unseen, &named, &inherited, &carol] {
            token.get("/notes/").await.expect(403);
            assert_eq!(token.get("/has/reader").await.expect(200).json(), false);
        }
        let later = world.nobody().logged_in("bob", PASSWORD).await;
        later.get("/notes/").await.expect(403);
        // Given anew, it counts with all of them.
        world.give(&admin, &bob, "reader").await;
        for token in [&bob, &minted, &unseen, &named, &later] {
            token.get("/notes/").await.expect(200);
        }
        admin.put(&inherits("above", "reader")).await.expect(200);
        inherited.get("/notes/").await.expect(200);
    }
}
