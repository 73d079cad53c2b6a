//! Where the data is, as a setting says it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{postgres::PostgresUrl, sqlite};

/// Where the data is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Database {
    /// A file on this machine.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresUrl),
}

impl Database {
    /// Reads `sqlite://path` (relative to `folder`) or `postgres://...`.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn parse(url: &str, folder: &Path) -> Result<Database, String> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return match path.is_empty() || path.contains('?') {
                true => Err("write the database as `sqlite://FILE`, as in `sqlite://rolecall.db`".into()),
                false => Ok(Database::Sqlite(folder.join(path))),
            };
        }
        match url.starts_with("postgres://") || url.starts_with("postgresql://") {
            true => PostgresUrl::parse(url).map(Database::Postgres),
            false => Err("the database is `sqlite://FILE` or `postgres://USER@HOST/DATABASE`".into()),
        }
    }

    /// Whether there is nothing where it would be. Of a PostgreSQL database that is not known before it is asked.
    pub fn is_missing(&self) -> bool {
        match self {
            Database::Sqlite(path) => !path.exists() && !sqlite::has_log(path),
            Database::Postgres(_) => false,
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Sqlite(path) => path.display().fmt(f),
            Database::Postgres(url) => url.fmt(f),
        }
    }
}
