//! Puts the state together: takes the database, makes or reads what is in it, and begins to decide by it.

use std::sync::Arc;

use rolecall::{Live, clock::Clock};
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    app::App,
    config::{Config, LONGEST_TOKEN},
    guesses::Names,
    ids::{self, Ids},
    keys::{self, KeyFile},
    node::{Node, Taken},
    passwords::Passwords,
    setup::{self, Administrator},
    store::{Lock, PostgresUrl, Store, instance},
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

/// Opens a database that `dev` made, or makes one.
///
/// # Errors
/// A sentence that says what to do.
pub async fn open(config: Config, clock: Clock, issuer: &str, who: &str) -> Result<Opened, Error> {
    let (id, taken) = take(&config, &clock, who).await?;
    let store = taken.store.clone();
    let opened = make_or_read(config, clock, issuer, id, taken).await;
    closed_unless_opened(&store, opened).await
}

async fn closed_unless_opened(store: &Store, opened: Result<Opened, Error>) -> Result<Opened, Error> {
    if opened.is_err() {
        store.close().await;
    }
    opened
}

async fn make_or_read(config: Config, clock: Clock, issuer: &str, id: String, taken: Taken) -> Result<Opened, Error> {
    let passwords = Passwords::start();
    let Some(found) = find(&taken.store, &config).await? else {
        let there = config.key_file.exists().then(|| KeyFile::open(&config.key_file)).transpose()?;
        taken.take_over(&clock).await?;
        let key_file = there.map_or_else(|| KeyFile::make(&config.key_file), Ok)?;
        let made = setup::dev(&taken.store, &config, &key_file, &passwords, &clock, issuer).await?;
        return finish(config, clock, issuer, id, taken, passwords, &key_file, Some(made), None).await;
    };
    let key_file = fits(&taken.store, &config).await?;
    taken.take_over(&clock).await?;
    let moved_from = (found.issuer != issuer).then_some(found.issuer);
    if moved_from.is_some() {
        let mut tx = taken.store.write().await?;
        instance::update_issuer(&mut tx, issuer).await?;
        tx.commit().await?;
    }
    finish(config, clock, issuer, id, taken, passwords, &key_file, None, moved_from).await
}

/// The key file, if it is the one that belongs to the database: looked at before anything is written.
async fn fits(store: &Store, config: &Config) -> Result<KeyFile, Error> {
    let key_file = KeyFile::open(&config.key_file)?;
    keys::load(&mut store.read().await?, &key_file).await?;
    Ok(key_file)
}

/// Opens a database that `dev` made, for a command that needs no service; never makes one.
///
/// # Errors
/// A sentence that says what to do.
pub async fn open_existing(config: Config, clock: Clock) -> Result<Opened, Error> {
    let none = || Error::Start(format!("there is no database at {}: start `rolecall dev` first", config.database));
    if !config.database.exists().await? {
        return Err(none());
    }
    let (id, taken) = take(&config, &clock, &format!("process {} (a command)", std::process::id())).await?;
    let store = taken.store.clone();
    let opened = async {
        let found = find(&taken.store, &config).await?.ok_or_else(none)?;
        let key_file = fits(&taken.store, &config).await?;
        taken.take_over(&clock).await?;
        let config = config.clone();
        finish(config, clock, &found.issuer, id, taken, Passwords::start(), &key_file, None, None).await
    };
    closed_unless_opened(&store, opened.await).await
}

async fn take(config: &Config, clock: &Clock, who: &str) -> Result<(String, Taken), Error> {
    let id = ids::secret::<12>()?;
    let taken = Node::take(&config.database, &id, who, clock, config.lease).await?;
    Ok((id, taken))
}

async fn find(store: &Store, config: &Config) -> Result<Option<instance::Instance>, Error> {
    let mut tx = store.read().await?;
    match instance::find(&mut tx).await? {
        Some(found) if found.made_by != "dev" => {
            Err(Error::Start(format!("{} was not made by `dev`; name another database", config.database)))
        }
        found => Ok(found),
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of the state, each once")]
async fn finish(
    config: Config,
    clock: Clock,
    issuer: &str,
    id: String,
    taken: Taken,
    passwords: Passwords,
    key_file: &KeyFile,
    administrator: Option<Administrator>,
    moved_from: Option<String>,
) -> Result<Opened, Error> {
    let Taken { node, store, lease, session } = taken;
    let mut tx = store.read().await?;
    let (signing, keys) = keys::load(&mut tx, key_file).await?;
    let snapshot = App::snapshot(&mut tx, &keys).await?;
    drop(tx);
    let longest = i64::try_from(LONGEST_TOKEN.as_secs()).unwrap_or(i64::MAX);
    let live = Arc::new(Live::new(issuer, snapshot, lease, clock.clone(), longest));
    let app = Arc::new(App {
        store,
        clock,
        ids: Ids::default(),
        signing,
        keys,
        passwords,
        names: Names::new(key_file.key_for("guesses")?),
        live,
        config,
        issuer: issuer.to_owned(),
        node,
        stopping: CancellationToken::new(),
        turn: Arc::default(),
    });
    Ok(Opened { app, administrator, moved_from, session, id })
}
