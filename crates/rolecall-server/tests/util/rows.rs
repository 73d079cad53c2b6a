//! What is in the database, past the service.

use std::path::Path;

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use super::World;

/// A connection of our own.
pub enum Rows {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

macro_rules! on {
    ($rows:expr, $db:ident => $run:expr) => {
        match $rows {
            Rows::Sqlite($db) => $run,
            Rows::Postgres($db) => $run,
        }
    };
}

impl Rows {
    pub async fn of(world: &World) -> Rows {
        Rows::at(&world.url, world.folder.path()).await
    }

    /// Of a database by its address; files are in the folder.
    pub async fn at(url: &str, folder: &Path) -> Rows {
        match url.strip_prefix("sqlite://") {
            Some(name) => Rows::in_file(&folder.join(name)).await,
            None => Rows::Postgres(PgConnection::connect(url).await.expect("a connection")),
        }
    }

    /// Of a SQLite file that is there.
    pub async fn in_file(path: &Path) -> Rows {
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(std::time::Duration::from_secs(10));
        Rows::Sqlite(SqliteConnection::connect_with(&options).await.expect("a connection"))
    }

    /// Of a new SQLite file, as another application would make it.
    pub async fn in_new_file(path: &Path) -> Rows {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Delete);
        Rows::Sqlite(SqliteConnection::connect_with(&options).await.expect("a connection"))
    }

    pub async fn run(&mut self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, db => sqlx::query(sql).execute(db).await.expect("a statement").rows_affected())
    }

    pub async fn number(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, db => sqlx::query_scalar(sql).fetch_one(db).await.expect("a number"))
    }

    pub async fn numbers(&mut self, sql: &str) -> Vec<i64> {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, db => sqlx::query_scalar(sql).fetch_all(db).await.expect("numbers"))
    }

    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, db => sqlx::query_scalar(sql).fetch_all(db).await.expect("texts"))
    }

    /// How the database would answer, by the lines in this column of what `EXPLAIN` says.
    pub async fn plan(&mut self, sql: &str, column: usize) -> Vec<String> {
        use sqlx::Row;
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, db => {
            let rows = sqlx::query(sql).fetch_all(db).await.expect("a plan");
            rows.iter().map(|row| row.get::<String, _>(column)).collect()
        })
    }

    /// The version row.
    pub async fn version(&mut self) -> i64 {
        self.number("SELECT version FROM policy").await
    }

    pub async fn close(self) {
        on!(self, db => db.close().await.expect("closed"));
    }
}
