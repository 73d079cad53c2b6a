//! `rolecall init`: makes what `rolecall serve` starts on.

use rolecall::clock::Clock;
use serde_json::json;

use super::{ask, flags};
use crate::{Config, Error, assemble, greeting, logs, names, setup::Founder};

/// Makes the database, the key file, and the first administrator. It changes nothing that is there: a database that
/// somebody made is refused. What did not come to its end is completed by starting it again.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rolecall init                                   asks for a name and a password
  rolecall init --username olivia < password      the password is the first line
  rolecall init --config /etc/rolecall/rolecall.toml

The issuer stands in every token and is fixed from then on. The administrator has the role `rolecall.admin`.")]
pub(super) struct Arguments {
    #[command(flatten)]
    flags: flags::Shared,
    /// Name of the first administrator; asked for if it is left out. The password is asked for, or is the first line of
    /// standard input
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Print what was made as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Error> {
    let config = Config::load(&arguments.flags.into())?;
    logs::start_as(&config);
    let clock = Clock::system();
    let issuer = config.issuer.clone().unwrap_or_default();
    assemble::is_free(&config, &clock).await?;
    let founder = founder(arguments.username, &issuer)?;
    let username = founder.username().to_owned();
    let (database, key_file) = (config.database.to_string(), config.key_file.display().to_string());
    assemble::init(config, clock, founder).await?.leave().await;
    match arguments.json {
        true => greeting::print(&json!({
            "database": database, "key_file": key_file, "issuer": issuer, "administrator": { "username": username },
        })),
        false => say(&database, &key_file, &issuer, &username),
    }
    Ok(())
}

fn founder(username: Option<String>, issuer: &str) -> Result<Founder, Error> {
    let username = match username {
        Some(username) => names::username(&username)?,
        None if ask::is_somebody_there() => {
            ask::until_good(|| names::username(&ask::line("Name of the first administrator")?))?
        }
        None => return Err(Error::Start("the administrator needs a name: write `--username NAME`".into())),
    };
    ask::until_good(|| Founder::new(&username, &ask::password(&format!("Password of `{username}`"))?, issuer))
}

#[expect(clippy::print_stderr, reason = "words to whoever typed the command")]
fn say(database: &str, key_file: &str, issuer: &str, username: &str) {
    eprintln!("made {database}");
    eprintln!("the signing keys in it are encrypted by {key_file}: keep a copy of that, elsewhere than the database's");
    eprintln!("tokens will name the issuer {issuer}, for good");
    eprintln!("`{username}` administers it; start it with `rolecall serve`");
}
