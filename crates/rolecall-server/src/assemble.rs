//! Puts the state together: takes the database, makes or reads what is in it, and begins to decide by it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use rolecall::{Live, clock::Clock};
use rolecall_core::Algorithm;
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    app::App,
    config::{Config, LONGEST_TOKEN},
    guesses::Names,
    ids::{self, Ids},
    keys::{self, Found, KeyFile, Place},
    node::{Node, Taken},
    origins::{self, Origins},
    passwords::Passwords,
    sessions::RefreshKey,
    setup::{self, Administrator, Founder},
    store::{Accept, Instance, Lock, PostgresUrl, Store, instance},
};

/// The state, and what a start found out.
pub struct Opened {
    pub(crate) app: Arc<App>,
    /// The account that this start made.
    pub(crate) administrator: Option<Administrator>,
    /// The issuer of the tokens before, if it was another one.
    pub(crate) moved_from: Option<String>,
    /// The lock of a PostgreSQL database, to be kept.
    pub(crate) session: Option<(PostgresUrl, Lock)>,
    /// This process, as the database knows it.
    pub(crate) id: String,
}

impl Opened {
    /// Gives the database back in order: for a command that has done its work.
    pub async fn leave(self) {
        self.app.node.sign_off(&self.app.store, &self.app.live, &self.app.clock).await;
        if let Some((_, lock)) = self.session {
            lock.release().await;
        }
        self.app.store.close().await;
    }
}

/// Opens a database that `dev` made, or makes one. Its issuer is the address.
///
/// # Errors
/// A sentence that says what to do.
pub async fn dev(config: Config, clock: Clock, issuer: &str, who: &str) -> Result<Opened, Error> {
    let accept = |found: Option<&Instance>| match found {
        Some(found) if found.made_by != setup::DEV => Err(format!(
            "{} was not made by `dev`: name another database, or start this one with `rolecall serve`",
            config.database
        )),
        _ => Ok(()),
    };
    let (id, taken) = take(&config, &clock, who, &accept).await?;
    let store = taken.store.clone();
    let opened = make_or_read(config, clock, issuer, id, taken).await;
    closed_unless_opened(&store, opened).await
}

async fn make_or_read(config: Config, clock: Clock, issuer: &str, id: String, taken: Taken) -> Result<Opened, Error> {
    let passwords = Passwords::start(config.hashing_threads);
    let Some(found) = instance::find(&mut taken.store.read().await?).await? else {
        let there = KeyFile::find(&config.key_file)?;
        taken.take_over(&clock).await?;
        let key_file = there.map_or_else(|| KeyFile::make(&config.key_file), Ok)?;
        let made = setup::dev(&taken.store, &config, &key_file, &passwords, &clock, issuer).await?;
        return finish(config, clock, issuer, id, taken, passwords, key_file, Some(made), None).await;
    };
    let key_file = take_over(&taken, &config, &clock).await?;
    let moved_from = (found.issuer != issuer).then_some(found.issuer);
    if moved_from.is_some() {
        let mut tx = taken.store.write().await?;
        instance::update_issuer(&mut tx, issuer).await?;
        tx.commit().await?;
    }
    finish(config, clock, issuer, id, taken, passwords, key_file, None, moved_from).await
}

/// Opens a database that `init` made, with the issuer that it was made with; never makes one.
///
/// # Errors
/// A sentence that says what to do.
pub async fn production(config: Config, clock: Clock, issuer: &str, who: &str) -> Result<Opened, Error> {
    let accept = |found: Option<&Instance>| match found {
        None => Err(format!(
            "there is no database at {}: make it with `rolecall init`, or name the right one by `database_url`",
            config.database
        )),
        Some(found) if found.made_by == setup::DEV => Err(format!(
            "{} was made by `rolecall dev`, for development: name another one by `database_url` and make it with `rolecall init`",
            config.database
        )),
        Some(found) if found.issuer != issuer => Err(format!(
            "`issuer` was fixed by `rolecall init` as `{}` and is `{issuer}` now: set it back; with another one, every token \
             that is out would be void, and so would every guard that checks for it",
            found.issuer
        )),
        Some(_) => Ok(()),
    };
    let opened = open(config.clone(), clock, who, &accept).await?;
    tell_what_does_not_hold(&opened.app);
    Ok(opened)
}

/// What is set and cannot hold: nobody would notice otherwise.
fn tell_what_does_not_hold(app: &App) {
    let set = app.config.signing_algorithm;
    // That a secret signs is told by itself, and no schedule ends it.
    if let Ok(signs) = app.signer(app.clock.wall()).map(|key| key.algorithm())
        && set != signs
        && signs != Algorithm::Hs256
    {
        let (set, signs) = (set.as_str(), signs.as_str());
        tracing::warn!(
            set,
            signs,
            "`signing_algorithm` is {set}, and the key that signs is for {signs}: the next rotation makes one for {set}, \
             on schedule, by `POST /admin/keys` or by `rolecall keys rotate`"
        );
    }
    let policy = &app.live.snapshot().policy;
    for role in app.config.registration.iter().flatten().filter(|role| policy.role(role).is_none()) {
        tracing::warn!(role, "`registration_roles` has `{role}`, which is no role: make it by `POST /admin/roles`");
    }
}

/// Opens a database that is there, whoever made it, for a command that needs no service; never makes one.
///
/// # Errors
/// A sentence that says what to do.
pub async fn existing(config: Config, clock: Clock) -> Result<Opened, Error> {
    let accept = |found: Option<&Instance>| match found {
        Some(_) => Ok(()),
        None => Err(format!(
            "there is no database at {}: run `rolecall init` or start `rolecall dev` first",
            config.database
        )),
    };
    open(config.clone(), clock, &a_command(), &accept).await
}

async fn open(config: Config, clock: Clock, who: &str, accept: &Accept<'_>) -> Result<Opened, Error> {
    let (id, taken) = take(&config, &clock, who, accept).await?;
    let store = taken.store.clone();
    let opened = async {
        let found = instance::find(&mut taken.store.read().await?).await?;
        let found = found.ok_or_else(|| Error::internal("the database lost its instance"))?;
        let key_file = take_over(&taken, &config, &clock).await?;
        let passwords = Passwords::start(config.hashing_threads);
        finish(config, clock, &found.issuer, id, taken, passwords, key_file, None, None).await
    };
    closed_unless_opened(&store, opened.await).await
}

/// Whether `init` may make a database here: asked before somebody types a password in vain.
///
/// # Errors
/// A sentence that says what is there already.
pub async fn is_free(config: &Config, clock: &Clock) -> Result<(), Error> {
    // It is refused even then: nothing is made for a question.
    let (free, nobodys) = (AtomicBool::new(false), nobodys(config));
    let look = |found: Option<&Instance>| {
        nobodys(found)?;
        free.store(true, Ordering::SeqCst);
        Err("only looked at".to_owned())
    };
    match take(config, clock, &a_command(), &look).await {
        Err(_) if free.load(Ordering::SeqCst) => KeyFile::find(&config.key_file).map(drop),
        taken => taken.map(drop),
    }
}

/// Makes a database for production, with its first administrator.
///
/// # Errors
/// A sentence that says what to do. What was begun is completed when it is tried again.
pub async fn init(config: Config, clock: Clock, founder: Founder) -> Result<Opened, Error> {
    let issuer = config.issuer.clone().ok_or_else(|| Error::internal("an issuer is missing"))?;
    let there = KeyFile::find(&config.key_file)?;
    let (id, taken) = take(&config, &clock, &a_command(), &nobodys(&config)).await?;
    let store = taken.store.clone();
    let opened = async {
        taken.take_over(&clock).await?;
        let key_file = there.map_or_else(|| KeyFile::make(&config.key_file), Ok)?;
        let passwords = Passwords::start(config.hashing_threads);
        setup::init(&taken.store, &config, &key_file, &passwords, &clock, &issuer, founder).await?;
        finish(config.clone(), clock, &issuer, id, taken, passwords, key_file, None, None).await
    };
    closed_unless_opened(&store, opened.await).await
}

/// Accepts a database only where there is none, or an `init` before did not come to its end.
fn nobodys(config: &Config) -> impl Fn(Option<&Instance>) -> Result<(), String> + Send + Sync + '_ {
    |found| match found {
        None => Ok(()),
        Some(found) => {
            let (made_by, start) = match found.made_by.as_str() {
                setup::DEV => ("dev", "dev"),
                _ => ("init", "serve"),
            };
            Err(format!(
                "there is a database already at {}, made by `rolecall {made_by}`: start it with `rolecall {start}`, or name \
                 another one by `database_url`",
                config.database
            ))
        }
    }
}

fn a_command() -> String {
    format!("process {} (a command)", std::process::id())
}

/// Takes a database over with the key file that belongs to it.
async fn take_over(taken: &Taken, config: &Config, clock: &Clock) -> Result<KeyFile, Error> {
    // Before anything is written.
    fits(&taken.store, config).await?;
    taken.take_over(clock).await?;
    // And again: a rotation whose COMMIT was never answered may have taken place until now, but no later.
    Ok(fits(&taken.store, config).await?.settled())
}

/// The key file, if it is the one that belongs to the database.
async fn fits(store: &Store, config: &Config) -> Result<Found, Error> {
    let mut tx = store.read().await?;
    let found = Place::of(&config.key_file).find(instance::key_file(&mut tx).await?.as_deref())?;
    keys::read(&mut tx, found.file()).await?;
    Ok(found)
}

async fn closed_unless_opened(store: &Store, opened: Result<Opened, Error>) -> Result<Opened, Error> {
    if opened.is_err() {
        store.close().await;
    }
    opened
}

async fn take(config: &Config, clock: &Clock, who: &str, accept: &Accept<'_>) -> Result<(String, Taken), Error> {
    // Before a file is made for a lock.
    if config.database.is_missing() {
        accept(None).map_err(Error::Start)?;
    }
    let id = ids::secret::<12>()?;
    let taken = Node::take(&config.database, &id, who, clock, config.lease, accept).await?;
    Ok((id, taken))
}

#[expect(clippy::too_many_arguments, reason = "the parts of the state, each once")]
async fn finish(
    config: Config,
    clock: Clock,
    issuer: &str,
    id: String,
    taken: Taken,
    passwords: Passwords,
    key_file: KeyFile,
    administrator: Option<Administrator>,
    moved_from: Option<String>,
) -> Result<Opened, Error> {
    let Taken { node, store, lease, session } = taken;
    let mut tx = store.read().await?;
    let ring = keys::read(&mut tx, &key_file).await?;
    let snapshot = App::snapshot(&mut tx, ring.set()).await?;
    let origins = Origins::new(&config.cors_origins);
    origins.replace(origins::of_clients(&mut tx).await?);
    drop(tx);
    let mut tx = store.write().await?;
    let refresh_key = keys::secret(&mut tx, &key_file, "refresh", clock.wall()).await?;
    let names = keys::secret_once_derived(&mut tx, &key_file, setup::NAMES, clock.wall()).await?;
    tx.commit().await?;
    let longest = i64::try_from(LONGEST_TOKEN.as_secs()).unwrap_or(i64::MAX);
    let live = Arc::new(Live::new(issuer, snapshot, lease, clock.clone(), longest));
    let app = Arc::new(App {
        store,
        clock,
        ids: Ids::default(),
        ring: ArcSwap::from_pointee(ring),
        passwords,
        refresh_key: RefreshKey::new(refresh_key),
        names: Names::new(names),
        key_file,
        live,
        seen: Arc::default(),
        config,
        issuer: issuer.to_owned(),
        origins: Arc::new(origins),
        node,
        stopping: CancellationToken::new(),
        turn: Arc::default(),
    });
    keys::outlast(&app).await?;
    Ok(Opened { app, administrator, moved_from, session, id })
}
