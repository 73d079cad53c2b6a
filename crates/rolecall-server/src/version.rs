//! Which Rolecall this is.

use std::fmt;

use serde_json::{Value, json};

use crate::{Error, store};

/// Its number, and what it is made of.
pub struct Version {
    /// The SQLite inside, as it says itself.
    sqlite: String,
}

/// As in `Cargo.toml`.
pub const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// What was built, as `build.rs` found it; `None` where that was not known.
pub fn commit() -> Option<&'static str> {
    Some(env!("BUILT_FROM_COMMIT")).filter(|commit| !commit.is_empty())
}

impl Version {
    /// Asks what is inside.
    ///
    /// # Errors
    /// [`Error::Store`] when that does not answer.
    pub async fn ask() -> Result<Version, Error> {
        Ok(Version { sqlite: store::sqlite_version().await? })
    }

    /// The same for a program.
    pub fn to_json(&self) -> Value {
        json!({ "version": NUMBER, "commit": commit(), "sqlite": self.sqlite })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rolecall {NUMBER}")?;
        match commit() {
            Some(commit) => write!(f, " (commit {})", commit.get(..12).unwrap_or(commit))?,
            None if cfg!(debug_assertions) => f.write_str(" (a debug build)")?,
            None => {}
        }
        write!(f, "\nSQLite {}", self.sqlite)
    }
}
