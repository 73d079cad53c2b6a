//! One line of the input, and what is said of it.

use std::fmt;
use std::io::{self, BufRead, Read as _};

use rolecall_core::jwk::{KeySet, VerifyingKey};
use rolecall_core::{json, jwt};
use serde_json::{Map, Value};

/// The longest line that is read whole, in bytes: a token of 8 KiB, and room for a large set of keys.
const LONGEST_LINE: u64 = 1024 * 1024;

/// What is said of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The key, or the one that `kid` chooses from the set, signed this.
    Valid,
    /// Anything else, whether the line is no JSON, the key is no good, or the signature does not fit.
    Invalid,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
        })
    }
}

/// The verdict on one line.
pub fn of(line: &[u8]) -> Verdict {
    if holds(line).is_some() { Verdict::Valid } else { Verdict::Invalid }
}

/// `Some` if the signature holds.
fn holds(line: &[u8]) -> Option<()> {
    let question = json::parse(line).ok()?;
    // The JSON serialization (RFC 7515, 7.2) is an object, and no string.
    let jws = question.get("jws")?.as_str()?;
    let jwk = question.get("jwk")?.as_object()?;
    match jwk.get("keys") {
        Some(keys) => {
            let keys = keys.as_array()?.iter().map(public).collect::<Vec<_>>();
            let keys = KeySet::from_jwks(&serde_json::json!({ "keys": keys })).ok()?;
            jwt::verify_signature(jws, &keys).ok().map(drop)
        }
        None => {
            let key = VerifyingKey::from_jwk(&public(&Value::Object(jwk.clone()))).ok()?;
            jwt::verify_signature_by(jws, &key).ok().map(drop)
        }
    }
}

/// The public half of a pair, as examples of others print it. A guard refuses a published private key; here whoever
/// has it asks whether it fits.
fn public(jwk: &Value) -> Value {
    let mut public: Map<String, Value> = jwk.as_object().cloned().unwrap_or_default();
    public.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi", "oth"].contains(&name.as_str()));
    Value::Object(public)
}

/// The lines of `input`, without what ends them. Of one that is too long, only as much as shows that.
pub fn lines(mut input: impl BufRead) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    std::iter::from_fn(move || line(&mut input).transpose())
}

fn line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 > LONGEST_LINE {
        line.clear();
        input.skip_until(b'\n')?;
    }
    Ok(Some(line))
}
