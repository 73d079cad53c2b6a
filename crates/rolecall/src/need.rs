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
    Any(Box<[Need]>),
    All(Box<[Need]>),
}

impl Need {
    pub(crate) fn compile(expr: &Expr, policy: &Policy) -> Need {
        let each = |some: &[Expr]| some.iter().map(|expr| Need::compile(expr, policy)).collect();
        match expr {
            Expr::Public(_) => Need::Public,
            Expr::Optional => Need::Optional,
            Expr::Authenticated => Need::Authenticated,
            Expr::Role(name) => Need::Role(policy.ask_role(name.as_str())),
            Expr::Permission(name) => Need::Permission(policy.ask(name.clone())),
            Expr::Any(some) => Need::Any(each(some)),
            Expr::All(some) => Need::All(each(some)),
        }
    }

    /// Whether a caller with these rights passes.
    pub(crate) fn is_met(&self, policy: &Policy, rights: &Rights) -> bool {
        match self {
            Need::Public | Need::Optional | Need::Authenticated => true,
            Need::Role(asked) => policy.check_asked_role(rights, *asked).is_allowed(),
            Need::Permission(asked) => policy.check(rights, asked, Object::Any).is_allowed(),
            Need::Any(some) => some.iter().any(|need| need.is_met(policy, rights)),
            Need::All(some) => some.iter().all(|need| need.is_met(policy, rights)),
        }
    }
}
