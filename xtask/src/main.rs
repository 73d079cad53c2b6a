//! Rolecall's tasks: cargo xtask TASK
//!
//! test [--long] [-- ARGS]
//!                 Runs every test, on SQLite and on PostgreSQL: `cargo test --workspace --locked ARGS`.
//!                 The tests start PostgreSQL servers of their own and need its programs `initdb` and
//!                 `postgres`, Chromium with `chromedriver` for the documents page, and `nginx` and `caddy`
//!                 for the configurations of docs/proxies.md. Where these are missing, root installs the
//!                 distribution's packages, and anybody else is told the command; no test is left out.
//!                 ROLECALL_TEST_POSTGRES_BIN names the folder of another PostgreSQL. With `--long`, what has a longer
//!                 form takes it: five million tokens at a guard (20 minutes more).
//!
//! ci              All that a change must pass, up to the first failure: tests, format, lints, docs,
//!                 licences and sources (cargo-deny, which it installs when it is absent), one crypto library,
//!                 the service against its OpenAPI document (schemathesis), and strict clients.
//!
//! openapi         Writes docs/openapi.json: what the service says about itself now.
//!
//! schemathesis    Tries the service that runs against that document: no answer that it does not describe, and
//!                 no fault of ours. Installs schemathesis for Python 3.10 or later into target/ (about 2 minutes).
//!
//! clients         Tries the service that runs with strict clients of others, as they are published: openid-client,
//!                 oauth4webapi and jose, Authlib, PyJWT and python-jose; and the example for FastAPI. Needs Node.js
//!                 18 or later and Python 3.10 or later, and installs the clients into target/.
//!
//! fuzz            Runs one fuzz target (`fuzz NAME`), or all in turn, under libFuzzer: 60 seconds each, or as many as
//!                 follow `--`. It builds with the stable compiler and a C++ compiler. A file after `--` is run
//!                 again. The targets are in crates/*/tests/fuzz, and run for a moment among the tests.
//!
//! bench PART      Measures, and fails where a number that must hold does not: guard, check, token, peers, logins, flood,
//!                 oauth, proxied, change, million, start; or all of them, which is what it does unless told. With
//!                 `--write` it puts them into docs/performance.md, which says what they mean. Keep the machine quiet
//!                 meanwhile. `flood` installs FastAPI into target/; `proxied` needs nginx, and `change` PostgreSQL, as
//!                 the tests do.
//!
//! help            This text.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person who started it")]

mod bench;
mod browser;
mod ci;
mod clients;
mod fuzz;
mod install;
mod node;
mod postgres;
mod proxies;
mod python;
mod run;
mod schemathesis;
mod service;

use std::process::ExitCode;

use run::{Failed, Outcome};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first().map(|(task, rest)| (task.as_str(), rest)) {
        Some(("test", rest)) => test(rest),
        Some(("ci", [])) => ci::run_all(),
        Some(("openapi", [])) => openapi(),
        Some(("schemathesis", [])) => schemathesis::check(),
        Some(("clients", [])) => clients::check(),
        Some(("fuzz", rest)) => fuzz::fuzz(rest),
        Some(("bench", rest)) => bench::run_part(rest),
        Some(("help" | "-h" | "--help", _)) => {
            print!("{}", help());
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{}", help());
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => ExitCode::from(failed.code),
    }
}

/// Every test of the workspace, documentation examples included, with a PostgreSQL and a browser at hand.
fn test(arguments: &[String]) -> Outcome {
    let postgres = postgres::find_or_install()?;
    browser::find_or_install()?;
    proxies::find_or_install()?;
    let mut cargo = run::cargo("test --workspace --locked");
    let rest = arguments.strip_prefix(&["--long".to_owned()]);
    if rest.is_some() {
        cargo.env("ROLECALL_LONG", "1");
    }
    let rest = rest.unwrap_or(arguments);
    let passed_on = rest.strip_prefix(&["--".to_owned()]).unwrap_or(rest);
    run::run(cargo.args(passed_on).env(postgres::VARIABLE, postgres))
}

/// Writes the OpenAPI document that is checked in.
fn openapi() -> Outcome {
    const FILE: &str = schemathesis::DOCUMENT;

    let mut command = run::cargo("run --quiet --locked --package rolecall-server -- openapi");
    let Some(document) = run::output(&mut command) else {
        // Once more, for what it says.
        return run::run(&mut command).and(Err(Failed::because("the document was not printed")));
    };
    std::fs::write(run::root().join(FILE), document)
        .map_err(|error| Failed::because(format_args!("{FILE} cannot be written: {error}")))
}

/// This file's first lines: what is documented is what is printed.
fn help() -> String {
    let lines = include_str!("main.rs").lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn help_names_every_task() {
        let help = super::help();
        for task in ["test ", "ci ", "openapi ", "schemathesis ", "clients ", "fuzz ", "bench ", "help "] {
            assert!(help.lines().any(|line| line.starts_with(task)), "{task}is not in the help:\n{help}");
        }
        assert!(help.lines().all(|line| !line.contains("//!") && line.len() <= 118), "{help}");
    }
}
