//! `rolecall --version`, and how a build finds out which commit it is of.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::Value;
use tempfile::TempDir;

use super::files;
use crate::util::binary::{rolecall, run};

#[test]
fn says_what_it_is_made_of() {
    let folder = TempDir::new().expect("a folder");
    let said = run(&mut rolecall(folder.path(), &["--version"]), "");
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines[0], concat!("rolecall ", env!("CARGO_PKG_VERSION"), " (a debug build)"));
    let sqlite = lines[1].strip_prefix("SQLite ").expect("which SQLite");
    let parts: Vec<u32> = sqlite.split('.').map(|part| part.parse().expect("a number")).collect();
    assert!(parts >= vec![3, 51, 3], "SQLite {sqlite} has known faults");
    assert_eq!((said.code, lines.len(), files(folder.path())), (Some(0), 2, vec![]));
    assert_eq!(run(&mut rolecall(folder.path(), &["-V"]), "").stdout, said.stdout);

    let told = run(&mut rolecall(folder.path(), &["--version", "--json"]), "").stdout;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told, serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "commit": null, "sqlite": sqlite }));
}

/// `build.rs`, compiled.
static SCRIPT: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a folder");
    let script = folder.path().join("build");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs");
    let done = Command::new("rustc").args(["--edition", "2024", source, "-o"]).arg(&script).status();
    assert!(done.expect("rustc").success());
    (folder, script)
});

/// What a build of the sources in `root` finds: the commit, and the files whose change makes it look again.
fn build(root: &Path, profile: &str, path: Option<&str>) -> (String, Vec<PathBuf>) {
    let mut command = Command::new(&SCRIPT.1);
    command.env("CARGO_MANIFEST_DIR", package(root)).env("PROFILE", profile);
    // As in a hook of another repository.
    command.env("GIT_DIR", "/no/such/repository");
    path.map(|path| command.env("PATH", path));
    let said = command.output().expect("it runs");
    assert!(said.status.success(), "{said:?}");
    let said = String::from_utf8(said.stdout).expect("text");
    let commit = said.lines().find_map(|line| line.strip_prefix("cargo::rustc-env=BUILT_FROM_COMMIT="));
    let watched = said.lines().filter_map(|line| line.strip_prefix("cargo::rerun-if-changed="));
    (commit.expect("a line").to_owned(), watched.filter(|path| *path != "build.rs").map(PathBuf::from).collect())
}

fn package(root: &Path) -> PathBuf {
    root.join("crates/rolecall-server")
}

fn sources(root: &Path) {
    fs::create_dir_all(package(root)).expect("a folder");
    fs::write(root.join("Cargo.toml"), "").expect("a file");
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]);
    let done = command.arg("-C").arg(folder).args(arguments).output().expect("git");
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    String::from_utf8(done.stdout).expect("text").trim().to_owned()
}

fn commit(root: &Path) -> String {
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "--allow-empty", "--message", "one"]);
    git(root, &["rev-parse", "HEAD"])
}

fn text_of(watched: &[PathBuf]) -> String {
    watched.iter().map(|path| fs::read_to_string(path).expect("what is watched is there")).collect()
}

#[test]
fn a_checkout_is_of_its_commit() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path().join("repository");
    sources(&root);
    git(&root, &["init", "--quiet"]);
    assert_eq!(build(&root, "release", None), (String::new(), vec![]), "there is none yet");
    let first = commit(&root);
    let (told, watched) = build(&root, "release", None);
    assert_eq!(told, first);
    // Packed away, HEAD is found all the same, and the next one changes what is watched.
    git(&root, &["pack-refs", "--all"]);
    assert_eq!(build(&root, "release", None).0, first);
    let second = commit(&root);
    assert!(text_of(&watched).contains(&second));
    assert_eq!(build(&root, "release", None).0, second);
    assert_eq!(build(&root, "debug", None), (String::new(), vec![]));
    assert_eq!(build(&root, "release", Some("/nowhere")), (String::new(), vec![]), "without git");

    let tree = folder.path().join("tree");
    git(&root, &["worktree", "add", "--quiet", "-b", "other", tree.to_str().expect("a path")]);
    fs::create_dir_all(package(&tree)).expect("a folder");
    let (told, watched) = build(&tree, "release", None);
    assert_eq!(told, second);
    let third = commit(&tree);
    assert!(text_of(&watched).contains(&third) && build(&tree, "release", None).0 == third);
    assert_eq!(build(&root, "release", None).0, second);
}

#[test]
fn a_tarball_is_of_no_commit_wherever_it_is_unpacked() {
    let folder = TempDir::new().expect("a folder");
    sources(folder.path());
    assert_eq!(build(folder.path(), "release", None), (String::new(), vec![]));
    // Among the files of somebody who keeps them in git.
    let around = TempDir::new().expect("a folder");
    let root = around.path().join("unpacked");
    sources(&root);
    git(around.path(), &["init", "--quiet"]);
    commit(around.path());
    assert_eq!(build(&root, "release", None), (String::new(), vec![]));
}

#[test]
fn a_package_says_itself_which_it_is_of() {
    let folder = TempDir::new().expect("a folder");
    sources(folder.path());
    let (info, sha1) = (package(folder.path()).join(".cargo_vcs_info.json"), "1f".repeat(20));
    let write = |dirty: &str| {
        let text =
            format!("{{\n  \"git\": {{\n    \"sha1\": \"{sha1}\"{dirty}\n  }},\n  \"path_in_vcs\": \"crates/x\"\n}}");
        fs::write(&info, text).expect("a file");
    };
    write("");
    assert_eq!(build(folder.path(), "release", None), (sha1.clone(), vec![info.clone()]));
    write(",\n    \"dirty\": true");
    assert_eq!(build(folder.path(), "release", None), (String::new(), vec![info.clone()]));
}
