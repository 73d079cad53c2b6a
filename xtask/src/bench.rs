//! The numbers: builds what is measured, as it is shipped, and what measures it; and runs that.
//!
//! `benches/` is a workspace of its own: what Rolecall is compared with is in none of the trees that are checked.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    postgres, proxies,
    python::Programs,
    run::{Failed, Outcome, cargo, command, output, run},
};

/// The workspace of what measures, and of what Rolecall is compared with.
const MANIFEST: &str = "benches/Cargo.toml";
/// The releases of the Python application that Rolecall is compared with, and of all that it needs.
pub(crate) const REQUIREMENTS: &str = "benches/fastapi_tutorial/requirements.txt";

/// Builds what measures, and runs it: `[PART] [--write]`.
pub(crate) fn run_part(arguments: &[String]) -> Outcome {
    let (part, rest) = match arguments.split_first() {
        Some((part, rest)) if !part.starts_with('-') => (part.as_str(), rest),
        _ => ("all", arguments),
    };
    let target = target()?;
    let folder = target.join("benches");
    eprintln!("building what is measured, as it is shipped: some minutes the first time");
    build("bench", &folder)?;
    if ["peers", "all"].contains(&part) {
        build("peers", &folder)?;
    }
    if ["flood", "all"].contains(&part) {
        build("axum_jwt", &folder)?;
    }
    let mut bench = command(&folder.join("release/bench").to_string_lossy());
    bring(part, &target, &mut bench)?;
    run(bench.arg(part).args(rest))
}

/// What a part needs that is not in `benches/`: told in variables that the modules of the harness name, too.
fn bring(part: &str, target: &Path, bench: &mut Command) -> Outcome {
    let is = |parts: &[&str]| part == "all" || parts.contains(&part);
    if is(&["logins", "flood", "oauth", "proxied", "change", "million", "start"]) {
        run(&mut cargo("build --profile dist --locked --package rolecall-server --bin rolecall"))?;
        bench.env("BENCH_ROLECALL", target.join("dist/rolecall"));
    }
    if is(&["flood"]) {
        bench.env("BENCH_PYTHON", Programs::find_or_install("bench-programs", REQUIREMENTS)?.path("python"));
    }
    if is(&["proxied"]) {
        proxies::find_or_install()?;
    }
    if is(&["change"]) {
        bench.env(postgres::VARIABLE, postgres::find_or_install()?);
    }
    Ok(())
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
