//! The command line: one file per command. Data goes to stdout, words and the log to stderr.

mod ask;
mod completions;
mod config;
mod dev;
mod flags;
mod init;
mod keys;
mod openapi;
mod serve;
mod users;

use std::{
    io::{ErrorKind, Write, stdout},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{Error, greeting, version::Version};

/// Role-based authorization for APIs: accounts, tokens, roles, and a guard that obeys a change at once.
#[derive(Parser)]
#[command(
    name = "rolecall",
    disable_version_flag = true,
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  rolecall dev              try it: everything in this folder, on this machine only
  rolecall init             make a database for production, and its first administrator
  rolecall config check     what the settings come to
  rolecall serve            start it

Settings are in `rolecall.toml`; over it, each as ROLECALL_* in the environment; over that, flags."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print which Rolecall this is: its version, its commit, and the SQLite inside
    #[arg(short = 'V', long)]
    version: bool,
    /// With `--version`: as one JSON object
    #[arg(long, requires = "version")]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Start the service for development: everything in this folder, on this machine only
    Dev(dev::Arguments),
    /// Make a database for production, with its key file and first administrator
    Init(init::Arguments),
    /// Start the service for production
    Serve(serve::Arguments),
    /// Show what the settings come to
    #[command(subcommand)]
    Config(config::Command),
    /// Help an account, with the database in hand and the service stopped
    #[command(subcommand)]
    Users(users::Command),
    /// Look after the keys that sign tokens, with the database in hand and the service stopped
    #[command(subcommand)]
    Keys(keys::Command),
    /// Print who may call what: every route of the service with its rule
    Matrix(openapi::Matrix),
    /// Print the OpenAPI document of the service
    Openapi,
    /// Print what completes these commands in a shell
    Completions(completions::Arguments),
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let Arguments { command, version: _, json } = Arguments::parse();
    let Some(command) = command else { return ended(with_runtime(version(json))) };
    ended(match command {
        Command::Dev(arguments) => with_runtime(dev::run(arguments)),
        Command::Init(arguments) => with_runtime(init::run(arguments)),
        Command::Serve(arguments) => with_runtime(serve::run(arguments)),
        Command::Config(command) => return config::run(command),
        Command::Matrix(asked) => openapi::matrix(&asked),
        Command::Openapi => openapi::document(),
        Command::Users(command) => with_runtime(users::run(command)),
        Command::Keys(command) => with_runtime(keys::run(command)),
        Command::Completions(asked) => completions::run(&asked),
    })
}

fn ended(done: Result<(), Error>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

async fn version(json: bool) -> Result<(), Error> {
    let version = Version::ask().await?;
    match json {
        true => greeting::print(&version.to_json()),
        false => greeting::print(&version),
    }
    Ok(())
}

/// Data that is a document: half of one is none. Only who stops reading has all that he wants.
fn print(text: &str) -> Result<(), Error> {
    let mut stdout = stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Start(format!("it cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

fn with_runtime(task: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::Start(format!("the runtime cannot be started: {error}")))?;
    runtime.block_on(task)
}

#[expect(clippy::print_stderr, reason = "the one place that tells a person what went wrong")]
fn say_error(error: &Error) {
    eprintln!("error: {error}");
}
