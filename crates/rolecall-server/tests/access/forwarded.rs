//! What a proxy forwards of a call: nothing that two programs could read differently.

use axum::body::Body;
use proptest::prelude::*;

use crate::{
    face::problem,
    util::{Actor, Answer, Db, World, on_both},
};

async fn ask(who: &Actor, headers: &[(&str, &str)]) -> Answer {
    who.send("GET", "/forward-auth", headers, Body::empty()).await
}

const PATHS: [&str; 5] =
    ["X-Forwarded-Uri", "X-Original-URI", "X-Original-URL", "X-Rewrite-URL", "X-Envoy-Original-Path"];

on_both! {
    async fn an_ambiguous_path_is_refused(world) {
        let alice = world.user("alice").await;
        for path in [
            "/", "/items/", "/items/1?next=/a/../b//c;d%2e%2f", "/items/a.b/.well-known/x..y/...", "/caf%C3%A9", "/a%20b",
            "/@alice/~x/(1)/a,b:c=d&e+f!g'h*i$j", "http://items.example.org/items/", "https://items.example.org", "/?%2e%2e",
        ] {
            for name in PATHS {
                assert_eq!(ask(&alice, &[(name, path)]).await.status, 204, "{name}: {path}");
            }
        }
        for path in [
            "/public/../staff/", "/public/..", "/..", "/./staff", "/items/.", "/%2e%2e/staff", "/%2E./staff", "/a/%2e/b", "/a%2ejson",
            "/a%2fb", "/a%2Fb", "/a%5cb", "/a%5C..%5Cb", "/a\\b", "//staff", "/public//staff", "/a;b", "/public;/staff", "/public/..;/staff",
            "/a%3bb", "/a%00b", "/a%0ab", "/a%7f", "/a%23b", "/a#b", "/a%3fb", "/a%3Fb", "/a%25", "/a%252e%252e/b", "/%c0%ae%c0%ae/b", "/a%ff", "/a%e9", "/a%ed%a0%80", "/a%2", "/a%", "/a%zz", "/a%u002e", "/é",
            "/a b", "/a\tb", "", "staff", "*", "http://items.example.org/a/../b", "http://items.example.org//a", "http://", "ftp://x/y",
            "HTTP://items.example.org/", "http:///staff", "//items.example.org/staff", "http://items.example.org\\staff",
        ] {
            for name in PATHS {
                for who in [&alice, &world.nobody()] {
                    problem(&ask(who, &[(name, path)]).await, 400, "invalid");
                }
            }
        }
    }

    async fn a_host_has_one_spelling(world) {
        let alice = world.user("alice").await;
        for host in ["items.example.org", "items.example.org:8443", "localhost", "127.0.0.1:8000", "[::1]:8000", "[2001:db8::1]"] {
            assert_eq!(ask(&alice, &[("X-Forwarded-Host", host)]).await.status, 204, "{host}");
        }
        for host in [
            "Items.example.org", "items.example.org.", "items.example.org.:80", "items..example.org", ".example.org", "", ":80", "a:", "a:b",
            "a, b", "a b", "a/b", "u@a", "a%2eb", "[::1", "::1", "[::1]x", "[FE80::1]", "é.example",
        ] {
            for name in ["X-Forwarded-Host", "X-Original-Host"] {
                problem(&ask(&alice, &[(name, host)]).await, 400, "invalid");
            }
        }
    }

    async fn a_token_in_the_forwarded_query_is_no_second_one(world) {
        let (alice, nobody) = (world.user("alice").await, world.nobody());
        let name = "X-Forwarded-Uri";
        for path in ["/a?access_token=x", "/a?b=c&access%5Ftoken=x", "https://items.example.org/?access_token"] {
            problem(&ask(&alice, &[(name, path)]).await, 400, "invalid");
            // There it is none at all.
            problem(&ask(&nobody, &[(name, path)]).await, 401, "unauthenticated");
        }
        assert_eq!(ask(&alice, &[(name, "/access_token?token=access_token&x_access_token=1")]).await.status, 204);
    }

    async fn a_header_comes_once_and_in_one_spelling(world) {
        let alice = world.user("alice").await;
        for (name, value) in [
            ("X-Forwarded-Uri", "/a"), ("X-Original-URI", "/a"), ("X-Original-URL", "/a"), ("X-Forwarded-Host", "a"), ("X-Forwarded-Method", "GET"),
            ("X-Original-Method", "GET"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443"), ("X-Forwarded-Prefix", "/a"),
        ] {
            assert_eq!(ask(&alice, &[(name, value)]).await.status, 204, "{name}");
            problem(&ask(&alice, &[(name, value), (name, value)]).await, 400, "invalid");
            problem(&ask(&alice, &[(name, value), (&name.to_lowercase(), value)]).await, 400, "invalid");
            for spelled in [name.replace('-', "_"), name.replacen('-', "_", 1), name.to_lowercase().replace('-', "_")] {
                problem(&ask(&alice, &[(&spelled, value)]).await, 400, "invalid");
                problem(&ask(&alice, &[(name, value), (&spelled, value)]).await, 400, "invalid");
            }
        }
        for name in ["X_Rolecall_Subject", "x-rolecall_roles", "X_Rolecall-Name", "X_Forwarded_For", "X_Real_Ip"] {
            problem(&ask(&alice, &[(name, "admin")]).await, 400, "invalid");
        }
        // Another program's, and one that is a list.
        for headers in [&[("my_header", "x")][..], &[("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", "192.0.2.2")]] {
            assert_eq!(ask(&alice, headers).await.status, 204);
        }
    }

    async fn no_connection_takes_a_header_away(world) {
        let alice = world.user("alice").await;
        for value in ["x-forwarded-uri", "close, X-Forwarded-Uri", "Authorization", "x-rolecall-subject", "keep-alive,x_forwarded_uri", "x"] {
            problem(&ask(&alice, &[("connection", value)]).await, 400, "invalid");
            problem(&ask(&alice, &[("connection", "keep-alive"), ("connection", value)]).await, 400, "invalid");
        }
        for value in ["keep-alive", "close", "Keep-Alive", ""] {
            assert_eq!(ask(&alice, &[("connection", value)]).await.status, 204, "{value}");
        }
    }

    async fn what_the_caller_says_he_is_counts_for_nothing(world) {
        let (alice, nobody) = (world.user("alice").await, world.nobody());
        let claims = [
            ("x-rolecall-subject", "admin"), ("x-rolecall-roles", "admin"), ("x-forwarded-user", "admin"), ("remote-user", "admin"),
            ("x-forwarded-uri", "/public/"), ("user-agent", "kube-probe/1.0"), ("x-forwarded-for", "127.0.0.1"),
        ];
        problem(&ask(&nobody, &claims).await, 401, "unauthenticated");
        let answer = ask(&alice, &claims).await;
        assert_eq!((answer.status, answer.header("x-rolecall-subject"), answer.header("x-rolecall-roles")), (204, alice.id(), "user"));
    }
}

/// Row 35 of the advisories: whatever the cookie, the token or the forwarded headers are, it is no yes.
#[test]
fn garbage_never_passes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (world, mallory, token) = runtime.block_on(async {
        let world = World::on(Db::Sqlite).await;
        let alice = world.user("alice").await;
        let nobody = world.nobody();
        (world, nobody, alice.token().to_owned())
    });
    let name = prop::sample::select(vec![
        "cookie",
        "authorization",
        "x-forwarded-uri",
        "x-forwarded-access-token",
        "x-auth-request-access-token",
        "proxy-authorization",
    ]);
    // A token where we do not look, one that was cut or changed, and anything at all.
    let value = prop_oneof![
        Just(format!("token={token}; access_token={token}")),
        Just(format!("Basic {token}")),
        (0..token.len()).prop_map({
            let token = token.clone();
            move |end| format!("Bearer {}", &token[..end])
        }),
        (0..token.len(), "[ -~]").prop_filter_map("unchanged", {
            let token = token.clone();
            move |(at, put)| {
                let changed = format!("{}{put}{}", &token[..at], &token[at + 1..]);
                (changed != token).then(|| format!("Bearer {changed}"))
            }
        }),
        "[ -~\u{80}-\u{ff}]{0,80}",
        "Bearer [ -~]{0,80}",
    ];
    let query = prop_oneof![Just(""), Just("?permission=items:read"), Just("?role=user")];
    let headers = prop::collection::vec((name, value), 0..4);
    let config = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(headers in headers, query in query)| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = runtime.block_on(mallory.send("GET", &format!("/forward-auth{query}"), &headers, Body::empty()));
        prop_assert!([400, 401].contains(&answer.status), "{:?} with {headers:?}", answer.status);
        prop_assert!(answer.headers.get("x-rolecall-subject").is_none());
    });
    runtime.block_on(world.stop());
}
