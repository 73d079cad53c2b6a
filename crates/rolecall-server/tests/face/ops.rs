//! Operations: probes, ids of requests, words for what is not there, and a panic that harms nothing else.

use std::collections::HashSet;

use serde_json::json;

use super::{problem, raw};
use crate::util::{Answer, on_both};

/// Where a caller would have to be known.
const VARIANTS: [&str; 39] = [
    "//me",
    "/me/",
    "/%6de",
    "/%6D%65",
    "/ME",
    "/mE",
    "/admin/../me",
    "/./me",
    "/me;x",
    "/me%2f",
    "/me%00",
    "/me%20",
    "/me.",
    "/\\me",
    "/me/.",
    "/me/..",
    "/%2e/me",
    "/;/me",
    "/health/../me",
    "/health/..%2fme",
    "/admin",
    "/admin/",
    "//admin/users",
    "/admin//users",
    "/admin/users/",
    "/admin/users//",
    "/Admin/users",
    "/admin%2fusers",
    "/%61dmin/users",
    "/admin/./users",
    "/admin/users;x=1",
    "/admin;/users",
    "/health/admin/users",
    "/items",
    "/items//",
    "//items/",
    "/items/.",
    "/items/%2e",
    "/Items/",
];

fn id(answer: &Answer) -> String {
    let ids: Vec<_> = answer.headers.get_all("x-request-id").iter().collect();
    assert_eq!(ids.len(), 1, "{:?}", answer.headers);
    ids[0].to_str().expect("text").to_owned()
}

on_both! {
    async fn probes_say_that_it_lives_and_is_ready(world) {
        for path in ["/health", "/livez", "/ready", "/readyz"] {
            let answer = world.nobody().get(path).await.expect(200);
            assert_eq!(answer.json(), json!({ "status": "ok" }));
            assert_eq!(
                (answer.header("cache-control"), answer.header("content-type")),
                ("no-store", "application/json")
            );
            let head = world.nobody().send("HEAD", path, &[], "").await.expect(200);
            assert!(head.body.is_empty());
            // Whatever token somebody has.
            world.nobody().with_token("x").get(path).await.expect(200);
        }
    }

    async fn what_is_not_there_is_told_in_words(world) {
        let admin = world.administrator().await;
        for path in
            ["/nothing", "/", "/admin/nothing", "/me/more", "/.well-known/openid-configuration", "/favicon.ico", "/%ff"]
        {
            for who in [&world.nobody(), &admin] {
                for method in ["GET", "POST", "DELETE", "OPTIONS", "BREW"] {
                    let answer = who.send(method, path, &[], "").await;
                    let told = problem(&answer, 404, "no-such-route");
                    assert_eq!(told["request_id"], id(&answer));
                }
            }
            assert!(admin.send("HEAD", path, &[], "").await.expect(404).body.is_empty());
        }
        let allowed = [
            ("/me", "GET,HEAD"),
            ("/token", "POST"),
            ("/register", "POST"),
            ("/health", "GET,HEAD"),
            ("/.well-known/jwks.json", "GET,HEAD"),
            ("/admin/users", "GET,HEAD,POST"),
            ("/admin/users/x", "GET,HEAD,PATCH,DELETE"),
            ("/admin/users/x/roles/y", "PUT,DELETE"),
            ("/notes/", "GET,HEAD,POST"),
        ];
        for (path, methods) in allowed {
            let answer = world.nobody().send("BREW", path, &[], "").await;
            let told = problem(&answer, 405, "method");
            assert_eq!(told["request_id"], id(&answer));
            let set = |text: &str| text.split(',').map(|word| word.trim().to_owned()).collect::<HashSet<_>>();
            assert_eq!(set(answer.header("allow")), set(methods), "{path}");
            world.nobody().send("OPTIONS", path, &[], "").await.expect(405);
            world.nobody().send("TRACE", path, &[], "").await.expect(405);
        }
    }

    async fn every_answer_has_the_id_of_its_request(world) {
        let (nobody, admin) = (world.nobody(), world.administrator().await);
        let mut seen = HashSet::new();
        let answers = [
            nobody.get("/health").await.expect(200),
            nobody.get("/nothing").await.expect(404),
            nobody.get("/token").await.expect(405),
            nobody.get("/me").await.expect(401),
            nobody.log_in("nobody", "x").await.expect(400),
            nobody.register("", "").await.expect(400),
            nobody.form("/register", "x").await.expect(415),
            nobody.post("/register", json!(" ".repeat(70_000))).await.expect(413),
            nobody.post("/panic", json!({})).await.expect(500),
            admin.get("/admin/users").await.expect(200),
            admin.get("/admin/users/x").await.expect(404),
        ];
        for answer in &answers {
            let id = id(answer);
            assert!(
                id.len() >= 16 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')),
                "{id}"
            );
            assert!(seen.insert(id), "an id twice");
        }
        // A caller's own is kept, where a log can show it.
        for own in ["a", "0af7651916cd43dd8448eb211c80319c", "req_1.2-3", &"x".repeat(64)] {
            for path in ["/health", "/me", "/nothing"] {
                assert_eq!(id(&nobody.send("GET", path, &[("x-request-id", own)], "").await), own);
            }
        }
        for bad in ["", "a b", "a\"b", "<script>", "a;b", "{}", "a/b", "a\tb", "ü", &"x".repeat(65)] {
            for path in ["/health", "/me", "/nothing"] {
                let id = id(&nobody.send("GET", path, &[("x-request-id", bad)], "").await);
                assert!(id != bad && id.len() == 16, "{bad:?} became {id:?}");
            }
        }
        let call = [&b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: \x1b[31m\xff\r\n\r\n"[..]]
            .concat();
        let answer = raw::send(world.address(), call).await;
        assert!(answer.status == 400 || id(&answer).len() == 16);
        // Of two, the first one counts.
        let two = [("x-request-id", "one"), ("x-request-id", "a b")];
        assert_eq!(id(&nobody.send("GET", "/health", &two, "").await), "one");
    }

    async fn the_id_is_in_the_audit_log(world) {
        let (nobody, admin) = (world.nobody(), world.administrator().await);
        let body = json!({ "username": "alice", "password": crate::util::world::PASSWORD }).to_string();
        let headers = [("content-type", "application/json"), ("x-request-id", "my-own-id")];
        nobody.send("POST", "/register", &headers, body).await.expect(201);
        let told = admin.get("/admin/audit?action=user.registered").await.expect(200).json();
        assert_eq!(told["items"][0]["request_id"], "my-own-id", "{told}");
    }

    async fn a_panic_is_a_500_and_harms_nothing_else(world) {
        let alice = world.user("alice").await;
        let kept = ("x-request-id", "the-one-that-panics");
        for _ in 0..3 {
            let answer = alice.send("POST", "/panic", &[kept], "").await;
            let told = problem(&answer, 500, "internal");
            assert_eq!(told["request_id"], "the-one-that-panics");
            assert!(!answer.text().contains("a handler panics"));
            alice.get("/users/").await.expect(200);
        }
        // On the same connection, too.
        let calls =
            "POST /panic HTTP/1.1\r\nhost: x\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let both = raw::send(world.address(), calls).await.expect(500);
        assert!(both.text().contains("HTTP/1.1 200 OK"), "{}", both.text());
        world.nobody().get("/ready").await.expect(200);
    }

    async fn no_other_spelling_of_a_path_reaches_a_handler(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        for who in [&admin, &alice] {
            let bearer = format!("authorization: Bearer {}\r\n", who.token());
            for path in VARIANTS {
                let answer = raw::get(world.address(), path, &bearer).await;
                assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
            }
        }
        // As a proxy would ask, and for nobody in particular: the rule is the path's.
        let address = world.address();
        for target in
            ["http://evil.test/me", "http://evil.test/admin/users", "/me?x", "/me?", "/me#x", "/items/?x=/health"]
        {
            let status = raw::get(address, target, "").await.status;
            assert!(matches!(status, 401 | 400), "{target}: {status}");
        }
        let bearer = format!("authorization: Bearer {}\r\n", alice.token());
        for target in [
            "http://evil.test/admin/users",
            "/admin/users?x=1",
            "/admin/users/.",
            "/admin/users/%2e%2e",
            "http://evil.test/items/",
        ] {
            raw::get(address, target, &bearer).await.expect(403);
        }
        for call in ["OPTIONS *", "CONNECT evil.test:443", "CONNECT /me", "GET *", "GET evil.test", "GET me"] {
            let answer = raw::send(address, raw::request(call, &bearer, "")).await;
            assert!(matches!(answer.status, 400 | 404 | 405), "{call}: {}", answer.status);
        }
    }

    async fn no_header_makes_another_call_of_a_call(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let user = format!("/admin/users/{}", alice.id());
        for name in ["x-http-method-override", "x-http-method", "x-method-override", "_method"] {
            admin.send("GET", &user, &[(name, "DELETE")], "").await.expect(200);
            admin.send("POST", &user, &[(name, "DELETE")], "").await.expect(405);
            world.nobody().send("POST", "/me", &[(name, "GET")], "").await.expect(405);
            admin.send("GET", &format!("{user}?{name}=DELETE"), &[], "").await.expect(200);
        }
        for name in ["x-original-url", "x-rewrite-url", "x-forwarded-uri", "x-original-uri"] {
            let answer = world.nobody().send("GET", "/health", &[(name, "/me")], "").await.expect(200);
            assert_eq!(answer.json(), json!({ "status": "ok" }));
            world.nobody().send("GET", "/me", &[(name, "/health")], "").await.expect(401);
        }
        // `HEAD` is as guarded as `GET`.
        for path in ["/me", "/admin/users", "/items/", &user] {
            world.nobody().send("HEAD", path, &[], "").await.expect(401);
        }
        alice.send("HEAD", "/admin/users", &[], "").await.expect(403);
        assert!(admin.send("HEAD", "/admin/users", &[], "").await.expect(200).body.is_empty());
        alice.get("/me").await.expect(200);
    }
}
