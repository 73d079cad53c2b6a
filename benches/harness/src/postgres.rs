//! A PostgreSQL server that is thrown away: in a folder of its own, on a Unix socket, with every commit on disk as it
//! comes.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::program;

/// Where `initdb` and `postgres` are, as `cargo xtask` finds them.
const PROGRAMS: &str = "ROLECALL_TEST_POSTGRES_BIN";
/// On a disk, where `/tmp` may be memory; and within reach of the account that PostgreSQL runs under.
const PARENT: &str = "/var/tmp";
const PORT: u16 = 5433;

/// The server, on the server's core.
pub struct Postgres {
    /// Ends the server when this process does, however it ends: it reads from its standard input until then.
    shell: Child,
    folder: TempDir,
}

impl Postgres {
    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// When its programs are not there, or fail.
    pub async fn start() -> anyhow::Result<Postgres> {
        let programs = program::named(PROGRAMS)?;
        let folder = tempfile::Builder::new().prefix("rolecall-bench-").tempdir_in(PARENT)?;
        let made = Programs::new(programs, folder.path())?;
        made.initdb()?;
        let postgres = Postgres { shell: made.serve()?, folder };
        let asked = Instant::now();
        loop {
            match PgConnection::connect(&postgres.url("postgres")).await {
                Ok(connection) => return Ok(connection.close().await.map(|()| postgres)?),
                Err(error) if asked.elapsed() > Duration::from_secs(30) => return Err(error.into()),
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// Makes an empty database, and answers its address.
    ///
    /// # Errors
    /// When the server does not.
    pub async fn database(&self, name: &str) -> anyhow::Result<String> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        connection.close().await?;
        Ok(self.url(name))
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://rolecall@localhost:{PORT}/{database}?host={}", self.folder.path().display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// The server's programs, run by somebody who is not root: it refuses to serve under that name.
struct Programs<'a> {
    place: PathBuf,
    folder: &'a Path,
    user: Option<(u32, u32)>,
}

impl<'a> Programs<'a> {
    fn new(place: PathBuf, folder: &'a Path) -> anyhow::Result<Programs<'a>> {
        let is_root = rustix::process::geteuid().is_root();
        let user = is_root.then(|| account("postgres").or_else(|| account("nobody"))).flatten();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(folder, Some(uid), Some(gid))?;
        }
        Ok(Programs { place, folder, user })
    }

    fn initdb(&self) -> anyhow::Result<()> {
        let mut initdb = self.command(&self.place.join("initdb"));
        initdb.args(["--no-sync", "--auth=trust", "--username=rolecall", "--encoding=UTF8", "--locale=C", "-D"]);
        let Output { status, stderr, .. } = initdb.arg(self.folder.join("data")).output().context("initdb")?;
        anyhow::ensure!(status.success(), "initdb: {}", String::from_utf8_lossy(&stderr));
        Ok(())
    }

    fn serve(&self) -> anyhow::Result<Child> {
        let mut shell = self.command(Path::new("/bin/sh"));
        shell.args(["-c", r#"trap "" INT TERM; "$0" "$@" </dev/null & read -r _; kill -INT $!; wait $!"#]);
        shell.arg(self.place.join("postgres")).arg("-D").arg(self.folder.join("data"));
        shell.args(["-p", &PORT.to_string(), "-c", "listen_addresses=", "-c"]);
        shell.arg(format!("unix_socket_directories={}", self.folder.display()));
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(fs::File::create(self.folder.join("log"))?);
        program::on_the_servers_core(|| shell.spawn().context("postgres"))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        // It finds its own files from where it is, and none of ours.
        command.current_dir("/").env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }
}

fn account(name: &str) -> Option<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    let line = passwd.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let mut fields = line.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
