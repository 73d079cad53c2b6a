//! This process as a node: that it alone has the database, and until when it may decide.
//!
//! With SQLite the operating system holds a lock for it, which ends with it and not before. With PostgreSQL it is a
//! lock of a database session, and a session can be lost without the process noticing. So its connection is asked a
//! few times within each lease, and the lease counts from the asking. Whoever takes over from a process that did not
//! sign off acknowledges no change until no lease of that one can still hold.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rolecall::{Live, clock::Clock};
use rolecall_core::{Lease, Moment};
use tokio::time::{sleep, timeout};

use crate::{
    Error,
    app::App,
    change::Wait,
    keys, origins,
    store::{Accept, Before, Database, FileLock, Lock, PostgresUrl, Store, StoreError},
};

/// How often a wait reads the clock.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// That this process has its database, and since when changes count.
pub struct Node {
    lease: Duration,
    /// Nanoseconds on the clock that counts sleep: no change is acknowledged before.
    quiet_until: AtomicU64,
    /// A take-over has begun whose end is not known: whoever was the holder before it must be outlasted.
    in_doubt: AtomicBool,
    file: Option<FileLock>,
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

impl Taken {
    /// Becomes the one who may write. The first thing that is written: whoever starts on a database that it cannot use
    /// leaves it as it was.
    ///
    /// # Errors
    /// [`Error::Store`] when the database cannot be had now.
    pub async fn take_over(&self, clock: &Clock) -> Result<(), Error> {
        self.node.take_over(&self.store, clock).await?;
        if self.session.is_none() {
            // Whoever had the lock of the operating system before has ended, or there would be none to have.
            self.node.quiet_until.store(0, Ordering::SeqCst);
        }
        Ok(())
    }
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
        accept: &Accept<'_>,
    ) -> Result<Taken, Error> {
        let asked = clock.moment();
        let (file, session) = match database {
            Database::Sqlite(path) => (Some(FileLock::take(path, who)?), None),
            Database::Postgres(url) => match take_soon(url).await? {
                Some(lock) => (None, Some((url.clone(), lock))),
                None => {
                    let holder = Lock::holder(url).await?;
                    return Err(Error::Store(StoreError::Held(format!(
                        "{url} is in use by {holder}; stop that one first, or use another database"
                    ))));
                }
            },
        };
        let store = Store::open(database, id, accept).await?;
        let node = Node { lease, quiet_until: AtomicU64::new(0), in_doubt: AtomicBool::new(false), file };
        let lease = match session {
            None => Lease::ENDLESS,
            Some(_) => Lease::from_asking(asked, node.lease),
        };
        Ok(Taken { node, store, lease, session })
    }

    /// Becomes the holder, and quiet for as long as one before that did not sign off may still decide.
    async fn take_over(&self, store: &Store, clock: &Clock) -> Result<(), StoreError> {
        let in_doubt = self.in_doubt.swap(true, Ordering::SeqCst);
        let before = store.take_over(self.lease).await?;
        let longest = match before {
            Before::Perhaps { lease_ms } => Some(Duration::from_millis(lease_ms).max(self.lease)),
            // The one before me was told by a take-over whose answer did not come.
            Before::Myself if in_doubt => Some(self.lease),
            Before::Myself | Before::Gone => None,
        };
        if let Some(longest) = longest {
            self.be_quiet(longest, clock.moment());
        }
        self.in_doubt.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn be_quiet(&self, lease: Duration, now: Moment) {
        let quiet = Lease::outlasting(lease);
        let until = now.boot.saturating_add(u64::try_from(quiet.as_nanos()).unwrap_or(u64::MAX));
        self.quiet_until.fetch_max(until, Ordering::SeqCst);
        if self.file.is_none() {
            tracing::warn!(
                seconds = quiet.as_secs(),
                "the process before did not stop in order: no change is acknowledged until nothing that it allowed can still go on"
            );
        }
    }

    /// Leaves in order: nothing is decided here any more, and whoever comes next need not wait. Whoever has not outlasted
    /// the one before him cannot say that.
    pub async fn sign_off(&self, store: &Store, live: &Live, clock: &Clock) {
        live.suspend();
        if self.quiet_for(clock).is_zero() {
            store.sign_off().await;
        }
    }

    /// How much longer no change may be acknowledged.
    pub fn quiet_for(&self, clock: &Clock) -> Duration {
        let until = self.quiet_until.load(Ordering::SeqCst);
        Duration::from_nanos(until.saturating_sub(clock.moment().boot))
    }

    /// Waits until what is in force here is in force everywhere; `false` when the wait was shorter than that takes.
    pub async fn in_force(&self, clock: &Clock, wait: Wait) -> bool {
        let at_most = match wait {
            Wait::No => Duration::ZERO,
            Wait::AtMost(at_most) => at_most,
            Wait::Longest => Duration::MAX,
        };
        // The clock is read again and again: unlike a timer, it counts the machine's sleep.
        let over = async {
            while let quiet = self.quiet_for(clock)
                && !quiet.is_zero()
            {
                sleep(quiet.min(LOOK_AGAIN)).await;
            }
        };
        timeout(at_most, over).await.is_ok()
    }
}

/// Takes the lock, if need be when the server has noticed that the process before has ended: that takes it a moment.
async fn take_soon(url: &PostgresUrl) -> Result<Option<Lock>, StoreError> {
    for _ in 0..10 {
        if let Some(lock) = Lock::take(url).await? {
            return Ok(Some(lock));
        }
        sleep(Duration::from_millis(100)).await;
    }
    Lock::take(url).await
}

/// Keeps the lock on PostgreSQL, and the lease with it, as long as this task runs.
pub async fn keep(app: Arc<App>, url: PostgresUrl, lock: Lock, me: String) {
    let lease = app.node.lease;
    let mut last = lock.pid();
    let mut lock = Some(lock);
    loop {
        sleep(lease / 6).await;
        let asked = app.clock.moment();
        if let Some(session) = &mut lock {
            match timeout(lease / 6, session.ping()).await {
                Ok(Ok(holder)) if holder == me => {
                    app.live.extend(Lease::from_asking(asked, lease));
                    recover(&app, asked).await;
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
        match timeout(lease / 3, regain(&app, &url, asked, last)).await {
            Ok(Ok(Some(session))) => {
                tracing::info!("the database is held again");
                last = session.pid();
                lock = Some(session);
            }
            Ok(Ok(None)) => tracing::warn!("another session holds the database"),
            Ok(Err(error)) => tracing::warn!(%error, "the database cannot be held again yet"),
            Err(_) => tracing::warn!("the database cannot be held again yet: it does not answer in time"),
        }
    }
}

/// Takes the lock again, and reads what is in force before anything is decided by it.
async fn regain(app: &App, url: &PostgresUrl, asked: Moment, last: i32) -> Result<Option<Lock>, Error> {
    let lock = match Lock::take(url).await? {
        Some(lock) => lock,
        None => {
            // Our own lost session perhaps, which the server does not know to be lost.
            Lock::end(url, last).await?;
            match Lock::take(url).await? {
                Some(lock) => lock,
                None => return Ok(None),
            }
        }
    };
    let _turn = app.turn.lock().await;
    app.node.take_over(&app.store, &app.clock).await?;
    reload(app, Lease::from_asking(asked, app.node.lease)).await?;
    Ok(Some(lock))
}

/// Watches over a SQLite file, as long as this task runs. The lock is good while its file is in place: who removes that
/// lets another process in, and then nothing may be decided here.
pub async fn watch(app: Arc<App>) {
    loop {
        sleep(Duration::from_secs(1)).await;
        let in_place = app.node.file.as_ref().is_none_or(FileLock::is_in_place);
        let taken_over = matches!(app.store.is_holder().await, Ok(false));
        if !in_place || taken_over {
            if !app.live.is_suspended() {
                tracing::error!(
                    "the lock file was removed, or another process has taken the database over: nothing is decided here; start this again"
                );
            }
            app.live.suspend();
        } else {
            recover(&app, app.clock.moment()).await;
        }
    }
}

/// Decides again where nothing is decided though nobody finds out any more what is in force.
async fn recover(app: &App, asked: Moment) {
    if !app.live.is_suspended() || app.stopping.is_cancelled() {
        return;
    }
    let Ok(_turn) = app.turn.try_lock() else { return };
    let read = async {
        app.store.settled().await?.rollback().await?;
        reload(app, lease_from(app, asked)).await
    };
    match timeout(app.node.lease / 6, read).await {
        Ok(Ok(())) => tracing::info!("it is known again what is in force"),
        Ok(Err(error)) => tracing::warn!(%error, "it is not known yet what is in force"),
        Err(_) => tracing::warn!("it is not known yet what is in force: the database does not answer in time"),
    }
}

/// Reads what is in force and decides by it from now on. Only with the turn in hand.
///
/// # Errors
/// [`Error::Store`] when it cannot be read now.
pub async fn reload(app: &App, lease: Lease) -> Result<(), Error> {
    let mut tx = app.store.read().await?;
    let ring = keys::read(&mut tx, &app.key_file).await?;
    let snapshot = App::snapshot(&mut tx, ring.set()).await?;
    app.origins.replace(origins::of_clients(&mut tx).await?);
    app.ring.store(Arc::new(ring));
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
