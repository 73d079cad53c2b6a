//! What a rule is in OpenAPI's words: the alternatives of `security`, each with the scopes that it takes.

use serde_json::{Value, json};

use crate::rule::Expr;

/// The one scheme. Swagger UI sends a token only to operations that name the scheme somebody logged in with, so a second
/// one for roles would leave them without.
pub(crate) const SCHEME: &str = "rolecall";

/// `and` of many `or` multiplies; beyond this the rule's text alone says it.
const MOST: usize = 64;

impl Expr {
    /// The value of `security` (OpenAPI 3.1, 4.8.30). A role is no scope: `x-rolecall-rule` and the 403 name it.
    pub(super) fn security(&self) -> Value {
        let requirement = |scopes: &Vec<String>| json!({ SCHEME: scopes });
        match self {
            Expr::Public(_) => json!([]),
            Expr::Optional => json!([{}, requirement(&vec![])]),
            rule => rule.alternatives().iter().map(requirement).collect(),
        }
    }

    /// Whether a caller who is known can be refused.
    pub(super) fn can_refuse(&self) -> bool {
        !self.is_open()
    }

    fn alternatives(&self) -> Vec<Vec<String>> {
        match self {
            Expr::Public(_) | Expr::Optional | Expr::Authenticated | Expr::Role(_) | Expr::Service => vec![vec![]],
            Expr::Permission(name) | Expr::Own(name) | Expr::Scope(name) => vec![vec![name.to_string()]],
            Expr::Any(some) => distinct(some.iter().flat_map(Expr::alternatives)),
            Expr::All(some) => some.iter().fold(vec![vec![]], |before, rule| joined(&before, &rule.alternatives())),
        }
    }
}

/// Each with each.
fn joined(before: &[Vec<String>], after: &[Vec<String>]) -> Vec<Vec<String>> {
    let both = |a: &Vec<String>, b: &Vec<String>| {
        let mut scopes = a.clone();
        scopes.extend(b.iter().filter(|scope| !a.contains(scope)).cloned());
        scopes
    };
    distinct(before.iter().flat_map(|a| after.iter().map(move |b| both(a, b))))
}

fn distinct(found: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let mut alternatives: Vec<Vec<String>> = vec![];
    for scopes in found {
        if !alternatives.contains(&scopes) {
            alternatives.push(scopes);
        }
    }
    match alternatives.len() {
        0..=MOST => alternatives,
        _ => vec![vec![]],
    }
}
