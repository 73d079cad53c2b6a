//! What a key may: at most what the session that made it might, and of that what its owner holds.

use serde_json::{Value, json};

use super::{alice, bearer, claims, exchange, key, robot, said};
use crate::{
    admin::{account, assignment, items, refused},
    face::{encoded, oauth_error},
    util::{Actor, World, on_both, world::PASSWORD},
};

/// Alice with the roles `user`, `editor` (`notes:*`, inherits `reader`: `notes:read`) and `author` (`docs:edit:own`).
async fn people(world: &World) -> (Actor, Actor) {
    let (admin, alice) = (world.administrator().await, alice(world).await);
    world.role(&admin, "reader", &["notes:read"], &[]).await;
    world.role(&admin, "editor", &["notes:*"], &["reader"]).await;
    world.role(&admin, "author", &["docs:edit:own"], &[]).await;
    for role in ["editor", "author"] {
        world.give(&admin, &alice, role).await;
    }
    (admin, alice)
}

/// Alice with a token that is cut to this.
async fn cut(world: &World, alice: &Actor, scope: &str) -> Actor {
    let told = world.nobody().log_in_for("alice", PASSWORD, Some(scope)).await.expect(200).json();
    alice.with_token(told["access_token"].as_str().expect("a token"))
}

on_both! {
    async fn at_most_what_the_session_may(world) {
        let (_, alice) = people(world).await;
        let cases: &[(&str, Option<&str>, Option<&str>)] = &[
            ("", None, Some("author editor user")),
            ("", Some(""), Some("author editor user")),
            ("", Some("editor"), Some("editor")),
            ("", Some("notes:read docs:edit:own"), Some("docs:edit:own notes:read")),
            ("editor user", None, Some("editor user")),
            ("editor user", Some("user"), Some("user")),
            ("editor", Some("reader"), Some("reader")),
            ("editor", Some("notes:read"), Some("editor notes:read")),
            ("notes:*", None, Some("notes:*")),
            ("notes:*", Some("notes:read"), Some("notes:read")),
            ("", Some("admin"), None),
            ("", Some("items:read"), None),
            ("", Some("docs:edit"), None),
            ("", Some("*"), None),
            ("", Some("rolecall.admin"), None),
            ("", Some("User"), None),
            ("", Some("user\teditor"), None),
            ("", Some("user\0"), None),
            ("user", Some("editor"), None),
            ("user", Some("user editor"), None),
            ("user", Some("notes:read"), None),
            ("reader", Some("editor"), None),
            ("editor notes:read", Some("notes:write"), None),
            // A scope of permissions passes no rule that asks for a role.
            ("notes:read", Some("editor"), None),
            ("notes:read", Some("user"), None),
            ("notes:read:own", Some("notes:read"), None),
        ];
        for (session, asked, granted) in cases {
            let caller = if session.is_empty() { alice.clone() } else { cut(world, &alice, session).await };
            let answer = caller.post("/me/keys", said(json!({ "scope": asked }))).await;
            match granted {
                Some(granted) => {
                    let told = answer.expect(201).json();
                    assert_eq!(told["scope"], *granted, "{session:?} {asked:?}");
                    let text = told["api_key"].as_str().expect("a key");
                    assert_eq!(exchange(world, text, "").await.expect(200).json()["scope"], *granted);
                    let key = format!("/me/keys/{}", told["id"].as_str().expect("an id"));
                    alice.delete(&key).await.expect(200);
                }
                None => {
                    refused(answer, 400, "invalid");
                }
            }
        }
        assert_eq!(items(&alice, "/me/keys").await, [] as [Value; 0]);
    }

    async fn it_is_asked_as_of_the_change(world) {
        let (admin, alice) = people(world).await;
        admin.delete(&assignment(alice.id(), "editor")).await.expect(200);
        refused(alice.post("/me/keys", said(json!({ "scope": "editor" }))).await, 400, "invalid");
        let mine = key(&alice, json!({})).await;
        assert_eq!(claims(&robot(world, &mine).await)["roles"], json!(["author", "user"]));
        // Nor does a session give what it is cut to and does not hold any more.
        world.give(&admin, &alice, "editor").await;
        let cases = [("editor user", Some("user")), ("editor", None), ("notes:read", None), ("editor notes:read", None)];
        let mut sessions = vec![];
        for (scope, left) in cases {
            sessions.push((cut(world, &alice, scope).await, left));
        }
        admin.delete(&assignment(alice.id(), "editor")).await.expect(200);
        for (caller, left) in &sessions {
            let answer = caller.post("/me/keys", said(json!({}))).await;
            match left {
                Some(left) => assert_eq!(answer.expect(201).json()["scope"], *left),
                None => drop(refused(answer, 400, "invalid")),
            }
        }
    }

    async fn a_role_that_comes_later_is_not_the_key_s(world) {
        let (admin, alice) = (world.administrator().await, alice(world).await);
        let mine = key(&alice, json!({})).await;
        let before = robot(world, &mine).await;
        for role in ["admin", "rolecall.admin"] {
            world.give(&admin, &alice, role).await;
        }
        for caller in [&before, &robot(world, &mine).await] {
            assert_eq!(caller.get("/has/admin").await.expect(200).json(), false);
            caller.get("/users/").await.expect(200);
            caller.get("/items/").await.expect(403);
            caller.get("/admin/users").await.expect(403);
        }
        alice.get("/admin/users").await.expect(200);
        oauth_error(&exchange(world, &mine.text, "&scope=admin").await, 400, "invalid_scope");
    }

    async fn a_role_that_goes_is_gone_at_the_next_call(world) {
        let (admin, alice) = people(world).await;
        let mine = key(&alice, json!({})).await;
        let robot_before = robot(world, &mine).await;
        robot_before.get("/notes/").await.expect(200);
        admin.delete(&assignment(alice.id(), "editor")).await.expect(200);
        robot_before.get("/notes/").await.expect(403);
        // What is left goes on.
        let less = robot(world, &mine).await;
        assert_eq!(claims(&less)["roles"], json!(["author", "user"]));
        less.get("/notes/").await.expect(403);
        less.get("/users/").await.expect(200);
        oauth_error(&exchange(world, &mine.text, "&scope=editor").await, 400, "invalid_scope");
        assert_eq!(claims(&less)["scope"], "author user");
        // With nothing left there is no token, and those that are out may nothing.
        for role in ["author", "user"] {
            admin.delete(&assignment(alice.id(), role)).await.expect(200);
        }
        oauth_error(&exchange(world, &mine.text, "").await, 400, "invalid_scope");
        less.get("/users/").await.expect(403);
        less.get("/me").await.expect(200);
        // What comes back is the key's again.
        world.give(&admin, &alice, "editor").await;
        robot_before.get("/notes/").await.expect(200);
        robot(world, &mine).await.get("/notes/").await.expect(200);
    }

    async fn a_role_that_ends_ends_the_token(world) {
        let (admin, alice) = people(world).await;
        let until = world.now() + 100;
        admin.put_json(&assignment(alice.id(), "editor"), json!({ "until": until })).await.expect(200);
        let mine = key(&alice, json!({})).await;
        let caller = robot(world, &mine).await;
        assert_eq!(claims(&caller)["exp"], until, "no token outlives its role");
        world.wait_for(101).await;
        caller.get("/notes/").await.expect(401);
        let less = robot(world, &mine).await;
        assert_eq!(claims(&less)["scope"], "author user");
        less.get("/notes/").await.expect(403);
    }

    async fn a_token_may_be_cut_to_less(world) {
        let (_, alice) = people(world).await;
        let mine = key(&alice, json!({ "scope": "editor user" })).await;
        let asked = async |scope: &str| exchange(world, &mine.text, &format!("&scope={}", encoded(scope))).await;
        for (scope, granted) in [("user", "user"), ("reader", "reader"), ("notes:read", "editor user notes:read")] {
            let told = asked(scope).await.expect(200).json();
            assert_eq!(told["scope"], granted);
        }
        bearer(world, asked("notes:read").await).post("/notes/", json!({})).await.expect(403);
        for more in ["author", "user author", "docs:edit:own", "admin", "*", "User"] {
            oauth_error(&asked(more).await, 400, "invalid_scope");
        }
        // For that token alone.
        robot(world, &mine).await.post("/notes/", json!({})).await.expect(200);
    }

    async fn who_has_no_role_has_no_use_for_one(world) {
        let (admin, alice) = (world.administrator().await, alice(world).await);
        admin.delete(&assignment(alice.id(), "user")).await.expect(200);
        alice.get("/me").await.expect(200);
        refused(alice.post("/me/keys", said(json!({}))).await, 400, "invalid");
        assert!(!account(&admin, "nobody-yet").await.is_empty());
    }

    async fn what_it_names_has_room_in_a_token(world) {
        let (admin, alice) = (world.administrator().await, alice(world).await);
        let names: Vec<String> = (0..16).map(|number| format!("{number:0>64}")).collect();
        for name in &names {
            world.role(&admin, name, &[], &[]).await;
            world.give(&admin, &alice, name).await;
        }
        // Their names are more than that.
        refused(alice.post("/me/keys", said(json!({}))).await, 400, "invalid");
        for (scope, is_taken) in [
            (names[1..].join(" "), true),
            (names.join(" "), false),
            (format!("user{}", " ".repeat(1020)), true),
            (["user"; 1000].join(" "), true),
        ] {
            let answer = alice.post("/me/keys", said(json!({ "scope": scope }))).await;
            let at_token = world.nobody().log_in_for("alice", PASSWORD, Some(&scope)).await;
            match is_taken {
                true => drop((answer.expect(201), at_token.expect(200))),
                false => {
                    let why = refused(answer, 400, "invalid")["detail"].clone();
                    oauth_error(&at_token, 400, "invalid_scope");
                    for why in [&why, &at_token.json()["error_description"]] {
                        assert!(why.as_str().expect("a text").contains("1024 bytes"), "{why}");
                    }
                }
            }
        }
    }

    async fn an_administrator_s_key_administers(world) {
        let (admin, bob) = (world.administrator().await, world.user("bob").await);
        let mine = key(&admin, json!({ "scope": "rolecall.admin" })).await;
        let robot = robot(world, &mine).await;
        robot.put(&assignment(bob.id(), "admin")).await.expect(200);
        bob.get("/items/").await.expect(200);
        let audit = items(&admin, &format!("/admin/audit?action=role.assigned&subject={}", bob.id())).await;
        assert_eq!(audit[0]["actor"], admin.id());
        // Cut to one permission, it does that.
        let reads = key(&admin, json!({ "scope": "rolecall.users:read" })).await;
        let reader = super::robot(world, &reads).await;
        reader.get("/admin/users").await.expect(200);
        reader.delete(&assignment(bob.id(), "admin")).await.expect(403);
    }
}
