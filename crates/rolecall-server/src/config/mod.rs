//! What the service is told: one resolved value, from defaults, `rolecall.toml`, environment and flags.

mod notes;
mod resolve;
mod setting;
mod source;

use std::{
    env, fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use rolecall_core::Algorithm;

pub use resolve::{Line, Resolved};
pub use source::{Flags, USUAL_FILE};

use source::Unshown;

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
    /// `iss` of the tokens; `None`: it follows from the address (`dev`).
    pub issuer: Option<String>,
    /// What a token is for when neither `resource` nor its client says; `None`: the issuer. Only tokens for the issuer
    /// are good at this service itself.
    pub audience: Option<String>,
    /// From which origins pages may call, beside those of clients; each as browsers write it.
    pub cors_origins: Vec<String>,
    /// Whether a proxy with TLS stands in front, so that this may listen for other machines without.
    pub behind_proxy: bool,
    /// The proxies whose `X-Forwarded-For` is believed. Without any the header says nothing, and a client is whoever
    /// connects.
    pub trusted_proxies: TrustedProxies,
    /// How many guesses at passwords are free before the next ones have to wait.
    pub guess_limits: GuessLimits,
    /// Which algorithm a new signing key is for.
    pub signing_algorithm: Algorithm,
    /// How long a key signs until a new one is made by itself; `None`: for ever.
    pub key_rotation: Option<Duration>,
    /// How long an access token is good.
    pub access_token_ttl: Duration,
    /// How long a session can go on.
    pub session_ttl: Duration,
    /// How long a session that is not used goes on.
    pub session_idle_ttl: Duration,
    /// How long a refresh token that was spent is answered with the same successor, as long as that was not used. 0: not
    /// at all.
    pub refresh_grace: Duration,
    /// How long a process may decide without having asked PostgreSQL.
    pub lease: Duration,
    /// The roles that registering gives; `None` where registration is closed.
    pub registration: Option<Vec<String>>,
    /// The roles that registering would give if it were open: set-up makes them.
    pub registration_roles: Vec<String>,
    /// Whether `grant_type=password` is taken (RFC 6749, 4.3): what RFC 9700, 2.4, advises against.
    pub password_grant: bool,
    /// Whether the page to try calls, and the OpenAPI document, are served.
    pub docs: bool,
    /// Whether a refusal says what the caller has.
    pub explain: bool,
    /// How many threads hash passwords; each one takes 19 MiB.
    pub hashing_threads: usize,
    /// How much of a call is read.
    pub limits: Limits,
    /// What the log tells, as `RUST_LOG` writes it.
    pub log: String,
    /// How the log looks.
    pub log_format: LogFormat,
}

/// Bounds of what is read of a call before it is understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Largest body, in bytes.
    pub body_bytes: usize,
    /// A body comes within this time.
    pub body_within: Duration,
    /// Largest head, in bytes.
    pub header_bytes: usize,
    /// A head comes within this time.
    pub headers_within: Duration,
    /// Most parameters of a form or a query.
    pub parameters: usize,
    /// Deepest nesting of a JSON body.
    pub json_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 64 << 10,
            body_within: Duration::from_secs(30),
            header_bytes: 16 << 10,
            headers_within: Duration::from_secs(10),
            parameters: 32,
            json_depth: 32,
        }
    }
}

/// How the log looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Text at a terminal, and JSON elsewhere.
    Auto,
    /// Text for a person.
    Text,
    /// A JSON object on each line.
    Json,
}

/// What the log tells when nobody says.
pub const USUAL_LOG: &str = "info,sqlx=warn";

/// The longest that a token may be good, whatever is set: what was taken away is not usable for longer in a verifier
/// that does not ask.
pub const LONGEST_TOKEN: Duration = Duration::from_secs(24 * 3600);

/// What a command line or an embedding application says about `dev`; the rest has defaults.
#[derive(Clone, Default)]
pub struct Dev {
    /// A loopback address, as `127.0.0.1:8000`; else `ROLECALL_LISTEN`.
    pub listen: Option<String>,
    /// Else `ROLECALL_DATABASE_URL`.
    pub database_url: Option<String>,
    /// Seconds, 5 to 300; else `ROLECALL_LEASE`.
    pub lease: Option<u64>,
}

impl fmt::Debug for Dev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dev { listen, database_url, lease } = self;
        let database_url = database_url.as_ref().map(|_| Unshown);
        f.debug_struct("Dev")
            .field("listen", listen)
            .field("database_url", &database_url)
            .field("lease", lease)
            .finish()
    }
}

impl Config {
    /// For production: `rolecall.toml` in the working folder, over it `ROLECALL_*` of the environment, over that
    /// `flags`. `rolecall config check` shows what comes of it.
    ///
    /// # Errors
    /// [`Error::Start`] names the line, the variable or the flag, and says what to write.
    pub fn load(flags: &Flags) -> Result<Config, Error> {
        Config::resolve(flags).config.map_err(|wrong| {
            let (first, more) = (wrong.first().map(String::as_str).unwrap_or_default(), wrong.len().saturating_sub(1));
            Error::Start(match more {
                0 => first.to_owned(),
                more => format!("{first} (and {more} more; `rolecall config check` says what)"),
            })
        })
    }

    /// The same, with where each value came from.
    pub(crate) fn resolve(flags: &Flags) -> Resolved {
        resolve::resolve(flags, Path::new("."))
    }

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
            issuer: None,
            audience: None,
            cors_origins: vec![],
            behind_proxy: false,
            trusted_proxies: TrustedProxies::default(),
            guess_limits: GuessLimits::default(),
            signing_algorithm: Algorithm::Es256,
            key_rotation: Some(Duration::from_secs(90 * 24 * 3600)),
            access_token_ttl: Duration::from_secs(15 * 60),
            session_ttl: Duration::from_secs(30 * 24 * 3600),
            session_idle_ttl: Duration::from_secs(7 * 24 * 3600),
            refresh_grace: Duration::from_secs(10),
            lease: Duration::from_secs(lease),
            registration: Some(vec!["user".into()]),
            registration_roles: vec!["user".into()],
            password_grant: true,
            docs: true,
            explain: true,
            hashing_threads: resolve::cores(),
            limits: Limits::default(),
            log: USUAL_LOG.into(),
            log_format: LogFormat::Auto,
        })
    }
}

fn invalid(what: &str, is: &str) -> Error {
    Error::Start(format!("{what} is {is}"))
}

/// `dev` has open registration and says what callers hold: nobody else's machine may reach it.
fn loopback(text: &str) -> Result<SocketAddr, Error> {
    socket_address(text).filter(|address| address.ip().is_loopback()).ok_or_else(|| {
        invalid("the address to listen at", "one of this machine alone, as `127.0.0.1:8000` or `[::1]:8000`")
    })
}

/// An address and a port; `localhost` is one of them.
fn socket_address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => port.parse().ok().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        None => text.parse().ok(),
    }
}

/// Whether a host, as a URL writes it, is this machine and nobody else's.
fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
