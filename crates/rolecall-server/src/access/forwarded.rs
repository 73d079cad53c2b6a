//! What a proxy says of the call that it asks about, and whether two programs could read it differently.
//!
//! Nothing is decided by it: the rule is the proxy's, for all that it sends here. But a proxy chooses that rule by the
//! path, and the program behind it answers by the path; where these two may disagree (`/public/..;/admin`), a rule would
//! be asked for one thing and another thing answered. So what is ambiguous is refused.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::percent_decode;

use crate::{Error, request::decode};

/// Where proxies put the path that was asked for.
const PATHS: [&str; 5] =
    ["x-forwarded-uri", "x-original-uri", "x-original-url", "x-rewrite-url", "x-envoy-original-path"];
/// Where they put the host.
const HOSTS: [&str; 2] = ["x-forwarded-host", "x-original-host"];
/// What else is said once.
const ONCE: [&str; 5] =
    ["x-forwarded-method", "x-original-method", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix"];
/// What a connection may say of itself: nothing that takes a header away.
const OF_CONNECTIONS: [&str; 5] = ["close", "keep-alive", "upgrade", "te", "http2-settings"];

/// Whether everybody reads it in the same way.
///
/// # Errors
/// [`Error::Invalid`] says what is not right.
pub(super) fn is_unambiguous(headers: &HeaderMap) -> Result<(), Error> {
    headers.keys().try_for_each(is_spelled_by_a_proxy)?;
    headers.get_all(header::CONNECTION).iter().try_for_each(takes_nothing_away)?;
    for name in PATHS {
        let Some(value) = once(headers, name)?.map(HeaderValue::as_bytes) else { continue };
        is_one_path(name, value)?;
        if headers.contains_key(header::AUTHORIZATION) && has_token(value) {
            return invalid("a token was sent in the query and in the header; send it in the header only".into());
        }
    }
    for name in HOSTS {
        once(headers, name)?.map_or(Ok(()), |value| is_one_host(name, value.as_bytes()))?;
    }
    ONCE.iter().try_for_each(|name| once(headers, name).map(drop))
}

/// Whether it is for one host, where a proxy sends the caller's own `Host` on.
///
/// # Errors
/// [`Error::Invalid`] says what is not right.
pub(super) fn is_for_one_host(headers: &HeaderMap) -> Result<(), Error> {
    once(headers, "host")?.map_or(Ok(()), |value| is_one_host("host", value.as_bytes()))
}

/// `X_Forwarded_Uri` is another header to a proxy, and the same one to programs that make variables of them (CGI, WSGI).
fn is_spelled_by_a_proxy(name: &HeaderName) -> Result<(), Error> {
    let name = name.as_str();
    let as_read = name.replace('_', "-");
    let is_trusted = ["x-forwarded-", "x-original-", "x-rolecall-", "x-rewrite-", "x-envoy-", "x-real-"]
        .iter()
        .any(|start| as_read.starts_with(start));
    match name.contains('_') && is_trusted {
        true => invalid(format!("`{as_read}` was sent with `_` in its name; the proxy should drop such headers")),
        false => Ok(()),
    }
}

/// A header that `Connection` names is for one hop, and the next proxy removes it (RFC 9110, 7.6.1).
fn takes_nothing_away(value: &HeaderValue) -> Result<(), Error> {
    let known = |option: &[u8]| OF_CONNECTIONS.iter().any(|known| option.eq_ignore_ascii_case(known.as_bytes()));
    let mut options = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    match options.all(|option| option.is_empty() || known(option)) {
        true => Ok(()),
        false => invalid("`Connection` names a header, so that a proxy would remove it".into()),
    }
}

fn once<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a HeaderValue>, Error> {
    let mut sent = headers.get_all(name).iter();
    let first = sent.next();
    match sent.next() {
        None => Ok(first),
        Some(_) => invalid(format!("`{name}` was sent twice; the proxy should set it, not add to it")),
    }
}

/// A path, or an address with one, that is read in one way only, whoever decodes it and however often.
///
/// # Errors
/// [`Error::Invalid`] says what is not right.
pub(super) fn is_one_path(name: &str, value: &[u8]) -> Result<(), Error> {
    let ambiguous = |what: &str| invalid(format!("the path in `{name}` has {what}, which programs read differently"));
    // An address is a scheme and a host before the path.
    let path = match value.first() {
        Some(b'/') => value,
        _ => match after_host(value) {
            Some(path) => path,
            None => return invalid(format!("`{name}` is no path and no address")),
        },
    };
    let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
    if !path.iter().all(|byte| matches!(byte, b'!'..=b'~')) {
        return ambiguous("a character that is not plain ASCII");
    }
    let decoded: Vec<u8> = percent_decode(path).collect();
    // Before and after: `%2e` is a dot to some, and `%252e` to whoever decodes twice.
    let escapes = path.iter().filter(|byte| **byte == b'%').count();
    if decoded.len() + 2 * escapes != path.len() || decoded.contains(&b'%') {
        return ambiguous("a `%` that is no escape, or an escape of one");
    }
    let unsafe_byte = |byte: &&u8| byte.is_ascii_control() || matches!(byte, b'\\' | b';' | b'#' | b'?');
    if let Some(byte) = decoded.iter().find(unsafe_byte) {
        return ambiguous(&format!("`%{byte:02x}`, encoded or not"));
    }
    // What is no UTF-8 is replaced by some, and read by others: `%c0%ae` was a dot once (RFC 3629, 10).
    if std::str::from_utf8(&decoded).is_err() {
        return ambiguous("bytes that are no UTF-8");
    }
    let slashes = |text: &[u8]| text.iter().filter(|byte| **byte == b'/').count();
    let dots = |text: &[u8]| text.iter().filter(|byte| **byte == b'.').count();
    if slashes(&decoded) != slashes(path) || dots(&decoded) != dots(path) {
        return ambiguous("an encoded `/` or `.`");
    }
    if decoded.windows(2).any(|pair| pair == b"//") {
        return ambiguous("`//`");
    }
    match decoded.split(|byte| *byte == b'/').any(|segment| matches!(segment, b"." | b"..")) {
        true => ambiguous("`.` or `..`"),
        false => Ok(()),
    }
}

/// Whether the query of a path or an address has `access_token`.
fn has_token(address: &[u8]) -> bool {
    let query = address.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
    let names = query.split(|byte| *byte == b'&').filter_map(|pair| pair.split(|byte| *byte == b'=').next());
    names.map(decode).any(|name| name.is_ok_and(|name| name == "access_token"))
}

/// What follows the host of an address; a path of its own where there is none.
fn after_host(address: &[u8]) -> Option<&[u8]> {
    let rest = [&b"http://"[..], b"https://"].iter().find_map(|scheme| address.strip_prefix(*scheme))?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end)?;
    is_host(host).then_some(path)
}

fn is_one_host(name: &str, value: &[u8]) -> Result<(), Error> {
    match is_host(value) {
        true => Ok(()),
        false => invalid(format!("`{name}` is not one host in small letters, without a dot at its end")),
    }
}

/// A host in the one spelling that everybody compares, and perhaps a port: no capitals, no dot at its end.
fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value.iter().rposition(|byte| *byte == b':') {
        Some(colon) if value.last() != Some(&b']') => (&value[..colon], Some(&value[colon + 1..])),
        _ => (value, None),
    };
    let is_named = match host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")) {
        Some(address) => address.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b':' | b'.')),
        None => host.split(|byte| *byte == b'.').all(|label| {
            let made_of = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
            !label.is_empty() && label.iter().all(made_of)
        }),
    };
    is_named && port.is_none_or(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit))
}

fn invalid<T>(why: String) -> Result<T, Error> {
    Err(Error::Invalid(why))
}
