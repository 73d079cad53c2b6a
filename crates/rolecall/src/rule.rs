//! A rule: who may call a route. It is a value, so one value is enforced, printed and documented.

use std::{fmt, marker::PhantomData};

use rolecall_core::{Permission, RoleName};

/// Everybody. A token is not looked at, so the handler has no caller, and a bad token breaks nothing.
pub fn public() -> Rule {
    Rule::new(Expr::Public(None))
}

/// Everybody, with the reason that a reviewer will ask for: `public_because("client authentication, RFC 7662")`.
pub fn public_because(reason: &str) -> Rule {
    Rule::new(Expr::Public(Some(reason.into())))
}

/// Everybody; who sends a token is known, and a bad token is refused. The handler may take `Option<Caller>`.
pub fn optional() -> Rule {
    Rule::new(Expr::Optional)
}

/// Anybody with a valid token.
pub fn authenticated() -> Rule {
    Rule::new(Expr::Authenticated)
}

/// A caller in this role, or in one that inherits it.
///
/// # Panics
/// At its own line, if the text is no name of a role.
#[track_caller]
pub fn role(name: &str) -> Rule {
    match name.parse::<RoleName>() {
        Ok(name) => Rule::new(Expr::Role(name)),
        Err(why) => panic!("`{name}` is not the name of a role: {why}"),
    }
}

/// A caller with a role that grants this permission.
///
/// # Panics
/// At its own line, if the text is no permission: `permission("items-read")` is told to say `items:read`.
#[track_caller]
pub fn permission(name: &str) -> Rule {
    Rule::new(Expr::Permission(parsed(name)))
}

/// A caller with a role that grants this permission, or grants it for own objects (`items:update:own`). What that
/// caller may reach is for the handler to ask: it takes [`Reach`](crate::Reach) first, or it does not compile.
///
/// An object is its caller's own when its owner is his [`id`](crate::Caller::id).
///
/// # Panics
/// As [`permission`]; `:own` is not written here.
#[track_caller]
pub fn own(name: &str) -> Rule<Limited> {
    Rule::new(Expr::Own(parsed(name)))
}

#[track_caller]
fn parsed(name: &str) -> Permission {
    match name.parse() {
        Ok(permission) => permission,
        Err(why) => panic!("`{name}` is not a permission: {why}"),
    }
}

/// A client that acts for itself: there is no user behind the call, and `sub` in its token is its `client_id` (RFC 9068,
/// 2.2). Alone it asks for no right; say which with [`scope`], [`permission`] or [`role`].
///
/// ```
/// use rolecall::{scope, service};
///
/// assert_eq!(service().and(scope("stock:sync")).to_string(), "a service and scope stock:sync");
/// ```
pub fn service() -> Rule {
    Rule::new(Expr::Service)
}

/// A caller whose token was made for this: he asked for a scope (RFC 6749, 3.3) that names this permission, or one that
/// covers it (`stock:*`), **and** he holds it now, as [`permission`] asks.
///
/// A token without a scope may do all that its caller may, and does not pass: nobody said that it is for this. A scope
/// alone does not pass either, since a right that was taken away is gone, whatever an older token says.
///
/// # Panics
/// As [`permission`].
#[track_caller]
pub fn scope(name: &str) -> Rule {
    Rule::new(Expr::Scope(parsed(name)))
}

/// Who may call a route. Made by [`public`], [`optional`], [`authenticated`], [`role`], [`permission`], [`own`],
/// [`service`] and [`scope`].
///
/// ```
/// use rolecall::{permission, role};
///
/// let rule = permission("audit:read").or(role("auditor")).and(role("staff"));
/// assert_eq!(rule.to_string(), "(audit:read or role auditor) and role staff");
/// ```
///
/// `K` says whether it answers the whole question ([`Whole`]), or leaves to the handler which objects ([`Limited`]).
#[derive(Clone, Debug)]
#[must_use = "a rule protects nothing until it stands beside a handler"]
pub struct Rule<K = Whole> {
    pub(crate) expr: Expr,
    kind: PhantomData<K>,
}

/// Of a rule: who passes may do it to every object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whole {}

/// Of a rule with [`own`] in it: who passes may do it to every object, or to his own; the handler asks which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limited {}

/// Of a rule as the [`AccessMatrix`](crate::AccessMatrix) lists it: to read and to compare. It admits no handler, since
/// whether it is limited is no longer known to the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listed {}

/// The kinds of rules that can be joined: [`Whole`] and [`Limited`].
pub trait Kind: sealed::Sealed {
    /// The kind of both together: one that is limited limits the other.
    type With<J: Kind>: Kind;
}

impl Kind for Whole {
    type With<J: Kind> = J;
}

impl Kind for Limited {
    type With<J: Kind> = Limited;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Whole {}
    impl Sealed for super::Limited {}
}

impl<K> Rule<K> {
    pub(crate) fn new(expr: Expr) -> Self {
        Rule { expr, kind: PhantomData }
    }
}

impl<K: Kind> Rule<K> {
    /// Passes who passes either. Where one of them lets everybody pass, so does this.
    ///
    /// # Panics
    /// At its own line, where [`own`] would stand beside a rule that lets everybody, or everybody with a token, reach
    /// every object: there would be nothing left for it to limit.
    #[track_caller]
    pub fn or<J: Kind>(self, other: Rule<J>) -> Rule<K::With<J>> {
        let limited = self.expr.is_limited() || other.expr.is_limited();
        if let Some(open) = [&self.expr, &other.expr].into_iter().find(|expr| limited && expr.is_open()) {
            panic!(
                "`own(..)` or `{open}` lets every caller reach every object: write `{open}` alone, or `own(..)` alone"
            );
        }
        Rule::new(self.expr.or(other.expr))
    }

    /// Passes who passes both. With two [`own`] in it, who holds one of them for his own objects only reaches no others.
    pub fn and<J: Kind>(self, other: Rule<J>) -> Rule<K::With<J>> {
        Rule::new(self.expr.and(other.expr))
    }
}

impl<K, J> PartialEq<Rule<J>> for Rule<K> {
    fn eq(&self, other: &Rule<J>) -> bool {
        self.expr == other.expr
    }
}

impl<K> Eq for Rule<K> {}

impl<K> fmt::Display for Rule<K> {
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
    Own(Permission),
    Service,
    Scope(Permission),
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
            Expr::Role(_) | Expr::Permission(_) | Expr::Own(_) | Expr::Scope(_) => vec![self],
            Expr::Public(_) | Expr::Optional | Expr::Authenticated | Expr::Service => vec![],
        }
    }

    /// Whether some who pass may reach their own objects only.
    pub(crate) fn is_limited(&self) -> bool {
        match self {
            Expr::Own(_) => true,
            Expr::Any(some) | Expr::All(some) => some.iter().any(Expr::is_limited),
            Expr::Public(_) | Expr::Optional | Expr::Authenticated => false,
            Expr::Role(_) | Expr::Permission(_) | Expr::Service | Expr::Scope(_) => false,
        }
    }

    /// Whether everybody passes, or everybody with a token.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Expr::Public(_) | Expr::Optional | Expr::Authenticated)
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
                    // It reads as an `or`.
                    Expr::Own(_) if word == "and" => write!(f, "({e})")?,
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
            Expr::Own(name) => write!(f, "{name} or own"),
            Expr::Service => f.write_str("a service"),
            Expr::Scope(name) => write!(f, "scope {name}"),
            Expr::Any(some) => list(f, some, "or"),
            Expr::All(some) => list(f, some, "and"),
        }
    }
}
