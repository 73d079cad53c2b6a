//! The origins of the setting.

use super::{APP, LOCAL, preflight, reader, two_origins, varies};
use crate::util::{Db, World, world::PASSWORD};

/// What pages call.
const FOR_PAGES: [&str; 8] = [
    "/token",
    "/register",
    "/me",
    "/admin/users",
    "/admin/users/some-id/roles/admin",
    "/admin/roles",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwks.json",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preflight_is_answered_without_a_token() {
    let world = World::with(Db::Sqlite, two_origins).await;
    for path in FOR_PAGES {
        for origin in [APP, LOCAL] {
            let answer = preflight(&world.nobody(), path, origin).await.expect(204);
            assert_eq!(reader(&answer), Some(origin), "{path}");
            assert!(varies(&answer) && answer.body.is_empty());
            assert_eq!(answer.header("access-control-allow-methods"), "GET, POST, PUT, PATCH, DELETE");
            let headers = answer.header("access-control-allow-headers");
            for name in ["Authorization", "Content-Type", "Prefer", "If-None-Match"] {
                assert!(headers.contains(name), "{headers}");
            }
            assert_eq!(answer.header("access-control-max-age"), "600");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_reads_what_is_answered_refusals_too() {
    let world = World::with(Db::Sqlite, two_origins).await;
    let alice = world.user("alice").await;
    let from = [("origin", APP)];
    let form = format!("grant_type=password&username=alice&password={}", PASSWORD.replace(' ', "+"));
    let log_in = [("origin", APP), ("content-type", "application/x-www-form-urlencoded")];
    for (status, answer) in [
        (200, alice.send("GET", "/me", &from, "").await),
        (401, world.nobody().send("GET", "/me", &from, "").await),
        (403, alice.send("GET", "/admin/users", &from, "").await),
        (405, alice.send("PUT", "/me", &from, "").await),
        (200, world.nobody().send("GET", "/.well-known/jwks.json", &from, "").await),
        (200, world.nobody().send("POST", "/token", &log_in, form).await),
        (400, world.nobody().send("POST", "/token", &log_in, "grant_type=none").await),
        (415, world.nobody().send("POST", "/register", &from, "{}").await),
    ] {
        let answer = answer.expect(status);
        assert_eq!(reader(&answer), Some(APP), "{}", answer.text());
        assert!(varies(&answer));
        let exposed = answer.header("access-control-expose-headers");
        for name in ["WWW-Authenticate", "Retry-After", "ETag", "Location", "X-Request-Id"] {
            assert!(exposed.contains(name), "{exposed}");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_looks_like_an_origin_is_none() {
    let world = World::with(Db::Sqlite, two_origins).await;
    for hostile in [
        "https://app.example.org.evil.test",
        "https://evil-app.example.org",
        "https://evil.app.example.org",
        "https://example.org",
        "https://app.example.or",
        "https://app.example.org.",
        "https://app.example.org:443",
        "https://app.example.org:8443",
        "http://app.example.org",
        "HTTPS://app.example.org",
        "https://App.example.org",
        "https://app.example.org/",
        "https://app.example.org/path",
        "https://evil.test@app.example.org",
        "https://app.example.org@evil.test",
        "https://app.example.org, https://evil.test",
        "https://app.example.org https://evil.test",
        "https://evil.test#https://app.example.org",
        "https://app.example.org%2eevil.test",
        "https://app\u{ff0e}example.org",
        "//app.example.org",
        "app.example.org",
        "http://localhost",
        "http://localhost:5174",
        "http://127.0.0.1:5173",
        "null",
        "NULL",
        "*",
        "https://*",
        "https://*.example.org",
        "",
        "file://",
    ] {
        for path in FOR_PAGES {
            let answer = preflight(&world.nobody(), path, hostile).await.expect(405);
            assert_eq!(reader(&answer), None, "{hostile:?} at {path}");
            assert!(varies(&answer) && answer.headers.get("access-control-allow-methods").is_none());
        }
        let answer = world.nobody().send("GET", "/.well-known/jwks.json", &[("origin", hostile)], "").await.expect(200);
        assert!(reader(&answer).is_none() && varies(&answer), "{hostile:?}");
    }
    let two = [("origin", APP), ("origin", APP)];
    assert_eq!(reader(&world.nobody().send("GET", "/.well-known/jwks.json", &two, "").await.expect(200)), None);
    let none = world.nobody().get("/.well-known/jwks.json").await.expect(200);
    assert!(reader(&none).is_none() && varies(&none), "a cache may not keep this for everybody");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_preflight_is_answered_as_one() {
    let world = World::with(Db::Sqlite, two_origins).await;
    for headers in [&[][..], &[("origin", APP)], &[("access-control-request-method", "POST")]] {
        let answer = world.nobody().send("OPTIONS", "/token", headers, "").await.expect(405);
        assert!(answer.headers.get("access-control-allow-methods").is_none());
    }
    let asked = [("origin", APP), ("access-control-request-method", "POST")];
    world.nobody().send("GET", "/me", &asked, "").await.expect(401);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_do_not_call_what_is_for_servers_nor_what_is_not_ours() {
    let world = World::with(Db::Sqlite, two_origins).await;
    for path in ["/health", "/ready", "/openapi.json", "/docs/", "/items/", "/hello", "/nothing-here"] {
        let answer = preflight(&world.nobody(), path, APP).await;
        assert!(answer.status != 204 && reader(&answer).is_none(), "{path}");
        let answer = world.nobody().send("GET", path, &[("origin", APP)], "").await;
        assert_eq!(reader(&answer), None, "{path}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_may_where_nobody_is_named() {
    let world = World::on(Db::Sqlite).await;
    let own = format!("http://{}", world.address());
    for origin in [APP, LOCAL, &own, "null", "*"] {
        assert_eq!(reader(&preflight(&world.nobody(), "/token", origin).await.expect(405)), None);
    }
    world.stop().await;
}
