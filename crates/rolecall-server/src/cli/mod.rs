//! The command line: one file per command. Data goes to stdout, words and the log to stderr.

mod dev;
mod openapi;
mod users;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Role-based authorization for APIs: accounts, tokens, roles, and a guard that obeys a change at once.
#[derive(Parser)]
#[command(name = "rolecall", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the service for development: everything in this folder, on this machine only
    Dev(dev::Arguments),
    /// Accounts, with the database in hand, while the service is stopped
    #[command(subcommand)]
    Users(users::Command),
    /// Print who may call what: every route of the service with its rule
    Matrix(openapi::Matrix),
    /// Print the OpenAPI document of the service
    Openapi,
}

/// Reads the command line and does what it says.
#[expect(clippy::print_stderr, reason = "the one place that tells a person what went wrong")]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(async {
        match arguments.command {
            Command::Dev(arguments) => dev::run(arguments).await,
            Command::Users(command) => users::run(command).await,
            Command::Matrix(asked) => openapi::matrix(&asked),
            Command::Openapi => openapi::document(),
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
