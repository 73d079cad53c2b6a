//! The settings that there are: what each is called, what it is when nobody says, and what can be written.

use std::{net::SocketAddr, time::Duration};

use rolecall_core::{Algorithm, RoleName};

use super::{LogFormat, source::Said};
use crate::{client_address::TrustedProxies, uris};

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// In `rolecall.toml`; in the environment `ROLECALL_` and the same in capitals.
    pub name: &'static str,
    /// As it would be written. Empty: it follows from something else.
    pub default: &'static str,
    /// Whether it is never shown, and may stand in a file of its own.
    pub is_secret: bool,
}

const fn setting(name: &'static str, default: &'static str) -> Setting {
    Setting { name, default, is_secret: false }
}

pub static DATABASE_URL: Setting = Setting { name: "database_url", default: "sqlite://rolecall.db", is_secret: true };
pub static KEY_FILE: Setting = setting("key_file", "rolecall.key");
pub static LISTEN: Setting = setting("listen", "127.0.0.1:8000");
pub static ISSUER: Setting = setting("issuer", "");
pub static AUDIENCE: Setting = setting("audience", "");
pub static CORS_ORIGINS: Setting = setting("cors_origins", "");
pub static BEHIND_PROXY: Setting = setting("behind_proxy", "false");
pub static TRUSTED_PROXIES: Setting = setting("trusted_proxies", "");
pub static GUESSES_PER_ACCOUNT: Setting = setting("guesses_per_account", "20");
pub static GUESSES_PER_ADDRESS: Setting = setting("guesses_per_address", "100");
pub static REGISTRATION: Setting = setting("registration", "closed");
pub static REGISTRATION_ROLES: Setting = setting("registration_roles", "");
pub static PASSWORD_GRANT: Setting = setting("password_grant", "true");
pub static DOCS: Setting = setting("docs", "false");
pub static SIGNING_ALGORITHM: Setting = setting("signing_algorithm", "ES256");
pub static KEY_ROTATION: Setting = setting("key_rotation", "90d");
pub static ACCESS_TOKEN_TTL: Setting = setting("access_token_ttl", "15m");
pub static SESSION_TTL: Setting = setting("session_ttl", "30d");
pub static SESSION_IDLE_TTL: Setting = setting("session_idle_ttl", "7d");
pub static REFRESH_GRACE: Setting = setting("refresh_grace", "10s");
pub static LEASE: Setting = setting("lease", "30s");
pub static HASHING_THREADS: Setting = setting("hashing_threads", "");
pub static BODY_LIMIT: Setting = setting("body_limit", "64KiB");
pub static BODY_TIMEOUT: Setting = setting("body_timeout", "30s");
pub static HEADER_LIMIT: Setting = setting("header_limit", "16KiB");
pub static HEADER_TIMEOUT: Setting = setting("header_timeout", "10s");
pub static PARAMETER_LIMIT: Setting = setting("parameter_limit", "32");
pub static JSON_DEPTH_LIMIT: Setting = setting("json_depth_limit", "32");
pub static LOG: Setting = setting("log", super::USUAL_LOG);
pub static LOG_FORMAT: Setting = setting("log_format", "auto");

/// All of them, in the order in which they are shown.
pub static SETTINGS: [&Setting; 30] = [
    &DATABASE_URL,
    &KEY_FILE,
    &LISTEN,
    &ISSUER,
    &AUDIENCE,
    &CORS_ORIGINS,
    &BEHIND_PROXY,
    &TRUSTED_PROXIES,
    &GUESSES_PER_ACCOUNT,
    &GUESSES_PER_ADDRESS,
    &REGISTRATION,
    &REGISTRATION_ROLES,
    &PASSWORD_GRANT,
    &DOCS,
    &SIGNING_ALGORITHM,
    &KEY_ROTATION,
    &ACCESS_TOKEN_TTL,
    &SESSION_TTL,
    &SESSION_IDLE_TTL,
    &REFRESH_GRACE,
    &LEASE,
    &HASHING_THREADS,
    &BODY_LIMIT,
    &BODY_TIMEOUT,
    &HEADER_LIMIT,
    &HEADER_TIMEOUT,
    &PARAMETER_LIMIT,
    &JSON_DEPTH_LIMIT,
    &LOG,
    &LOG_FORMAT,
];

/// The setting of this name.
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.into_iter().find(|setting| setting.name == name)
}

/// What to write instead.
pub type Wrong = String;

/// Text.
pub fn text(said: &Said) -> Result<String, Wrong> {
    match said {
        Said::Text(text) | Said::Word(text) if !text.is_empty() => Ok(text.clone()),
        _ => Err("a text in quotes, as `\"...\"`, that is not empty".into()),
    }
}

/// `true` or `false`.
pub fn truth(said: &Said) -> Result<bool, Wrong> {
    match said {
        Said::Truth(truth) => Ok(*truth),
        Said::Word(word) if word == "true" => Ok(true),
        Said::Word(word) if word == "false" => Ok(false),
        _ => Err("`true` or `false`, without quotes".into()),
    }
}

/// A whole number within these bounds.
pub fn whole(said: &Said, least: usize, most: usize) -> Result<usize, Wrong> {
    let number = match said {
        Said::Whole(number) => usize::try_from(*number).ok(),
        Said::Word(word) => word.parse().ok(),
        _ => None,
    };
    number.filter(|number| (least..=most).contains(number)).ok_or_else(|| format!("a whole number, {least} to {most}"))
}

/// A list of texts; in the environment with commas between.
pub fn list(said: &Said) -> Result<Vec<String>, Wrong> {
    match said {
        Said::List(texts) => Ok(texts.clone()),
        Said::Word(word) if word.trim().is_empty() => Ok(vec![]),
        Said::Word(word) => Ok(word.split(',').map(|item| item.trim().to_owned()).collect()),
        _ => Err("a list of texts, as `[\"a\", \"b\"]`".into()),
    }
}

const UNITS: [(&str, u64); 4] = [("d", 24 * 3600), ("h", 3600), ("m", 60), ("s", 1)];

/// Seconds, or a number with `s`, `m`, `h` or `d`, within these bounds of seconds.
pub fn time(said: &Said, least: u64, most: u64) -> Result<Duration, Wrong> {
    let seconds = match said {
        Said::Whole(number) => u64::try_from(*number).ok(),
        Said::Text(text) | Said::Word(text) => with_unit(text, &UNITS),
        _ => None,
    };
    let seconds = seconds.filter(|seconds| (least..=most).contains(seconds));
    let bounds =
        || format!("{} to {}, as `{}`, or a number of seconds", shortest(least), shortest(most), shortest(least));
    seconds.map(Duration::from_secs).ok_or_else(bounds)
}

/// The same, or 0, which turns it off.
pub fn time_or_never(said: &Said, least: u64, most: u64) -> Result<Option<Duration>, Wrong> {
    match time(said, 0, 0) {
        Ok(_) => Ok(None),
        Err(_) => time(said, least, most).map(Some).map_err(|wrong| format!("{wrong}; 0 turns it off")),
    }
}

fn shortest(seconds: u64) -> String {
    let unit = UNITS.into_iter().find(|(_, size)| seconds > 0 && seconds.is_multiple_of(*size)).unwrap_or(("s", 1));
    format!("{}{}", seconds / unit.1, unit.0)
}

/// Bytes, or a number with `KiB` or `MiB`, within these bounds of KiB.
pub fn size(said: &Said, least: usize, most: usize) -> Result<usize, Wrong> {
    let bytes = match said {
        Said::Whole(number) => u64::try_from(*number).ok(),
        Said::Text(text) | Said::Word(text) => with_unit(text, &[("KiB", 1 << 10), ("MiB", 1 << 20)]),
        _ => None,
    };
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    bytes
        .filter(|bytes| (least << 10..=most << 10).contains(bytes))
        .ok_or_else(|| format!("{least}KiB to {most}KiB, as `{least}KiB`, or a number of bytes"))
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (digits, size) =
        units.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size))).unwrap_or((text, 1));
    // A sign or a space would pass `parse`, or look as if.
    let digits = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)?;
    digits.parse::<u64>().ok()?.checked_mul(size)
}

/// An address of this machine, with a port.
pub fn address(said: &Said) -> Result<SocketAddr, Wrong> {
    let wrong = || "an address and a port, as `127.0.0.1:8000`, `[::1]:8000` or `0.0.0.0:8000`".to_owned();
    text(said).ok().and_then(|text| super::socket_address(&text)).ok_or_else(wrong)
}

/// Where the service is for its callers: scheme, host and port, as `iss` in each token says it (RFC 8414, 2).
pub fn issuer(said: &Said) -> Result<String, Wrong> {
    let wrong = "the address that callers use, as `https://auth.example.org`: `https`, small letters, no path, no slash \
                 at the end (`http` for this machine alone, as `http://127.0.0.1:8000`)";
    let text = text(said).map_err(|_| wrong)?;
    let (scheme, authority) = text.split_once("://").ok_or(wrong)?;
    let parsed: http::uri::Authority = authority.parse().map_err(|_| wrong)?;
    let plain = parsed.as_str() == authority && !authority.contains('@') && authority == authority.to_lowercase();
    let here = super::is_this_machine(parsed.host());
    // The port that a browser leaves out is left out: `iss` is compared as text.
    let usual = matches!((scheme, parsed.port_u16()), ("https", Some(443)) | ("http", Some(80)));
    match plain && !usual && !authority.ends_with(':') && (scheme == "https" || (scheme == "http" && here)) {
        true => Ok(text),
        false => Err(wrong.into()),
    }
}

/// What an API is called (RFC 8707, 2).
pub fn api(said: &Said) -> Result<String, Wrong> {
    let name = text(said).ok().and_then(|text| uris::api_identifier(&text).ok());
    name.ok_or_else(|| "what the API is called in `aud`, as `https://items.example.org` or `items-api`".into())
}

/// Origins, as browsers write them.
pub fn origins(said: &Said) -> Result<Vec<String>, Wrong> {
    let wrong = || {
        "a list of origins as browsers write them, as `[\"https://app.example.org\"]`: small letters, no path, no slash at \
         the end, no usual port; `*` and `null` are none"
            .to_owned()
    };
    let origins = list(said).map_err(|_| wrong())?;
    match origins.iter().all(|origin| uris::origin(origin).is_ok()) {
        true => Ok(origins),
        false => Err(wrong()),
    }
}

/// One of the algorithms that sign here.
pub fn algorithm(said: &Said) -> Result<Algorithm, Wrong> {
    let wrong = || "`ES256`, `RS256` or `EdDSA`".to_owned();
    let algorithm: Algorithm = text(said).map_err(|_| wrong())?.parse().map_err(|_| wrong())?;
    match algorithm {
        Algorithm::Es256 | Algorithm::Rs256 | Algorithm::EdDsa => Ok(algorithm),
        _ => Err(wrong()),
    }
}

/// `open` or `closed`.
pub fn is_open(said: &Said) -> Result<bool, Wrong> {
    match text(said).as_deref() {
        Ok("open") => Ok(true),
        Ok("closed") => Ok(false),
        _ => Err("`\"open\"` or `\"closed\"`".into()),
    }
}

/// Roles of the application: what the service itself may do is not given to whoever registers.
pub fn roles(said: &Said) -> Result<Vec<String>, Wrong> {
    let wrong =
        || "a list of roles, as `[\"user\"]`: small letters, digits, `.`, `_`, `-`, and none of `rolecall.`".to_owned();
    let names = list(said).map_err(|_| wrong())?;
    let good = |name: &String| name.parse::<RoleName>().is_ok_and(|role| !role.is_reserved());
    match names.iter().all(good) {
        true => Ok(names),
        false => Err(wrong()),
    }
}

/// Addresses, or networks as `10.0.0.0/8`.
pub fn networks(said: &Said) -> Result<TrustedProxies, Wrong> {
    let wrong = || "a list of addresses or networks, as `[\"127.0.0.1\", \"10.0.0.0/8\"]`".to_owned();
    let networks = list(said).map_err(|_| wrong())?;
    TrustedProxies::of(networks.iter().map(String::as_str)).map_err(|_| wrong())
}

/// What the log tells, as `RUST_LOG` writes it.
pub fn log(said: &Said) -> Result<String, Wrong> {
    let text = text(said)?;
    match tracing_subscriber::EnvFilter::try_new(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err("what the log tells, as `info`, or `warn,rolecall_server=debug`".into()),
    }
}

/// How the log looks.
pub fn log_format(said: &Said) -> Result<LogFormat, Wrong> {
    match text(said).as_deref() {
        Ok("auto") => Ok(LogFormat::Auto),
        Ok("text") => Ok(LogFormat::Text),
        Ok("json") => Ok(LogFormat::Json),
        _ => Err("`\"auto\"`, `\"text\"` or `\"json\"`".into()),
    }
}
