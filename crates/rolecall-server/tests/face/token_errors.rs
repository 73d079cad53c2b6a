//! What `POST /token` refuses, in the words of RFC 6749, 5.2, and in the same words whoever is asked for.

use http::HeaderMap;
use serde_json::json;

use super::{
    oauth_error, raw, sql,
    token::{GOOD, asked},
};
use crate::util::{on_both, world::PASSWORD};

on_both! {
    async fn nobody_learns_who_has_an_account(world) {
        let (nobody, admin) = (world.nobody(), world.administrator().await);
        world.user("alice").await;
        let disabled = world.user("disabled").await;
        admin.patch(&format!("/admin/users/{}", disabled.id()), json!({ "disabled": true })).await.expect(200);
        admin.post("/admin/users", json!({ "username": "nopassword" })).await.expect(201);
        world.user("strange").await;
        sql(world, "UPDATE users SET password = '$2b$12$garbage' WHERE username = 'strange'").await;

        let too_long = "x".repeat(30_000);
        let tries = [
            ("alice", "seventeen violet otter"),
            ("alice", &too_long),
            ("nobody", PASSWORD),
            ("nobody", &too_long),
            ("disabled", PASSWORD),
            ("disabled", "wrong"),
            ("nopassword", PASSWORD),
            ("strange", PASSWORD),
            ("not a name", PASSWORD),
            ("nobody@example.org", PASSWORD),
            ("@@", PASSWORD),
            (&too_long, PASSWORD),
        ];
        let mut answers = vec![];
        for (name, password) in tries {
            let answer = nobody.log_in(name, password).await;
            oauth_error(&answer, 400, "invalid_grant");
            let headers: HeaderMap = answer.headers.clone();
            let mut headers: Vec<_> = headers
                .iter()
                .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect();
            headers.sort();
            answers.push((answer.status, answer.body, headers));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        nobody.log_in("alice", PASSWORD).await.expect(200);
    }

    async fn what_is_missing_or_unknown_is_told(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let without = |name: &str| GOOD.split('&').filter(|p| !p.starts_with(name)).collect::<Vec<_>>().join("&");
        let cases = [
            ("", "invalid_request"),
            (&*without("grant_type="), "invalid_request"),
            (&*without("username="), "invalid_request"),
            (&*without("password="), "invalid_request"),
            (&*without("username=").replace("&p", "&username=&p"), "invalid_request"),
            ("grant_type=&username=alice", "invalid_request"),
            ("grant_type=password", "invalid_request"),
            (&*GOOD.replace("grant_type=password", "grant_type=Password"), "unsupported_grant_type"),
            (&*GOOD.replace("grant_type=password", "grant_type=password%20"), "unsupported_grant_type"),
            ("grant_type=client_credentials", "unauthorized_client"),
            ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
            ("grant_type=refresh_token", "invalid_request"),
            ("grant_type=authorization_code&code=x", "unsupported_grant_type"),
            ("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer", "unsupported_grant_type"),
            ("grant_type=implicit", "unsupported_grant_type"),
            (&*format!("{GOOD}&resource=https%3A%2F%2Felsewhere.test"), "invalid_target"),
            (&*format!("{GOOD}&resource=http%3A%2F%2F{}%2F", world.address()), "invalid_target"),
        ];
        for (form, code) in cases {
            oauth_error(&asked(&world.nobody(), &[], form).await, 400, code);
        }
    }

    async fn another_client_is_unknown(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let unknown = |answer: crate::util::Answer| {
            oauth_error(&answer, 401, "invalid_client");
            assert_eq!(answer.header("www-authenticate"), r#"Basic realm="rolecall""#);
        };
        for client in [
            "client_id=other",
            "client_id=01890000-0000-7000-8000-000000000000",
            "client_id=%00",
            "client_id=Rolecall",
            "client_id=rolecall%20",
            "client_id=rolecall&client_secret=x",
            "client_secret=x",
            "client_id=other&client_secret=x",
        ] {
            unknown(asked(&world.nobody(), &[], &format!("{GOOD}&{client}")).await);
        }
        let bearer = format!("Bearer {}", world.user("bob").await.token());
        for header in [
            "Basic b3RoZXI6",                 // other:
            "Basic cm9sZWNhbGw6c2VjcmV0",     // rolecall:secret
            "Basic OnNlY3JldA==",             // :secret
            "Basic cm9sZWNhbGw6JnNlY3JldA==", // rolecall:&secret
            "Basic cm9sZWNhbGwmb3RoZXI6",     // rolecall&other:
            "Basic cm9sZWNhbGw=",             // rolecall, without a colon
            "Basic /zo=",                     // no UTF-8
            "Basic cm9sZWNhbGw6=",            // no base64
            "Basic cm9sZWNhbGw6A",
            "Basic",
            "Basic ",
            "",
            "Digest username=\"rolecall\"",
            "Bearer ",
            &bearer,
        ] {
            unknown(asked(&world.nobody(), &[("authorization", header)], GOOD).await);
        }
    }

    async fn another_scheme_is_called_so(world) {
        let bearer = format!("Bearer {}", world.user("alice").await.token());
        for header in [bearer.as_str(), "Digest username=\"alice\"", "Negotiate x"] {
            let answer = asked(&world.nobody(), &[("authorization", header)], GOOD).await;
            oauth_error(&answer, 401, "invalid_client");
            assert!(answer.text().contains("scheme `Basic`"), "{}", answer.text());
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"rolecall\"");
        }
    }

    async fn a_client_says_once_who_it_is(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let empty = ("authorization", "Basic Og==");
        let ours = ("authorization", "Basic cm9sZWNhbGw6");
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[ours, ours], ""),
            (&[empty, ("authorization", "Bearer x")], ""),
            (&[ours], "&client_id=rolecall&client_secret=x"),
            (&[ours], "&client_secret=x"),
            (&[ours], "&client_id=other"),
            (&[empty], "&client_id=other"),
        ];
        for (headers, more) in cases {
            oauth_error(&asked(&world.nobody(), headers, &format!("{GOOD}{more}")).await, 400, "invalid_request");
        }
    }

    async fn a_parameter_is_sent_once_and_in_the_body(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        for twice in [
            "&username=alice",
            "&username=mallory",
            "&%75sername=alice",
            "&password=x",
            "&grant_type=password",
            "&scope=&scope=",
            "&scope=user&scope=admin",
            "&client_id=&client_id=rolecall",
            "&whatever=1&whatever=2",
            "&=1&=2",
            "&a&a",
        ] {
            oauth_error(&asked(&world.nobody(), &[], &format!("{GOOD}{twice}")).await, 400, "invalid_request");
        }
        for query in ["?scope=user", "?username=alice", &format!("?{GOOD}"), "?", "?client_id=rolecall"] {
            for body in [GOOD, ""] {
                let form = [("content-type", "application/x-www-form-urlencoded")];
                let answer = world.nobody().send("POST", &format!("/token{query}"), &form, body).await;
                oauth_error(&answer, 400, "invalid_request");
            }
        }
        let more = |count: usize| (0..count).map(|n| format!("&p{n}={n}")).collect::<String>();
        asked(&world.nobody(), &[], &format!("{GOOD}{}", more(29))).await.expect(200);
        oauth_error(&asked(&world.nobody(), &[], &format!("{GOOD}{}", more(30))).await, 400, "invalid_request");
        oauth_error(&asked(&world.nobody(), &[], &format!("{GOOD}{}", more(4000))).await, 400, "invalid_request");
    }

    async fn what_is_no_text_is_no_parameter(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        for text in ["%ff", "%c3", "%ed%a0%80", "%c0%80", "%f5%80%80%80"] {
            for name in ["username", "password", "scope", "client_id", "whatever", "x%ff"] {
                let form = format!("grant_type=password&username2=alice&{name}={text}");
                oauth_error(&asked(&world.nobody(), &[], &form).await, 400, "invalid_request");
            }
        }
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let bytes = b"grant_type=password&username=\xff&password=x".to_vec();
        oauth_error(&world.nobody().send("POST", "/token", &form, bytes).await, 400, "invalid_request");
        // What is no escape stands for itself, as in every form: who has it in his password can use it.
        world.nobody().register("bob", "100%sure of %zz otters%").await.expect(201);
        asked(&world.nobody(), &[], "grant_type=password&username=bob&password=100%sure of %zz otters%")
            .await
            .expect(200);
    }

    async fn another_kind_of_body_is_none(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let json = json!({ "grant_type": "password", "username": "alice", "password": PASSWORD }).to_string();
        let wrong: [(&[(&str, &str)], &str); 6] = [
            (&[], GOOD),
            (&[("content-type", "application/json")], &json),
            (&[("content-type", "application/json")], GOOD),
            (&[("content-type", "text/plain")], GOOD),
            (&[("content-type", "multipart/form-data; boundary=x")], GOOD),
            (&[("content-type", "application/x-www-form-urlencoded"), ("content-type", "text/plain")], GOOD),
        ];
        for (headers, body) in wrong {
            let answer = world.nobody().send("POST", "/token", headers, body.to_owned()).await;
            oauth_error(&answer, 415, "invalid_request");
        }
        oauth_error(&asked(&world.nobody(), &[], &json).await, 400, "invalid_request");

        let form = "content-type: application/x-www-form-urlencoded\r\n";
        for bytes in [65_537, 6 << 20] {
            let body = format!("{GOOD}&x={}", "x".repeat(bytes - GOOD.len() - 3));
            let answer = raw::send(world.address(), raw::request("POST /token", form, &body)).await;
            oauth_error(&answer, 413, "invalid_request");
        }
        let body = format!("{GOOD}&x={}", "x".repeat(65_536 - GOOD.len() - 3));
        raw::send(world.address(), raw::request("POST /token", form, &body)).await.expect(200);

        for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"] {
            let answer = world.nobody().send(method, "/token", &[], "").await.expect(405);
            assert_eq!(answer.header("allow"), "POST");
        }
    }
}
