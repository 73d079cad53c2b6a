//! casbin: its role-based model, a `p` line for each rule and a `g` line for each person.

use std::fmt::Write as _;

use casbin::{CachedEnforcer, CoreApi, DefaultModel, Enforcer, StringAdapter};
use tokio::runtime;

use crate::{
    Decides,
    rules::{PEOPLE, Question, Rules},
};

/// What is cheap to compare, and differs in most rules, is compared first; casbin's own examples ask for the role first.
const MODEL: &str = "
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.obj == p.obj && r.act == p.act && g(r.sub, p.sub)
";

/// Every question is decided.
pub fn each_time(rules: &Rules) -> anyhow::Result<Decides> {
    let enforcer: Enforcer = ready(rules)?;
    Ok(Box::new(move |question: &Question| Ok(enforcer.enforce(asked(question))?)))
}

/// The answer to a question that was asked before is looked up: the best that can happen.
pub fn cached(rules: &Rules) -> anyhow::Result<Decides> {
    let enforcer: CachedEnforcer = ready(rules)?;
    Ok(Box::new(move |question: &Question| Ok(enforcer.enforce(asked(question))?)))
}

fn ready<E: CoreApi>(rules: &Rules) -> anyhow::Result<E> {
    let mut lines = String::new();
    for rule in &rules.all {
        writeln!(lines, "p, {}, {}, {}", rule.role, rule.object, rule.operation)?;
    }
    for person in 0..PEOPLE {
        writeln!(lines, "g, person-{person}, {}", rules.of(person).role)?;
    }
    runtime::Builder::new_current_thread().build()?.block_on(async {
        let model = DefaultModel::from_str(MODEL).await?;
        Ok(E::new(model, StringAdapter::new(lines)).await?)
    })
}

fn asked(question: &Question) -> (&'static str, &str, &str) {
    const NAMES: [&str; PEOPLE] =
        ["person-0", "person-1", "person-2", "person-3", "person-4", "person-5", "person-6", "person-7"];
    (NAMES[question.person], &question.object, &question.operation)
}
