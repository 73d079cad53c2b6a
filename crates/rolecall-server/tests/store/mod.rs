//! A database that cannot be used: a message that says what to do, and nothing new, nothing changed.

mod first_start;
pub mod full;
mod holder;
mod key_file;
mod locked;
mod postgres;
mod read_only;
mod sqlite;

use std::{collections::BTreeMap, fs, path::Path};

use tempfile::TempDir;

use crate::util::binary::{Service, refuses, rolecall};

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

/// A folder with a database that `dev` made, and nobody has open; and the password of `admin`.
fn made() -> (TempDir, String) {
    let folder = folder();
    let service = Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    let password = service.password().expect("a password").to_owned();
    service.stop();
    (folder, password)
}

/// What is in a folder, but for the file that says who has the database.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.file_type().expect("a type").is_file());
    let named = files.map(|file| (file.file_name().to_string_lossy().into_owned(), file.path()));
    let others = named.filter(|(name, _)| !name.ends_with(".lock"));
    others.map(|(name, path)| (name, fs::read(path).expect("a file"))).collect()
}

/// `dev` refuses with these words, and leaves everything as it was.
#[track_caller]
fn dev_refuses(folder: &Path, url: &str, words: &[&str]) -> String {
    let before = contents(folder);
    let dev = ["dev", "--json", "--listen", "127.0.0.1:0", "--database-url", url];
    let message = refuses(&mut rolecall(folder, &dev)).refused(words);
    assert!(contents(folder) == before, "`dev` changed something: {message}");
    message
}

/// So does a command.
#[track_caller]
fn refused(folder: &Path, url: &str, words: &[&str]) -> String {
    let before = contents(folder);
    let message = dev_refuses(folder, url, words);
    refuses(&mut rolecall(folder, &["users", "password", "admin", "--database-url", url])).refused(&[]);
    assert!(contents(folder) == before, "a command changed something: {message}");
    message
}

const SQLITE: &str = "sqlite://rolecall.db";
