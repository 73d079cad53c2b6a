//! `POST /token`: the tutorial's call, by every client that people have, and the answer as RFC 6749, 5.1, has it.

use serde_json::json;

use super::{hostile::bad_token, oauth_error, opened};
use crate::util::{Actor, Answer, on_both, world::PASSWORD};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// `grant_type=password` for alice, percent-encoded as curl's users write it.
pub const GOOD: &str = "grant_type=password&username=alice&password=seventeen+violet%20otters";

/// Asks with these headers and this form.
pub async fn asked(nobody: &Actor, headers: &[(&str, &str)], form: &str) -> Answer {
    nobody.send("POST", "/token", &[&[FORM], headers].concat(), form.to_owned()).await
}

on_both! {
    async fn the_tutorials_call_gets_a_token(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let answer = asked(&world.nobody(), &[], GOOD).await.expect(200);
        let told = answer.json();
        let (access, refresh) = (&told["access_token"], &told["refresh_token"]);
        let members =
            json!({ "access_token": access, "token_type": "Bearer", "expires_in": 900, "refresh_token": refresh });
        assert_eq!(told, members);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
        assert!(answer.headers.get("set-cookie").is_none());
        let token = told["access_token"].as_str().expect("a token");
        world.nobody().with_token(token).get("/users/").await.expect(200);

        // Each log-in is a session of its own.
        let again = asked(&world.nobody(), &[], GOOD).await.expect(200).json();
        let (first, second) = (opened(token).1, opened(again["access_token"].as_str().expect("a token")).1);
        for claim in ["jti", "sid"] {
            assert_ne!(first[claim], second[claim]);
        }
    }

    async fn clients_are_the_built_in_one_however_they_say_so(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let forms = [
            // OAuth2PasswordRequestForm's clients, and Swagger UI.
            format!("{GOOD}&scope=&client_id=&client_secret="),
            format!(
                "client_secret=&client_id=&scope=&password={}&username=alice&grant_type=password",
                "seventeen%20violet%20otters"
            ),
            format!("{GOOD}&client_id=rolecall"),
            format!("{GOOD}&client_id=rolecall&client_secret="),
            format!("{GOOD}&unknown=ignored&audience=whatever"),
            format!("&&{GOOD}&&"),
            format!("{GOOD}&resource=http%3A%2F%2F{}", world.address()),
            GOOD.replace("password=", "%70assword="),
        ];
        for form in &forms {
            let told = asked(&world.nobody(), &[], form).await.expect(200).json();
            assert!(told.get("scope").is_none(), "{told}");
            assert_eq!(opened(told["access_token"].as_str().expect("a token")).1["client_id"], "rolecall");
        }
        // `:`, `rolecall:`, and the latter with its name form-encoded.
        for basic in
            ["Basic Og==", "Basic cm9sZWNhbGw6", "basic cm9sZWNhbGw6", "BASIC   Og==", "Basic cm9sZSU2M2FsbDo="]
        {
            asked(&world.nobody(), &[("authorization", basic)], GOOD).await.expect(200);
        }
        asked(&world.nobody(), &[("authorization", "Basic cm9sZWNhbGw6")], &format!("{GOOD}&client_id=rolecall"))
            .await
            .expect(200);
        for content_type in ["application/x-www-form-urlencoded;charset=UTF-8", "Application/X-WWW-Form-Urlencoded"] {
            world.nobody().send("POST", "/token", &[("content-type", content_type)], GOOD).await.expect(200);
        }
    }

    async fn a_name_in_any_spelling_logs_in(world) {
        let nobody = world.nobody();
        nobody.register("Zoë", PASSWORD).await.expect(201);
        for spelling in ["zoë", "ZOË", "zoe\u{308}", "ＺＯË"] {
            nobody.log_in(spelling, PASSWORD).await.expect(200);
        }
        for other in ["zoe", "zoë ", " zoë", "zoë\0", "zоë", "zoë%00"] {
            oauth_error(&nobody.log_in(other, PASSWORD).await, 400, "invalid_grant");
        }
    }

    async fn an_address_logs_in_when_an_administrator_set_it(world) {
        let (nobody, admin, alice) = (world.nobody(), world.administrator().await, world.user("alice").await);
        oauth_error(&nobody.log_in("alice@example.org", PASSWORD).await, 400, "invalid_grant");
        let path = format!("/admin/users/{}", alice.id());
        admin.patch(&path, json!({ "email": "Alice@Example.org" })).await.expect(200);
        for spelling in ["alice@example.org", "ALICE@EXAMPLE.ORG", "alice"] {
            let told = nobody.log_in(spelling, PASSWORD).await.expect(200).json();
            let claims = opened(told["access_token"].as_str().expect("a token")).1;
            assert_eq!(
                (claims["sub"].as_str(), claims["preferred_username"].as_str()),
                (Some(alice.id()), Some("alice"))
            );
        }
        for other in
            ["alice@example.com", "alice@", "@example.org", "a@b@c", "alice＠example.org", "alice@example.org\0"]
        {
            oauth_error(&nobody.log_in(other, PASSWORD).await, 400, "invalid_grant");
        }
        admin.patch(&path, json!({ "email": null })).await.expect(200);
        oauth_error(&nobody.log_in("alice@example.org", PASSWORD).await, 400, "invalid_grant");
    }

    async fn a_deleted_name_registered_again_is_somebody_else(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        world.give(&admin, &alice, "admin").await;
        admin.delete(&format!("/admin/users/{}", alice.id())).await.expect(200);
        bad_token(&alice.get("/me").await);
        let other = world.user("Alice").await;
        assert_ne!(other.id(), alice.id());
        other.get("/items/").await.expect(403);
        bad_token(&alice.get("/me").await);
    }
}
