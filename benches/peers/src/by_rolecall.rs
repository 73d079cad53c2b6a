//! Rolecall: a role for each rule.

use rolecall_core::{Object, Policy, Role};

use crate::{
    Decides,
    rules::{PEOPLE, Question, Rules},
};

/// As the guard decides: what a session holds was worked out when its token was first seen.
pub fn held(rules: &Rules) -> anyhow::Result<Decides> {
    let policy = policy(rules)?;
    let rights: Vec<_> = (0..PEOPLE).map(|person| policy.activate([rules.of(person).role.as_str()], None)).collect();
    let asked = asked(rules);
    Ok(Box::new(move |question: &Question| {
        let decision = policy.check_access(&rights[question.person], asked[question.number].as_str(), Object::Any);
        Ok(decision.is_allowed())
    }))
}

/// And with that done anew for each question, as the others do.
pub fn anew(rules: &Rules) -> anyhow::Result<Decides> {
    let policy = policy(rules)?;
    let roles: Vec<String> = (0..PEOPLE).map(|person| rules.of(person).role.clone()).collect();
    let asked = asked(rules);
    Ok(Box::new(move |question: &Question| {
        let rights = policy.activate([roles[question.person].as_str()], None);
        Ok(policy.check_access(&rights, asked[question.number].as_str(), Object::Any).is_allowed())
    }))
}

fn policy(rules: &Rules) -> anyhow::Result<Policy> {
    let role = |rule: &crate::rules::Rule| -> anyhow::Result<Role> {
        let grant = format!("{}:{}", rule.object, rule.operation).parse()?;
        Ok(Role { name: rule.role.parse()?, grants: [grant].into(), inherits: Default::default(), born: 0 })
    };
    Ok(Policy::new(rules.all.iter().map(role).collect::<anyhow::Result<Vec<_>>>()?)?)
}

fn asked(rules: &Rules) -> Vec<String> {
    rules.questions().map(|question| format!("{}:{}", question.object, question.operation)).collect()
}
