//! Which client asks (RFC 6749, 2.3). There is one: the built-in, public `rolecall`.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};

use super::error::OAuthError;
use crate::{
    app::OWN_CLIENT,
    request::{self, Parameters},
};

/// Names the client, or refuses it. No name at all is the built-in one, and so is a Basic header with an empty name
/// and password, as Swagger UI sends it.
pub(super) fn authenticate(headers: &HeaderMap, form: &mut Parameters) -> Result<&'static str, OAuthError> {
    let in_form = (form.take("client_id"), form.take("client_secret"));
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let named = match (sent.next(), sent.next()) {
        (None, _) => in_form,
        (Some(_), Some(_)) => {
            return Err(OAuthError::InvalidRequest("two `Authorization` headers were sent; send one".into()));
        }
        (Some(header), None) => {
            let (name, secret) = basic(header.as_bytes()).ok_or(OAuthError::InvalidClient)?;
            // A client authenticates in one way (RFC 6749, 2.3); its name may stand in the form too.
            if in_form.1.is_some() || in_form.0.is_some_and(|other| Some(other) != name) {
                return Err(OAuthError::InvalidRequest("the client is named in two ways; send one".into()));
            }
            (name, secret)
        }
    };
    match named {
        (None, None) => Ok(OWN_CLIENT),
        (Some(name), None) if name == OWN_CLIENT => Ok(OWN_CLIENT),
        _ => Err(OAuthError::InvalidClient),
    }
}

/// Name and secret of a Basic header (RFC 7617; both form-encoded, RFC 6749, 2.3.1); an empty one is none.
fn basic(header: &[u8]) -> Option<(Option<String>, Option<String>)> {
    let (scheme, rest) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim_ascii()).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    let decode = |half: &str| Some(Some(request::decode(half.as_bytes()).ok()?).filter(|half| !half.is_empty()));
    Some((decode(name)?, decode(secret)?))
}
