//! The answer to one question, with its reason: for a yes as for a no.

use std::fmt;

use crate::{Grant, RoleName};

/// May this caller do this? Made by [`Policy::check_access`](crate::Policy::check_access).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a decision does nothing by itself: ask `is_allowed`"]
pub enum Decision<'p> {
    /// Yes, because of this.
    Allow(Reason<'p>),
    /// No, because of this.
    Deny(Reason<'p>),
}

impl<'p> Decision<'p> {
    /// Whether the answer is yes.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allow(_))
    }

    /// Why.
    pub fn reason(&self) -> Reason<'p> {
        match self {
            Decision::Allow(reason) | Decision::Deny(reason) => *reason,
        }
    }
}

impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Allow(reason) => write!(f, "yes: {reason}"),
            Decision::Deny(reason) => write!(f, "no: {reason}"),
        }
    }
}

/// Why a decision is as it is. It names only what the policy has; who may read that is the caller's business.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Reason<'p> {
    /// A role of the caller, or one that it inherits, has this grant.
    Granted {
        /// The role that holds the grant.
        role: &'p RoleName,
        /// The grant that covers what was asked.
        grant: &'p Grant,
    },
    /// The caller is authorized for the role that was asked for.
    HasRole(&'p RoleName),
    /// The caller has no role that exists.
    NoRoles,
    /// No role of the caller grants it.
    NotGranted,
    /// A role grants it, but only for own objects, and this is not one.
    OnlyOwn {
        /// The role that holds the grant.
        role: &'p RoleName,
        /// The grant, which ends in `:own`.
        grant: &'p Grant,
    },
    /// A role grants it, but the token was made for less.
    OutOfScope {
        /// The role that holds the grant.
        role: &'p RoleName,
    },
    /// The caller is not authorized for the role that was asked for.
    NotInRole,
    /// What was asked for is no permission, so nobody holds it.
    NotAPermission,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Granted { role, grant } => write!(f, "role `{role}` grants `{grant}`"),
            Reason::HasRole(role) => write!(f, "the caller has role `{role}`"),
            Reason::NoRoles => f.write_str("the caller has no role"),
            Reason::NotGranted => f.write_str("no role of the caller grants it"),
            Reason::OnlyOwn { role, grant } => {
                write!(f, "role `{role}` grants `{grant}`, and the object is somebody else's")
            }
            Reason::OutOfScope { role } => write!(f, "role `{role}` grants it, but the token's scope does not name it"),
            Reason::NotInRole => f.write_str("the caller does not have the role"),
            Reason::NotAPermission => f.write_str("it is not a permission; write it like `items:read`"),
        }
    }
}
