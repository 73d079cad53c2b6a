//! From what was said to one resolved [`Config`], each value with where it came from.

use std::{fmt, net::SocketAddr, path::Path, thread};

use super::{
    Config, Limits, LogFormat,
    setting::{self, SETTINGS, Setting, Wrong},
    source::{Flags, Origin, Raw, Said},
};
use crate::{guesses::GuessLimits, store::Database};

/// One line of what is resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The setting.
    pub name: &'static str,
    /// Its value as it may be shown; never a password.
    pub value: String,
    /// Where it was said.
    pub origin: Origin,
}

/// What all sources together come to.
pub struct Resolved {
    /// Every setting, whether or not the whole can be used.
    pub lines: Vec<Line>,
    /// The whole, or sentences that say what to write.
    pub config: Result<Config, Vec<String>>,
    /// Whether the issuer was said, and does not only follow from where the service listens.
    pub(super) names_issuer: bool,
    pub(super) raw: Raw,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved").field("lines", &self.lines).field("config", &self.config).finish_non_exhaustive()
    }
}

struct Resolver {
    raw: Raw,
    lines: Vec<Line>,
    wrong: Vec<String>,
}

impl Resolver {
    /// What was said, read by `read`; else the default. `None` when it cannot be: then there is a sentence about it.
    fn take<T>(&mut self, setting: &'static Setting, read: impl Fn(&Said) -> Result<T, Wrong>) -> Option<T> {
        let default = || (Said::Word(setting.default.into()), Origin::Default);
        let (said, origin) = self.raw.said.get(setting.name).cloned().unwrap_or_else(default);
        self.note(setting, said.to_string(), origin.clone());
        read(&said).map_err(|write| self.is_wrong(setting, &said, &origin, &write)).ok()
    }

    /// The same for a setting that follows from something else when nobody says.
    fn take_said<T>(&mut self, setting: &'static Setting, read: impl Fn(&Said) -> Result<T, Wrong>) -> Option<T> {
        self.raw.said.contains_key(setting.name).then(|| self.take(setting, read)).flatten()
    }

    fn note(&mut self, setting: &'static Setting, value: String, origin: Origin) {
        self.lines.retain(|line| line.name != setting.name);
        self.lines.push(Line { name: setting.name, value, origin });
    }

    fn is_wrong(&mut self, setting: &Setting, said: &Said, origin: &Origin, write: &str) {
        let what = named(setting, origin);
        self.wrong.push(match (setting.is_secret, said) {
            (true, _) => format!("{what} cannot be used: {write}"),
            (false, Said::Other(kind)) => format!("{what} is {kind}: write {write}"),
            (false, said) => format!("{what} is `{said}`: write {write}"),
        });
    }

    fn origin(&self, setting: &Setting) -> Origin {
        self.raw.said.get(setting.name).map_or(Origin::Default, |(_, origin)| origin.clone())
    }
}

/// What is wrong, as whoever wrote it knows it: a variable and a flag name the setting themselves.
fn named(setting: &Setting, origin: &Origin) -> String {
    match origin {
        Origin::File(..) => format!("{origin}: `{}`", setting.name),
        Origin::Default => format!("`{}`", setting.name),
        Origin::Variable(_) | Origin::Flag(_) => origin.to_string(),
    }
}

/// Reads and resolves. Relative paths count from `folder`.
pub fn resolve(flags: &Flags, folder: &Path) -> Resolved {
    let mut raw = Raw::read(flags);
    let wrong = std::mem::take(&mut raw.wrong);
    let mut all = Resolver { raw, lines: vec![], wrong };
    let config = read(&mut all, folder);
    let place = |line: &Line| SETTINGS.iter().position(|setting| setting.name == line.name);
    all.lines.sort_by_key(place);
    let names_issuer = all.raw.said.contains_key(setting::ISSUER.name);
    let config = match config {
        Some(config) if all.wrong.is_empty() => Ok(config),
        _ => Err(all.wrong),
    };
    Resolved { lines: all.lines, config, names_issuer, raw: all.raw }
}

fn read(all: &mut Resolver, folder: &Path) -> Option<Config> {
    // Each is read, so that everything that is wrong is told at once; only then is anything missed.
    let database = all.take(&setting::DATABASE_URL, |said| Database::parse(&setting::text(said)?, folder));
    let origin = all.origin(&setting::DATABASE_URL);
    let shown = match &database {
        Some(Database::Sqlite(_)) => {
            let said = all.raw.said.get(setting::DATABASE_URL.name);
            said.map_or(setting::DATABASE_URL.default.to_owned(), |(said, _)| said.to_string())
        }
        Some(database @ Database::Postgres(_)) => database.to_string(),
        None => "(cannot be used)".to_owned(),
    };
    all.note(&setting::DATABASE_URL, shown, origin);
    let key_file = all.take(&setting::KEY_FILE, setting::text);
    let listen = all.take(&setting::LISTEN, setting::address);
    let behind_proxy = all.take(&setting::BEHIND_PROXY, setting::truth);
    let issuer = issuer(all, listen, behind_proxy);
    let audience = audience(all, issuer.as_deref());
    let cors_origins = all.take(&setting::CORS_ORIGINS, setting::origins);
    let trusted_proxies = all.take(&setting::TRUSTED_PROXIES, setting::networks);
    let guess_limits = guess_limits(all);
    let is_open = all.take(&setting::REGISTRATION, setting::is_open);
    let registration_roles = all.take(&setting::REGISTRATION_ROLES, setting::roles);
    let password_grant = all.take(&setting::PASSWORD_GRANT, setting::truth);
    let docs = all.take(&setting::DOCS, setting::truth);
    let signing_algorithm = all.take(&setting::SIGNING_ALGORITHM, setting::algorithm);
    let key_rotation = all.take(&setting::KEY_ROTATION, |said| setting::time_or_never(said, 3600, 3650 * 24 * 3600));
    let access_token_ttl = all.take(&setting::ACCESS_TOKEN_TTL, |said| setting::time(said, 30, 24 * 3600));
    let session_ttl = all.take(&setting::SESSION_TTL, |said| setting::time(said, 60, 365 * 24 * 3600));
    let session_idle_ttl = all.take(&setting::SESSION_IDLE_TTL, |said| setting::time(said, 60, 365 * 24 * 3600));
    let refresh_grace = all.take(&setting::REFRESH_GRACE, |said| setting::time(said, 0, 60));
    let lease = all.take(&setting::LEASE, |said| setting::time(said, 5, 300));
    let hashing_threads = hashing_threads(all);
    let limits = limits(all);
    let log = all.take(&setting::LOG, setting::log);
    let log_format = all.take(&setting::LOG_FORMAT, setting::log_format);
    let registration = registration_roles.map(|roles| is_open.map(|open| (open, roles)))?;
    let (is_open, registration_roles) = registration?;
    Some(Config {
        database: database?,
        key_file: folder.join(key_file?),
        listen: listen?,
        issuer: Some(issuer?),
        audience: audience?,
        cors_origins: cors_origins?,
        behind_proxy: behind_proxy?,
        trusted_proxies: trusted_proxies?,
        guess_limits: guess_limits?,
        signing_algorithm: signing_algorithm?,
        key_rotation: key_rotation?,
        access_token_ttl: access_token_ttl?,
        session_ttl: session_ttl?,
        session_idle_ttl: session_idle_ttl?,
        refresh_grace: refresh_grace?,
        lease: lease?,
        registration: is_open.then(|| registration_roles.clone()),
        registration_roles,
        password_grant: password_grant?,
        docs: docs?,
        // What somebody holds is told in development only.
        explain: false,
        hashing_threads: hashing_threads?,
        limits: limits?,
        log: log?,
        log_format: log_format?,
    })
}

/// Where nobody says, it follows from the address on this machine. What is heard elsewhere is not to be read on the
/// way, and has a name of its own.
fn issuer(all: &mut Resolver, listen: Option<SocketAddr>, behind_proxy: Option<bool>) -> Option<String> {
    all.note(&setting::ISSUER, "(cannot be told)".into(), Origin::Default);
    let (listen, behind_proxy) = (listen?, behind_proxy?);
    let is_here = listen.ip().is_loopback();
    if !is_here && !behind_proxy {
        let what = named(&setting::LISTEN, &all.origin(&setting::LISTEN));
        all.wrong.push(format!(
            "{what} is `{listen}`, and others could read passwords and tokens on their way there: put a proxy with TLS \
             in front and set `behind_proxy = true`, or listen on this machine alone, as `127.0.0.1:8000`"
        ));
    }
    if all.raw.said.contains_key(setting::ISSUER.name) {
        return all.take(&setting::ISSUER, setting::issuer);
    }
    let missing = match (is_here, listen.port()) {
        (true, 0) => "is missing, and the port is another one at each start",
        (true, _) => {
            let issuer = format!("http://{listen}");
            all.note(&setting::ISSUER, issuer.clone(), Origin::Default);
            return Some(issuer);
        }
        (false, _) => "is missing",
    };
    all.wrong.push(format!("`issuer` {missing}: write the address that callers use, as `https://auth.example.org`"));
    None
}

/// The issuer, unless somebody says another one: `Some(None)`.
fn audience(all: &mut Resolver, issuer: Option<&str>) -> Option<Option<String>> {
    if all.raw.said.contains_key(setting::AUDIENCE.name) {
        let audience = all.take(&setting::AUDIENCE, setting::api)?;
        return Some(Some(audience).filter(|audience| Some(audience.as_str()) != issuer));
    }
    all.note(&setting::AUDIENCE, issuer.unwrap_or("(cannot be told)").to_owned(), Origin::Default);
    Some(None)
}

/// As many as the machine has cores, unless somebody says.
fn hashing_threads(all: &mut Resolver) -> Option<usize> {
    if all.raw.said.contains_key(setting::HASHING_THREADS.name) {
        return all.take_said(&setting::HASHING_THREADS, |said| setting::whole(said, 1, 256));
    }
    let cores = cores();
    all.note(&setting::HASHING_THREADS, cores.to_string(), Origin::Default);
    Some(cores)
}

/// How many threads this process can run at once.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// 0 turns one off.
fn guess_limits(all: &mut Resolver) -> Option<GuessLimits> {
    let per_account = all.take(&setting::GUESSES_PER_ACCOUNT, |said| setting::whole(said, 0, 1000));
    let per_address = all.take(&setting::GUESSES_PER_ADDRESS, |said| setting::whole(said, 0, 1_000_000));
    Some(GuessLimits { per_account: per_account?.try_into().ok()?, per_address: per_address?.try_into().ok()? })
}

fn limits(all: &mut Resolver) -> Option<Limits> {
    let body_bytes = all.take(&setting::BODY_LIMIT, |said| setting::size(said, 4, 16 << 10));
    let body_within = all.take(&setting::BODY_TIMEOUT, |said| setting::time(said, 1, 600));
    // hyper reads no less at once.
    let header_bytes = all.take(&setting::HEADER_LIMIT, |said| setting::size(said, 8, 1 << 10));
    let headers_within = all.take(&setting::HEADER_TIMEOUT, |said| setting::time(said, 1, 600));
    let parameters = all.take(&setting::PARAMETER_LIMIT, |said| setting::whole(said, 8, 1024));
    let json_depth = all.take(&setting::JSON_DEPTH_LIMIT, |said| setting::whole(said, 4, 64));
    Some(Limits {
        body_bytes: body_bytes?,
        body_within: body_within?,
        header_bytes: header_bytes?,
        headers_within: headers_within?,
        parameters: parameters?,
        json_depth: json_depth?,
    })
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LogFormat::Auto => "auto",
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        })
    }
}
