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
    let (mut name, secret, assertion) = (form.take("client_id"), form.take("client_secret"), assertion(form)?);
    let basic = basic(headers)?;
    if let Some(assertion) = &assertion {
        // It says itself whose it is; where the form does too, it is the same (RFC 7521, 4.2).
        let subject = clients::subject_of_assertion(assertion).ok_or(OAuthError::InvalidClient)?;
        if name.replace(subject.clone()).is_some_and(|named| named != subject) {
            return Err(OAuthError::InvalidClient);
        }
    }
    let (name, credential) = match (&basic, &secret, &assertion) {
        // A client authenticates in one way (RFC 6749, 2.3); its name may stand in the form too.
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => return Err(two_ways()),
        (Some((other, _)), ..) if name.is_some() && name != *other => return Err(two_ways()),
        (Some((name, Some(secret))), ..) => (name, Credential::Basic(secret)),
        (Some((name, None)), ..) => (name, Credential::Name),
        (None, Some(secret), None) => (&name, Credential::Post(secret)),
        (None, None, Some(assertion)) => (&name, Credential::Assertion(assertion)),
        (None, None, None) => (&name, Credential::Name),
    };
    let name = match (name, credential) {
        (Some(name), _) => name,
        (None, Credential::Name) => OWN_CLIENT,
        // A secret of nobody.
        (None, _) => return Err(OAuthError::InvalidClient),
    };
    clients::authenticate(app, name, credential).await?.ok_or(OAuthError::InvalidClient)
}

/// The one kind of assertion that there is (RFC 7523, 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What `client_assertion` says, if there is one.
fn assertion(form: &mut Parameters) -> Result<Option<String>, OAuthError> {
    match (form.take("client_assertion_type"), form.take("client_assertion")) {
        (None, None) => Ok(None),
        (Some(kind), Some(assertion)) if kind == ASSERTION_TYPE => Ok(Some(assertion)),
        (Some(_), Some(_)) => Err(OAuthError::InvalidClient),
        _ => Err(OAuthError::InvalidRequest("`client_assertion` and `client_assertion_type` come together".into())),
    }
}

type Named = (Option<String>, Option<String>);

/// What a Basic header says, if there is one. Another scheme is no way for a client to say who it is.
fn basic(headers: &HeaderMap) -> Result<Option<Named>, OAuthError> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(None),
        (Some(header), None) if !is_basic(header.as_bytes()) => Err(OAuthError::AnotherScheme),
        (Some(header), None) => halves(header.as_bytes()).map(Some).ok_or(OAuthError::InvalidClient),
        (Some(_), Some(_)) => Err(OAuthError::InvalidRequest("two `Authorization` headers were sent; send one".into())),
    }
}

const BASIC: &[u8] = b"basic ";

fn is_basic(header: &[u8]) -> bool {
    header.get(..BASIC.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(BASIC))
}

/// Name and secret of a Basic header (RFC 7617; both form-encoded, RFC 6749, 2.3.1); an empty one is none.
fn halves(header: &[u8]) -> Option<Named> {
    let (_, rest) = header.split_at_checked(BASIC.len())?;
    let text = String::from_utf8(STANDARD.decode(rest.trim_ascii()).ok()?).ok()?;
    let (name, secret) = text.split_once(':')?;
    let decode = |half: &str| Some(Some(request::decode(half.as_bytes()).ok()?).filter(|half| !half.is_empty()));
    Some((decode(name)?, decode(secret)?))
}
