//! A PostgreSQL database: how it is checked, opened and held by one process.

use std::{net::IpAddr, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool, Postgres, Transaction,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use super::{Accept, StoreError, instance};

/// `Rolecall`, in the space of advisory locks of one database.
const LOCK: i64 = 0x526f_6c65_6361_6c6c;

/// The line in which changes wait with what goes beside them. A row alone has none: who shares a row that is shared already
/// does not wait behind whoever wants it for himself, so a change would wait for as long as log-ins come.
const LINE: i64 = LOCK + 1;

/// Two tables of ours: one alone may be of anybody.
const OURS: [&str; 2] = ["instance", "policy"];

/// Where a PostgreSQL database is. Its password is never printed.
#[derive(Clone)]
pub struct PostgresUrl {
    url: String,
    /// Read once: the driver looks at the environment and at a file too, and says what is wrong with that each time.
    options: Box<PgConnectOptions>,
    shown: String,
}

impl PostgresUrl {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| "the address is not one: write `postgres://USER:PASSWORD@HOST/DATABASE`".to_owned())?;
        let name = options.get_database().unwrap_or(options.get_username()).to_owned();
        // A password with a slash in it ends there, and its rest would be shown as a name.
        if name.contains('@') {
            return Err("the address is not one: in a password, write `%2F` for `/` and `%40` for `@`".into());
        }
        let shown = format!("PostgreSQL database `{name}` at {}", options.get_host());
        // Acknowledged is on disk; who waits for a lock is told so.
        // A connection that the network has swallowed is noticed in half a minute, by the server too: it would keep
        // locks for hours else.
        let settings = [
            ("synchronous_commit", "on"),
            ("lock_timeout", "5s"),
            ("application_name", "rolecall"),
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "25000"),
        ];
        let options = Box::new(options.options(settings).disable_statement_logging());
        Ok(PostgresUrl { url: url.into(), options, shown })
    }

    /// Whether it may be on another machine, and somebody between could read along, or be taken for it.
    pub fn can_be_overheard(&self) -> bool {
        let host = self.options.get_host();
        let is_here = host == "localhost"
            || host.starts_with('/')
            || self.options.get_socket().is_some()
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        !is_here && !matches!(self.options.get_ssl_mode(), PgSslMode::VerifyFull | PgSslMode::VerifyCa)
    }
}

impl PartialEq for PostgresUrl {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for PostgresUrl {}

impl std::fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl std::fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

pub(super) async fn open(url: &PostgresUrl, migrator: &Migrator, accept: &Accept<'_>) -> Result<PgPool, StoreError> {
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(url.options.as_ref().clone())
        .await?;
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()")
            .fetch_all(&pool)
            .await?;
    // A first start that did not come to its end may have left the list of migrations, empty.
    let ours = OURS.iter().all(|table| tables.iter().any(|there| there == table));
    if !ours && tables.iter().any(|table| table != "_sqlx_migrations") {
        let text = format!("{url} has tables of another application; name an empty database");
        return Err(StoreError::NotOurs(text));
    }
    let made = match ours {
        true => instance::find_on(&pool).await?,
        false => None,
    };
    accept(made.as_ref()).map_err(StoreError::NotOurs)?;
    migrator.run(&pool).await?;
    Ok(pool)
}

/// A transaction that keeps changes out until it ends, though not others of its kind: with these it counts guesses in
/// the same rows, which a snapshot from its beginning would refuse (40001). It needs none: what it reads is altered by
/// changes alone.
pub(super) async fn begin_beside_changes(pool: &PgPool) -> Result<Transaction<'static, Postgres>, StoreError> {
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    sqlx::query("SELECT pg_advisory_xact_lock_shared($1)").bind(LINE).execute(&mut *tx).await?;
    // Waits for a change under way, and what is read from here on has it.
    sqlx::query("SELECT 1 FROM policy FOR SHARE").execute(&mut *tx).await?;
    Ok(tx)
}

/// A transaction that is to take the version row, in its turn.
pub(super) async fn begin_change(pool: &PgPool) -> Result<Transaction<'static, Postgres>, StoreError> {
    let mut tx = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LINE).execute(&mut *tx).await?;
    Ok(tx)
}

/// That one process has the database: an advisory lock of a session of its own, which must be asked again and again
/// whether it is still there.
#[derive(Debug)]
pub struct Lock {
    connection: PgConnection,
    pid: i32,
}

impl Lock {
    /// Takes the lock; `None` when another session has it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be had now.
    pub async fn take(url: &PostgresUrl) -> Result<Option<Lock>, StoreError> {
        let mut connection = PgConnection::connect_with(&url.options).await?;
        let (taken, pid): (bool, i32) = sqlx::query_as("SELECT pg_try_advisory_lock($1), pg_backend_pid()")
            .bind(LOCK)
            .fetch_one(&mut connection)
            .await?;
        Ok(taken.then_some(Lock { connection, pid }))
    }

    /// The session, as the server numbers it.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Ends a session of ours that the server still keeps though its connection is lost, if it has the lock.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be had now.
    pub async fn end(url: &PostgresUrl, pid: i32) -> Result<(), StoreError> {
        let mut connection = PgConnection::connect_with(&url.options).await?;
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = 'rolecall' \
             AND usename = current_user AND datname = current_database() AND pid IN \
             (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
             AND ((classid::bigint << 32) | objid::bigint) = $2)",
        )
        .bind(pid)
        .bind(LOCK)
        .execute(&mut connection)
        .await?;
        Ok(())
    }

    /// Whether the session is still there, and so its lock; and who may write by the version row.
    ///
    /// # Errors
    /// [`StoreError`] when it is not: the lock may be somebody else's now.
    pub async fn ping(&mut self) -> Result<String, StoreError> {
        Ok(sqlx::query_scalar("SELECT holder FROM policy").fetch_one(&mut self.connection).await?)
    }

    /// Gives the lock back.
    pub async fn release(self) {
        let _ = self.connection.close().await;
    }

    /// Who has it, as far as the server says.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be had now.
    pub async fn holder(url: &PostgresUrl) -> Result<String, StoreError> {
        let mut connection = PgConnection::connect_with(&url.options).await?;
        let found: Option<String> = sqlx::query_scalar(
            "SELECT 'process ' || pid::text || ' of the server''s, from ' || coalesce(client_addr::text, 'this machine') \
             || ', since ' || to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS') FROM pg_stat_activity WHERE pid IN \
             (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
             AND ((classid::bigint << 32) | objid::bigint) = $1 \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        )
        .bind(LOCK)
        .fetch_optional(&mut connection)
        .await?;
        Ok(found.unwrap_or_else(|| "another process".into()))
    }
}
