//! What the service is told: one resolved value, from defaults, environment and flags.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use rolecall_core::Algorithm;

use crate::{Error, client_address::TrustedProxies, guesses::GuessLimits, store::Database};

/// Resolved settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the data is.
    pub database: Database,
    /// What encrypts the signing keys.
    pub key_file: PathBuf,
    /// Where calls are taken.
    pub listen: SocketAddr,
    /// Which algorithm a new signing key is for.
    pub signing_algorithm: Algorithm,
    /// How long an access token is good.
    pub access_token_ttl: Duration,
    /// How long a session can go on.
    pub session_ttl: Duration,
    /// How long a process may decide without having asked PostgreSQL.
    pub lease: Duration,
    /// The roles that registering gives; `None` where registration is closed.
    pub registration: Option<Vec<String>>,
    /// The proxies whose `X-Forwarded-For` is believed. Without any the header says nothing, and a client is whoever
    /// connects.
    pub trusted_proxies: TrustedProxies,
    /// How many guesses at passwords are free before the next ones have to wait.
    pub guess_limits: GuessLimits,
    /// Whether a refusal says what the caller has.
    pub explain: bool,
    /// Whether `/docs/` and `/openapi.json` are there.
    pub docs: bool,
}

/// The longest that a token may be good, whatever is set: what was taken away is not usable for longer in a verifier
/// that does not ask.
pub const LONGEST_TOKEN: Duration = Duration::from_secs(24 * 3600);

/// What a command line or an embedding application says about `dev`; the rest has defaults.
#[derive(Clone, Default, Debug)]
pub struct Dev {
    /// A loopback address, as `127.0.0.1:8000`; else `ROLECALL_LISTEN`.
    pub listen: Option<String>,
    /// Else `ROLECALL_DATABASE_URL`.
    pub database_url: Option<String>,
    /// Seconds, 5 to 300; else `ROLECALL_LEASE`.
    pub lease: Option<u64>,
}

impl Config {
    /// For development: everything in one folder, on loopback, with open registration.
    ///
    /// # Errors
    /// [`Error::Start`] says what to write.
    pub fn dev(folder: &Path, said: &Dev) -> Result<Config, Error> {
        let or_environment = |said: &Option<String>, name: &str| said.clone().or_else(|| env::var(name).ok());
        let listen = or_environment(&said.listen, "ROLECALL_LISTEN").unwrap_or_else(|| "127.0.0.1:8000".into());
        let url = or_environment(&said.database_url, "ROLECALL_DATABASE_URL");
        let lease = match (said.lease, env::var("ROLECALL_LEASE")) {
            (Some(seconds), _) => seconds,
            (None, Ok(text)) => text.parse().map_err(|_| invalid("ROLECALL_LEASE", "a number of seconds, 5 to 300"))?,
            (None, Err(_)) => 30,
        };
        if !(5..=300).contains(&lease) {
            return Err(invalid("the lease", "5 to 300 seconds"));
        }
        let database = Database::parse(url.as_deref().unwrap_or("sqlite://rolecall.db"), folder);
        Ok(Config {
            database: database.map_err(Error::Start)?,
            key_file: folder.join("rolecall.key"),
            listen: loopback(&listen)?,
            signing_algorithm: Algorithm::Es256,
            access_token_ttl: Duration::from_secs(15 * 60),
            session_ttl: Duration::from_secs(30 * 24 * 3600),
            lease: Duration::from_secs(lease),
            registration: Some(vec!["user".into()]),
            trusted_proxies: TrustedProxies::default(),
            guess_limits: GuessLimits::default(),
            explain: true,
            docs: true,
        })
    }
}

fn invalid(what: &str, is: &str) -> Error {
    Error::Start(format!("{what} is {is}"))
}

/// `dev` has open registration and says what callers hold: nobody else's machine may reach it.
fn loopback(text: &str) -> Result<SocketAddr, Error> {
    let address = match text.strip_prefix("localhost:") {
        Some(port) => port.parse().ok().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        None => text.parse::<SocketAddr>().ok(),
    };
    address.filter(|address| address.ip().is_loopback()).ok_or_else(|| {
        invalid("the address to listen at", "one of this machine alone, as `127.0.0.1:8000` or `[::1]:8000`")
    })
}
