//! A rule compiled for one policy: what [`Live`](crate::Live) swaps together with it. No axum here.

use rolecall_core::{Asked, AskedRole, Object, Policy, Rights};

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
    Any(Box<[Need]>),
    All(Box<[Need]>),
    /// Outermost where `Own` is somewhere inside, so that no other rule is asked twice.
    Limited(Box<Need>),
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
            Expr::Any(some) => Need::Any(each(some)),
            Expr::All(some) => Need::All(each(some)),
        }
    }

    /// What a caller with these rights reaches: any object, his own only, or nothing.
    pub(crate) fn reach(&self, policy: &Policy, rights: &Rights) -> Option<Object> {
        match self {
            // No rule takes away, so who passes for any object passes for his own too: the wider one is asked first.
            Need::Limited(need) => {
                [Object::Any, Object::Own].into_iter().find(|object| need.is_met(policy, rights, *object))
            }
            need => need.is_met(policy, rights, Object::Any).then_some(Object::Any),
        }
    }

    /// Whether a caller with these rights passes, if it is about this object.
    fn is_met(&self, policy: &Policy, rights: &Rights, object: Object) -> bool {
        match self {
            Need::Public | Need::Optional | Need::Authenticated => true,
            Need::Role(asked) => policy.check_asked_role(rights, *asked).is_allowed(),
            // Not limited by who owns what, so it asks for the right to all of them.
            Need::Permission(asked) => policy.check(rights, asked, Object::Any).is_allowed(),
            Need::Own(asked) => policy.check(rights, asked, object).is_allowed(),
            Need::Any(some) => some.iter().any(|need| need.is_met(policy, rights, object)),
            Need::All(some) => some.iter().all(|need| need.is_met(policy, rights, object)),
            Need::Limited(need) => need.is_met(policy, rights, object),
        }
    }
}
