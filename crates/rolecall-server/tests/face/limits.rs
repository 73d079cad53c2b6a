//! What comes too slowly, or is too much: bounded before it is read, and told to whoever sent it.

use std::time::Duration;

use tokio::time::timeout;

use super::{oauth_error, problem, raw, token::GOOD};
use crate::util::{Answer, Db, World, on_both, world::PASSWORD};

/// Sends this and no more, and waits for what the service makes of it.
async fn unfinished(world: &World, bytes: &str) -> Option<Answer> {
    raw::answered(raw::begun(world.address(), bytes).await).await
}

/// The header and body time-outs, each once, all at the same time. Longer than 30 s is what fails it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_too_slowly_is_told_so() {
    let world = World::on(Db::Sqlite).await;
    let json = "POST /register HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let token = "POST /token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let form = &format!("{token}content-length: 100\r\n\r\ng");
    let chunked = &format!("{token}transfer-encoding: chunked\r\n\r\n5\r\ngrant");
    let ended = timeout(Duration::from_secs(40), async {
        tokio::join!(
            unfinished(&world, ""),
            unfinished(&world, "GET /health HTTP/1.1\r\nhost: x\r\nx-more: "),
            unfinished(&world, json),
            unfinished(&world, form),
            unfinished(&world, chunked),
            // One that is well-behaved, on a connection that then says nothing.
            unfinished(&world, "GET /health HTTP/1.1\r\nhost: x\r\n\r\n"),
        )
    });
    let (silent, headers, json, form, chunked, idle) = ended.await.expect("each of them is ended");
    // Nothing was asked yet, so there is nothing to answer.
    assert!(silent.is_none() && headers.is_none_or(|answer| answer.status == 408));
    problem(&json.expect("an answer"), 408, "too-slow");
    for answer in [form, chunked] {
        oauth_error(&answer.expect("an answer"), 408, "invalid_request");
    }
    assert_eq!(idle.expect("an answer").status, 200);
    world.stop().await;
}

on_both! {
    async fn slow_connections_stand_in_nobodys_way(world) {
        let alice = world.user("alice").await;
        let mut open = vec![];
        for n in 0..300 {
            let part = match n % 3 {
                0 => "",
                1 => "GET /me HTTP/1.1\r\nhost: x\r\nx-more: ",
                _ => {
                    "POST /token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 9\r\n\r\ng"
                }
            };
            open.push(raw::begun(world.address(), part).await);
        }
        alice.get("/users/").await.expect(200);
        world.nobody().get("/ready").await.expect(200);
        world.nobody().log_in("alice", PASSWORD).await.expect(200);
        // Those who hang up in the middle of a body are no fault of ours.
        drop(open);
        alice.get("/users/").await.expect(200);
    }

    async fn headers_have_at_most_16_kib(world) {
        let alice = world.user("alice").await;
        let bearer = format!("authorization: Bearer {}\r\n", alice.token());
        let of_size = |bytes: usize| {
            let rest = raw::request("GET /me", &format!("{bearer}x-more: \r\n"), "").len();
            raw::request("GET /me", &format!("{bearer}x-more: {}\r\n", "x".repeat(bytes - rest)), "")
        };
        raw::send(world.address(), of_size(15 << 10)).await.expect(200);
        for bytes in [17 << 10, 64 << 10, 4 << 20] {
            raw::send(world.address(), of_size(bytes)).await.expect(431);
        }
        // In one line or in many, in the target or in the headers.
        raw::send(world.address(), raw::request("GET /me", &"x-more: 1\r\n".repeat(2000), "")).await.expect(431);
        let far = raw::get(world.address(), &format!("/me?{}", "x".repeat(20 << 10)), &bearer).await;
        assert!(matches!(far.status, 414 | 431), "{}", far.status);
        alice.get("/me").await.expect(200);
    }

    async fn what_is_no_http_is_refused(world) {
        let body = format!("{:x}\r\n{GOOD}\r\n0\r\n\r\n", GOOD.len());
        let form = "content-type: application/x-www-form-urlencoded\r\nconnection: close\r\n";
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let refused = [
            "HELLO\r\n\r\n".to_owned(),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
            "GET /me HTTP/9.9\r\n\r\n".into(),
            "GET  /me HTTP/1.1\r\n\r\n".into(),
            "GET /me\0 HTTP/1.1\r\n\r\n".into(),
            "GET /me HTTP/1.1\r\nhost : x\r\nbad header: y\r\n\r\n".into(),
            "GET /me HTTP/1.1\r\nx: a\0b\r\n\r\n".into(),
            // Two lengths, or a length and chunks: two readers might see two requests (RFC 9112, 6.3).
            format!("POST /token HTTP/1.1\r\n{form}content-length: 5\r\ncontent-length: {}\r\n\r\n{GOOD}", GOOD.len()),
            format!("POST /token HTTP/1.1\r\n{form}content-length: -1\r\n\r\n{GOOD}"),
            format!("POST /token HTTP/1.1\r\n{form}content-length: +{}\r\n\r\n{GOOD}", GOOD.len()),
            format!("POST /token HTTP/1.1\r\n{form}transfer-encoding: chunked, identity\r\n\r\n{body}"),
            format!("POST /token HTTP/1.1\r\n{form}transfer-encoding: gzip\r\n\r\n{body}"),
            format!("POST /token HTTP/1.1\r\n{form}transfer-encoding: chunked\r\n\r\nxyz\r\n{body}"),
            format!("POST /token HTTP/1.1\r\n{form}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{body}"),
        ];
        for call in refused {
            if let Some(answer) = unfinished(world, &call).await {
                assert_eq!(answer.status, 400, "{call}");
            }
        }
        let chunked = format!("POST /token HTTP/1.1\r\n{form}transfer-encoding: chunked\r\n\r\n{body}");
        raw::send(world.address(), chunked).await.expect(200);
        // Two calls on one connection are two calls.
        let second = raw::request("GET /me", "", "");
        let both =
            raw::send(world.address(), format!("GET /health HTTP/1.1\r\nhost: x\r\n\r\n{second}")).await.expect(200);
        assert!(both.text().contains("HTTP/1.1 401 Unauthorized"), "{}", both.text());
    }

    async fn other_bodies_are_bounded_too(world) {
        let admin = world.administrator().await;
        let bearer = format!("authorization: Bearer {}\r\ncontent-type: application/json\r\n", admin.token());
        let big = format!("{}{{}}", " ".repeat(6 << 20));
        let user = format!("/admin/users/{}", admin.id());
        for call in [
            "POST /admin/users".to_owned(),
            "POST /admin/roles".into(),
            format!("PATCH {user}"),
            format!("PUT {user}/roles/user"),
        ] {
            problem(&raw::send(world.address(), raw::request(&call, &bearer, &big)).await, 413, "too-large");
        }
        // Where none is looked at, none is in the way.
        raw::send(world.address(), raw::request("GET /me", &bearer, &" ".repeat(60_000))).await.expect(200);
    }

    async fn a_list_of_json_is_no_object(world) {
        let admin = world.administrator().await;
        let user = format!("/admin/users/{}", world.user("alice").await.id());
        let calls = [
            ("POST", "/admin/users".to_owned(), r#"["mallory", null, null]"#),
            ("POST", "/admin/roles".into(), r#"["mallory", [], []]"#),
            ("PATCH", user.clone(), "[true, null]"),
            ("PUT", format!("{user}/roles/admin"), "[null]"),
        ];
        for (method, path, body) in calls {
            let answer = admin.send(method, &path, &[("content-type", "application/json")], body).await;
            problem(&answer, 400, "invalid");
        }
    }

    async fn a_nul_is_nobodys_name_and_no_fault(world) {
        let admin = world.administrator().await;
        let paths = [
            "/admin/users/%00",
            "/admin/users/a%00b/roles",
            "/admin/roles/a%00b",
            "/admin/users?username=%00",
            "/admin/users?after=%00",
            "/admin/users?limit=%00",
            "/admin/audit?subject=%00",
            "/admin/audit?actor=a%00b",
            "/admin/audit?action=%00",
            "/admin/users/%ff",
            "/admin/users?username=%ff",
            "/has/%00",
            "/may/%00",
        ];
        for path in paths {
            let answer = admin.get(path).await;
            assert!(matches!(answer.status, 200 | 400 | 404), "{path}: {}", answer.text());
            match answer.status {
                200 => assert!(
                    answer.json()["items"] == serde_json::json!([]) || answer.json() == false,
                    "{}",
                    answer.text()
                ),
                status => drop(problem(&answer, status, if status == 400 { "invalid" } else { "not-found" })),
            }
        }
        oauth_error(&world.nobody().log_in("a\0b", PASSWORD).await, 400, "invalid_grant");
        oauth_error(&world.nobody().log_in("a\0b@example.org", PASSWORD).await, 400, "invalid_grant");
        oauth_error(&world.nobody().log_in_for("a", PASSWORD, Some("\0")).await, 400, "invalid_scope");
    }
}
