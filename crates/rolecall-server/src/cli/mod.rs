//! The command line: one file per command. Data goes to stdout, words and the log to stderr.

mod ask;
mod config;
mod dev;
mod flags;
mod init;
mod openapi;
mod serve;
mod users;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::Error;

/// Role-based authorization for APIs: accounts, tokens, roles, and a guard that obeys a change at once.
#[derive(Parser)]
#[command(
    name = "rolecall",
    version,
    arg_required_else_help = true,
    after_help = "Examples:
  rolecall dev              try it: everything in this folder, on this machine only
  rolecall init             make a database for production, and its first administrator
  rolecall config check     what the settings come to
  rolecall serve            start it

Settings are in `rolecall.toml`; over it, each as ROLECALL_* in the environment; over that, flags."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the service for development: everything in this folder, on this machine only
    Dev(dev::Arguments),
    /// Make a database for production, with its key file and first administrator
    Init(init::Arguments),
    /// Start the service for production
    Serve(serve::Arguments),
    /// The settings
    #[command(subcommand)]
    Config(config::Command),
    /// Accounts, with the database in hand, while the service is stopped
    #[command(subcommand)]
    Users(users::Command),
    /// Print who may call what: every route of the service with its rule
    Matrix(openapi::Matrix),
    /// Print the OpenAPI document of the service
    Openapi,
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Dev(arguments) => with_runtime(dev::run(arguments)),
        Command::Init(arguments) => with_runtime(init::run(arguments)),
        Command::Serve(arguments) => with_runtime(serve::run(arguments)),
        Command::Config(command) => return config::run(command),
        Command::Matrix(asked) => openapi::matrix(&asked),
        Command::Openapi => openapi::document(),
        Command::Users(command) => with_runtime(users::run(command)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
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
