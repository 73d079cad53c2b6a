//! `rolecall users`: what whoever has the database in hand can do to accounts (break-glass). It is audited like the
//! rest.

use rolecall::clock::Clock;
use serde_json::json;

use super::{ask, flags};
use crate::{Config, Error, accounts, assemble, greeting, logs, names};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Set a new password: asked for, or the first line of standard input. It ends all sessions of the account
    #[command(after_help = "Examples:
  rolecall users password olivia                  asks for the password
  rolecall users password olivia < password       the password is the first line

It needs the database for itself: stop the service first. The same settings count as for `rolecall serve`; a database
that `rolecall dev` made will do, too.")]
    Password {
        /// The account's name
        name: String,
        #[command(flatten)]
        flags: flags::Shared,
        /// Print what was done as one JSON object
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command) -> Result<(), Error> {
    let Command::Password { name, flags, json } = command;
    let name = names::username(&name)?;
    let config = Config::load(&flags.into())?;
    logs::start_as(&config);
    // Before the database is taken: nobody knows how long somebody types.
    let password = ask::password("New password")?;
    let opened = assemble::existing(config, Clock::system()).await?;
    let done = accounts::reset_password(&opened.app, &name, &password).await;
    opened.leave().await;
    let version = done?.version;
    match json {
        true => greeting::print(&json!({ "username": name, "version": version })),
        false => say(&name),
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "words to whoever typed the command")]
fn say(name: &str) {
    eprintln!("`{name}` has a new password; all sessions of the account have ended");
}
