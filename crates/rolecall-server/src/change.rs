//! The one way to change what a token out there may do.
//!
//! A change is one transaction that takes the version row first, so that changes come one after the other; then it
//! writes what changes, whom that concerns, and the audit log. [`Change::commit`] puts it in force in this process
//! before it returns, and waits until it is in force everywhere.

use std::{sync::Arc, time::Duration};

use rolecall_core::{Beyond, Moment, Object, Policy, Rights, Snapshot, Subject, Version};
use tokio::{
    sync::OwnedMutexGuard,
    time::{sleep, timeout},
};

use crate::{
    Error,
    actor::Actor,
    app::App,
    audit::{self, Act},
    clients, ids, keys, node, origins,
    sessions::{self, Lasting},
    store::{StoreError, Tx, versions},
};

/// How long whoever changes something waits to be told what became of it, when the database went away meanwhile.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long COMMIT may take before it counts as one whose answer will never come.
const COMMIT_WITHIN: Duration = Duration::from_secs(5);
/// Changes are on record for the lifetime of a token and this much longer.
const RECORD: Duration = Duration::from_secs(3600);
/// Seconds of changes that are forgotten at once: each time what is held is copied.
const AT_ONCE: i64 = 60;

/// A change under way. Dropped, it is undone.
#[must_use = "a change that is not committed is undone"]
pub struct Change {
    app: Arc<App>,
    tx: Tx,
    by: Actor,
    version: Version,
    tag: String,
    base: Arc<Snapshot>,
    touched: Vec<Subject>,
    /// Whether it concerns whoever holds a token.
    all: bool,
    takes_away: bool,
    rights: Option<Rights>,
    acts: Vec<Act>,
    _turn: OwnedMutexGuard<()>,
}

/// How long to wait until a change is in force everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Not at all.
    No,
    /// So long.
    AtMost(Duration),
    /// As long as it takes.
    Longest,
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InForce {
    /// Its version; the one before, if there was nothing to change.
    pub version: Version,
    /// Whether every call that comes from now on is decided by it.
    pub in_force: bool,
}

/// What a wait is when the caller did not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Prefer(pub Option<Wait>);

impl Change {
    /// Begins a change; waits for one that is under way. `permission` is what its route asks for: between the guard and
    /// here a body was read and others had their turn, so it is asked again, as of the version that this supersedes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when this process may not decide now; [`Error::SessionOver`] or [`Error::Beyond`] when the
    /// actor may no longer; [`Error::Store`].
    pub async fn begin(app: &Arc<App>, by: &Actor, permission: Option<&str>) -> Result<Change, Error> {
        let turn = app.turn.clone().lock_owned().await;
        if !app.live.may_decide() {
            return Err(Error::Unavailable("it is not known what is in force; try again in a moment".into()));
        }
        let tag = ids::secret::<12>()?;
        let (mut tx, version) = timeout(PATIENCE, app.store.change(&tag)).await.map_err(|_| StoreError::Busy)??;
        let base = app.live.snapshot();
        if base.version + 1 != version {
            // A database that was brought back from a backup, say. What is decided by must be what is there.
            tx.rollback().await?;
            app.live.suspend();
            node::reload(app, node::lease_from(app, app.clock.moment())).await?;
            return Err(Error::Unavailable("what was in force here was not what the database has; try again".into()));
        }
        let mut by = by.clone();
        let rights = match &by {
            Actor::Person { id, session, scope, .. } => {
                let rights = sessions::rights(app, &mut tx, &base.policy, id, session, scope.clone(), None).await?;
                permission.map_or(Ok(()), |permission| has(&base.policy, &rights, permission))?;
                Some(rights)
            }
            Actor::Visitor { .. } | Actor::Stranger { .. } | Actor::CommandLine | Actor::Schedule => None,
        };
        if let Actor::Person { id, is_client: true, .. } = &by {
            let name = clients::name_of(&mut tx, id).await?;
            by = by.called(name);
        }
        Ok(Change {
            app: app.clone(),
            tx,
            by,
            version,
            tag,
            base,
            touched: vec![],
            all: false,
            takes_away: false,
            rights,
            acts: vec![],
            _turn: turn,
        })
    }

    /// The service.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The transaction.
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Who changes something.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// The version that this makes.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The policy of the version just superseded, never an older one.
    pub fn policy(&self) -> Arc<Policy> {
        self.base.policy.clone()
    }

    /// What the actor holds now in his session, by that policy; `None` for those whom no rule limits.
    pub fn rights(&self) -> Option<Rights> {
        self.rights.clone()
    }

    /// What he holds of it for that long: until a NumericDate, or without an end.
    ///
    /// # Errors
    /// [`Error::SessionOver`] when his session has ended meanwhile.
    pub async fn rights_until(&mut self, until: Option<i64>) -> Result<Option<Rights>, Error> {
        let Actor::Person { id, session, scope, .. } = &self.by else { return Ok(None) };
        let lasting = Some(Lasting(until));
        let rights =
            sessions::rights(&self.app, &mut self.tx, &self.base.policy, id, session, scope.clone(), lasting).await?;
        Ok(Some(rights))
    }

    /// Says that this is meant to take something away: then it waits, also where it was gone already. Who repeats a
    /// removal wants to know that it is in force.
    pub fn waits(&mut self) {
        self.takes_away = true;
    }

    /// Says whom this concerns, and whether it takes something away from him.
    pub fn touch(&mut self, what: Subject, takes_away: bool) {
        self.takes_away |= takes_away;
        if !self.touched.contains(&what) {
            self.touched.push(what);
        }
    }

    /// Says that this takes something away from more than can be named: whoever holds a token is looked up anew.
    pub fn touch_all(&mut self) {
        self.touch(Subject::Policy, true);
        self.all = true;
    }

    /// Says what was done, for the audit log.
    pub fn record(&mut self, act: Act) {
        self.acts.push(act);
    }

    /// Makes it last and puts it in force.
    ///
    /// It runs on a task of its own: a caller who hangs up does not end it between the two, which would leave a right
    /// in force that was taken away.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is not known what became of it; ask again.
    pub async fn commit(self, prefer: Prefer) -> Result<InForce, Error> {
        let app = self.app.clone();
        let wait = prefer.0.unwrap_or(if self.takes_away { Wait::Longest } else { Wait::No });
        let finish = tokio::spawn(self.finish());
        let unknown = "it is not known yet whether the change was made; look, and try again";
        let version = match timeout(PATIENCE, finish).await {
            Ok(Ok(done)) => done?,
            Ok(Err(error)) => return Err(Error::internal(error)),
            Err(_) => return Err(Error::Unavailable(unknown.into())),
        };
        Ok(InForce { version, in_force: app.node.in_force(&app.clock, wait).await })
    }

    async fn finish(mut self) -> Result<Version, Error> {
        if self.touched.is_empty() && self.acts.is_empty() {
            self.tx.rollback().await?;
            return Ok(self.base.version);
        }
        let changed = !self.touched.is_empty();
        let made = changed.then_some(self.version);
        for act in std::mem::take(&mut self.acts) {
            audit::write(&self.app, &mut self.tx, &self.by, act, made).await?;
        }
        let Some(version) = made else {
            versions::restore(&mut self.tx, self.base.version, &self.base.tag).await?;
            self.tx.commit().await?;
            return Ok(self.base.version);
        };
        let now = self.app.clock.wall();
        versions::record(&mut self.tx, version, &self.tag, now, &self.touched).await?;
        let policy = match self.touched.contains(&Subject::Policy) {
            true => Some(App::read_policy(&mut self.tx).await?),
            false => None,
        };
        let ring = match self.touched.contains(&Subject::Keys) {
            true => Some(keys::read(&mut self.tx, &self.app.key_file).await?),
            false => None,
        };
        let on_record = (self.app.config.access_token_ttl + RECORD).as_secs();
        let since = now - i64::try_from(on_record).unwrap_or(i64::MAX);
        let forgotten = versions::forget(&mut self.tx, since, AT_ONCE).await?;
        let floor = if self.all { Some(version) } else { forgotten };
        if self.all {
            versions::raise_floor(&mut self.tx, version).await?;
        }

        let mut next = self.base.after(
            version,
            self.tag.clone(),
            &self.touched,
            policy,
            ring.as_ref().map(|ring| ring.set().clone()),
        );
        if let Some(floor) = floor {
            next.floor = next.floor.max(floor);
            next.stale.forget_until(floor);
        }
        // Whatever is said of a client may be from where its pages call.
        let of_clients = match self.touched.iter().any(|subject| matches!(subject, Subject::Client(_))) {
            true => Some(origins::of_clients(&mut self.tx).await?),
            false => None,
        };
        let committed = timeout(COMMIT_WITHIN, self.tx.commit()).await.unwrap_or(Err(StoreError::UnknownOutcome));
        match committed {
            Ok(()) => {
                // First the keys: what is signed from now on is by one of those that count.
                if let Some(ring) = ring {
                    self.app.ring.store(Arc::new(ring));
                }
                self.app.live.swap(next);
                of_clients.into_iter().for_each(|origins| self.app.origins.replace(origins));
                Ok(version)
            }
            Err(error) if error.is_unknown() => find_out(&self.app, version, &self.tag).await,
            Err(error) => Err(error.into()),
        }
    }
}

fn has(policy: &Policy, rights: &Rights, permission: &str) -> Result<(), Error> {
    match policy.check_access(rights, permission, Object::Any).is_allowed() {
        true => Ok(()),
        false => Err(Error::Beyond(Beyond::Grant(permission.parse().map_err(Error::internal)?))),
    }
}

/// Whether a commit took place whose answer never came. Nothing is decided until that is known.
async fn find_out(app: &App, version: Version, tag: &str) -> Result<Version, Error> {
    tracing::error!(version, "it is not known whether a change was committed; nothing is decided until it is");
    app.live.suspend();
    let mut pause = Duration::from_millis(100);
    loop {
        let asked = app.clock.moment();
        match settle(app, version, asked).await {
            Ok(found) => {
                let made = found.as_deref() == Some(tag);
                tracing::info!(version, made, "it is known again what is in force");
                return match made {
                    true => Ok(version),
                    false => Err(Error::Unavailable("the change was not made; try again".into())),
                };
            }
            // Whoever keeps the lock reads everything anew when this process has it again.
            Err(error @ Error::Unavailable(_)) => return Err(error),
            Err(error) => tracing::warn!(%error, "the database does not say yet what is in force"),
        }
        sleep(pause).await;
        pause = (2 * pause).min(Duration::from_secs(2));
    }
}

async fn settle(app: &App, version: Version, asked: Moment) -> Result<Option<String>, Error> {
    let mut tx = app.store.settled().await?;
    let found = versions::tag_of(&mut tx, version).await?;
    tx.rollback().await?;
    node::reload(app, node::lease_from(app, asked)).await?;
    Ok(found)
}
