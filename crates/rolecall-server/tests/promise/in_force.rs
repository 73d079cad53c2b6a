//! No call that starts after a removal was answered is decided by what was before.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::json;
use tokio::task::JoinSet;

use super::{assignment, with_role};
use crate::util::{Actor, Answer, World, on_both, world::PASSWORD};

const READERS: usize = 6;

/// Callers who call a route again and again. They note of each call whether it started after `taken`.
struct Readers {
    taken: Arc<AtomicBool>,
    before: Arc<AtomicUsize>,
    calling: JoinSet<()>,
}

impl Readers {
    /// `refused` is what they get afterwards; anything else that is not 200 is a fault at any time.
    fn start(actors: &[Actor], path: &'static str, refused: u16) -> Readers {
        let (taken, before) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut calling = JoinSet::new();
        for n in 0..READERS {
            let (actor, taken, before) = (actors[n % actors.len()].clone(), taken.clone(), before.clone());
            calling.spawn(async move {
                let mut after = 0;
                while after < 3 {
                    let started_after = taken.load(Ordering::SeqCst);
                    let status = actor.get(path).await.status;
                    if started_after {
                        assert_eq!(status, refused, "{path} was decided by what was before");
                        after += 1;
                    } else {
                        assert!(status == 200 || status == refused, "{path}: {status}");
                        before.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        Readers { taken, before, calling }
    }

    /// Calls for a while, then takes the right away, then sees that nobody gets in.
    async fn see(mut self, take: impl AsyncFnOnce() -> Answer) {
        while self.before.load(Ordering::SeqCst) < 3 * READERS {
            tokio::task::yield_now().await;
        }
        let answer = take().await.expect(200).json();
        self.taken.store(true, Ordering::SeqCst);
        assert_eq!(answer["in_force"], true);
        while let Some(done) = self.calling.join_next().await {
            done.expect("no fault");
        }
    }
}

/// One person with two log-ins.
async fn twice(world: &World, admin: &Actor, name: &str) -> [Actor; 2] {
    let first = with_role(world, admin, name).await;
    let second = world.nobody().logged_in(name, PASSWORD).await;
    [first, second]
}

on_both! {
    async fn an_assignment_taken_away(world) {
        let admin = world.administrator().await;
        let alice = twice(world, &admin, "alice").await;
        for _ in 0..5 {
            world.give(&admin, &alice[0], "admin").await;
            let path = assignment(alice[0].id(), "admin");
            Readers::start(&alice, "/items/", 403).see(async || admin.delete(&path).await).await;
        }
    }

    async fn an_assignment_that_is_to_end_now(world) {
        let admin = world.administrator().await;
        let alice = twice(world, &admin, "alice").await;
        let (path, soon) = (assignment(alice[0].id(), "admin"), json!({ "until": world.now() + 60 }));
        assert_eq!(admin.put_json(&path, soon).await.expect(200).json()["in_force"], true);
        world.clock.advance(std::time::Duration::from_secs(61));
        // Nothing is written at that time, and nothing need be; on PostgreSQL the lease is over too.
        for actor in &alice {
            let status = actor.get("/items/").await.status;
            assert!(status == 403 || status == 503, "{status}");
        }
        world.wait_for(0).await;
        for actor in &alice {
            actor.get("/items/").await.expect(403);
            actor.get("/users/").await.expect(200);
        }
    }

    async fn a_permission_of_a_role(world) {
        let admin = world.administrator().await;
        let alice = [world.user("alice").await];
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        world.give(&admin, &alice[0], "reader").await;
        let take = async || admin.delete("/admin/roles/reader/permissions/notes:read").await;
        Readers::start(&alice, "/notes/", 403).see(take).await;
    }

    async fn an_inheritance_then_the_role_itself(world) {
        let admin = world.administrator().await;
        let alice = [world.user("alice").await];
        world.role(&admin, "reader", &["notes:read"], &[]).await;
        world.role(&admin, "senior", &[], &["reader"]).await;
        world.give(&admin, &alice[0], "senior").await;
        let take = async || admin.delete("/admin/roles/senior/inherits/reader").await;
        Readers::start(&alice, "/notes/", 403).see(take).await;

        admin.put("/admin/roles/senior/inherits/reader").await.expect(200);
        Readers::start(&alice, "/notes/", 403).see(async || admin.delete("/admin/roles/senior").await).await;
    }

    async fn an_account_disabled_and_one_deleted(world) {
        let admin = world.administrator().await;
        let (alice, bob) = (twice(world, &admin, "alice").await, twice(world, &admin, "bob").await);
        let path = format!("/admin/users/{}", alice[0].id());
        let disable = async || admin.patch(&path, json!({ "disabled": true })).await;
        Readers::start(&alice, "/users/", 401).see(disable).await;
        let path = format!("/admin/users/{}", bob[0].id());
        Readers::start(&bob, "/users/", 401).see(async || admin.delete(&path).await).await;
    }
}
