//! What an access token says, typed: RFC 9068's claims, and ours (`sid`, `roles`, `pv`).
//!
//! A claim of the wrong type is never taken for an absent one: a reader that does so drops the check that belongs to the
//! claim (CVE-2026-25537: an `exp` that is a string, and the token lives for ever).

use std::sync::LazyLock;

use foldhash::HashMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::jwt::Invalid;

/// The claims of an access token (RFC 9068, 2.2). Times are NumericDates: whole seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// Who minted the token.
    pub iss: String,
    /// Whom it speaks for: the id of a user or of a client.
    pub sub: String,
    /// The one API that it is for.
    pub aud: String,
    /// The client that asked for it.
    pub client_id: String,
    /// From this second on it is refused.
    pub exp: i64,
    /// When it was minted.
    pub iat: i64,
    /// Not to be taken before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// The id of this token.
    pub jti: String,
    /// The id of the session that it belongs to, and ends with.
    pub sid: String,
    /// The scopes granted, separated by spaces, when some were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Names of the roles that are active. What they may do is looked up in the policy.
    pub roles: Vec<String>,
    /// The assigned roles by which those in `roles` came, where a scope named inherited ones: whether they still come
    /// that way is for the policy to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Vec<String>>,
    /// What to call the subject on a page. Never compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// The version of the policy at which it was minted.
    pub pv: u64,
}

impl Claims {
    /// Whether the client acts for itself, and not for a user: it is the subject (RFC 9068, 2.2). An issuer that gives
    /// users and clients ids of one kind must not give one twice.
    pub fn is_of_client(&self) -> bool {
        self.sub == self.client_id
    }

    /// Reads the claims of a token whose signature has been verified. What is no registered claim is ignored
    /// (RFC 7519, 4).
    ///
    /// # Errors
    /// [`Invalid::Claims`] for anything but an object. [`Invalid::Claim`] names a claim that is required and missing,
    /// empty, or of the wrong type; that goes for every registered claim, whether it is used here or not. A token bound
    /// to a key (`cnf`, RFC 7800) is refused whole: taking it as a bearer token would drop the binding.
    pub fn from_json(claims: &Value) -> Result<Self, Invalid> {
        let claims = claims.as_object().ok_or(Invalid::Claims)?;
        let claim = |name: &str| claims.get(name);

        if claim("cnf").is_some() {
            return Err(Invalid::Claim { name: "cnf", why: "binds the token to a key, which is not supported" });
        }
        are_well_typed(claims)?;

        Ok(Self {
            iss: text("iss", claim("iss"))?,
            sub: text("sub", claim("sub"))?,
            aud: text("aud", claim("aud"))?,
            client_id: text("client_id", claim("client_id"))?,
            exp: date("exp", claim("exp"))?,
            iat: date("iat", claim("iat"))?,
            nbf: claim("nbf").map(|nbf| date("nbf", Some(nbf))).transpose()?,
            jti: text("jti", claim("jti"))?,
            sid: text("sid", claim("sid"))?,
            scope: optional("scope", claim("scope"))?,
            roles: names("roles", claim("roles"))?,
            via: claims.get("via").map(|via| names("via", Some(via))).transpose()?,
            preferred_username: optional("preferred_username", claim("preferred_username"))?,
            pv: whole("pv", claim("pv"))?,
        })
    }
}

/// The largest integer that every JSON reader keeps exact (RFC 8259, 6).
const LARGEST: u64 = 1 << 53;

/// The JSON type of a registered claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// A whole number of seconds. RFC 7519 allows fractions too; we mint none, and a float has no one meaning at the
    /// edges (`1e400`, 2^53 + 1).
    Date,
    Flag,
    Object,
    List,
    Texts,
}

use Kind::{Date, Flag, List, Object, Text, Texts};

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Text => value.is_string(),
            Date => is_whole(value),
            Flag => value.is_boolean(),
            Object => value.is_object(),
            List => value.is_array(),
            Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        }
    }

    fn why(self) -> &'static str {
        match self {
            Text => NOT_TEXT,
            Date => NOT_WHOLE,
            Flag => "is not a boolean",
            Object => "is not an object",
            List => "is not an array",
            Texts => NOT_TEXTS,
        }
    }
}

const NOT_TEXT: &str = "is not a string";
const NOT_TEXTS: &str = "is not an array of strings";
const NOT_WHOLE: &str = "is not an integer from 0 to 2^53";

/// The claims of the IANA registry "JSON Web Token Claims" that an access or ID token may carry, with their types.
///
/// `aud` is narrower than registered: one string, since our tokens are for exactly one API. `cnf` is not here: it is
/// refused whatever it holds.
const REGISTERED: &[(&str, Kind)] = &[
    // RFC 7519
    ("iss", Text),
    ("sub", Text),
    ("aud", Text),
    ("exp", Date),
    ("nbf", Date),
    ("iat", Date),
    ("jti", Text),
    // OpenID Connect Core 5.1, 2, 5.6.2; Front-Channel Logout 3
    ("name", Text),
    ("given_name", Text),
    ("family_name", Text),
    ("middle_name", Text),
    ("nickname", Text),
    ("preferred_username", Text),
    ("profile", Text),
    ("picture", Text),
    ("website", Text),
    ("email", Text),
    ("email_verified", Flag),
    ("gender", Text),
    ("birthdate", Text),
    ("zoneinfo", Text),
    ("locale", Text),
    ("phone_number", Text),
    ("phone_number_verified", Flag),
    ("address", Object),
    ("updated_at", Date),
    ("azp", Text),
    ("nonce", Text),
    ("auth_time", Date),
    ("at_hash", Text),
    ("c_hash", Text),
    ("acr", Text),
    ("amr", Texts),
    ("sub_jwk", Object),
    ("_claim_names", Object),
    ("_claim_sources", Object),
    ("sid", Text),
    // RFC 8693
    ("act", Object),
    ("may_act", Object),
    ("scope", Text),
    ("client_id", Text),
    // RFC 8417
    ("events", Object),
    ("toe", Date),
    ("txn", Text),
    // RFC 9068: SCIM's (RFC 7643), whose groups and entitlements may be objects. Our roles are names.
    ("roles", Texts),
    ("groups", List),
    ("entitlements", List),
    // RFC 8485, 9396, 9449, 9701
    ("vot", Text),
    ("vtm", Text),
    ("authorization_details", List),
    ("htm", Text),
    ("htu", Text),
    ("ath", Text),
    ("token_introspection", Object),
];

/// The same, to be found by name: a token has a dozen of them.
static KINDS: LazyLock<HashMap<&str, Kind>> = LazyLock::new(|| REGISTERED.iter().copied().collect());

/// Whether every registered claim has its type.
///
/// # Errors
/// [`Invalid::Claim`] names one that has another.
pub(crate) fn are_well_typed(claims: &Map<String, Value>) -> Result<(), Invalid> {
    for (name, value) in claims {
        if let Some((name, kind)) = KINDS.get_key_value(name.as_str()).filter(|(_, kind)| !kind.fits(value)) {
            return Err(Invalid::Claim { name, why: kind.why() });
        }
    }
    Ok(())
}

fn is_whole(value: &Value) -> bool {
    value.as_u64().is_some_and(|value| value <= LARGEST)
}

pub(crate) fn missing(name: &'static str) -> Invalid {
    Invalid::Claim { name, why: "is missing" }
}

pub(crate) fn text(name: &'static str, value: Option<&Value>) -> Result<String, Invalid> {
    match optional(name, value)? {
        Some(text) if text.is_empty() => Err(Invalid::Claim { name, why: "is empty" }),
        Some(text) => Ok(text),
        None => Err(missing(name)),
    }
}

fn optional(name: &'static str, value: Option<&Value>) -> Result<Option<String>, Invalid> {
    let Some(value) = value else { return Ok(None) };
    let text = value.as_str().ok_or(Invalid::Claim { name, why: NOT_TEXT })?;
    Ok(Some(text.to_owned()))
}

fn whole(name: &'static str, value: Option<&Value>) -> Result<u64, Invalid> {
    let value = value.ok_or_else(|| missing(name))?;
    value.as_u64().filter(|value| *value <= LARGEST).ok_or(Invalid::Claim { name, why: NOT_WHOLE })
}

pub(crate) fn date(name: &'static str, value: Option<&Value>) -> Result<i64, Invalid> {
    i64::try_from(whole(name, value)?).map_err(|_| Invalid::Claim { name, why: NOT_WHOLE })
}

fn names(name: &'static str, value: Option<&Value>) -> Result<Vec<String>, Invalid> {
    let wrong = || Invalid::Claim { name, why: NOT_TEXTS };
    let items = value.ok_or_else(|| missing(name))?.as_array().ok_or_else(wrong)?;
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}
