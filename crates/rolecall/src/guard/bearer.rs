//! Where the token of a call is.

use http::{HeaderMap, HeaderValue, Uri, header};

use crate::Denied;

/// The token of a call: from one `Authorization` header and nowhere else (RFC 6750, section 2).
pub(super) fn bearer<'a>(headers: &'a HeaderMap, uri: &Uri) -> Result<Option<&'a [u8]>, Denied> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let Some(header) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(Denied::BadRequest("two `Authorization` headers were sent; send one"));
    }
    let in_query = |query: &str| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token");
    if uri.query().is_some_and(in_query) {
        return Err(Denied::BadRequest("a token was sent in the query and in the header; send it in the header only"));
    }
    Ok(credentials(header))
}

/// What follows the scheme `Bearer`, in whatever case; another scheme is no token.
fn credentials(header: &HeaderValue) -> Option<&[u8]> {
    let bytes = header.as_bytes();
    let (scheme, rest) = bytes.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return None;
    }
    match rest.first() {
        // The scheme alone is a token that is empty, and so refused; `Bearerx` is another scheme.
        None => Some(rest),
        Some(b' ') => Some(rest.trim_ascii()),
        Some(_) => None,
    }
}
