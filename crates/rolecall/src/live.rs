//! What this process decides by: a snapshot, until when, and the rules compiled for it, swapped whole. No axum here.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use rolecall_core::{Lease, Snapshot, Version};
use tokio::sync::watch;

use crate::{clock::Clock, need::Need, rule::Expr};

#[doc = include_str!("live.md")]
pub struct Live {
    pub(crate) issuer: Arc<str>,
    clock: Clock,
    max_lifetime: i64,
    held: ArcSwap<Held>,
    writer: Mutex<Writer>,
    version: watch::Sender<Version>,
}

/// One value, read once for each call: so token, rule and policy are of one version.
pub(crate) struct Held {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) lease: Lease,
    pub(crate) needs: Arc<[Need]>,
}

/// What whoever swaps must have in hand: swaps go one after the other.
struct Writer {
    rules: Vec<Expr>,
    suspended: bool,
}

impl Live {
    /// Decides by `snapshot` while `lease` holds. `issuer` is the one whose tokens count; `max_lifetime` is the longest
    /// that it gives a token, in seconds.
    pub fn new(issuer: &str, snapshot: Snapshot, lease: Lease, clock: Clock, max_lifetime: i64) -> Self {
        let version = snapshot.version;
        Live {
            issuer: issuer.into(),
            clock,
            max_lifetime,
            held: ArcSwap::from_pointee(Held { snapshot: Arc::new(snapshot), lease, needs: Arc::new([]) }),
            writer: Mutex::new(Writer { rules: vec![], suspended: false }),
            version: watch::Sender::new(version),
        }
    }

    /// Whose tokens count: `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The clock that tokens and leases are judged by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The longest lifetime of a token, in seconds.
    pub fn max_lifetime(&self) -> i64 {
        self.max_lifetime
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.held.load().snapshot.clone()
    }

    /// Whether this process may decide now.
    pub fn may_decide(&self) -> bool {
        self.held.load().lease.holds(self.clock.moment())
    }

    pub(crate) fn load(&self) -> Guard<Arc<Held>> {
        self.held.load()
    }

    /// As [`load`](Live::load), to be kept across an await.
    pub(crate) fn load_full(&self) -> Arc<Held> {
        self.held.load_full()
    }

    /// Puts a newer snapshot in force. One that is not newer changes nothing.
    pub fn swap(&self, snapshot: Snapshot) {
        let writer = self.lock();
        if snapshot.version > self.held.load().snapshot.version {
            self.store(&writer, |held| Held {
                snapshot: Arc::new(snapshot),
                lease: held.lease,
                needs: held.needs.clone(),
            });
        }
    }

    /// Lets this process decide until the lease ends, if that is later than now.
    pub fn extend(&self, lease: Lease) {
        let writer = self.lock();
        if !writer.suspended {
            self.store(&writer, |held| Held {
                snapshot: held.snapshot.clone(),
                lease: held.lease.or_later(lease),
                needs: held.needs.clone(),
            });
        }
    }

    /// Nothing is decided from now on, until [`resume`](Live::resume): for when it is not known what is in force.
    pub fn suspend(&self) {
        let mut writer = self.lock();
        writer.suspended = true;
        self.store(&writer, |held| Held {
            snapshot: held.snapshot.clone(),
            lease: Lease::NONE,
            needs: held.needs.clone(),
        });
    }

    /// Whether nothing is decided until [`resume`](Live::resume).
    pub fn is_suspended(&self) -> bool {
        self.lock().suspended
    }

    /// Decides again, by what was just read.
    pub fn resume(&self, snapshot: Snapshot, lease: Lease) {
        let mut writer = self.lock();
        writer.suspended = false;
        // What was read is what there is, also where it is older: a backup that was brought back.
        self.store(&writer, |held| Held { snapshot: Arc::new(snapshot), lease, needs: held.needs.clone() });
    }

    /// Waits until `min` is in force, at most so long.
    pub(crate) async fn catch_up(&self, min: Version, at_most: Duration) -> bool {
        let mut version = self.version.subscribe();
        tokio::time::timeout(at_most, version.wait_for(|version| *version >= min)).await.is_ok_and(|got| got.is_ok())
    }

    /// Adds the rules of an application; answers the number of the first.
    pub(crate) fn add_rules(&self, rules: impl IntoIterator<Item = Expr>) -> usize {
        let mut writer = self.lock();
        let first = writer.rules.len();
        writer.rules.extend(rules);
        self.store(&writer, |held| Held {
            snapshot: held.snapshot.clone(),
            lease: held.lease,
            // An empty list is compiled anew below.
            needs: Arc::new([]),
        });
        first
    }

    fn store(&self, writer: &Writer, next: impl FnOnce(&Held) -> Held) {
        let held = self.held.load();
        let mut next = next(&held);
        let same = Arc::ptr_eq(&next.snapshot.policy, &held.snapshot.policy) && next.needs.len() == writer.rules.len();
        if !same {
            next.needs = writer.rules.iter().map(|rule| Need::compile(rule, &next.snapshot.policy)).collect();
        }
        let version = next.snapshot.version;
        self.held.store(Arc::new(next));
        self.version.send_replace(version);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held = self.held.load();
        f.debug_struct("Live")
            .field("issuer", &self.issuer)
            .field("version", &held.snapshot.version)
            .finish_non_exhaustive()
    }
}
