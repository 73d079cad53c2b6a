//! Roles: their names, what they hold, and the two that are built in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::permission::{Grant, RESERVED};

/// Longest name of a role, in bytes.
pub const MAX_ROLE_NAME: usize = 64;

/// The name of a role: `[a-z0-9][a-z0-9._-]{0,63}`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RoleName(Box<str>);

impl RoleName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name belongs to the service: only the built-in roles have such names.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(RESERVED)
    }
}

impl FromStr for RoleName {
    type Err = InvalidRoleName;

    fn from_str(text: &str) -> Result<Self, InvalidRoleName> {
        let starts_well = text.as_bytes().first().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let made_of = |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        match starts_well && text.len() <= MAX_ROLE_NAME && text.bytes().all(made_of) {
            true => Ok(RoleName(text.into())),
            false => Err(InvalidRoleName),
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for RoleName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for RoleName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A text is no name of a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a role's name has 1 to 64 characters of `a-z`, `0-9`, `.`, `_` and `-`, and begins with a letter or a digit")]
pub struct InvalidRoleName;

/// A role as it is written down: its grants, and the roles that it inherits directly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Role {
    /// Its name.
    pub name: RoleName,
    /// What it holds itself.
    pub grants: Vec<Grant>,
    /// The roles whose rights it has too (its immediate descendants, ANSI INCITS 359, 5.2).
    pub inherits: Vec<RoleName>,
    /// The version of the policy that made it; a token minted before knows another role of this name.
    pub born: u64,
}

/// The service's own permissions. Built in: an application cannot add to them.
pub const OWN_PERMISSIONS: [&str; 16] = [
    "rolecall.users:read",
    "rolecall.users:write",
    "rolecall.roles:read",
    "rolecall.roles:write",
    "rolecall.roles:grant",
    "rolecall.clients:read",
    "rolecall.clients:write",
    "rolecall.apis:read",
    "rolecall.apis:write",
    "rolecall.decisions:evaluate",
    "rolecall.decisions:read",
    "rolecall.audit:read",
    "rolecall.keys:read",
    "rolecall.keys:write",
    "rolecall.sessions:read",
    "rolecall.sessions:write",
];

/// The name of the role that may do everything.
pub const ADMINISTRATOR: &str = "rolecall.admin";

/// The name of the role that may read everything of the service's own.
pub const AUDITOR: &str = "rolecall.auditor";

/// The roles that are always there and cannot be edited.
pub(crate) fn built_in() -> [Role; 2] {
    let role = |name: &str, grants: Vec<Grant>, inherits: &[&str]| Role {
        name: RoleName(name.into()),
        grants,
        inherits: inherits.iter().map(|junior| RoleName((*junior).into())).collect(),
        born: 0,
    };
    let own = |keep: fn(&str) -> bool| {
        OWN_PERMISSIONS.iter().filter(move |name| keep(name)).filter_map(|name| name.parse::<Grant>().ok())
    };
    [
        // It inherits the other one, so that it may hand that out: a role's name is a right too.
        role(ADMINISTRATOR, [Grant::everything()].into_iter().chain(own(|_| true)).collect(), &[AUDITOR]),
        role(AUDITOR, own(|name| name.ends_with(":read")).collect(), &[]),
    ]
}
