//! Assertions: signed JWTs by which a client proves who it is (RFC 7523, 3), with the same strictness as access tokens.

use serde_json::{Map, Value};

use super::{Header, Invalid, LEEWAY, Parts, decode};
use crate::claims::{self, date, missing, text};
use crate::json;
use crate::jwk::{KeySet, VerifyingKey};

/// The longest `jti` that is taken, in bytes: it is remembered.
pub const MAX_JTI_BYTES: usize = 256;

/// What a verifier asks of an assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedAssertion<'a> {
    /// The client, which must be both `iss` and `sub`.
    pub client: &'a str,
    /// The one string that `aud` must be, or have as its one member: the issuer that it is sent to. More of them would
    /// let one server hand it on to another.
    pub audience: &'a str,
    /// The present, as a NumericDate.
    pub now: i64,
    /// By how many seconds `exp` may be ahead at most: so long a used `jti` is remembered.
    pub max_ahead: i64,
}

/// An assertion that holds. Whether it was used before is for the caller to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// By which it is remembered, among those of its client.
    pub jti: String,
    /// NumericDate from which on it is refused.
    pub exp: i64,
}

/// Verifies an assertion by the keys of the client that it must be of. Without a `kid`, the client must have one key.
///
/// # Errors
/// [`Invalid`] says what was wrong first: length, shape, header, `typ`, key, algorithm, signature; then the types of the
/// claims, `iss` and `sub`, `aud`, the times, `jti`.
pub fn verify_assertion(
    assertion: &str,
    keys: &KeySet,
    expected: &ExpectedAssertion<'_>,
) -> Result<Assertion, Invalid> {
    let parts = Parts::split(assertion)?;
    let header = Header::read(parts.header)?;
    header.is_assertion()?;
    let payload = parts.signed_by(header.key_of_client(keys)?)?;
    let mut claims = json::parse(&payload).map_err(|error| Invalid::Json { part: "claims", error })?;
    let claims = claims.as_object_mut().ok_or(Invalid::Claims)?;
    // An array of one says the same as the string (RFC 7519, 4.1.3).
    let only = match claims.get("aud") {
        Some(Value::Array(all)) if all.len() == 1 => all.first().cloned(),
        _ => None,
    };
    if let Some(only) = only {
        claims.insert("aud".into(), only);
    }
    expected.check(claims)
}

/// Whose assertion this would be if it held: whose keys to verify it by. Nothing of it is to be believed.
#[must_use]
pub fn unverified_subject(assertion: &str) -> Option<String> {
    let payload = decode(Parts::split(assertion).ok()?.payload).ok()?;
    json::parse(&payload).ok()?.get("sub")?.as_str().map(str::to_owned)
}

impl Header {
    /// None, `JWT` (RFC 7519, 5.1), or its own (draft-ietf-oauth-rfc7523bis). Never that of an access token, so
    /// that nothing which the client signs for another purpose lets somebody be the client (RFC 8725, 3.11).
    fn is_assertion(&self) -> Result<(), Invalid> {
        match self.0.get("typ").map(Value::as_str) {
            None | Some(Some("JWT" | "jwt" | "client-authentication+jwt")) => Ok(()),
            _ => Err(Invalid::Type),
        }
    }

    fn key_of_client<'k>(&self, keys: &'k KeySet) -> Result<&'k VerifyingKey, Invalid> {
        let mut all = keys.iter();
        match (self.0.contains_key("kid"), all.next(), all.next()) {
            (false, Some(only), None) => self.is_of(only).map(|()| only),
            _ => self.key(keys),
        }
    }
}

impl ExpectedAssertion<'_> {
    fn check(&self, claims: &Map<String, Value>) -> Result<Assertion, Invalid> {
        claims::are_well_typed(claims)?;
        let claim = |name: &str| claims.get(name);
        if text("iss", claim("iss"))? != self.client {
            return Err(Invalid::Issuer);
        }
        if text("sub", claim("sub"))? != self.client {
            return Err(Invalid::Claim { name: "sub", why: "is not the client" });
        }
        if text("aud", claim("aud"))? != self.audience {
            return Err(Invalid::Audience);
        }
        let exp = date("exp", claim("exp"))?;
        if exp <= self.now {
            return Err(Invalid::Expired);
        }
        // Dates are from 0 to 2^53, so nothing here overflows.
        if exp - self.now > self.max_ahead + LEEWAY {
            return Err(Invalid::Lifetime);
        }
        for name in ["iat", "nbf"] {
            if claim(name).is_some() && date(name, claim(name))? > self.now + LEEWAY {
                return Err(Invalid::NotYet(name));
            }
        }
        let jti = text("jti", claim("jti")).map_err(|_| missing("jti"))?;
        match jti.len() <= MAX_JTI_BYTES {
            true => Ok(Assertion { jti, exp }),
            false => Err(Invalid::Claim { name: "jti", why: "is too long" }),
        }
    }
}
