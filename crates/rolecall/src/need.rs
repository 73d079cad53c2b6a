//! A rule compiled for one policy: what [`Live`](crate::Live) swaps together with it. No axum here.

use rolecall_core::{Asked, AskedRole, Object, Policy, Rights, Scope};

use crate::rule::Expr;

/// What a caller must have, with the policy's numbers in place of names.
#[derive(Clone, Debug)]
pub(crate) enum Need {
    Public,
    Optional,
    Authenticated,
    Role(AskedRole),
    Permission(Asked),
    Own(Asked),
    Service,
    Scope(Asked),
    Any(Box<[Need]>),
    All(Box<[Need]>),
    /// Outermost where `Own` is somewhere inside, so that no other rule is asked twice.
    Limited(Box<Need>),
}

/// Whoever calls, as far as a rule asks.
#[derive(Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) rights: &'a Rights,
    /// Whether a client acts for itself.
    pub(crate) is_service: bool,
}

impl Need {
    pub(crate) fn compile(expr: &Expr, policy: &Policy) -> Need {
        let need = Need::part(expr, policy);
        if expr.is_limited() { Need::Limited(Box::new(need)) } else { need }
    }

    fn part(expr: &Expr, policy: &Policy) -> Need {
        let each = |some: &[Expr]| some.iter().map(|expr| Need::part(expr, policy)).collect();
        match expr {
            Expr::Public(_) => Need::Public,
            Expr::Optional => Need::Optional,
            Expr::Authenticated => Need::Authenticated,
            Expr::Role(name) => Need::Role(policy.ask_role(name.as_str())),
            Expr::Permission(name) => Need::Permission(policy.ask(name.clone())),
            Expr::Own(name) => Need::Own(policy.ask(name.clone())),
            Expr::Service => Need::Service,
            Expr::Scope(name) => Need::Scope(policy.ask(name.clone())),
            Expr::Any(some) => Need::Any(each(some)),
            Expr::All(some) => Need::All(each(some)),
        }
    }

    /// What this session reaches: any object, its caller's own only, or nothing.
    pub(crate) fn reach(&self, policy: &Policy, session: Session<'_>) -> Option<Object> {
        match self {
            // No rule takes away, so who passes for any object passes for his own too: the wider one is asked first.
            Need::Limited(need) => {
                [Object::Any, Object::Own].into_iter().find(|object| need.is_met(policy, session, *object))
            }
            need => need.is_met(policy, session, Object::Any).then_some(Object::Any),
        }
    }

    /// Whether this session passes, if it is about this object.
    fn is_met(&self, policy: &Policy, session: Session<'_>, object: Object) -> bool {
        let Session { rights, is_service } = session;
        match self {
            Need::Public | Need::Optional | Need::Authenticated => true,
            Need::Role(asked) => policy.check_asked_role(rights, *asked).is_allowed(),
            // Not limited by who owns what, so it asks for the right to all of them.
            Need::Permission(asked) => policy.check(rights, asked, Object::Any).is_allowed(),
            Need::Own(asked) => policy.check(rights, asked, object).is_allowed(),
            Need::Service => is_service,
            // A scope that names permissions is part of the check; here there must be one.
            Need::Scope(asked) => {
                let names_permissions = |scope: &Scope| !scope.grants().is_empty();
                rights.scope().is_some_and(names_permissions) && policy.check(rights, asked, Object::Any).is_allowed()
            }
            Need::Any(some) => some.iter().any(|need| need.is_met(policy, session, object)),
            Need::All(some) => some.iter().all(|need| need.is_met(policy, session, object)),
            Need::Limited(need) => need.is_met(policy, session, object),
        }
    }
}
