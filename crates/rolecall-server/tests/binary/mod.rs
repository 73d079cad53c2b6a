//! The binary by its commands: what it says, what it obeys, how it ends.

mod completions;
mod config;
mod dev;
mod imported;
mod init;
mod key_file;
mod keys;
mod kill;
mod limits;
mod notify;
mod serve;
mod settings;
mod signals;
#[cfg(target_os = "linux")]
mod terminal;
mod users;
mod version;

use std::path::Path;

/// The names of the files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        names.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Where a first start is to listen.
const ANYWHERE: [&str; 2] = ["--listen", "127.0.0.1:0"];
