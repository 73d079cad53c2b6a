//! What a change must pass, in the order in which it helps to fail. The layering ("who may know whom") is a test of
//! this crate, so it is among the tests.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::run::{Failed, Outcome, cargo, output, run};

struct Step {
    name: &'static str,
    /// The command that repeats this step alone.
    line: &'static str,
    run: fn(&str) -> Outcome,
}

const STEPS: &[Step] = &[
    Step { name: "tests", line: "cargo xtask test", run: |_| crate::test(&[]) },
    Step { name: "format", line: "cargo fmt --all --check", run: as_written },
    Step {
        name: "format of benches",
        line: "cargo fmt --all --check --manifest-path benches/Cargo.toml",
        run: as_written,
    },
    Step { name: "lints", line: "cargo clippy --workspace --all-targets --locked -- -D warnings", run: as_written },
    Step {
        name: "lints of benches",
        line: "cargo clippy --manifest-path benches/Cargo.toml --workspace --all-targets --locked -- -D warnings",
        run: crate::bench::beside,
    },
    // Nothing else here builds them.
    Step { name: "fuzz targets' lock", line: "cargo fetch --locked --manifest-path fuzz/Cargo.toml", run: as_written },
    Step {
        name: "docs",
        line: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --all-features --locked",
        run: docs,
    },
    Step { name: "licences", line: "cargo deny --locked check bans licenses sources", run: licences },
    Step {
        name: "licences of benches",
        line: "cargo deny --locked --manifest-path benches/Cargo.toml --config benches/deny.toml check bans licenses sources",
        run: licences,
    },
    Step {
        name: "one crypto library",
        line: "cargo tree --workspace --all-features --target all --edges normal,build,dev --locked --prefix none",
        run: one_crypto_library,
    },
    Step { name: "the service as documented", line: "cargo xtask schemathesis", run: |_| crate::schemathesis::check() },
    Step { name: "strict clients", line: "cargo xtask clients", run: |_| crate::clients::check() },
];

/// Runs the steps up to the first failure, and says how long each took.
pub(crate) fn run_all() -> Outcome {
    let mut times = Vec::new();
    for step in STEPS {
        eprintln!("\n== {}: {}", step.name, step.line);
        let start = Instant::now();
        let outcome = (step.run)(step.line);
        times.push((step.name, start.elapsed(), outcome.is_ok()));
        if outcome.is_err() {
            eprintln!("\n{}\n{} failed; this step alone:\n    {}", table(&times), step.name, step.line);
            return outcome;
        }
    }
    eprintln!("\n{}", table(&times));
    Ok(())
}

/// The line is the command.
fn as_written(line: &str) -> Outcome {
    run(&mut cargo(line.strip_prefix("cargo ").unwrap_or(line)))
}

fn docs(_: &str) -> Outcome {
    run(cargo("doc --workspace --no-deps --all-features --locked").env("RUSTDOCFLAGS", "-D warnings"))
}

fn licences(line: &str) -> Outcome {
    /// The release that `deny.toml` is written for.
    const INSTALL: &str = "install --locked cargo-deny --version 0.20.2";

    if output(&mut cargo("deny --version")).is_none() {
        eprintln!("cargo-deny is not installed: building it, once (some minutes): cargo {INSTALL}");
        run(&mut cargo(INSTALL))?;
    }
    as_written(line)
}

/// aws-lc-rs does all cryptography; a dependency's default features easily bring a second library.
fn one_crypto_library(line: &str) -> Outcome {
    const OTHERS: &[&str] = &["ring", "openssl", "openssl-sys", "native-tls"];

    let line = line.strip_prefix("cargo ").unwrap_or(line);
    let tree = output(&mut cargo(line)).ok_or_else(|| Failed::because("cargo tree failed"))?;
    let names = packages(&tree);
    if !names.contains("aws-lc-rs") {
        return Err(Failed::because("cargo tree does not list aws-lc-rs: this check reads its output wrongly"));
    }
    let Some(other) = OTHERS.iter().find(|name| names.contains(**name)) else { return Ok(()) };
    run(cargo(line).args(["--invert", other]))?;
    Err(Failed::because(format_args!("`{other}` is a second crypto library: switch off the feature that brings it")))
}

/// The names in the output of `cargo tree --prefix none`, one `name version` a line.
fn packages(tree: &str) -> BTreeSet<&str> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

fn table(times: &[(&str, Duration, bool)]) -> String {
    let line = |(name, time, passed): &(&str, Duration, bool)| {
        format!("{:<6} {name:<20} {:>7.1} s\n", if *passed { "ok" } else { "FAILED" }, time.as_secs_f64())
    };
    times.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_its_whole_name() {
        let names =
            packages("rolecall v0.1.0 (/somewhere)\naws-lc-rs v1.19.0\n\nring-like v1.0.0\nring v0.17.14 (*)\n");
        assert!(names.contains("ring") && names.contains("aws-lc-rs") && !names.contains("openssl"));
        assert!(!packages("spring v1.0.0\nring-like v1.0.0\n").contains("ring"));
    }

    #[test]
    fn the_table_shows_what_failed() {
        let times = [("tests", Duration::from_millis(61_250), true), ("format", Duration::from_millis(340), false)];
        assert_eq!(table(&times), "ok     tests                   61.2 s\nFAILED format                   0.3 s\n");
    }
}
