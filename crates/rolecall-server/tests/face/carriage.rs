//! Tokens that come in a way that two readers could read differently, and tokens that were good once.

use serde_json::json;

use super::{
    hostile::{GUARDED, bad_token, strong},
    opened, problem, raw,
};
use crate::util::{Answer, Db, World, on_both, world::PASSWORD};

/// Not known, as without a token.
#[track_caller]
fn anonymous(answer: &Answer) {
    problem(answer, 401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="rolecall""#);
}

on_both! {
    async fn a_token_comes_in_one_header_and_nowhere_else(world) {
        let admin = strong(world).await;
        let (nobody, token) = (world.nobody(), admin.token().to_owned());
        let (good, other) = (format!("Bearer {token}"), format!("Bearer {}", world.user("alice").await.token()));
        let with = async |path: &str, headers: &[(&str, &str)]| nobody.send("GET", path, headers, "").await;
        let name = "authorization";
        for path in GUARDED {
            // Two readers might take one each.
            for second in [&*good, &*other, "Basic Og==", "", "Bearer x"] {
                for headers in [[(name, &*good), (name, second)], [(name, second), (name, &*good)]] {
                    let answer = with(path, &headers).await;
                    problem(&answer, 400, "ambiguous-token");
                    assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_request""#);
                }
            }
            for query in [
                format!("access_token={token}"),
                format!("x=1&access_token={token}"),
                "access_token=".into(),
                "access_token".into(),
                "access%5Ftoken=x".into(),
                "access_token=x&access_token=y".into(),
            ] {
                problem(&with(&format!("{path}?{query}"), &[(name, &good)]).await, 400, "ambiguous-token");
                // Without a header it is no token at all.
                if path != "/hello" {
                    anonymous(&with(&format!("{path}?{query}"), &[]).await);
                }
            }
            for ours in [
                format!("Bearer {token}"),
                format!("bearer {token}"),
                format!("BEARER {token}"),
                format!("Bearer   {token}  "),
            ] {
                with(path, &[(name, &ours)]).await.expect(200);
            }
            if path == "/hello" {
                continue;
            }
            let cookies = format!("access_token={token}; token={token}; authorization=Bearer {token}");
            for headers in [
                &[][..],
                &[("cookie", &*cookies)],
                &[("x-access-token", &*token)],
                &[("x-authorization", &*good)],
                &[("proxy-authorization", &*good)],
                &[(name, &*token)],
                &[(name, &*format!("Basic {token}"))],
                &[(name, &*format!("Token {token}"))],
                &[(name, &*format!("DPoP {token}"))],
                &[(name, &*format!("Bearer\t{token}"))],
                &[(name, &*format!("Bearer:{token}"))],
                &[(name, &*format!("Bearer{token}"))],
                &[(name, &*format!("Bearers {token}"))],
                &[(name, &*format!("\"Bearer\" {token}"))],
                &[(name, "")],
                &[(name, "Basic Og==")],
            ] {
                anonymous(&with(path, headers).await);
            }
            for header in ["Bearer", "Bearer ", "bearer", "Bearer x", "Bearer null", &*format!("Bearer Bearer {token}")]
            {
                bad_token(&with(path, &[(name, header)]).await);
            }
            // A form (RFC 6750, 2.2) is no way either.
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let answer = nobody.send("GET", path, &form, format!("access_token={token}")).await;
            anonymous(&answer);
        }
        // Where nobody need be known, a bad token is still not nobody.
        assert_eq!(nobody.get("/hello").await.expect(200).text(), "stranger");
        bad_token(&nobody.with_token("x").get("/hello").await);
        assert_eq!(nobody.get(&format!("/hello?access_token={token}")).await.expect(200).text(), "stranger");

        // Bytes that no client would send.
        for value in [&b"Bearer \xff\xfe"[..], b"Bearer \xc3\xa9", b"\xff"] {
            let call =
                [b"GET /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: ", value, b"\r\n\r\n"].concat();
            raw::send(world.address(), call).await.expect(401);
        }
        let folded =
            format!("GET /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer\r\n {token}\r\n\r\n");
        assert_ne!(raw::send(world.address(), folded).await.status, 200);
    }

    async fn a_token_is_good_until_its_time_and_no_longer(world) {
        let admin = strong(world).await;
        let alice = world.user("alice").await;
        alice.get("/users/").await.expect(200);
        world.wait_for(890).await;
        alice.get("/users/").await.expect(200);
        // Both that were seen, and one that was not.
        let unseen = world.nobody().log_in("alice", PASSWORD).await.expect(200).json();
        let unseen = alice.with_token(unseen["access_token"].as_str().expect("a token"));
        world.wait_for(10).await;
        for path in GUARDED {
            bad_token(&admin.get(path).await);
            bad_token(&alice.get(path).await);
        }
        unseen.get("/users/").await.expect(200);
        world.wait_for(900).await;
        bad_token(&unseen.get("/users/").await);
        world.nobody().logged_in("alice", PASSWORD).await;
    }

    async fn what_was_seen_is_judged_anew_after_each_change(world) {
        let (admin, alice, bob) = (world.administrator().await, world.user("alice").await, world.user("bob").await);
        world.role(&admin, "writer", &["notes:write"], &[]).await;
        world.role(&admin, "staff", &["notes:read"], &["writer"]).await;
        for who in [&alice, &bob] {
            world.give(&admin, who, "staff").await;
            who.get("/staff/").await.expect(200);
            who.post("/notes/", json!({})).await.expect(200);
        }
        let alices = format!("/admin/users/{}/roles/staff", alice.id());
        admin.delete(&alices).await.expect(200);
        let answer = alice.get("/staff/").await;
        problem(&answer, 403, "forbidden");
        assert_eq!(
            answer.header("www-authenticate"),
            r#"Bearer error="insufficient_scope", error_description="this needs role staff and notes:read", scope="staff notes:read""#,
        );
        alice.post("/notes/", json!({})).await.expect(403);
        bob.get("/staff/").await.expect(200);

        admin.delete("/admin/roles/staff/inherits/writer").await.expect(200);
        bob.post("/notes/", json!({})).await.expect(403);
        bob.get("/staff/").await.expect(200);
        admin.delete("/admin/roles/staff/permissions/notes:read").await.expect(200);
        bob.get("/staff/").await.expect(403);
        admin.put("/admin/roles/staff/permissions/notes:*").await.expect(200);
        bob.get("/staff/").await.expect(200);
        admin.delete("/admin/roles/staff").await.expect(200);
        bob.get("/staff/").await.expect(403);
        // One of the same name is another role.
        world.role(&admin, "staff", &["notes:read"], &[]).await;
        bob.get("/staff/").await.expect(403);
        world.give(&admin, &bob, "staff").await;
        bob.get("/staff/").await.expect(200);
        bob.get("/me").await.expect(200);
    }
}

async fn moved(db: Db) {
    let world = World::on(db).await;
    let admin = strong(&world).await;
    let before = world.address();
    let world = world.restarted().await;
    assert_ne!(world.address(), before);
    let again = world.nobody().with_token(admin.token());
    for path in GUARDED {
        for _ in 0..2 {
            bad_token(&again.get(path).await);
        }
    }
    // The key is the same: it is the issuer and the audience that are not.
    let jwks = world.nobody().get("/.well-known/jwks.json").await.expect(200).json();
    assert_eq!(jwks["keys"][0]["kid"], opened(admin.token()).0["kid"]);
    let admin = strong(&world).await;
    assert_eq!(opened(admin.token()).1["iss"], format!("http://{}", world.address()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_another_issuer_is_none_on_sqlite() {
    moved(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_another_issuer_is_none_on_postgres() {
    moved(Db::Postgres).await;
}
