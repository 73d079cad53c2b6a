//! A token from before a change is looked up once, and the answer kept until it may be another one.

use serde_json::json;
use tempfile::TempDir;

use super::{assignment, with_role};
use crate::util::{Actor, Db, World, postgres, proxy::Proxy, world::PASSWORD};

/// What a few calls get, and how often the session was looked up for all of them.
async fn calls(proxy: &Proxy, actor: &Actor, path: &str) -> (u16, usize) {
    let before = proxy.look_ups();
    let statuses: Vec<u16> = [(); 4].map(|()| actor.get(path)).into_iter().collect::<Waiting<_>>().all().await;
    assert!(statuses.iter().all(|status| *status == statuses[0]), "{statuses:?}");
    (statuses[0], proxy.look_ups() - before)
}

/// Calls that go out together.
struct Waiting<F>(Vec<F>);

impl<F> FromIterator<F> for Waiting<F> {
    fn from_iter<I: IntoIterator<Item = F>>(calls: I) -> Self {
        Waiting(calls.into_iter().collect())
    }
}

impl<F: Future<Output = crate::util::Answer>> Waiting<F> {
    async fn all(self) -> Vec<u16> {
        let mut statuses = vec![];
        for call in self.0 {
            statuses.push(call.await.status);
        }
        statuses
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_for_each_change_that_concerns_it() {
    let (proxy, direct) = (Proxy::start(), postgres::database().await);
    let world = World::at(Db::Postgres, proxy.url(&direct), TempDir::new().expect("a folder")).await;
    let admin = world.administrator().await;
    let (alice, bob) = (world.user("alice").await, world.user("bob").await);
    let narrow = world.nobody().log_in_for("alice", PASSWORD, Some("user")).await.expect(200).json();
    let narrow = alice.with_token(narrow["access_token"].as_str().expect("a token"));
    world.role(&admin, "reader", &["notes:read"], &[]).await;

    assert_eq!(calls(&proxy, &alice, "/items/").await, (403, 0), "nothing has changed since it was minted");
    world.give(&admin, &alice, "admin").await;
    assert_eq!(calls(&proxy, &alice, "/items/").await, (200, 1), "looked up before a no");
    assert_eq!(calls(&proxy, &narrow, "/items/").await, (403, 1), "cut to the scope of the token");
    assert_eq!(calls(&proxy, &narrow, "/users/").await, (200, 0));
    admin.delete(&assignment(alice.id(), "admin")).await.expect(200);
    assert_eq!(calls(&proxy, &alice, "/items/").await, (403, 1), "and before a yes");

    world.give(&admin, &bob, "admin").await;
    assert_eq!(calls(&proxy, &alice, "/users/").await, (200, 0), "bob is not alice");
    world.give(&admin, &alice, "reader").await;
    assert_eq!(calls(&proxy, &alice, "/notes/").await, (200, 1));
    admin.delete("/admin/roles/reader/permissions/notes:read").await.expect(200);
    assert_eq!(calls(&proxy, &alice, "/notes/").await, (403, 0), "what a role may do is in the policy");
    admin.put("/admin/roles/reader/permissions/notes:read").await.expect(200);
    assert_eq!(calls(&proxy, &alice, "/notes/").await, (200, 0));

    // Another role of the same name: the token names the old one.
    admin.delete("/admin/roles/reader").await.expect(200);
    assert_eq!(calls(&proxy, &alice, "/notes/").await, (403, 0));
    world.role(&admin, "reader", &["notes:read"], &[]).await;
    assert_eq!(calls(&proxy, &alice, "/notes/").await, (403, 1), "born anew");

    // The earliest end in the answer.
    let until = json!({ "until": world.now() + 4 });
    admin.put_json(&assignment(alice.id(), "admin"), until).await.expect(200);
    assert_eq!(calls(&proxy, &alice, "/items/").await, (200, 1));
    world.wait_for(5).await;
    assert_eq!(calls(&proxy, &alice, "/items/").await, (403, 1), "an end in it has come");
    assert_eq!(calls(&proxy, &alice, "/users/").await, (200, 0));

    admin.patch(&format!("/admin/users/{}", alice.id()), json!({ "disabled": true })).await.expect(200);
    assert_eq!(calls(&proxy, &alice, "/users/").await, (401, 1), "a no is kept like a yes");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_looked_up_is_503_and_not_no() {
    let (proxy, direct) = (Proxy::start(), postgres::database().await);
    let world = World::at(Db::Postgres, proxy.url(&direct), TempDir::new().expect("a folder")).await;
    let admin = world.administrator().await;
    let (alice, bob) = (with_role(&world, &admin, "alice").await, world.user("bob").await);
    world.give(&admin, &bob, "admin").await;
    proxy.go_silent();
    // A look-up takes 5 s at most; the clock of the lease stands still for so long, as far as this test cares.
    let refused = bob.get("/items/").await.expect(503);
    assert_ne!(refused.header("retry-after"), "");
    proxy.heal();
    world.wait_for(0).await;
    bob.get("/items/").await.expect(200);
    alice.get("/items/").await.expect(200);
    world.stop().await;
}
