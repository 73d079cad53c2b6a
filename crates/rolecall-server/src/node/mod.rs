//! This process as a node: that it alone has the database, and until when it may decide.
//!
//! With SQLite the operating system holds a lock for it, which ends with it and not before. With PostgreSQL it is a
//! lock of a database session, and a session can be lost without the process noticing. So its connection is asked a
//! few times within each lease, and the lease counts from the asking. Whoever takes over from a process that did not
//! sign off acknowledges no change until no lease of that one can still hold.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rolecall::clock::Clock;
use rolecall_core::{Lease, Moment};
use tokio::time::{sleep, timeout};

use crate::{
    Error,
    app::App,
    change::Wait,
    store::{Before, Database, FileLock, Lock, PostgresUrl, Store, StoreError},
};

/// That this process has its database, and since when changes count.
pub struct Node {
    lease: Duration,
    /// Nanoseconds on the clock that counts sleep: no change is acknowledged before.
    quiet_until: AtomicU64,
    _file: Option<FileLock>,
}

/// What was taken at the start.
pub struct Taken {
    /// The node.
    pub node: Node,
    /// The open database.
    pub store: Store,
    /// Until when this process may decide.
    pub lease: Lease,
    /// The session that has the lock, on PostgreSQL.
    pub session: Option<(PostgresUrl, Lock)>,
}

impl Node {
    /// Takes the database for this process and opens it. `id` is random for each process; `who` is what another one
    /// that comes later is told.
    ///
    /// # Errors
    /// [`Error::Store`] says who has it, or what is wrong with it.
    pub async fn take(
        database: &Database,
        id: &str,
        who: &str,
        clock: &Clock,
        lease: Duration,
    ) -> Result<Taken, Error> {
        let asked = clock.moment();
        let (file, session) = match database {
            Database::Sqlite(path) => (Some(FileLock::take(path, who)?), None),
            Database::Postgres(url) => match Lock::take(url).await? {
                Some(lock) => (None, Some((url.clone(), lock))),
                None => {
                    let holder = Lock::holder(url).await?;
                    return Err(Error::Store(StoreError::Held(format!(
                        "{url} is in use by {holder}; stop that one first, or use another database"
                    ))));
                }
            },
        };
        let store = Store::open(database, id).await?;
        let before = store.take_over().await?;
        let node = Node { lease, quiet_until: AtomicU64::new(0), _file: file };
        let lease = match session {
            None => Lease::ENDLESS,
            Some(_) => {
                node.be_quiet_after(before, clock.moment());
                Lease::from_asking(asked, node.lease)
            }
        };
        Ok(Taken { node, store, lease, session })
    }

    fn be_quiet_after(&self, before: Before, now: Moment) {
        if before == Before::Perhaps {
            let quiet = u64::try_from(Lease::outlasting(self.lease).as_nanos()).unwrap_or(u64::MAX);
            self.quiet_until.fetch_max(now.boot.saturating_add(quiet), Ordering::SeqCst);
            tracing::warn!(
                seconds = Lease::outlasting(self.lease).as_secs(),
                "the process before did not stop in order: changes are acknowledged only when nothing that it allowed can still go on"
            );
        }
    }

    /// How much longer no change may be acknowledged.
    pub fn quiet_for(&self, clock: &Clock) -> Duration {
        let until = self.quiet_until.load(Ordering::SeqCst);
        Duration::from_nanos(until.saturating_sub(clock.moment().boot))
    }

    /// Waits until what is in force here is in force everywhere; `false` when the wait was shorter than that takes.
    pub async fn in_force(&self, clock: &Clock, wait: Wait) -> bool {
        let quiet = self.quiet_for(clock);
        if quiet.is_zero() {
            return true;
        }
        let at_most = match wait {
            Wait::No => return false,
            Wait::AtMost(at_most) => at_most,
            Wait::Longest => Duration::MAX,
        };
        sleep(quiet.min(at_most)).await;
        quiet <= at_most
    }
}

/// Keeps the lock on PostgreSQL, and the lease with it, as long as this task runs.
pub async fn keep(app: Arc<App>, url: PostgresUrl, lock: Lock, me: String) {
    let lease = app.node.lease;
    let mut lock = Some(lock);
    loop {
        sleep(lease / 6).await;
        let asked = app.clock.moment();
        if let Some(session) = &mut lock {
            match timeout(lease / 6, session.ping()).await {
                Ok(Ok(holder)) if holder == me => {
                    app.live.extend(Lease::from_asking(asked, lease));
                    continue;
                }
                Ok(Ok(_)) => {
                    tracing::error!("another process has taken the database over; nothing is decided here");
                    app.live.suspend();
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the database does not answer; the lease goes on until its end")
                }
                Err(_) => tracing::warn!("the database does not answer in time; the lease goes on until its end"),
            }
        }
        lock = None;
        match timeout(lease / 6, regain(&app, &url, asked)).await {
            Ok(Ok(Some(session))) => {
                tracing::info!("the database is held again");
                lock = Some(session);
            }
            Ok(Ok(None)) => tracing::warn!("another session holds the database"),
            Ok(Err(error)) => tracing::warn!(%error, "the database cannot be held again yet"),
            Err(_) => tracing::warn!("the database cannot be held again yet: it does not answer in time"),
        }
    }
}

/// Takes the lock again, and reads what is in force before anything is decided by it.
async fn regain(app: &App, url: &PostgresUrl, asked: Moment) -> Result<Option<Lock>, Error> {
    let Some(lock) = Lock::take(url).await? else { return Ok(None) };
    let _turn = app.turn.lock().await;
    let before = app.store.take_over().await?;
    app.node.be_quiet_after(before, app.clock.moment());
    reload(app, Lease::from_asking(asked, app.node.lease)).await?;
    Ok(Some(lock))
}

/// Reads what is in force and decides by it from now on. Only with the turn in hand.
///
/// # Errors
/// [`Error::Store`] when it cannot be read now.
pub async fn reload(app: &App, lease: Lease) -> Result<(), Error> {
    let mut tx = app.store.read().await?;
    let snapshot = App::snapshot(&mut tx, &app.keys).await?;
    app.live.resume(snapshot, lease);
    Ok(())
}

/// The lease after a reload that was not asked for by losing the lock.
pub fn lease_from(app: &App, asked: Moment) -> Lease {
    match app.config.database {
        Database::Sqlite(_) => Lease::ENDLESS,
        Database::Postgres(_) => Lease::from_asking(asked, app.node.lease),
    }
}
