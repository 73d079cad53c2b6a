//! Keys that follow each other every two seconds, while people call and log in: nobody notices.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rolecall_server::{Config, GuessLimits};
use tokio::{sync::RwLock, task::JoinSet};

use super::{AHEAD, again, kid, rotate};
use crate::util::{World, on_both, world::PASSWORD};

const ROTATIONS: u64 = 10;
const PEOPLE: usize = 3;

/// A lease that outlasts what the clock is set forward while people call.
fn with_time(config: &mut Config) {
    config.lease = Duration::from_secs(60);
    config.guess_limits = GuessLimits { per_account: 0, per_address: 0 };
}

/// People who call and log in until they are told to end.
struct Load {
    ended: Arc<AtomicBool>,
    /// Held by whoever sets the clock forward by more than a lease.
    calling: Arc<RwLock<()>>,
    log_ins: Arc<AtomicUsize>,
    people: JoinSet<BTreeSet<String>>,
}

impl Load {
    async fn start(world: &World) -> Load {
        let (ended, calling, log_ins) = (Arc::default(), Arc::default(), Arc::default());
        let mut load = Load { ended, calling, log_ins, people: JoinSet::new() };
        for n in 0..PEOPLE {
            let name = format!("caller-{n}");
            let first = world.user(&name).await;
            let (ended, calling, log_ins) = (load.ended.clone(), load.calling.clone(), load.log_ins.clone());
            load.people.spawn(async move {
                let mut kids = BTreeSet::new();
                while !ended.load(Ordering::SeqCst) {
                    let _calling = calling.read().await;
                    let now = first.logged_in(&name, PASSWORD).await;
                    kids.insert(kid(&now));
                    for _ in 0..5 {
                        first.get("/users/").await.expect(200);
                        now.get("/users/").await.expect(200);
                    }
                    log_ins.fetch_add(1, Ordering::SeqCst);
                }
                kids
            });
        }
        load
    }

    /// Until somebody has logged in who began after this.
    async fn goes_on(&self) {
        let before = self.log_ins.load(Ordering::SeqCst);
        while self.log_ins.load(Ordering::SeqCst) <= before + PEOPLE {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(self) -> BTreeSet<String> {
        self.ended.store(true, Ordering::SeqCst);
        self.people.join_all().await.into_iter().flatten().collect()
    }
}

on_both! {
    with with_time;

    async fn nobody_notices(world) {
        let admin = world.administrator().await;
        let load = Load::start(world).await;
        let mut last = String::new();
        for _ in 0..ROTATIONS {
            last = rotate(&admin).await;
            world.wait(2);
            load.goes_on().await;
        }
        let nobody_calls = load.calling.write().await;
        world.wait_for(AHEAD - 2 * ROTATIONS - 20).await;
        drop(nobody_calls);
        // Now each of them signs for two seconds, or a little longer, and its tokens stay good.
        while kid(&again(world, "admin").await) != last {
            load.goes_on().await;
            world.wait(1);
        }
        load.goes_on().await;
        let kids = load.end().await;
        assert!(kids.len() > 4 && kids.contains(&last), "{} keys signed", kids.len());
        again(world, "admin").await.get("/admin/users").await.expect(200);
    }
}
