//! OAuth scope (RFC 6749, 3.3) as this project reads it: names of roles and permissions that a session is cut to.

use std::{fmt, str::FromStr};

use crate::{Grant, Permission, RoleName};

/// What a log-in was asked to be cut to. Names of roles: only these are active. Permissions: a check also needs one
/// that covers it. Never empty: no scope at all means everything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    roles: Vec<RoleName>,
    grants: Vec<Grant>,
}

impl Scope {
    /// Reads a `scope` parameter; `None` when it names nothing, which means everything.
    ///
    /// # Errors
    /// [`InvalidScope`] for a word that is neither the name of a role nor a permission.
    pub fn parse(text: &str) -> Result<Option<Scope>, InvalidScope> {
        let mut scope = Scope { roles: vec![], grants: vec![] };
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word.contains([':', '*']) {
                true => scope.grants.push(word.parse().map_err(|_| InvalidScope)?),
                false => scope.roles.push(word.parse().map_err(|_| InvalidScope)?),
            }
        }
        Ok(scope.tidy())
    }

    /// One of these words; `None` when there are none.
    pub fn of(roles: &[RoleName], grants: &[Grant]) -> Option<Scope> {
        Scope { roles: roles.to_vec(), grants: grants.to_vec() }.tidy()
    }

    /// In order, each word once.
    fn tidy(mut self) -> Option<Scope> {
        self.roles.sort();
        self.roles.dedup();
        self.grants.sort();
        self.grants.dedup();
        (!self.roles.is_empty() || !self.grants.is_empty()).then_some(self)
    }

    /// The roles that it names; when there are none, all are active.
    pub fn roles(&self) -> &[RoleName] {
        &self.roles
    }

    /// The permissions that it names; when there are none, checks are not limited.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Whether a check of this permission is within the scope.
    pub(crate) fn admits(&self, permission: &Permission, own_object: bool) -> bool {
        let covers = |grant: &Grant| {
            (own_object || !grant.is_own()) && grant.covers(&Grant::from(permission.clone()).limited(grant.is_own()))
        };
        self.grants.is_empty() || self.grants.iter().any(covers)
    }

    /// Whether a rule that asks for this role may pass: a scope of permissions admits only roles that it names too.
    pub(crate) fn admits_role(&self, role: &str) -> bool {
        self.grants.is_empty() || self.roles.iter().any(|name| name.as_str() == role)
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Scope::parse(text)?.ok_or(InvalidScope)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.roles.iter().map(RoleName::to_string).chain(self.grants.iter().map(Grant::to_string));
        f.write_str(&words.collect::<Vec<_>>().join(" "))
    }
}

/// A scope has a word that names neither a role nor a permission.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a scope is made of names of roles and permissions, separated by single spaces")]
pub struct InvalidScope;
