//! Runs what is named, prints what it tells, and fails where something that must hold does not.

use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use bench::{in_process::Bench, parts, served};

/// From the root of the repository, where `cargo xtask bench` starts this.
const PAGE: &str = "docs/performance.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["serve", tokens] => tokens.parse().map_err(Into::into).and_then(served::serve).map(|()| true),
        ["profile", candidate, tokens, calls] => profile(candidate, tokens, calls).map(|()| true),
        [name, "--write"] => parts::named(name).and_then(|parts| parts::run(&parts, Some(Path::new(PAGE)))),
        [name] => parts::named(name).and_then(|parts| parts::run(&parts, None)),
        _ => Err(anyhow::anyhow!("say what to measure: `guard`, say, or `all`; then `--write`, if it is for {PAGE}")),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Calls one candidate so often and does nothing else: for a profiler (`valgrind --tool=callgrind`).
fn profile(candidate: &str, tokens: &str, calls: &str) -> anyhow::Result<()> {
    let (tokens, calls): (usize, usize) = (tokens.parse()?, calls.parse()?);
    let mut bench = Bench::new(tokens)?;
    let found = bench.candidates.iter().position(|(name, _)| *name == candidate);
    let took = bench.turn(found.context("no such candidate")?, tokens > 1, calls)?;
    println!("{:.1} ns a call", took.as_nanos() as f64 / calls as f64);
    Ok(())
}
