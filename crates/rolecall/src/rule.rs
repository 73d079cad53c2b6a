//! A rule: who may call a route. It is a value, so one value is enforced, printed and documented.

use std::fmt;

use rolecall_core::{Permission, RoleName};

/// Everybody. A token is not looked at, so the handler has no caller, and a bad token breaks nothing.
pub fn public() -> Rule {
    Rule { expr: Expr::Public(None) }
}

/// Everybody, with the reason that a reviewer will ask for: `public_because("client authentication, RFC 7662")`.
pub fn public_because(reason: &str) -> Rule {
    Rule { expr: Expr::Public(Some(reason.into())) }
}

/// Everybody; who sends a token is known, and a bad token is refused. The handler may take `Option<Caller>`.
pub fn optional() -> Rule {
    Rule { expr: Expr::Optional }
}

/// Anybody with a valid token.
pub fn authenticated() -> Rule {
    Rule { expr: Expr::Authenticated }
}

/// A caller in this role, or in one that inherits it.
///
/// # Panics
/// At its own line, if the text is no name of a role.
#[track_caller]
pub fn role(name: &str) -> Rule {
    match name.parse::<RoleName>() {
        Ok(name) => Rule { expr: Expr::Role(name) },
        Err(why) => panic!("`{name}` is not the name of a role: {why}"),
    }
}

/// A caller with a role that grants this permission.
///
/// # Panics
/// At its own line, if the text is no permission: `permission("items-read")` is told to say `items:read`.
#[track_caller]
pub fn permission(name: &str) -> Rule {
    match name.parse::<Permission>() {
        Ok(name) => Rule { expr: Expr::Permission(name) },
        Err(why) => panic!("`{name}` is not a permission: {why}"),
    }
}

/// Who may call a route. Made by [`public`], [`optional`], [`authenticated`], [`role`] and [`permission`].
///
/// ```
/// use rolecall::{permission, role};
///
/// let rule = permission("audit:read").or(role("auditor")).and(role("staff"));
/// assert_eq!(rule.to_string(), "(audit:read or role auditor) and role staff");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a rule protects nothing until it stands beside a handler"]
pub struct Rule {
    pub(crate) expr: Expr,
}

impl Rule {
    /// Passes who passes either. Where one of them lets everybody pass, so does this.
    pub fn or(self, other: Rule) -> Rule {
        Rule { expr: self.expr.or(other.expr) }
    }

    /// Passes who passes both.
    pub fn and(self, other: Rule) -> Rule {
        Rule { expr: self.expr.and(other.expr) }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Expr {
    Public(Option<Box<str>>),
    Optional,
    Authenticated,
    Role(RoleName),
    Permission(Permission),
    Any(Vec<Expr>),
    All(Vec<Expr>),
}

impl Expr {
    fn or(self, other: Expr) -> Expr {
        match (self, other) {
            (e @ Expr::Public(_), _) | (_, e @ Expr::Public(_)) => e,
            (e @ Expr::Optional, _) | (_, e @ Expr::Optional) => e,
            (e @ Expr::Authenticated, _) | (_, e @ Expr::Authenticated) => e,
            (Expr::Any(mut some), e) => {
                some.push(e);
                Expr::Any(some)
            }
            (one, e) => Expr::Any(vec![one, e]),
        }
    }

    pub(crate) fn and(self, other: Expr) -> Expr {
        match (self, other) {
            // A reason belongs to a rule that somebody wrote, so it outlives the plain one of a router without `require`.
            (Expr::Public(None), e) | (e, Expr::Public(_)) | (Expr::Public(_), e) => e,
            (Expr::Optional, e) | (e, Expr::Optional) => e,
            (Expr::Authenticated, e) | (e, Expr::Authenticated) => e,
            (Expr::All(mut some), e) => {
                some.push(e);
                Expr::All(some)
            }
            (one, e) => Expr::All(vec![one, e]),
        }
    }

    /// The roles and permissions that it names.
    pub(crate) fn names(&self) -> Vec<&Expr> {
        match self {
            Expr::Any(some) | Expr::All(some) => some.iter().flat_map(Expr::names).collect(),
            Expr::Role(_) | Expr::Permission(_) => vec![self],
            Expr::Public(_) | Expr::Optional | Expr::Authenticated => vec![],
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, some: &[Expr], word: &str| {
            for (n, e) in some.iter().enumerate() {
                if n > 0 {
                    write!(f, " {word} ")?;
                }
                match e {
                    Expr::Any(_) | Expr::All(_) => write!(f, "({e})")?,
                    _ => write!(f, "{e}")?,
                }
            }
            Ok(())
        };
        match self {
            Expr::Public(None) => f.write_str("public"),
            Expr::Public(Some(reason)) => write!(f, "public: {reason}"),
            Expr::Optional => f.write_str("public, caller optional"),
            Expr::Authenticated => f.write_str("authenticated"),
            Expr::Role(name) => write!(f, "role {name}"),
            Expr::Permission(name) => name.fmt(f),
            Expr::Any(some) => list(f, some, "or"),
            Expr::All(some) => list(f, some, "and"),
        }
    }
}
