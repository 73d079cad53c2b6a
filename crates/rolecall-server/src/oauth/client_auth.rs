//! Which client asks (RFC 6749, 2.3): what the request says of it, read so that there is one answer. Whether that is
//! true, [`clients`] knows.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};

use super::error::OAuthError;
use crate::{
    app::{App, OWN_CLIENT},
    clients::{self, Authenticated, Credential},
    request::{self, Parameters},
};

/// Names the client, or refuses it. No name at all is the built-in one, and so is a Basic header with an empty name
/// and password, as Swagger UI sends it.
pub(super) async fn authenticate(
    app: &App,
    headers: &HeaderMap,
    form: &mut Parameters,
) -> Result<Authenticated, OAuthError> {
    let two_ways = || OAuthError::InvalidRequest("the client is named in two ways; send one".into());
    let (name, secret) = (form.take("client_id"), form.take("client_secret"));
    let basic = basic(headers)?;
    let (name, credential) = match (&basic, &secret) {
        // A client authenticates in one way (RFC 6749, 2.3); its name may stand in the form too.
        (Some(_), Some(_)) => return Err(two_ways()),
        (Some((other, _)), None) if name.is_some() && name != *other => return Err(two_ways()),
        (Some((name, Some(secret))), None) => (name, Credential::Basic(secret)),
        (Some((name, None)), None) => (name, Credential::Name),
        (None, Some(secret)) => (&name, Credential::Post(secret)),
        (None, None) => (&name, Credential::Name),
    };
    let name = match (name, credential) {
        (Some(name), _) => name,
        (None, Credential::Name) => OWN_CLIENT,
        // A secret of nobody.
        (None, _) => return Err(OAuthError::InvalidClient),
    };
    clients::authenticate(app, name, credential).await?.ok_or(OAuthError::InvalidClient)
}

type Named = (Option<String>, Option<String>);

/// What a Basic header says, if there is one. Another scheme is no way for a client to say who it is.
fn basic(headers: &HeaderMap) -> Result<Option<Named>, OAuthError> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(None),
        (Some(header), None) => halves(header.as_bytes()).map(Some).ok_or(OAuthError::InvalidClient),
        (Some(_), Some(_)) => Err(OAuthError::InvalidRequest("two `Authorization` headers were sent; send one".into())),
    }
}

/// Name and secret of a Basic header (RFC 7617; both form-encoded, RFC 6749, 2.3.1); an empty one is none.
fn halves(header: &[u8]) -> Option<Named> {
    let (scheme, rest) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim_ascii()).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    let decode = |half: &str| Some(Some(request::decode(half.as_bytes()).ok()?).filter(|half| !half.is_empty()));
    Some((decode(name)?, decode(secret)?))
}
