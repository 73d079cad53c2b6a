//! The configurations of `docs/proxies.md` in the real nginx and Caddy, as printed but for addresses and ports.

use axum::body::Body;
use serde_json::Value;

use crate::util::{
    Actor, Db, World,
    reverse_proxy::{ReverseProxy, header, ours},
};

/// What tells the two apart.
struct Kind {
    /// The status in place of a 400 of ours.
    refuses_with: u16,
    /// Whether a 403 has the challenge.
    says_why: bool,
    /// Whether a header without a value reaches the program.
    sends_empty: bool,
}

const NGINX: Kind = Kind { refuses_with: 500, says_why: false, sends_empty: false };
const CADDY: Kind = Kind { refuses_with: 400, says_why: true, sends_empty: true };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_lets_pass_who_may() {
    let world = World::on(Db::Sqlite).await;
    let proxy = ReverseProxy::nginx(world.address()).await;
    guards(&world, &proxy, &NGINX).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_lets_pass_who_may() {
    let world = World::on(Db::Sqlite).await;
    let proxy = ReverseProxy::caddy(world.address()).await;
    guards(&world, &proxy, &CADDY).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_lets_nobody_pass_without_an_answer() {
    asks_in_vain(World::on(Db::Sqlite).await, async |world| ReverseProxy::nginx(world.address()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_lets_nobody_pass_without_an_answer() {
    asks_in_vain(World::on(Db::Sqlite).await, async |world| ReverseProxy::caddy(world.address()).await).await;
}

/// A service that is gone lets nobody pass.
async fn asks_in_vain(world: World, start: impl AsyncFnOnce(&World) -> ReverseProxy) {
    let alice = world.user("alice").await;
    let proxy = start(&world).await;
    let alice = proxy.before(&alice);
    alice.get("/").await.expect(200);
    world.stop().await;
    let answer = alice.get("/").await;
    assert!(answer.status >= 500 && proxy.reached() == 1, "{}", answer.status);
}

async fn guards(world: &World, proxy: &ReverseProxy, kind: &Kind) {
    let admin = world.administrator().await;
    world.role(&admin, "reader", &["items:read"], &[]).await;
    world.role(&admin, "writer", &["items:write"], &[]).await;
    let (alice, bob, jorg) = (world.user("alice").await, world.user("bob").await, world.user("jörg").await);
    world.give(&admin, &alice, "reader").await;
    admin.delete(&format!("/admin/users/{}/roles/user", bob.id())).await.expect(200);
    let [at_alice, at_bob, at_jorg, nobody] = [&alice, &bob, &jorg, &world.nobody()].map(|who| proxy.before(who));

    is_refused_without_a_token(proxy, &nobody).await;
    is_refused_without_the_right(proxy, &at_bob, kind).await;

    // The right one reaches the program, which is told who it is.
    let told = passes(&at_alice, "/items/1?q=a%2Fb", &[]).await;
    assert_eq!(told["path"], "/items/1?q=a%2Fb");
    is_told(&told, [alice.id(), "alice", "reader,user"]);
    is_told(&passes(&at_jorg, "/", &[]).await, [jorg.id(), "j%C3%B6rg", "user"]);
    let told = passes(&at_bob, "/", &[]).await;
    assert_eq!(header(&told, "x-rolecall-roles"), if kind.sends_empty { vec![""] } else { vec![] });

    keeps_the_callers_own_out(&at_alice, &at_bob, &alice, kind).await;
    let public = passes(&nobody, "/public/a", &[("X-Rolecall-Subject", "admin"), ("X_Rolecall_Roles", "admin")]).await;
    assert!(ours(&public).iter().all(|name| header(&public, name) == [""]), "{public}");

    refuses_what_is_ambiguous(proxy, &[&at_alice, &nobody], kind).await;
    asks_by_the_method(world, proxy, [&at_alice, &at_bob]).await;

    // Nobody from outside reaches what is asked.
    for path in ["/_anybody", "/_items", "/_staff", "/_public"] {
        let status = nobody.get(path).await.status;
        assert!([401, 404].contains(&status), "{path}: {status}");
    }

    // A right that is taken away is refused at the next call, and one that is given works.
    admin.delete(&format!("/admin/users/{}/roles/reader", alice.id())).await.expect(200);
    at_alice.get("/items/").await.expect(403);
    world.give(&admin, &bob, "reader").await;
    passes(&at_bob, "/items/", &[]).await;
}

async fn is_refused_without_a_token(proxy: &ReverseProxy, nobody: &Actor) {
    let before = proxy.reached();
    for path in ["/items/", "/staff/", "/", "/anything"] {
        let answer = nobody.get(path).await.expect(401);
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="rolecall""#, "{path}");
        let bad = [("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."), ("cookie", "token=x")];
        let answer = nobody.send("POST", path, &bad, "a body").await.expect(401);
        assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#, "{path}");
    }
    assert_eq!(proxy.reached(), before);
}

async fn is_refused_without_the_right(proxy: &ReverseProxy, bob: &Actor, kind: &Kind) {
    let before = proxy.reached();
    for (path, scope) in [("/items/", "items:read"), ("/staff/", "role admin")] {
        let answer = bob.get(path).await.expect(403);
        assert_eq!(answer.header("www-authenticate").contains(scope), kind.says_why, "{path}");
    }
    assert_eq!(proxy.reached(), before);
}

async fn keeps_the_callers_own_out(alice: &Actor, bob: &Actor, is: &Actor, kind: &Kind) {
    let spellings = |name: &str| {
        let [a, b] = name.split_once('-').map(|(a, b)| [a, b]).expect("a name with `-`");
        [name.to_owned(), name.to_lowercase(), name.replace('-', "_"), format!("{a}_{b}"), name.to_uppercase()]
    };
    for name in ["X-Rolecall-Subject", "X-Rolecall-Name", "X-Rolecall-Roles"] {
        for spelled in spellings(name) {
            for own in [&[(spelled.as_str(), "admin")][..], &[(&spelled, "admin"), (&spelled, "root")]] {
                is_told(&passes(alice, "/items/", own).await, [is.id(), "alice", "reader,user"]);
                // Where there is nothing to say, the caller does not say it either.
                let told = passes(bob, "/", own).await;
                assert_eq!(
                    header(&told, "x-rolecall-roles"),
                    if kind.sends_empty { vec![""] } else { vec![] },
                    "{told}"
                );
                assert!(ours(&told).iter().all(|name| !name.contains('_')), "{told}");
                assert!(!told.to_string().contains("root"), "{told}");
            }
        }
    }
    // Nor does he have them removed.
    for names in ["X-Rolecall-Subject, X-Forwarded-Uri", "close, x-rolecall-subject", "authorization"] {
        let answer = alice.send("GET", "/items/", &[("Connection", names)], Body::empty()).await;
        match answer.status {
            200 => is_told(&answer.json(), [is.id(), "alice", "reader,user"]),
            status => assert_eq!(status, 400, "{names}"),
        }
    }
}

/// Reading is one permission and changing another, and a path without its last slash asks for the same.
async fn asks_by_the_method(world: &World, proxy: &ReverseProxy, [reader, writer]: [&Actor; 2]) {
    let (before, admin) = (proxy.reached(), world.administrator().await);
    world.give(&admin, writer, "writer").await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        assert_eq!(reader.send(method, "/items/1", &[], Body::empty()).await.status, 403, "{method}");
    }
    for method in ["GET", "HEAD"] {
        assert_eq!(writer.send(method, "/items/1", &[], Body::empty()).await.status, 403, "{method}");
    }
    for path in ["/items", "/staff"] {
        // It may be sent on to the one with the slash.
        let status = writer.get(path).await.status;
        assert!([301, 403].contains(&status), "{path}: {status}");
    }
    assert_eq!(proxy.reached(), before);
    writer.send("DELETE", "/items/1", &[], Body::empty()).await.expect(200);
    reader.send("HEAD", "/items/1", &[], Body::empty()).await.expect(200);
}

async fn refuses_what_is_ambiguous(proxy: &ReverseProxy, [alice, nobody]: &[&Actor; 2], kind: &Kind) {
    let before = proxy.reached();
    // Public to the proxy, and something else to some programs.
    for path in [
        "/public/..;/items/1",
        "/public/%2e%2e;/staff/x",
        "/public/..%5citems/1",
        "/public/..%252fitems/1",
        "/public/;/../items/1",
        "/public/%c0%ae%c0%ae/items/1",
        "/public/a%3fb",
    ] {
        for who in [alice, nobody] {
            let status = who.get(path).await.status;
            assert!(status == kind.refuses_with || [400, 401, 403, 404].contains(&status), "{path}: {status}");
        }
    }
    for path in [
        "/items/%2e%2e/staff/",
        "/items/..%2fstaff/",
        "/items/a%2fb",
        "/items/a%5cb",
        "/items//a",
        "/items/a;b",
        "/items/..;/staff/",
        "/items/%252e%252e/staff/",
        "/items/./a",
        "/items/../items/a",
        "/items/a%23b",
    ] {
        let status = alice.get(path).await.status;
        // One of them may answer by itself, or go by the path without the dots.
        assert!(status == kind.refuses_with || [400, 403, 404].contains(&status), "{path}: {status}");
    }
    assert_eq!(proxy.reached(), before);
    for header in [("X-Forwarded-Uri", "/staff/../items/"), ("X_Forwarded_Uri", "/items/")] {
        let answer = alice.send("GET", "/items/", &[header], Body::empty()).await;
        // What the proxy says of it stands in its place, or it is refused.
        assert!([200, kind.refuses_with].contains(&answer.status), "{header:?}: {}", answer.status);
    }
}

/// A call that reaches the program: what it was told.
async fn passes(who: &Actor, path: &str, headers: &[(&str, &str)]) -> Value {
    who.send("GET", path, headers, Body::empty()).await.expect(200).json()
}

/// Each header once, with this in it, and no other spelling of one.
#[track_caller]
fn is_told(told: &Value, expected: [&str; 3]) {
    for (name, expected) in ["x-rolecall-subject", "x-rolecall-name", "x-rolecall-roles"].into_iter().zip(expected) {
        assert_eq!(header(told, name), [expected], "{name} in {told}");
    }
    assert_eq!(ours(told).len(), 3, "{told}");
}
