//! A PostgreSQL server of our own, thrown away with the test process: in a folder of its own, on a Unix socket.

use std::{
    env, fs,
    io::{Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use sqlx::{Connection, PgConnection};

/// The server, started by the first test that needs it.
pub struct Server {
    folder: PathBuf,
    /// Ends the server when this process does, however it ends: the shell reads from its standard input until then.
    _shell: Child,
}

const PORT: u16 = 5433;

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The address of a new, empty database.
pub async fn database() -> String {
    let server = tokio::task::spawn_blocking(|| &*SERVER).await.expect("a PostgreSQL server");
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&server.url("postgres")).await.expect("a connection");
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .expect("a database");
    server.url(&name)
}

/// Makes a database empty again.
pub async fn wipe(url: &str) {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    for statement in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
        sqlx::query(statement).execute(&mut connection).await.expect("a statement");
    }
}

/// The folder of its socket, and the port in the socket's name: for a proxy that stands between.
pub fn socket() -> PathBuf {
    SERVER.folder.join(format!(".s.PGSQL.{PORT}"))
}

impl Server {
    fn url(&self, database: &str) -> String {
        url(&self.folder, database)
    }

    fn start() -> Server {
        let programs = programs();
        let folder = env::temp_dir().join(format!("rolecall-postgres-{}", std::process::id()));
        let data = folder.join("data");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the test server");
        // The server refuses to run as root.
        let user = (rustix::process::geteuid().is_root()).then(|| owner(&folder));
        let run = |program: &str| {
            let mut command = Command::new(programs.join(program));
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command.current_dir("/").env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
            command
        };
        let made = run("initdb")
            .args(["--no-sync", "--auth=trust", "--username=rolecall", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

        let log = fs::File::create(folder.join("log")).expect("a log");
        let script = r#"trap "" INT TERM; "$0" "$@" <&- & read -r _; kill -INT $!; wait $!; rm -rf "$ROLECALL_FOLDER""#;
        let shell = run("postgres");
        let mut with_shell = Command::new("/bin/sh");
        if let Some((uid, gid)) = user {
            with_shell.uid(uid).gid(gid);
        }
        let shell = with_shell
            .current_dir("/")
            .env("ROLECALL_FOLDER", &folder)
            .args(["-c", script])
            .arg(shell.get_program())
            .arg("-D")
            .arg(&data)
            .args(["-p", &PORT.to_string(), "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=400"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", folder.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let server = Server { folder, _shell: shell };
        server.wait(&run);
        server
    }

    /// Until it answers.
    fn wait(&self, run: &dyn Fn(&str) -> Command) {
        for _ in 0..600 {
            let ready =
                run("pg_isready").arg("-h").arg(&self.folder).args(["-p", &PORT.to_string(), "-t", "1"]).output();
            if ready.is_ok_and(|ready| ready.status.success()) {
                return;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(20));
        }
        let mut log = String::new();
        let _ = fs::File::open(self.folder.join("log")).and_then(|mut file| file.read_to_string(&mut log));
        let _ = std::io::stderr().write_all(log.as_bytes());
        panic!("the test server did not start");
    }
}

pub fn url(socket_folder: &Path, database: &str) -> String {
    format!("postgres://rolecall@localhost:{PORT}/{database}?host={}", socket_folder.display())
}

fn programs() -> PathBuf {
    let known = env::var_os("ROLECALL_TEST_POSTGRES_BIN").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
    versions.sort_by_key(|version| std::cmp::Reverse(version.file_name().to_string_lossy().parse().unwrap_or(0)));
    let packaged = versions.into_iter().map(|version| version.path().join("bin"));
    let found =
        known.into_iter().chain(packaged).chain(env::split_paths(&path)).find(|folder| folder.join("initdb").exists());
    // Links in PATH point into the folder that has the rest too.
    let found =
        found.and_then(|folder| folder.join("initdb").canonicalize().ok()).and_then(|p| Some(p.parent()?.to_owned()));
    found.expect("PostgreSQL is not installed: run `cargo xtask test`, which installs it or says how")
}

/// A user who is not root, and owns the folder from now on.
fn owner(folder: &Path) -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let id = |name: &str| {
        let line = passwd.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let (uid, gid) = id("postgres").or_else(|| id("nobody")).unwrap_or((65534, 65534));
    std::os::unix::fs::chown(folder, Some(uid), Some(gid)).expect("root may give a folder away");
    (uid, gid)
}
