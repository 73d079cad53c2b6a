//! The service as it is shipped, `rolecall dev`, on a database of its own: made, filled with accounts, started again and
//! again at one address, so that tokens are good for the next start too.

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sqlx::{
    Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tempfile::TempDir;

use crate::{
    client::Client,
    load,
    program::{self, Program},
};

/// Where `cargo xtask bench` built it.
const PROGRAM: &str = "BENCH_ROLECALL";
/// The password of everybody but `admin`.
pub const PASSWORD: &str = "seventeen violet otters";

/// A service that does not run; what it has is thrown away with this value.
pub struct Service {
    folder: TempDir,
    /// Where it listens when it runs.
    pub address: SocketAddr,
    database_url: Option<String>,
    /// The password of `admin`.
    password: String,
}

impl Service {
    /// A new one on SQLite, on the disk that it was built on.
    ///
    /// # Errors
    /// When it does not start.
    pub fn make() -> anyhow::Result<Service> {
        Service::make_on(None)
    }

    /// A new one, on this PostgreSQL database if it is given.
    ///
    /// # Errors
    /// When it does not start.
    pub fn make_on(database_url: Option<String>) -> anyhow::Result<Service> {
        let (folder, address) = (program::folder()?, program::free_address()?);
        let mut service = Service { folder, address, database_url, password: String::new() };
        let first = service.start()?;
        let told: Value = serde_json::from_str(first.said.first().context("it said nothing")?)?;
        service.password = told["administrator"]["password"].as_str().context("it made no administrator")?.to_owned();
        Ok(service)
    }

    /// Starts it on the server's core.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(&self) -> anyhow::Result<Program> {
        Program::start(&mut self.command()?, "\"address\"")
    }

    /// What starts it.
    ///
    /// # Errors
    /// When it was not built.
    pub fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(program::named(PROGRAM)?);
        command.args(["dev", "--json", "--listen", &self.address.to_string()]).current_dir(&self.folder);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROLECALL_")) {
            command.env_remove(name);
        }
        command.args(self.database_url.iter().flat_map(|url| ["--database-url", url]));
        // As a supervisor collects it: where to is not what is measured.
        command.stderr(Stdio::null());
        Ok(command)
    }

    /// The administrator, logged in; while it runs.
    ///
    /// # Errors
    /// When he cannot log in.
    pub fn administrator(&self) -> anyhow::Result<Client> {
        let mut client = Client::connect(self.address)?;
        client.log_in("admin", &self.password)?;
        Ok(client)
    }

    /// The file of its SQLite database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("rolecall.db")
    }

    /// Adds this many accounts with the role `user`, while it is stopped: rows as `POST /register` writes them, but all
    /// with one hash.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn seed(&self, people: u32) -> anyhow::Result<()> {
        let path = self.database();
        runtime()?.block_on(seed(&path, people))?;
        // Nothing of it is still to be written while something is measured.
        Ok(File::open(&path)?.sync_all()?)
    }
}

/// A client that acts for itself: it may ask for decisions, introspect, and has the role `user`.
pub struct Machine {
    /// Its name and secret, as a Basic header has them.
    credentials: String,
}

impl Machine {
    /// What it asks for a token with.
    pub const GRANT: &'static str = "grant_type=client_credentials";
    const ROLE: &'static str = "evaluators";

    /// Made by an administrator.
    ///
    /// # Errors
    /// When the service refuses one of the calls.
    pub fn make(administrator: &mut Client) -> anyhow::Result<Machine> {
        let token = administrator.token().to_owned();
        let mut made = |path: &str, body: Value| {
            let (status, answer) = administrator.send(&load::post_json(path, &token, &body))?;
            anyhow::ensure!(status == 201, "{path}: {status} {answer}");
            Ok(answer)
        };
        made("/admin/roles", json!({ "name": Self::ROLE, "permissions": ["rolecall.decisions:evaluate"] }))?;
        let client = made("/admin/clients", json!({ "client_name": "bench", "grant_types": ["client_credentials"] }))?;
        let member = |name: &str| client[name].as_str().with_context(|| format!("no {name}: {client}"));
        let (id, secret) = (member("client_id")?, member("client_secret")?);
        for role in [Self::ROLE, "user"] {
            let (status, answer) = administrator.call("PUT", &format!("/admin/clients/{id}/roles/{role}"))?;
            anyhow::ensure!(status == 200, "{role}: {status} {answer}");
        }
        Ok(Machine { credentials: STANDARD.encode(format!("{id}:{secret}")) })
    }

    /// A form that it sends.
    pub fn form(&self, path: &str, form: &str) -> Vec<u8> {
        let (credentials, length) = (&self.credentials, form.len());
        let kind = "content-type: application/x-www-form-urlencoded";
        let head = format!("host: 127.0.0.1\r\nauthorization: Basic {credentials}\r\n{kind}");
        format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n{form}").into_bytes()
    }

    /// A token of its own.
    ///
    /// # Errors
    /// When it is given none.
    pub fn token(&self, connection: &mut Client) -> anyhow::Result<String> {
        let (status, answer) = connection.send(&self.form("/token", Self::GRANT))?;
        let token = answer["access_token"].as_str();
        Ok(token.with_context(|| format!("no token: {status} {answer}"))?.to_owned())
    }
}

/// The size of the program's file, in bytes.
///
/// # Errors
/// When it was not built.
pub fn program_size() -> anyhow::Result<u64> {
    Ok(std::fs::metadata(program::named(PROGRAM)?)?.len())
}

/// The name of one of the accounts that were added. They were not made in the order of their names.
pub fn person(n: u32) -> String {
    // An odd factor: no two are the same.
    format!("person-{:08x}", n.wrapping_mul(SCATTER))
}

/// His id.
pub fn id(n: u32) -> String {
    format!("01970000-0000-7000-8000-{n:012x}")
}

const SCATTER: u32 = 2_654_435_761;

async fn seed(path: &Path, people: u32) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .pragma("cache_size", "-500000");
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let mut tx = connection.begin().await?;
    sqlx::query(
        "WITH RECURSIVE person (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM person WHERE n + 1 < $1) \
         INSERT INTO users (id, username, email, password, disabled, created_at) \
         SELECT printf('01970000-0000-7000-8000-%012x', n), printf('person-%08x', (n * $2) & 0xffffffff), NULL, $3, \
         FALSE, 1750000000 FROM person",
    )
    .bind(people)
    .bind(SCATTER)
    .bind(crate::argon2id::hash(PASSWORD)?)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO user_assignments (user_id, role, organisation, until) \
         SELECT id, 'user', '', NULL FROM users WHERE username LIKE 'person-%'",
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(connection.close().await?)
}

/// For what is asked of a database here.
///
/// # Errors
/// When there is none to be had.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
