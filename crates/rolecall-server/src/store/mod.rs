//! All SQL, and nothing else: two databases, each query once.
//!
//! A query has no opinion. A transaction that writes begins by taking the database (SQLite) or the version row
//! (PostgreSQL), so nobody changes what it reads.

pub mod api_keys;
pub mod apis;
pub mod assignments;
pub mod audit;
pub mod client_secrets;
pub mod clients;
pub mod guesses;
pub mod instance;
pub mod keys;
pub mod refresh_tokens;
pub mod roles;
pub mod sessions;
pub mod users;
pub mod versions;

mod database;
mod error;
mod postgres;
mod sqlite;

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool, Transaction,
    migrate::{Migration, MigrationType, Migrator},
    pool::PoolConnection,
};
use tokio::time::timeout;

pub use database::Database;
pub use error::StoreError;
pub use instance::Instance;
pub use postgres::{Lock, PostgresUrl};
pub use sqlite::FileLock;

/// Whether a database is the one that is wanted, by who made it; `None`: nobody yet. If not, a sentence.
pub type Accept<'a> = dyn Fn(Option<&Instance>) -> Result<(), String> + Send + Sync + 'a;

/// How long to wait for a database that does not answer, at the end.
const LEAVE: Duration = Duration::from_secs(5);

/// An open database.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    /// This process, as the version row names whoever may write.
    holder: String,
}

#[derive(Clone)]
enum Pools {
    /// One writer, many readers.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// One transaction. Dropped, it is rolled back.
pub enum Tx {
    /// None, on SQLite: each statement is by itself, and none can write.
    Glance(PoolConnection<Sqlite>),
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one expression on whichever database the transaction is of.
macro_rules! on {
    ($tx:expr, $db:ident => $run:expr) => {
        match $tx {
            $crate::store::Tx::Glance(connection) => {
                let $db = &mut **connection;
                $run
            }
            $crate::store::Tx::Sqlite(tx) => {
                let $db = &mut **tx;
                $run
            }
            $crate::store::Tx::Postgres(tx) => {
                let $db = &mut **tx;
                $run
            }
        }
    };
}
pub(crate) use on;

/// Which SQLite is inside, as it says itself.
///
/// # Errors
/// [`StoreError`] when it does not answer.
pub async fn sqlite_version() -> Result<String, StoreError> {
    sqlite::version().await
}

/// Most rows that are forgotten in one transaction: others wait for its end.
pub const FORGOTTEN_AT_ONCE: i64 = 1000;

impl Store {
    /// Opens a database that this process has locked; makes its tables in an empty one, and brings an older one up to
    /// date. First of all it is shown to `accept`: what that refuses stays as it was.
    ///
    /// # Errors
    /// [`StoreError`], each with what to do: corrupt, locked, read-only, made by a newer Rolecall, not ours.
    pub async fn open(database: &Database, holder: &str, accept: &Accept<'_>) -> Result<Store, StoreError> {
        let pools = match database {
            Database::Sqlite(path) => {
                let (writer, readers) = sqlite::open(path, &migrator(true), accept).await?;
                Pools::Sqlite { writer, readers }
            }
            Database::Postgres(url) => Pools::Postgres(postgres::open(url, &migrator(false), accept).await?),
        };
        Ok(Store { pools, holder: holder.into() })
    }

    /// A transaction that reads, all of it as of one moment.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be had now.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { readers, .. } => Tx::Sqlite(readers.begin_with("BEGIN").await?),
            Pools::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// For a few reads of which each may be as of another moment. SQLite needs no transaction for them, and so less work.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be had now.
    pub async fn glance(&self) -> Result<Tx, StoreError> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => Ok(Tx::Glance(readers.acquire().await?)),
            Pools::Postgres(_) => self.read().await,
        }
    }

    /// A transaction that writes what is no change: registering, opening a session. No change takes place until it
    /// ends, so what changes alter is as of one moment.
    ///
    /// # Errors
    /// [`StoreError::NotHolder`] when another process has taken the database over.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        self.write_as_of().await.map(|(tx, _)| tx)
    }

    /// The same, with the version as of which it reads.
    ///
    /// # Errors
    /// As [`write`](Store::write).
    pub async fn write_as_of(&self) -> Result<(Tx, u64), StoreError> {
        let mut tx = match &self.pools {
            Pools::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Tx::Postgres(postgres::begin_beside_changes(pool).await?),
        };
        let (version, holder) = versions::held(&mut tx).await?;
        match holder == self.holder {
            true => Ok((tx, version)),
            false => Err(StoreError::NotHolder),
        }
    }

    /// A transaction that counts guesses, which no decision depends on: it waits for no change, and none waits for it.
    /// That this process may write is asked by what counts ([`guesses::take`]); to forget what is full changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be had now.
    pub async fn count(&self) -> Result<Tx, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that is to take the version row. On SQLite it is the only one that writes.
    async fn begin_change(&self) -> Result<Tx, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Tx::Postgres(postgres::begin_change(pool).await?),
        })
    }

    /// This process, as the version row names whoever may write.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Who may write, by the version row.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be had now.
    pub async fn is_holder(&self) -> Result<bool, StoreError> {
        Ok(versions::holder(&mut self.read().await?).await? == self.holder)
    }

    /// A transaction for a change: it takes the version row before anything is read, so that changes come one after
    /// the other. Answers the new version too.
    ///
    /// # Errors
    /// [`StoreError::NotHolder`] when another process has taken the database over.
    pub async fn change(&self, tag: &str) -> Result<(Tx, u64), StoreError> {
        let mut tx = self.begin_change().await?;
        let version = versions::advance(&mut tx, tag, &self.holder).await?.ok_or(StoreError::NotHolder)?;
        Ok((tx, version))
    }

    /// A transaction that begins when no other one has the version row: one of ours whose connection broke has ended
    /// by then, in whatever way.
    ///
    /// # Errors
    /// [`StoreError::NotHolder`] when another process has taken the database over.
    pub async fn settled(&self) -> Result<Tx, StoreError> {
        let mut tx = self.begin_change().await?;
        match versions::touch(&mut tx, &self.holder).await? {
            true => Ok(tx),
            false => Err(StoreError::NotHolder),
        }
    }

    /// Makes this process the holder, and says whether the one before left in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be had now.
    pub async fn take_over(&self, lease: Duration) -> Result<Before, StoreError> {
        let mut tx = self.begin_change().await?;
        let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let before = versions::take(&mut tx, &self.holder, lease_ms).await?;
        tx.commit().await?;
        Ok(before)
    }

    /// Notes that this process leaves in order: nothing is decided by it from now on.
    pub async fn sign_off(&self) {
        let noted = timeout(LEAVE, async {
            let mut tx = self.write().await?;
            versions::sign_off(&mut tx).await?;
            tx.commit().await
        });
        // If it is not noted, whoever comes next waits a little longer.
        let _ = noted.await;
    }

    /// Closes the database. One that does not answer is left as it is: who stops a process does not wait for that.
    pub async fn close(&self) {
        let closed = timeout(LEAVE, async {
            match &self.pools {
                Pools::Sqlite { writer, readers } => {
                    readers.close().await;
                    // The last to close folds the log into the file.
                    writer.close().await;
                }
                Pools::Postgres(pool) => pool.close().await,
            }
        });
        if closed.await.is_err() {
            tracing::warn!("the database does not answer; its connections are left open");
        }
    }
}

/// Who held the database last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    /// This same process.
    Myself,
    /// Nobody, or one that signed off: nothing that it allowed can still go on.
    Gone,
    /// One that did not sign off: it may still be deciding by what it knows.
    Perhaps {
        /// The longest lease by which it, or one before it, may do so.
        lease_ms: u64,
    },
}

impl Tx {
    /// Makes it last.
    ///
    /// # Errors
    /// [`StoreError`]; whether its outcome is known, [`StoreError::is_unknown`] tells.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Tx::Glance(_) => Ok(()),
            Tx::Sqlite(tx) => tx.commit().await.map_err(StoreError::of_commit),
            Tx::Postgres(tx) => tx.commit().await.map_err(StoreError::of_commit),
        }
    }

    /// Undoes it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be had; it is undone all the same.
    pub async fn rollback(self) -> Result<(), StoreError> {
        match self {
            Tx::Glance(_) => {}
            Tx::Sqlite(tx) => tx.rollback().await?,
            Tx::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

/// Every migration, in one text for both databases.
const MIGRATIONS: [(i64, &str, &str); 7] = [
    (1, "init", include_str!("../../migrations/0001_init.sql")),
    (2, "guesses", include_str!("../../migrations/0002_guesses.sql")),
    (3, "sessions", include_str!("../../migrations/0003_sessions.sql")),
    (4, "clients", include_str!("../../migrations/0004_clients.sql")),
    (5, "keys", include_str!("../../migrations/0005_keys.sql")),
    (6, "api_keys", include_str!("../../migrations/0006_api_keys.sql")),
    (7, "indices", include_str!("../../migrations/0007_indices.sql")),
];

fn migrator(sqlite: bool) -> Migrator {
    let migration = |(version, name, text): (i64, &'static str, &'static str)| {
        let sql = match sqlite {
            true => AssertSqlSafe(text.replace("BYTEA", "BLOB")).into_sql_str(),
            false => text.into_sql_str(),
        };
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(MIGRATIONS.into_iter().map(migration).collect())
}

pub(crate) fn version(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

pub(crate) fn stored(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
