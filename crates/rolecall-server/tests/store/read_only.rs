//! A folder or a file that must not be written. Root may write everywhere, so the binary runs as somebody else.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use tempfile::TempDir;

use super::{contents, folder, made};
use crate::util::binary::{Said, refuses, rolecall};

/// Nobody, by number.
const NOBODY: u32 = 65534;

/// Where nobody can start the binary from.
static REACHABLE: LazyLock<(PathBuf, Option<TempDir>)> = LazyLock::new(|| {
    let built = PathBuf::from(env!("CARGO_BIN_EXE_rolecall"));
    let starts = |path: &Path| Command::new(path).arg("--version").uid(NOBODY).gid(NOBODY).current_dir("/").output();
    if starts(&built).is_ok_and(|said| said.status.success()) {
        return (built, None);
    }
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let copy = folder.path().join("rolecall");
    fs::copy(&built, &copy).expect("a copy");
    assert!(starts(&copy).is_ok_and(|said| said.status.success()), "nobody cannot start anything");
    (copy, Some(folder))
});

/// Starts it in this folder, which is somebody else's from now on, as that one.
fn started(folder: &Path) -> Said {
    let dev = ["dev", "--json", "--listen", "127.0.0.1:0"];
    let mut command = rolecall(folder, &dev);
    if rustix::process::geteuid().is_root() {
        for entry in fs::read_dir(folder).expect("a folder") {
            chown(entry.expect("an entry").path(), Some(NOBODY), Some(NOBODY)).expect("given away");
        }
        chown(folder, Some(NOBODY), Some(NOBODY)).expect("given away");
        let mut other = Command::new(&REACHABLE.0);
        other.args(dev).current_dir(folder).uid(NOBODY).gid(NOBODY).stdin(std::process::Stdio::null());
        other.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command = other;
    }
    refuses(&mut command)
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

const UNWRITABLE: [&str; 2] = ["cannot be written", "make the file and its folder writable"];

#[test]
fn a_folder_where_nothing_is_yet() {
    let folder = folder();
    mode(folder.path(), 0o500);
    started(folder.path()).refused(&UNWRITABLE);
    assert!(contents(folder.path()).is_empty());
}

#[test]
fn a_folder_with_a_database() {
    let (folder, _) = made();
    let before = contents(folder.path());
    mode(folder.path(), 0o500);
    started(folder.path()).refused(&UNWRITABLE);
    mode(folder.path(), 0o700);
    // With the lock file in place too: what SQLite needs beside the file cannot be made.
    fs::write(folder.path().join("rolecall.db.lock"), "").expect("a file");
    mode(folder.path(), 0o500);
    started(folder.path()).refused(&UNWRITABLE);
    mode(folder.path(), 0o700);
    assert!(contents(folder.path()) == before);
}

#[test]
fn a_file() {
    let (folder, _) = made();
    let before = contents(folder.path());
    mode(&folder.path().join("rolecall.db"), 0o400);
    started(folder.path()).refused(&UNWRITABLE);
    mode(&folder.path().join("rolecall.db"), 0o200);
    started(folder.path()).refused(&[]);
    mode(&folder.path().join("rolecall.db"), 0o600);
    assert!(contents(folder.path()) == before);
}
