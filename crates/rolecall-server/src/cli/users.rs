//! `rolecall users`: what whoever has the database in hand can do to accounts (break-glass). It is audited like the
//! rest.

use std::{
    io::{IsTerminal, stdin},
    path::Path,
    sync::Arc,
};

use rolecall::clock::Clock;
use zeroize::Zeroizing;

use crate::{Config, Dev, Error, accounts, app::App, assemble, logs};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Set a new password: asked for, or the first line of standard input. It ends all sessions of the account
    Password {
        /// The account's name
        name: String,
        /// As for `dev` [env: ROLECALL_DATABASE_URL] [default: sqlite://rolecall.db]
        #[arg(long, value_name = "URL")]
        database_url: Option<String>,
    },
}

pub(super) async fn run(command: Command) -> Result<(), Error> {
    logs::start();
    let Command::Password { name, database_url } = command;
    let config = Config::dev(Path::new("."), &Dev { database_url, ..Dev::default() })?;
    // Before the database is taken: nobody knows how long somebody types.
    let password = ask()?;
    let opened = assemble::open_existing(config, Clock::system()).await?;
    let done = set_password(&opened.app, &name, &password).await;
    opened.app.node.sign_off(&opened.app.store, &opened.app.live, &opened.app.clock).await;
    if let Some((_, lock)) = opened.session {
        lock.release().await;
    }
    opened.app.store.close().await;
    done
}

#[expect(clippy::print_stderr, reason = "words to whoever typed the command")]
async fn set_password(app: &Arc<App>, name: &str, password: &str) -> Result<(), Error> {
    accounts::reset_password(app, name, password).await?;
    eprintln!("`{name}` has a new password; all sessions of the account have ended");
    Ok(())
}

fn ask() -> Result<Zeroizing<String>, Error> {
    let unreadable = |error: std::io::Error| Error::Start(format!("the password cannot be read: {error}"));
    if !stdin().is_terminal() {
        let mut line = Zeroizing::new(String::new());
        stdin().read_line(&mut line).map_err(unreadable)?;
        let length = line.trim_end_matches(['\r', '\n']).len();
        line.truncate(length);
        return Ok(line);
    }
    let prompt = |text: &str| rpassword::prompt_password(text).map(Zeroizing::new).map_err(unreadable);
    let password = prompt("New password (15 characters or more): ")?;
    match prompt("The same again: ")? == password {
        true => Ok(password),
        false => Err(Error::Invalid("the two are not the same; nothing was changed".into())),
    }
}
