//! Access tokens: signed JWTs (RFC 7515, 7519) by the profile of RFC 9068 and the advice of RFC 8725.
//!
//! A token is checked from the outside in, and nothing inside is looked at before what is around it holds: length, shape,
//! header, key, signature, claims. So a refusal says nothing of the content of a token that nobody signed
//! (CVE-2024-51744), and the header chooses neither key material nor algorithm, but only which trusted key to compare with.

mod assertion;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::claims::Claims;
use crate::json::{self, JsonError};
use crate::jwk::{KeyError, KeySet, SigningKey, VerifyingKey};

pub use self::assertion::{Assertion, ExpectedAssertion, MAX_JTI_BYTES, unverified_subject, verify_assertion};

/// The longest token that is looked at, in bytes. Most proxies allow 8 KiB for all headers together.
pub const MAX_TOKEN_BYTES: usize = 8192;

/// By how many seconds the issuer's clock may be ahead of ours. There is no such grace at the end of a token's life.
pub const LEEWAY: i64 = 10;

/// The `typ` of an access token (RFC 9068, 2.1).
pub const ACCESS_TOKEN: &str = "at+jwt";

/// Signs `claims` as a compact JWS with the header members `alg`, `typ` and `kid`. For an access token, `typ` is
/// [`ACCESS_TOKEN`].
///
/// # Errors
/// [`KeyError::Claims`] when `claims` cannot be written as JSON, [`KeyError::TokenTooLong`] when nobody would take the
/// token, [`KeyError::Signing`] when the signature fails.
pub fn sign(key: &SigningKey, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
    #[derive(Serialize)]
    struct Written<'a> {
        alg: &'a str,
        typ: &'a str,
        kid: &'a str,
    }

    let header = Written { alg: key.algorithm().as_str(), typ, kid: key.kid() };
    let header = serde_json::to_vec(&header).map_err(|_| KeyError::Claims)?;
    let payload = serde_json::to_vec(claims).map_err(|_| KeyError::Claims)?;

    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    if token.len() > MAX_TOKEN_BYTES { Err(KeyError::TokenTooLong) } else { Ok(token) }
}

/// What a verifier asks of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The `iss` that a token must have, byte by byte.
    pub issuer: &'a str,
    /// The `aud` that a token must have, byte by byte.
    pub audience: &'a str,
    /// The present, as a NumericDate.
    pub now: i64,
    /// The longest time from `iat` to `exp`, in seconds: what was taken away stays usable no longer than that, whatever
    /// an issuer's key was made to sign.
    pub max_lifetime: i64,
}

/// Verifies an access token and reads its claims.
///
/// # Errors
/// [`Invalid`] says what was wrong first, in the order of the checks: length, shape, header, `typ`, key, algorithm,
/// signature; then the types of the claims, `iss`, `aud`, and the times.
pub fn verify(token: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Claims, Invalid> {
    verify_with_key(token, keys, expected).map(|(claims, _)| claims)
}

/// As [`verify`], with the key that signed: a token that is kept dies with its key.
///
/// # Errors
/// As [`verify`].
pub fn verify_with_key<'k>(
    token: &str,
    keys: &'k KeySet,
    expected: &Expected<'_>,
) -> Result<(Claims, &'k VerifyingKey), Invalid> {
    let (claims, key) = signed_claims(token, keys)?;
    expected.check(&claims)?;
    Ok((claims, key))
}

/// As [`verify`], whatever its audience: for the issuer, who says how a token of its own stands. `now` and `max_lifetime`
/// are those of [`Expected`]. Who lets a caller in by such a token has to compare `aud` himself.
///
/// # Errors
/// As [`verify`], without [`Invalid::Audience`].
pub fn verify_for_any(
    token: &str,
    keys: &KeySet,
    issuer: &str,
    now: i64,
    max_lifetime: i64,
) -> Result<Claims, Invalid> {
    let (claims, _) = signed_claims(token, keys)?;
    Expected { issuer, audience: &claims.aud, now, max_lifetime }.check(&claims)?;
    Ok(claims)
}

fn signed_claims<'k>(token: &str, keys: &'k KeySet) -> Result<(Claims, &'k VerifyingKey), Invalid> {
    let parts = Parts::split(token)?;
    if parts.payload.is_empty() {
        return Err(Invalid::Malformed("has an empty part"));
    }
    let header = Header::read(parts.header)?;
    header.is_access_token()?;
    let key = header.key(keys)?;
    let payload = parts.signed_by(key)?;
    let claims = json::parse(&payload).map_err(|error| Invalid::Json { part: "claims", error })?;
    Ok((Claims::from_json(&claims)?, key))
}

/// Verifies only the header and the signature of a compact JWS, of any `typ`, and returns its payload, which may be
/// empty, with the key that signed it.
///
/// # Errors
/// As [`verify`], up to [`Invalid::Signature`].
pub fn verify_signature<'k>(token: &str, keys: &'k KeySet) -> Result<(Vec<u8>, &'k VerifyingKey), Invalid> {
    let parts = Parts::split(token)?;
    let key = Header::read(parts.header)?.key(keys)?;
    Ok((parts.signed_by(key)?, key))
}

/// As [`verify_signature`], where the caller knows the one key that it must be: the token's `kid`, if it has any, is not
/// looked at. The examples of RFC 7515 have none.
///
/// # Errors
/// As [`verify_signature`], without [`Invalid::UnknownKey`].
pub fn verify_signature_by(token: &str, key: &VerifyingKey) -> Result<Vec<u8>, Invalid> {
    let parts = Parts::split(token)?;
    Header::read(parts.header)?.is_of(key)?;
    parts.signed_by(key)
}

/// Why a token is refused. The messages are for logs and for whoever integrates: they name claims and parts, and
/// contain no value of any.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// Not three parts in base64url.
    #[error("token {0}")]
    Malformed(&'static str),
    /// Header or claims that are not strict JSON.
    #[error("{part} cannot be read: {error}")]
    Json {
        /// `header` or `claims`.
        part: &'static str,
        /// What is wrong.
        error: JsonError,
    },
    /// A header member is missing, malformed or not supported.
    #[error("header member `{name}` {why}")]
    Header {
        /// The member's name.
        name: &'static str,
        /// What is wrong with it, as the rest of a sentence.
        why: &'static str,
    },
    /// The header asks for extensions (`crit`, RFC 7515, 4.1.11), and none is known here.
    #[error("header asks for extensions that are not supported")]
    Critical,
    /// Not an access token by its `typ`.
    #[error("token is not an access token by its `typ`")]
    Type,
    /// No trusted key has the token's `kid`. The one refusal that fetching the issuer's keys again could change.
    #[error("token is signed with an unknown key")]
    UnknownKey,
    /// The header's `alg` is not the algorithm of the key.
    #[error("token's `alg` is not the algorithm of its key")]
    Algorithm,
    /// The signature does not fit.
    #[error("signature does not fit")]
    Signature,
    /// The claims are not an object.
    #[error("claims are not an object")]
    Claims,
    /// A claim is missing or malformed, or may not be there.
    #[error("claim `{name}` {why}")]
    Claim {
        /// The claim's name.
        name: &'static str,
        /// What is wrong with it, as the rest of a sentence.
        why: &'static str,
    },
    /// Minted by another issuer.
    #[error("claim `iss` names another issuer")]
    Issuer,
    /// Minted for another API.
    #[error("claim `aud` names another audience")]
    Audience,
    /// `exp` has come.
    #[error("token has expired: claim `exp`")]
    Expired,
    /// `nbf` or `iat` is still to come, beyond [`LEEWAY`].
    #[error("token is not valid yet: claim `{0}`")]
    NotYet(&'static str),
    /// `exp` is not after `iat`, or too long after it.
    #[error("token's lifetime, claim `iat` to claim `exp`, is not allowed")]
    Lifetime,
}

/// The three parts of the compact form (RFC 7515, 7.1), still encoded.
struct Parts<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    /// What is signed: header, dot, payload, as they came.
    message: &'t str,
}

impl<'t> Parts<'t> {
    /// RFC 7515 allows an empty payload, which no token has. An empty signature is how `none` looks.
    fn split(token: &'t str) -> Result<Self, Invalid> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Invalid::TooLong);
        }
        let parts = token.rsplit_once('.').and_then(|(message, signature)| {
            let (header, payload) = message.split_once('.')?;
            Some(Parts { header, payload, signature, message })
        });
        match parts {
            Some(parts) if parts.payload.contains('.') => Err(Invalid::Malformed("does not have three parts")),
            Some(parts) if parts.header.is_empty() || parts.signature.is_empty() => {
                Err(Invalid::Malformed("has an empty part"))
            }
            Some(parts) => Ok(parts),
            None => Err(Invalid::Malformed("does not have three parts")),
        }
    }

    /// The payload, once the signature is known to be `key`'s.
    fn signed_by(&self, key: &VerifyingKey) -> Result<Vec<u8>, Invalid> {
        let signature = decode(self.signature)?;
        if !key.verify(self.message.as_bytes(), &signature) {
            return Err(Invalid::Signature);
        }
        decode(self.payload)
    }
}

/// One spelling for each content: no padding, no white space, no stray bits at the end, so that no two tokens are the
/// same token.
fn decode(part: &str) -> Result<Vec<u8>, Invalid> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Invalid::Malformed("is not canonical base64url"))
}

/// The JOSE header. Keys and addresses of keys in it (`jwk`, `jku`, `x5c`, `x5u`) are whatever the bearer wrote, and are
/// never looked at.
struct Header(Map<String, Value>);

impl Header {
    fn read(part: &str) -> Result<Self, Invalid> {
        let header = json::parse(&decode(part)?).map_err(|error| Invalid::Json { part: "header", error })?;
        let Value::Object(header) = header else { return Err(Invalid::Malformed("has a header that is no object")) };
        if header.contains_key("crit") {
            return Err(Invalid::Critical);
        }
        // Members that change what the other parts mean: RFC 7797's unencoded payload, and those of JWE.
        for name in ["b64", "zip", "enc"] {
            if header.contains_key(name) {
                return Err(Invalid::Header { name, why: "is not supported" });
            }
        }
        Ok(Self(header))
    }

    /// RFC 9068, 4: any other `typ` is refused, as is none, so that no other kind of token passes for an access token.
    ///
    /// Compared byte by byte: media types ignore case (RFC 2045, 5.1), but every issuer writes these in lower case, and
    /// a second spelling would be one more thing that two verifiers can disagree on.
    fn is_access_token(&self) -> Result<(), Invalid> {
        match self.0.get("typ").and_then(Value::as_str) {
            Some(ACCESS_TOKEN | "application/at+jwt") => Ok(()),
            _ => Err(Invalid::Type),
        }
    }

    /// The key that `kid` names. Other keys are not tried: a token that fits some key is not a token of that key.
    fn key<'k>(&self, keys: &'k KeySet) -> Result<&'k VerifyingKey, Invalid> {
        let alg = self.string("alg")?;
        let key = keys.find(self.string("kid")?).ok_or(Invalid::UnknownKey)?;
        if key.algorithm().accepts(alg) { Ok(key) } else { Err(Invalid::Algorithm) }
    }

    /// That `key` is for the header's algorithm. A `kid` may be missing or another one, but not malformed.
    fn is_of(&self, key: &VerifyingKey) -> Result<(), Invalid> {
        if self.0.contains_key("kid") {
            self.string("kid")?;
        }
        if key.algorithm().accepts(self.string("alg")?) { Ok(()) } else { Err(Invalid::Algorithm) }
    }

    fn string(&self, name: &'static str) -> Result<&str, Invalid> {
        match self.0.get(name) {
            Some(Value::String(value)) => Ok(value),
            Some(_) => Err(Invalid::Header { name, why: "is not a string" }),
            None => Err(Invalid::Header { name, why: "is missing" }),
        }
    }
}

impl Expected<'_> {
    fn check(&self, claims: &Claims) -> Result<(), Invalid> {
        if claims.iss != self.issuer {
            return Err(Invalid::Issuer);
        }
        if claims.aud != self.audience {
            return Err(Invalid::Audience);
        }
        if claims.exp <= self.now {
            return Err(Invalid::Expired);
        }
        let soon = self.now.saturating_add(LEEWAY);
        if claims.iat > soon {
            return Err(Invalid::NotYet("iat"));
        }
        if claims.nbf.is_some_and(|nbf| nbf > soon) {
            return Err(Invalid::NotYet("nbf"));
        }
        // Both dates are from 0 to 2^53, so the difference cannot overflow.
        if claims.exp <= claims.iat || claims.exp - claims.iat > self.max_lifetime {
            return Err(Invalid::Lifetime);
        }
        Ok(())
    }
}
