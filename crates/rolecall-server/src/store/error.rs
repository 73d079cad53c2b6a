//! What can go wrong with a database, told apart by what to do about it.

use sqlx::{error::ErrorKind, migrate::MigrateError};

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Something unique is there already.
    #[error("it is there already")]
    Unique,
    /// What is named does not exist, or was removed meanwhile.
    #[error("what it belongs to is gone")]
    Gone,
    /// Locked by somebody else, or no connection was free in time.
    #[error("the database is locked by another program, or too busy; end the other program, or try again")]
    Busy,
    /// Not to be written.
    #[error("the database cannot be written: make the file and its folder writable, and free space on the disk ({0})")]
    ReadOnly(String),
    /// Damaged.
    #[error(
        "the database is damaged or is not one ({0}); move it away, and what is beside it (`-wal`), then put a backup in its place or begin anew"
    )]
    Corrupt(String),
    /// Another application's, or another tool's.
    #[error("{0}")]
    NotOurs(String),
    /// From a later release.
    #[error("the database was made by a newer Rolecall; run that one, or a later one")]
    Newer,
    /// Another process holds it; see the text.
    #[error("{0}")]
    Held(String),
    /// Another process has taken it over.
    #[error("another process has taken the database over")]
    NotHolder,
    /// It cannot be reached.
    #[error("the database cannot be reached ({0}); see that it runs and that the address is right")]
    Unreachable(String),
    /// The connection broke while it committed: done or not, nobody knows yet.
    #[error("the connection broke while the change was committed")]
    UnknownOutcome,
    /// A row that we did not write.
    #[error("the database holds what Rolecall did not write: {0}")]
    Strange(String),
    /// Anything else.
    #[error("the database says: {0}")]
    Other(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether it is not known if the transaction took place.
    pub fn is_unknown(&self) -> bool {
        matches!(self, StoreError::UnknownOutcome)
    }

    pub(super) fn of_commit(error: sqlx::Error) -> Self {
        match &error {
            // The database answered: it refused. On SQLite an I/O error is an answer that says little, and on PostgreSQL
            // that the server ends.
            sqlx::Error::Database(answer) => {
                match (answer.code().as_deref(), answer.code().as_deref().and_then(primary)) {
                    (_, Some(10 | 11)) | (Some("57P01" | "57P02" | "57P03"), _) => StoreError::UnknownOutcome,
                    _ => error.into(),
                }
            }
            _ => StoreError::UnknownOutcome,
        }
    }
}

/// SQLite's primary result code of an extended one; `None` for PostgreSQL's, which has five characters.
fn primary(code: &str) -> Option<u32> {
    if code.len() == 5 {
        return None;
    }
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match &error {
            sqlx::Error::Database(answer) => match answer.kind() {
                ErrorKind::UniqueViolation => StoreError::Unique,
                ErrorKind::ForeignKeyViolation => StoreError::Gone,
                _ => match (answer.code().as_deref(), answer.code().as_deref().and_then(primary)) {
                    (_, Some(5 | 6)) => StoreError::Busy,
                    (_, Some(8 | 10 | 13 | 14)) => StoreError::ReadOnly(answer.message().into()),
                    (_, Some(11 | 26)) => StoreError::Corrupt(answer.message().into()),
                    // Serialization failure: what was read has changed meanwhile; lock not available, deadlock.
                    (Some("40001"), _) => StoreError::Gone,
                    (Some("55P03" | "40P01" | "53300"), _) => StoreError::Busy,
                    // A transaction that only reads; a disk that is full.
                    (Some("25006" | "53100"), _) => StoreError::ReadOnly(answer.message().into()),
                    // Shutting down, starting up, terminated by an administrator; a name or a password that is not
                    // right; no such database.
                    (Some("57P01" | "57P02" | "57P03" | "28000" | "28P01" | "3D000"), _) => {
                        StoreError::Unreachable(answer.message().into())
                    }
                    _ => StoreError::Other(error),
                },
            },
            sqlx::Error::PoolTimedOut => StoreError::Busy,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed | sqlx::Error::Protocol(_) => {
                StoreError::Unreachable(text)
            }
            _ => StoreError::Other(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => StoreError::Newer,
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => StoreError::Strange(other.to_string()),
        }
    }
}
