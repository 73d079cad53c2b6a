//! Roles and permissions that a rule names and the policy does not know: nobody could pass.

use std::fmt;

use rolecall_core::{Grant, Permission, Policy, RoleName};

use crate::rule::Expr;

/// A name in a rule that leads nowhere.
pub(crate) enum Unknown<'a> {
    Role { asked: &'a RoleName, near: Option<&'a RoleName> },
    Permission(&'a Permission),
}

/// The names in this rule that this policy does not know.
pub(crate) fn unknown<'a>(rule: &'a Expr, policy: &'a Policy) -> Vec<Unknown<'a>> {
    rule.names().into_iter().filter_map(|name| find(name, policy)).collect()
}

fn find<'a>(name: &'a Expr, policy: &'a Policy) -> Option<Unknown<'a>> {
    match name {
        Expr::Role(asked) if policy.role(asked.as_str()).is_none() => {
            let known = policy.roles().map(|role| &role.name);
            let near = known.max_by(|a, b| nearness(a, asked).total_cmp(&nearness(b, asked)));
            Some(Unknown::Role { asked, near: near.filter(|near| nearness(near, asked) > 0.8) })
        }
        Expr::Permission(asked) | Expr::Own(asked) | Expr::Scope(asked) => {
            // The built-in administrator holds `*`, so it would hide every mistake.
            let roles = policy.roles().filter(|role| asked.is_reserved() || !role.name.is_reserved());
            let grant = Grant::from(asked.clone()).limited(matches!(name, Expr::Own(_)));
            let granted = roles.flat_map(|role| &role.grants).any(|held| held.covers(&grant));
            (!granted).then_some(Unknown::Permission(asked))
        }
        _ => None,
    }
}

impl fmt::Display for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unknown::Role { asked, near } => {
                write!(f, "a rule asks for role `{asked}`, which does not exist")?;
                near.map_or(Ok(()), |near| write!(f, "; did you mean `{near}`?"))
            }
            Unknown::Permission(asked) => write!(f, "a rule asks for `{asked}`, which no role grants"),
        }
    }
}

fn nearness(a: &RoleName, b: &RoleName) -> f64 {
    strsim::jaro_winkler(a.as_str(), b.as_str())
}
