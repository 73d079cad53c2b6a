//! The numbers: builds what `benches/` measures with, as what is shipped is built, and runs it.
//!
//! `benches/` is a workspace of its own: what Rolecall is compared with is in none of the trees that are checked.

use std::path::{Path, PathBuf};

use crate::run::{Failed, Outcome, cargo, command, output, run};

const MANIFEST: &str = "benches/Cargo.toml";

/// Builds what measures, and runs it.
pub(crate) fn run_part(arguments: &[String]) -> Outcome {
    let benches = target()?.join("benches");
    eprintln!("building what is measured, as it is shipped: some minutes the first time");
    run(cargo("build --release --locked --manifest-path").args([MANIFEST, "--target-dir"]).arg(&benches))?;
    let part: &[String] = if arguments.is_empty() { &["all".to_owned()] } else { arguments };
    run(command(&benches.join("release/bench").to_string_lossy()).args(part))
}

/// Where cargo puts what it builds.
fn target() -> Outcome<PathBuf> {
    let said = output(&mut cargo("metadata --format-version 1 --no-deps --locked"));
    let said = said.ok_or_else(|| Failed::because("cargo metadata failed"))?;
    let found = said.split_once(r#""target_directory":""#).and_then(|(_, rest)| rest.split_once('"'));
    let (folder, _) = found.ok_or_else(|| Failed::because("cargo metadata does not name its target directory"))?;
    Ok(Path::new(folder).to_path_buf())
}
