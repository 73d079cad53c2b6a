//! `/forward-auth` as a proxy asks it.

use axum::body::Body;
use serde_json::json;

use crate::{
    face::problem,
    util::{Actor, Answer, World, on_both, world::PASSWORD},
};

async fn ask(who: &Actor, query: &str) -> Answer {
    who.get(&format!("/forward-auth{query}")).await
}

/// What a 204 says: id, name and roles.
#[track_caller]
fn said(answer: &Answer) -> [&str; 3] {
    assert_eq!((answer.status, answer.header("cache-control")), (204, "no-store"), "{}", answer.text());
    ["x-rolecall-subject", "x-rolecall-name", "x-rolecall-roles"].map(|name| {
        let [one] = answer.headers.get_all(name).iter().collect::<Vec<_>>()[..] else { panic!("{name}: {answer:?}") };
        one.to_str().expect("a header that is text")
    })
}

/// A reader (by a role that inherits it), and somebody with no role at all.
async fn people(world: &World) -> (Actor, Actor, Actor) {
    let admin = world.administrator().await;
    world.role(&admin, "reader", &["items:read", "notes:read:own"], &[]).await;
    world.role(&admin, "clerk", &["items:write"], &["reader"]).await;
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    world.give(&admin, &alice, "clerk").await;
    admin.delete(&format!("/admin/users/{}/roles/user", bob.id())).await.expect(200);
    (admin, alice, bob)
}

on_both! {
    async fn who_may_passes_with_id_name_and_roles(world) {
        let (_, alice, bob) = people(world).await;
        for query in ["", "?", "?permission=items:read", "?permission=items%3Aread", "?role=reader", "?role=clerk&permission=items:write"] {
            assert_eq!(said(&ask(&alice, query).await), [alice.id(), "alice", "clerk,user"], "{query}");
        }
        // Each is there although there is nothing to say.
        assert_eq!(said(&ask(&bob, "").await), [bob.id(), "bob", ""]);
    }

    async fn who_may_not_is_told_what_a_route_tells(world) {
        let (_, alice, bob) = people(world).await;
        let lacks = |words: &str| format!(r#"Bearer error="insufficient_scope", error_description="this needs {words}""#);
        for (who, query, words) in [
            (&bob, "?permission=items:read", r#"items:read", scope="items:read"#),
            (&alice, "?role=admin", r#"role admin", scope="admin"#),
            // One of both.
            (&alice, "?role=admin&permission=items:read", r#"items:read and role admin", scope="items:read admin"#),
            // For own objects only: whose it is, a proxy does not know.
            (&alice, "?permission=notes:read", r#"notes:read", scope="notes:read"#),
            // Nobody holds what nobody was ever given.
            (&alice, "?permission=nothing:known", r#"nothing:known", scope="nothing:known"#),
        ] {
            let answer = ask(who, query).await;
            problem(&answer, 403, "forbidden");
            assert_eq!(answer.header("www-authenticate"), lacks(words), "{query}");
            assert!(answer.headers.get("x-rolecall-subject").is_none());
        }
        // The service's own permissions are no application's.
        let (admin, everything) = (world.administrator().await, ask(&alice, "?permission=rolecall.users:read").await);
        problem(&everything, 403, "forbidden");
        ask(&admin, "?permission=rolecall.users:read").await.expect(204);
        assert_eq!(ask(&bob, "?permission=notes:read").await.header("www-authenticate"), bob.get("/notes/").await.header("www-authenticate"));
    }

    async fn who_is_not_known_is_challenged_whatever_the_rule(world) {
        let (_, alice, _) = people(world).await;
        let nobody = world.nobody();
        for query in ["", "?permission=items:read", "?role=admin"] {
            let answer = ask(&nobody, query).await;
            problem(&answer, 401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="rolecall""#);
            let cut = alice.with_token(&alice.token()[..alice.token().len() - 1]);
            for bad in ["x", "", "eyJhbGciOiJub25lIn0.e30.", cut.token()] {
                let answer = nobody.send("GET", &format!("/forward-auth{query}"), &[("authorization", &format!("Bearer {bad}"))], Body::empty()).await;
                problem(&answer, 401, "invalid-token");
                assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
            }
        }
        let twice = [("authorization", "Bearer x"), ("authorization", "Bearer x")];
        problem(&nobody.send("GET", "/forward-auth", &twice, Body::empty()).await, 400, "ambiguous-token");
    }

    async fn a_token_is_for_one_api(world) {
        let (_, alice, _) = people(world).await;
        let ours = format!("http%3A%2F%2F{}", world.address());
        ask(&alice, &format!("?audience={ours}")).await.expect(204);
        for other in ["https://items.example", "items", &format!("{ours}/")] {
            for query in [format!("?audience={other}"), format!("?audience={other}&permission=items:read")] {
                let answer = ask(&alice, &query).await;
                problem(&answer, 401, "invalid-token");
                assert!(answer.text().contains("resource"), "{}", answer.text());
            }
        }
        // What was found out for another API is not believed for this one, and the other way round.
        ask(&alice, "").await.expect(204);
    }

    async fn what_a_proxy_asks_wrongly_lets_nobody_pass(world) {
        let (_, alice, _) = people(world).await;
        for query in [
            "?permission=", "?role=", "?audience=", "?permission", "?permission=items", "?permission=items:*", "?permission=*",
            "?permission=items:read:own", "?permission=Items:read", "?permission=items:read%00", "?permission=%ff",
            "?permission=items:read&permission=items:read", "?role=admin&role=user", "?role=ADMIN", "?role=a b", "?role=a%20b",
            "?audience=a%20b", "?permissions=items:read", "?Permission=items:read", "?scope=items:read", "?rd=https://evil.example",
            "?permission=items:read&x", "?permission=items:read&=", "?permission=items%253Aread",
        ].iter().map(|query| query.replace(' ', "+")) {
            for who in [&alice, &world.nobody()] {
                let answer = ask(who, &query).await;
                problem(&answer, 400, "invalid");
                assert!(answer.headers.get("x-rolecall-subject").is_none(), "{query}");
            }
        }
        problem(&ask(&alice, &format!("?access_token={}", alice.token())).await, 400, "invalid");
    }

    async fn the_rule_may_stand_before_the_path(world) {
        let (_, alice, bob) = people(world).await;
        let ask = async |who: &Actor, path: &str| who.get(&format!("/forward-auth/{path}")).await;
        for path in ["permission=items:read/", "permission=items:read/items/1?q=1", "permission=items:read&role=clerk/a", "permission=items%3Aread/a"] {
            assert_eq!(said(&ask(&alice, path).await)[0], alice.id(), "{path}");
            problem(&ask(&bob, path).await, 403, "forbidden");
            problem(&ask(&world.nobody(), path).await, 401, "unauthenticated");
        }
        // The query is the caller's.
        for query in ["permission=items:read", "role=user", "audience=x", "permission=&role="] {
            problem(&ask(&alice, &format!("role=admin/items/?{query}")).await, 403, "forbidden");
        }
        for path in [
            "", "permission=items:read", "/items/", "//items", "items/", "permission=items:read//items", "permission=items:read/../items", "x=1/a",
            "permission=items:read/a%2fb", "permission=items:read/a;b", "permission=/a", "role=a&role=a/b", "permission=items:read%2Fa/b", "?/a", "&/a", "&&/a", "public=false/a",
        ] {
            let answer = ask(&alice, path).await;
            assert!(answer.status == 400 || (path.is_empty() || path == "?/a") && answer.status == 404, "{path}: {}", answer.status);
        }
    }

    /// Envoy sends the caller's own `Host` on, which chose the rule.
    async fn before_a_path_the_host_is_looked_at(world) {
        let (_, alice, _) = people(world).await;
        for (host, status) in [("items.example.org", 204), ("items.example.org:8443", 204), ("ITEMS.example.org", 400), ("items.example.org.", 400)] {
            let answer = alice.send("GET", "/forward-auth/role=user/items/", &[("host", host)], Body::empty()).await;
            assert_eq!(answer.status, status, "{host}");
        }
    }

    /// Public to the proxy, and perhaps not to the program: only the path is looked at, and nobody is told of.
    async fn what_is_public_is_looked_at_too(world) {
        let (_, alice, _) = people(world).await;
        let over = alice.with_token("x");
        for who in [&alice, &world.nobody(), &over] {
            for path in ["/forward-auth?public=true", "/forward-auth/public=true/a"] {
                let with = async |uri: &str| who.send("GET", path, &[("x-forwarded-uri", uri)], Body::empty()).await;
                assert_eq!(said(&with("/public/a").await), ["", "", ""], "{path}");
                for ambiguous in ["/public/..;/items/1", "/public/..%5citems/1", "/public/..%252fitems/1"] {
                    problem(&with(ambiguous).await, 400, "invalid");
                }
            }
            for query in ["?public", "?public=", "?public=1", "?public=false", "?public=true&role=user", "?public=true&permission=items:read", "?public=true&audience=x", "?public=true&public=true"] {
                problem(&ask(who, query).await, 400, "invalid");
            }
        }
    }

    async fn any_method_is_asked_alike(world) {
        let (_, alice, bob) = people(world).await;
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
            for (who, status) in [(&alice, 204), (&bob, 403), (&world.nobody(), 401)] {
                let answer = who.send(method, "/forward-auth?permission=items:read", &[("x-http-method-override", "GET")], "a body").await;
                assert_eq!(answer.status, status, "{method}");
                assert_eq!(answer.headers.contains_key("x-rolecall-subject"), status == 204);
            }
        }
    }

    async fn a_right_that_is_taken_away_or_given_counts_at_the_next_call(world) {
        let (admin, alice, bob) = people(world).await;
        let (may, role) = ("?permission=items:read", |who: &Actor| format!("/admin/users/{}/roles/clerk", who.id()));
        assert_eq!((ask(&alice, may).await.status, ask(&bob, may).await.status), (204, 403));
        admin.delete(&role(&alice)).await.expect(200);
        admin.put(&role(&bob)).await.expect(200);
        assert_eq!((ask(&alice, may).await.status, ask(&bob, may).await.status), (403, 204));
        assert_eq!(said(&ask(&bob, "").await)[2], "clerk");
        admin.delete("/admin/roles/clerk/inherits/reader").await.expect(200);
        assert_eq!(ask(&bob, may).await.status, 403);
        admin.patch(&format!("/admin/users/{}", bob.id()), json!({ "disabled": true })).await.expect(200);
        problem(&ask(&bob, "").await, 401, "invalid-token");
        world.wait_for(16 * 60).await;
        problem(&ask(&alice, "").await, 401, "invalid-token");
    }

    async fn a_scope_cuts_it_too(world) {
        let (_, alice, _) = people(world).await;
        let cut = world.nobody().log_in_for("alice", PASSWORD, Some("reader items:read")).await.expect(200).json();
        let cut = alice.with_token(cut["access_token"].as_str().expect("a token"));
        assert_eq!(said(&ask(&cut, "?permission=items:read").await)[2], "reader");
        for query in ["?permission=items:write", "?role=clerk", "?role=user"] {
            problem(&ask(&cut, query).await, 403, "forbidden");
        }
        // For permissions only it is in no role, and the program is told of none.
        let cut = world.nobody().log_in_for("alice", PASSWORD, Some("items:read")).await.expect(200).json();
        let cut = alice.with_token(cut["access_token"].as_str().expect("a token"));
        for query in ["", "?permission=items:read"] {
            assert_eq!(said(&ask(&cut, query).await), [alice.id(), "alice", ""], "{query}");
        }
        problem(&ask(&cut, "?role=clerk").await, 403, "forbidden");
    }

    async fn a_name_is_one_header_whatever_it_is(world) {
        for (name, header) in [("ünsal", "%C3%BCnsal"), ("山田太郎", "%E5%B1%B1%E7%94%B0%E5%A4%AA%E9%83%8E"), ("a.b-c_d+1", "a.b-c_d+1")] {
            assert_eq!(said(&ask(&world.user(name).await, "").await)[1], header);
        }
        for name in ["a%2Cb", "a,b;c"] {
            // Where such a name is one, it is encoded.
            if world.nobody().register(name, PASSWORD).await.status == 201 {
                let answer = ask(&world.nobody().logged_in(name, PASSWORD).await, "").await;
                let [_, header, _] = said(&answer);
                let decoded = percent_encoding::percent_decode_str(header).decode_utf8().expect("UTF-8");
                assert!(decoded == name.to_lowercase() && !header.contains([',', ';']), "{header}");
            }
        }
    }
}
