//! Which commit is built, for `rolecall --version`: of the package from a registry as it says itself, of a checkout as
//! git says; of a tarball nobody knows it, and then none is told. Nor is one of a debug build.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed=build.rs");
    // Who works on this builds what is in no commit yet, and does not want all of it built again after each one.
    let is_told = env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    let commit = is_told.then(|| of_package(&package).or_else(|| of_checkout(&package))).flatten().unwrap_or_default();
    // Not `ROLECALL_...`: cargo hands it on to what it runs, where that would be a setting.
    println!("cargo::rustc-env=BUILT_FROM_COMMIT={commit}");
}

/// What `cargo package` writes into a package, unless there was more in it than the commit.
fn of_package(package: &Path) -> Option<String> {
    let path = package.join(".cargo_vcs_info.json");
    let text = fs::read_to_string(&path).ok()?;
    println!("cargo::rerun-if-changed={}", path.display());
    let (_, after) = text.split_once("\"sha1\"")?;
    let commit = after.split('"').nth(1)?.to_owned();
    (!text.contains("\"dirty\"")).then_some(commit)
}

/// What is checked out, if this is the repository: sources that were unpacked within another one are not of that.
fn of_checkout(package: &Path) -> Option<String> {
    let root = package.parent()?.parent()?;
    let is_ours =
        Path::new(&git(root, &["rev-parse", "--show-toplevel"])?).canonicalize().ok()? == root.canonicalize().ok()?;
    let commit = is_ours.then(|| git(root, &["rev-parse", "HEAD"])).flatten()?;
    let branch = git(root, &["symbolic-ref", "--quiet", "HEAD"]);
    // Which of these says where HEAD is depends on how git keeps it; a working tree has some of its own.
    for name in ["HEAD", "logs/HEAD", "packed-refs", "reftable/tables.list"].into_iter().chain(branch.as_deref()) {
        let path = git(root, &["rev-parse", "--git-path", name]).map(|path| root.join(path));
        // One that is not there would count as changed each time.
        if let Some(path) = path.filter(|path| path.exists()) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    Some(commit)
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // A hook's, which may be of another repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"] {
        command.env_remove(name);
    }
    let done = command.arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?.trim().to_owned();
    (done.status.success() && !text.is_empty()).then_some(text)
}
