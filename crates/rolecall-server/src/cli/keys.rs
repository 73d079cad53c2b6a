//! `rolecall keys`: what whoever has the database in hand can do to signing keys (break-glass). It is audited like the
//! rest.

use std::{
    fs::File,
    io::{Read, stdin},
    path::{Path, PathBuf},
};

use rolecall::clock::Clock;
use rolecall_core::Algorithm;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{flags, print};
use crate::{
    Config, Error,
    actor::Actor,
    assemble::{self, Opened},
    change::{Change, Prefer},
    greeting,
    keys::{self, Handed, Imported, NewKey, Shown, Stage},
    logs,
};

/// More than any key takes, in bytes.
const LONGEST_FILE: usize = 64 * 1024;

#[derive(clap::Subcommand)]
#[command(
    after_help = "Each needs the database for itself: stop the service first, or ask it at `/admin/keys`. The same \
settings count as for `rolecall serve`; a database that `rolecall dev` made will do, too."
)]
pub(super) enum Command {
    /// Print the keys: which one signs, which ones wait, have retired or were revoked
    List(Arguments),
    /// Make a new key: it signs six minutes later, when everybody who verifies can have it
    Rotate {
        /// `ES256`, `RS256` or `EdDSA` [default: the setting `signing_algorithm`]
        #[arg(long)]
        algorithm: Option<String>,
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Refuse the tokens of a key from now on; if it is the one that signs, another one does at once
    Revoke {
        /// The key, as `list` and the header of a token call it
        // One in 64 thumbprints begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Bring a key in from elsewhere: it signs six minutes later, when everybody who verifies can have it
    ///
    /// A public key, and an RSA key below 3072 bits, only verifies, until it is revoked. An `oct` key (HS256) is in no key
    /// set, and signs at once, or just after a key that waits already.
    Import {
        /// A JWK, or a key in PEM that is not encrypted; `-` is standard input
        file: PathBuf,
        /// What the header of a token calls it, for a key that has no `kid` of its own [default: its thumbprint]
        #[arg(long, allow_hyphen_values = true)]
        kid: Option<String>,
        /// It is not to sign here; of a private key, only the public half is kept
        #[arg(long)]
        verify_only: bool,
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Make a new key file, and encrypt by it what the old one encrypts: nobody who uses the service notices
    #[command(
        after_help = "Whatever cuts it off, the next start takes the file that belongs to the database. Copy the new
file to wherever a copy of the old one is; a backup of the database from before opens with the old one only."
    )]
    RotateFile(Arguments),
}

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    flags: flags::Shared,
    /// Print it as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::List(arguments) => {
            let (opened, json) = open(arguments).await?;
            let listed = keys::list(&opened.app).await;
            opened.leave().await;
            tell(listed?, json)
        }
        Command::Rotate { algorithm, arguments } => {
            let algorithm = algorithm.as_deref().map(keys::algorithm).transpose()?;
            let (opened, json) = open(arguments).await?;
            let made = rotate(&opened, algorithm).await;
            opened.leave().await;
            tell(vec![made?], json)
        }
        Command::Revoke { kid, arguments } => {
            let (opened, json) = open(arguments).await?;
            let done = revoke(&opened, &kid).await;
            let left = keys::list(&opened.app).await;
            opened.leave().await;
            done?;
            tell(left?, json)
        }
        Command::Import { file, kid, verify_only, arguments } => {
            let key = Imported::read(handed(&file)?, kid, verify_only.then_some(false)).await?;
            let (opened, json) = open(arguments).await?;
            let made = import(&opened, &key).await;
            opened.leave().await;
            tell(vec![made?], json)
        }
        Command::RotateFile(arguments) => {
            let (opened, json) = open(arguments).await?;
            let key_file = opened.app.config.key_file.clone();
            let done = keys::rotate_file(&opened.app, &Actor::CommandLine).await;
            opened.leave().await;
            let id = done?;
            match json {
                true => greeting::print(&json!({ "key_file": key_file, "id": id })),
                false => say_rotated(&key_file),
            }
            Ok(())
        }
    }
}

/// What is in a file.
fn handed(path: &Path) -> Result<Handed, Error> {
    let name = path.display();
    let unreadable = |error: std::io::Error| Error::Start(format!("`{name}` cannot be read: {error}"));
    let file: Box<dyn Read> = match path == Path::new("-") {
        true => Box::new(stdin()),
        false => Box::new(File::open(path).map_err(unreadable)?),
    };
    // At once as much as it may take: what grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * LONGEST_FILE));
    file.take(LONGEST_FILE as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > LONGEST_FILE {
        return Err(Error::Invalid(format!("`{name}` is longer than {LONGEST_FILE} bytes, which no key is")));
    }
    Handed::read(&bytes)
}

async fn open(arguments: Arguments) -> Result<(Opened, bool), Error> {
    let config = Config::load(&arguments.flags.into())?;
    logs::start_as(&config);
    Ok((assemble::existing(config, Clock::system()).await?, arguments.json))
}

async fn rotate(opened: &Opened, algorithm: Option<Algorithm>) -> Result<Shown, Error> {
    let app = &opened.app;
    let new = NewKey::generate(algorithm.unwrap_or(app.config.signing_algorithm)).await?;
    let mut change = Change::begin(app, &Actor::CommandLine, None).await?;
    let key = keys::rotate(&mut change, &new).await?;
    change.commit(Prefer::default()).await?;
    Ok(key)
}

async fn revoke(opened: &Opened, kid: &str) -> Result<(), Error> {
    let app = &opened.app;
    let spare = keys::spare(app, kid).await?;
    let mut change = Change::begin(app, &Actor::CommandLine, None).await?;
    keys::revoke(&mut change, kid, spare.as_ref()).await?;
    change.commit(Prefer::default()).await.map(drop)
}

async fn import(opened: &Opened, key: &Imported) -> Result<Shown, Error> {
    let app = &opened.app;
    let mut change = Change::begin(app, &Actor::CommandLine, None).await?;
    let key = keys::import(&mut change, key).await?;
    change.commit(Prefer::default()).await?;
    keys::warn_of_secrets(&app.ring());
    Ok(key)
}

fn tell(keys: Vec<Shown>, as_json: bool) -> Result<(), Error> {
    if as_json {
        greeting::print(&json!({ "keys": keys.iter().map(to_json).collect::<Vec<_>>() }));
        return Ok(());
    }
    let now = Clock::system().wall();
    let line = |key: &Shown| format!("{}  {:5}  {}{}\n", key.kid, key.algorithm, key.stage, what_comes(key, now));
    print(&keys.iter().map(line).collect::<String>())
}

#[expect(clippy::print_stderr, reason = "words to whoever typed the command")]
fn say_rotated(key_file: &Path) {
    let name = key_file.display();
    eprintln!("`{name}` is another one now, and encrypts what the one before did");
    eprintln!("copy it to where copies of the old one are; backups of the database from before need the old one");
}

/// When a key leaves the stage at which it is, where that is known.
fn what_comes(key: &Shown, now: i64) -> String {
    let (what, at) = match key.stage {
        Stage::Published => ("signs in", key.signs_from),
        Stage::Signing => ("another one does in", key.retires_at),
        Stage::Retired => ("gone in", key.gone_at),
        Stage::Gone | Stage::Verifying | Stage::Revoked => return String::new(),
    };
    let span = |seconds: i64| match seconds.max(0) {
        seconds @ 0..600 => format!("{seconds} s"),
        seconds @ 600..36_000 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    };
    at.map(|at| format!(", {what} {}", span(at - now))).unwrap_or_default()
}

fn to_json(key: &Shown) -> Value {
    json!({
        "kid": key.kid, "algorithm": key.algorithm, "state": key.stage, "published_at": key.published_at,
        "signs_from": key.signs_from, "retires_at": key.retires_at, "gone_at": key.gone_at,
        "revoked_at": key.revoked_at,
    })
}
