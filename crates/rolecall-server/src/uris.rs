//! Which addresses can be registered: where people are sent back to, from where browsers call, and what an API is
//! called. They are compared as text later, so each is taken in one spelling only.

use std::net::Ipv6Addr;

use http::uri::Authority;

use crate::Error;

/// Longest address, in bytes.
const LONGEST: usize = 512;

/// Where people may be sent back to (RFC 9700, 4.1.3: compared whole). `https`, or `http` on this machine alone (RFC
/// 8252, 7.3), without a fragment (RFC 6749, 3.1.2).
///
/// # Errors
/// [`Error::Invalid`] says what one looks like.
pub fn redirect_uri(text: &str) -> Result<String, Error> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let (authority, _) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = host_of(authority).filter(|host| scheme == "https" || (scheme == "http" && is_loopback(host)));
    match host.is_some() && is_plain(text) {
        true => Ok(text.to_owned()),
        false => Err(Error::Invalid(
            "`redirect_uris`: each is a whole address like `https://app.example.org/callback` (`http` on loopback only), \
             in small letters up to its path, without a fragment"
                .into(),
        )),
    }
}

/// An origin, as browsers write it (RFC 6454, 6.2): scheme, host, and the port if it is not the usual one.
///
/// # Errors
/// [`Error::Invalid`] says what one looks like.
pub fn origin(text: &str) -> Result<String, Error> {
    let (scheme, authority) = text.split_once("://").unwrap_or_default();
    let port = authority.parse::<Authority>().ok().and_then(|authority| authority.port_u16());
    // Browsers leave it out, so with it the origin would never be the same.
    let usual = matches!((scheme, port), ("https", Some(443)) | ("http", Some(80)));
    match matches!(scheme, "https" | "http") && host_of(authority).is_some() && !usual && is_plain(text) {
        true => Ok(text.to_owned()),
        false => Err(Error::Invalid(
            "`cors_origins`: each is one origin as browsers write it, like `https://app.example.org`: small letters, no \
             path, no slash at the end, no usual port; `*` and `null` are none"
                .into(),
        )),
    }
}

/// What an API is called in `resource` and `aud`: an absolute URI without a fragment (RFC 8707, 2), or a plain name.
///
/// # Errors
/// [`Error::Invalid`] says what one looks like.
pub fn api_identifier(text: &str) -> Result<String, Error> {
    let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'.' | b'-'))
    };
    let fits = match text.split_once(':') {
        Some((scheme, rest)) => is_scheme(scheme) && !rest.is_empty(),
        None => is_name(text) && !text.is_empty(),
    };
    match fits && is_plain(text) {
        true => Ok(text.to_owned()),
        false => Err(Error::Invalid(format!(
            "an API is called by an absolute URI without a fragment, like `https://items.example.org`, or by a name of \
             letters, digits, `.`, `_` and `-`; at most {LONGEST} bytes"
        ))),
    }
}

/// The host of an authority in its one spelling: small letters, nobody's name before it, a port that is one.
fn host_of(authority: &str) -> Option<String> {
    let parsed: Authority = authority.parse().ok()?;
    let host = parsed.host();
    let port = authority.strip_prefix(host)?;
    let is_port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0 && port.to_string() == text);
    let whole = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    (whole && is_host(host)).then(|| host.to_owned())
}

/// A host as browsers write it: an address of version 6 in its shortest form (RFC 5952), or labels of letters, digits and
/// inner `-` (RFC 1123, 2.1).
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    host.split('.').all(|label| {
        let made_of = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !label.is_empty() && label.bytes().all(made_of) && !label.starts_with('-') && !label.ends_with('-')
    })
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Nothing that two readers could take for two things: printable ASCII without spaces, quotes and brackets that no URI
/// has (RFC 3986, 2), and no fragment.
fn is_plain(text: &str) -> bool {
    let strange = |b: u8| !b.is_ascii_graphic() || b"\"<>\\^`{|}#".contains(&b);
    text.len() <= LONGEST && !text.bytes().any(strange)
}
