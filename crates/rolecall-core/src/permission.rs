//! Permissions: what a check asks for ([`Permission`]) and what a role holds ([`Grant`]).
//!
//! A permission is an operation on an object (ANSI INCITS 359, 5.1), written `items:read`. It is parsed once, at the
//! edge, and never validated again.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest part of a permission, in bytes.
pub const MAX_PART: usize = 128;

/// Objects of the service itself begin with this; an application's `*` never covers them.
pub const RESERVED: &str = "rolecall.";

/// One operation on one object, as a check asks for it: `items:read`. Never a wildcard.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Permission {
    text: Box<str>,
    colon: usize,
}

impl Permission {
    /// What is acted on: `items` of `items:read`.
    pub fn object(&self) -> &str {
        &self.text[..self.colon]
    }

    /// What is done to it: `read` of `items:read`.
    pub fn operation(&self) -> &str {
        &self.text[self.colon + 1..]
    }

    /// `items:read`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the object is one of the service's own, which `*` does not cover.
    pub fn is_reserved(&self) -> bool {
        is_reserved(self.object())
    }
}

impl FromStr for Permission {
    type Err = InvalidPermission;

    fn from_str(text: &str) -> Result<Self, InvalidPermission> {
        let (object, operation) = text.split_once(':').ok_or(InvalidPermission::Shape)?;
        if object == "*" || operation == "*" || operation.starts_with("*:") {
            return Err(InvalidPermission::Wildcard);
        }
        part(object)?;
        part(operation)?;
        Ok(Permission { text: text.into(), colon: object.len() })
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a grant covers, before it is asked whose object it is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Pattern {
    /// `*`: every operation on every object that is not the service's own.
    Everything,
    /// `items:*`: every operation on one object.
    Object(Box<str>),
    /// `items:read`: one operation on one object.
    One(Permission),
}

/// What a role holds, or a scope names: a permission, perhaps with a wildcard, perhaps only for own objects.
///
/// ```
/// use rolecall_core::Grant;
///
/// let all: Grant = "items:*".parse()?;
/// let own: Grant = "items:read:own".parse()?;
/// assert!(all.covers(&own) && !own.covers(&all));
/// assert!("*:read".parse::<Grant>().is_err());
/// # Ok::<(), rolecall_core::InvalidPermission>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Grant {
    pattern: Pattern,
    own: bool,
}

impl Grant {
    /// `*`, which covers everything but the service's own objects.
    pub fn everything() -> Self {
        Grant { pattern: Pattern::Everything, own: false }
    }

    /// What it covers, ownership aside.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Whether it reaches only objects that the caller owns (`:own`).
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// The same, limited to own objects if `own`.
    #[must_use]
    pub fn limited(self, own: bool) -> Self {
        Grant { own: self.own || own, ..self }
    }

    /// What both cover, if anything.
    pub fn meet(&self, other: &Grant) -> Option<Grant> {
        let own = self.own || other.own;
        let (left, right) = (self.clone().limited(own), other.clone().limited(own));
        match (left.covers(&right), right.covers(&left)) {
            (true, _) => Some(right),
            (_, true) => Some(left),
            (false, false) => None,
        }
    }

    /// Whether whoever holds this grant holds the other one too.
    pub fn covers(&self, other: &Grant) -> bool {
        if self.own && !other.own {
            return false;
        }
        match (&self.pattern, &other.pattern) {
            (Pattern::Everything, Pattern::Everything) => true,
            (Pattern::Everything, Pattern::Object(object)) => !is_reserved(object),
            (Pattern::Everything, Pattern::One(permission)) => !permission.is_reserved(),
            (Pattern::Object(object), Pattern::Object(other)) => object == other,
            (Pattern::Object(object), Pattern::One(permission)) => **object == *permission.object(),
            (Pattern::One(permission), Pattern::One(other)) => permission == other,
            (_, _) => false,
        }
    }

    /// Every grant that covers this one, itself first. They are at most six, so whoever has many grants looks these up
    /// among them instead of comparing each with each.
    pub(crate) fn covering(&self) -> impl Iterator<Item = Grant> {
        let object = match &self.pattern {
            Pattern::Everything => None,
            Pattern::Object(object) => Some(&**object),
            Pattern::One(permission) => Some(permission.object()),
        };
        let all_of_it = match &self.pattern {
            Pattern::One(permission) => Some(Pattern::Object(permission.object().into())),
            Pattern::Everything | Pattern::Object(_) => None,
        };
        let everything = object.filter(|object| !is_reserved(object)).map(|_| Pattern::Everything);
        let patterns = [Some(self.pattern.clone()), all_of_it, everything].into_iter().flatten();
        patterns.flat_map(|pattern| {
            let unlimited = self.own.then(|| Grant { pattern: pattern.clone(), own: false });
            [Some(Grant { pattern, own: self.own }), unlimited].into_iter().flatten()
        })
    }
}

impl From<Permission> for Grant {
    fn from(permission: Permission) -> Self {
        Grant { pattern: Pattern::One(permission), own: false }
    }
}

impl FromStr for Grant {
    type Err = InvalidPermission;

    fn from_str(text: &str) -> Result<Self, InvalidPermission> {
        if text == "*" {
            return Ok(Grant::everything());
        }
        // `items:own` is an operation called `own`; only a third part limits to own objects.
        let (rest, own) = match text.strip_suffix(":own") {
            Some(rest) if rest.contains(':') => (rest, true),
            _ => (text, false),
        };
        let pattern = match rest.strip_suffix(":*") {
            Some(object) => {
                part(object)?;
                Pattern::Object(object.into())
            }
            None => Pattern::One(rest.parse()?),
        };
        Ok(Grant { pattern, own })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            Pattern::Everything => f.write_str("*")?,
            Pattern::Object(object) => write!(f, "{object}:*")?,
            Pattern::One(permission) => permission.fmt(f)?,
        }
        f.write_str(if self.own { ":own" } else { "" })
    }
}

impl Serialize for Grant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is no permission. The message says what to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPermission {
    /// Not an object and an operation.
    #[error("write an operation on an object, like `items:read`")]
    Shape,
    /// A wildcard where none may stand.
    #[error("a wildcard stands only in a grant, as `items:*` or `*`")]
    Wildcard,
    /// A part has another character than these.
    #[error("object and operation are made of `a-z`, `0-9`, `.`, `_` and `-`")]
    Character,
    /// A part is empty or too long.
    #[error("object and operation have 1 to 128 characters")]
    Length,
}

pub(crate) fn is_reserved(object: &str) -> bool {
    object.starts_with(RESERVED)
}

fn part(text: &str) -> Result<(), InvalidPermission> {
    if text.contains('*') {
        return Err(InvalidPermission::Wildcard);
    }
    if text.contains(':') {
        return Err(InvalidPermission::Shape);
    }
    if text.is_empty() || text.len() > MAX_PART {
        return Err(InvalidPermission::Length);
    }
    match text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) {
        true => Ok(()),
        false => Err(InvalidPermission::Character),
    }
}
