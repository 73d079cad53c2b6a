//! Strict JSON: the one reader for everything that decides over access (token headers, claims, key sets).
//!
//! `serde_json::from_slice::<Value>` keeps the last of two members of one name. Two readers of one token that keep
//! different ones disagree on what it says, so here a repeated name is an error at any depth (RFC 8259, 4; RFC 7515, 4).

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, map::Entry};
use zeroize::Zeroize as _;

/// How deep arrays and objects may nest; `[[1]]` is two deep.
pub const MAX_DEPTH: usize = 32;

/// Why a text is not JSON that this crate reads.
///
/// The message may name a member (shortened, in ASCII), and never shows a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

/// Reads one JSON text (RFC 8259).
///
/// # Errors
/// When the text is not UTF-8, begins with a byte order mark, is not JSON, has two members of one name in one object,
/// nests deeper than [`MAX_DEPTH`], has a number beyond an `f64`, or is followed by anything but white space.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    parse_within(bytes, MAX_DEPTH)
}

/// The same with another bound on how deep it nests.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(bytes: &[u8], depth: usize) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError("text is not utf-8".to_owned()))?;

    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth, most: depth }.deserialize(&mut reader).map_err(|error| JsonError(error.to_string()))?;
    reader.end().map_err(|error| JsonError(error.to_string()))?;
    Ok(value)
}

/// Overwrites every text in it: for what has a secret in it, and is not needed any more. Names of members stay.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Reads one value that may nest `depth` levels more, of `most` in all.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
    most: usize,
}

impl Strict {
    fn nested<E: serde::de::Error>(self) -> Result<Self, E> {
        let most = self.most;
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom(format_args!("nested deeper than {most}")))?;
        Ok(Self { depth, most })
    }

    /// Says in which member of the outermost object an error is: for claims that `serde_json` itself refuses (`1e400`).
    fn within<E: serde::de::Error>(self, member: &str, error: E) -> E {
        if self.depth < self.most {
            return error;
        }
        E::custom(format_args!("member `{}`: {error}", Shown(member)))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.nested()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut name = members.next_key::<String>()?;
        if name.as_deref() == Some(ARBITRARY_PRECISION) {
            return arbitrary_precision(&members.next_value::<String>()?);
        }

        let inner = self.nested()?;
        let mut object = Map::new();
        while let Some(member) = name {
            match object.entry(member) {
                Entry::Vacant(place) => {
                    let value = members.next_value_seed(inner).map_err(|error| self.within(place.key(), error))?;
                    place.insert(value);
                }
                Entry::Occupied(there) => {
                    return Err(A::Error::custom(format_args!("member `{}` is repeated", Shown(there.key()))));
                }
            }
            name = members.next_key()?;
        }
        Ok(Value::Object(object))
    }
}

/// How serde_json hands over each number when any crate in the build turns on its feature `arbitrary_precision`: as an
/// object with this one member. Without this arm such a build would refuse every token.
const ARBITRARY_PRECISION: &str = "$serde_json::private::Number";

/// The number as it would have been read without the feature, so that a decision never depends on it.
fn arbitrary_precision<E: serde::de::Error>(digits: &str) -> Result<Value, E> {
    if let Ok(value) = digits.parse::<u64>() {
        return Ok(Value::from(value));
    }
    // `-0` is the float that it is without the feature.
    match digits.parse::<i64>() {
        Ok(value) if value != 0 => Ok(Value::from(value)),
        _ => {
            let value = digits.parse::<f64>().map_err(|_| E::custom("invalid number"))?;
            Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
        }
    }
}

/// A member's name for an error message: 40 characters at most, without control or bidirectional characters.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 40;
        for character in self.0.chars().take(LONGEST) {
            write!(f, "{}", character.escape_default())?;
        }
        if self.0.chars().nth(LONGEST).is_some() { f.write_str("...") } else { Ok(()) }
    }
}
