//! A SQLite file: how it is made, checked, opened and held by one process.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{ErrorKind, Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Accept, StoreError, instance};

/// `Role`, as SQLite's header says whose file it is.
const APPLICATION_ID: u32 = 0x526f_6c65;
/// Larger files are not read through at each start.
const CHECKED_WHOLE: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(5);
/// What each connection keeps of the file in memory, at most. The system keeps it too, so that more would be a second
/// copy, which a flood of log-ins fills: SQLite's own limit is 2 MiB for each.
const CACHE_KIB: u32 = 256;

pub(super) async fn version() -> Result<String, StoreError> {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await?;
    let version = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(version)
}

/// Opens a database, or makes one where there is no file. Only with its [`FileLock`] in hand.
pub(super) async fn open(
    path: &Path,
    migrator: &Migrator,
    accept: &Accept<'_>,
) -> Result<(SqlitePool, SqlitePool), StoreError> {
    match fs::metadata(path) {
        Ok(file) => check(path, file.len(), accept).await?,
        Err(missing) if missing.kind() == ErrorKind::NotFound && has_log(path) => {
            let path = path.display();
            return Err(StoreError::NotOurs(format!(
                "`{path}-wal` is there and its database is not: bring `{path}` back, or move this file away too, to begin anew"
            )));
        }
        Err(missing) if missing.kind() == ErrorKind::NotFound => {
            accept(None).map_err(StoreError::NotOurs)?;
            make(path, migrator).await?;
        }
        Err(error) => return Err(StoreError::ReadOnly(error.to_string())),
    }
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        // It is tested when it is given back, and nothing happens to it in between.
        .test_before_acquire(false)
        .acquire_timeout(2 * PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_release(|connection, _| {
            Box::pin(async move {
                // After the ROLLBACK that may wait here. Where the disk was full, SQLite has undone all by itself, ROLLBACK
                // fails, and the connection would count itself in a transaction for good.
                if connection.is_in_transaction() {
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_with(options(path))
        .await?;
    if let Err(error) = migrator.run(&writer).await {
        writer.close().await;
        return Err(error.into());
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .test_before_acquire(false)
        .acquire_timeout(2 * PATIENCE)
        .connect_with(options(path).read_only(true))
        .await?;
    Ok((writer, readers))
}

fn options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("trusted_schema", "OFF")
        // What is removed or encrypted anew is overwritten, and not only given up.
        .pragma("secure_delete", "ON")
        .pragma("cache_size", format!("-{CACHE_KIB}"));
    options.disable_statement_logging()
}

/// Makes a new file under another name, whole, and then gives it its own: whatever happens meanwhile, the name never
/// stands for half a database.
async fn make(path: &Path, migrator: &Migrator) -> Result<(), StoreError> {
    let making = beside(path, ".making");
    let unwritable = |error: std::io::Error| StoreError::ReadOnly(error.to_string());
    for leftover in [making.clone(), beside(&making, "-journal")] {
        match fs::remove_file(leftover) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(error)),
            _ => {}
        }
    }
    private().create_new(true).open(&making).map_err(unwritable)?;
    let options = SqliteConnectOptions::new().filename(&making).synchronous(SqliteSynchronous::Full);
    let options = options.pragma("application_id", APPLICATION_ID.to_string()).disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await?;
    migrator.run(&mut connection).await?;
    connection.close().await?;
    fs::rename(&making, path).map_err(unwritable)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().map_err(unwritable)?;
    }
    Ok(())
}

/// A file that others can read, or that has a second name (under which somebody could take it too), is not opened.
#[cfg(unix)]
fn is_ours_alone(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let file = fs::metadata(path).map_err(|error| StoreError::ReadOnly(error.to_string()))?;
    let name = path.display();
    if file.mode() & 0o077 != 0 {
        return Err(StoreError::NotOurs(format!("others can read the database: run `chmod 600 {name}`")));
    }
    match file.nlink() {
        1 => Ok(()),
        _ => Err(StoreError::NotOurs(format!("`{name}` has another name too, a hard link: remove one of them"))),
    }
}

#[cfg(not(unix))]
fn is_ours_alone(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// The first bytes of a file that can be read and written.
fn header(path: &Path) -> Result<[u8; 100], StoreError> {
    let mut header = [0; 100];
    let read = OpenOptions::new().read(true).write(true).open(path).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Ok(()) if header.starts_with(b"SQLite format 3\0") => Ok(header),
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            Err(StoreError::ReadOnly(error.to_string()))
        }
        _ => Err(StoreError::Corrupt(format!("`{}` has no SQLite header", path.display()))),
    }
}

/// Whether there is a log beside the file, with what is not in the file yet.
pub(super) fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// A file that is there is one of ours and whole, or is not touched: SQLite itself would, by opening it.
async fn check(path: &Path, size: u64, accept: &Accept<'_>) -> Result<(), StoreError> {
    let header = header(path)?;
    if header[68..72] != APPLICATION_ID.to_be_bytes() {
        let path = path.display();
        let text = format!("`{path}` is a SQLite database of another application; name another file");
        return Err(StoreError::NotOurs(text));
    }
    is_ours_alone(path)?;
    // 1 stands for 65536, which does not fit. A log that is there completes what was not written to its end.
    let page = u64::from(u16::from_be_bytes([header[16], header[17]]));
    if page > 1 && !size.is_multiple_of(page) && !has_log(path) {
        return Err(StoreError::Corrupt(format!("`{}` was cut short", path.display())));
    }
    // Nothing is read before `look`, and closed it leaves no file behind, whatever that finds.
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).pragma("trusted_schema", "OFF");
    let mut connection = SqliteConnection::connect_with(&options.disable_statement_logging()).await?;
    let found = look(&mut connection, size, accept).await;
    connection.close().await?;
    found
}

async fn look(connection: &mut SqliteConnection, size: u64, accept: &Accept<'_>) -> Result<(), StoreError> {
    if size <= CHECKED_WHOLE {
        let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *connection).await?;
        if found != "ok" {
            return Err(StoreError::Corrupt(found.replace('\n', " ")));
        }
    }
    accept(instance::find_on(&mut *connection).await?.as_ref()).map_err(StoreError::NotOurs)?;
    // Reading is not enough: a file that cannot be written is told of now, not at the first log-in.
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("UPDATE policy SET version = version").execute(&mut *tx).await?;
    tx.rollback().await?;
    Ok(())
}

/// That one process has the file. The operating system gives it back when the process ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Locks the file beside the database, and writes into it who has it.
    ///
    /// # Errors
    /// [`StoreError::Held`] says who has it and what to do.
    pub fn take(database: &Path, who: &str) -> Result<FileLock, StoreError> {
        let unwritable = |error: std::io::Error| {
            StoreError::ReadOnly(format!("`{}`: {error}", database.parent().unwrap_or(database).display()))
        };
        let path = beside(&canonical(database).map_err(unwritable)?, ".lock");
        loop {
            let mut file = not_through_links(&mut private()).create(true).open(&path).map_err(unwritable)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    let (holder, database) = (holder.trim(), database.display());
                    return Err(StoreError::Held(format!(
                        "`{database}` is in use by {holder}; stop that process first, or start this one in another folder"
                    )));
                }
                Err(TryLockError::Error(error)) => return Err(unwritable(error)),
            }
            // Somebody may have removed the file between opening and locking: then another one has its name now.
            if same_file(&file, &path) {
                file.set_len(0).and_then(|()| file.rewind()).map_err(unwritable)?;
                file.write_all(who.as_bytes()).map_err(unwritable)?;
                return Ok(FileLock { file, path });
            }
        }
    }
}

impl FileLock {
    /// Whether the file is still there under its name. If not, another process can lock one of its own.
    pub fn is_in_place(&self) -> bool {
        same_file(&self.file, &self.path)
    }
}

/// The same for every way to name the file: links are followed, in its folder when the file is not there yet.
fn canonical(path: &Path) -> std::io::Result<PathBuf> {
    path.canonicalize().or_else(|_| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(folder.canonicalize()?.join(path.file_name().unwrap_or_default()))
    })
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A link that somebody planted under the name leads nowhere.
fn not_through_links(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    options
}

#[cfg(unix)]
fn same_file(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (open, named) = (open.metadata(), fs::metadata(path));
    matches!((open, named), (Ok(open), Ok(named)) if (open.dev(), open.ino()) == (named.dev(), named.ino()))
}

#[cfg(not(unix))]
fn same_file(_: &File, path: &Path) -> bool {
    path.exists()
}
