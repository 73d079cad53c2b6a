//! The numbers: builds what `benches/` measures with, as what is shipped is built, and runs it.
//!
//! `benches/` is a workspace of its own: what Rolecall is compared with is in none of the trees that are checked.

use std::path::{Path, PathBuf};

use crate::run::{Failed, Outcome, cargo, command, output, run};

/// The workspace of what measures, and of what Rolecall is compared with.
const MANIFEST: &str = "benches/Cargo.toml";

/// Builds what measures, and runs it: `[PART] [--write]`.
pub(crate) fn run_part(arguments: &[String]) -> Outcome {
    let (part, rest) = match arguments.split_first() {
        Some((part, rest)) if !part.starts_with('-') => (part.as_str(), rest),
        _ => ("all", arguments),
    };
    let folder = target()?.join("benches");
    eprintln!("building what is measured, as it is shipped: some minutes the first time");
    build("bench", &folder)?;
    if ["peers", "all"].contains(&part) {
        build("peers", &folder)?;
    }
    run(command(&folder.join("release/bench").to_string_lossy()).arg(part).args(rest))
}

/// Runs cargo on what measures, and leaves what it builds where `cargo xtask bench` does.
pub(crate) fn beside(line: &str) -> Outcome {
    let line = line.strip_prefix("cargo ").unwrap_or(line);
    run(cargo(line).env("CARGO_TARGET_DIR", target()?.join("benches")))
}

/// Each package in a run of its own: built together, one would be measured with the features that another asked for.
fn build(package: &str, folder: &Path) -> Outcome {
    let mut cargo = cargo("build --release --locked --manifest-path");
    run(cargo.args([MANIFEST, "--package", package, "--target-dir"]).arg(folder))
}

/// Where cargo puts what it builds.
fn target() -> Outcome<PathBuf> {
    let said = output(&mut cargo("metadata --format-version 1 --no-deps --locked"));
    let said = said.ok_or_else(|| Failed::because("cargo metadata failed"))?;
    let found = said.split_once(r#""target_directory":""#).and_then(|(_, rest)| rest.split_once('"'));
    let (folder, _) = found.ok_or_else(|| Failed::because("cargo metadata does not name its target directory"))?;
    Ok(Path::new(folder).to_path_buf())
}
