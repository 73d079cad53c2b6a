//! Cedar: requests and entities are made beforehand, so that what is measured is `is_authorized` alone.

use std::{collections::HashSet, fmt::Write as _};

use cedar_policy::{Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request};

use crate::{
    Decides,
    rules::{PEOPLE, Question, Rules},
};

/// As its documentation shows roles: groups of people, and a policy for what each may do.
pub fn policies(rules: &Rules) -> anyhow::Result<Decides> {
    let mut text = String::new();
    for rule in &rules.all {
        let (role, operation, object) = (&rule.role, &rule.operation, &rule.object);
        writeln!(
            text,
            r#"permit(principal in Role::"{role}", action == Action::"{operation}", resource == Object::"{object}");"#
        )?;
    }
    let people = (0..PEOPLE).map(|person| member(&name(person), &role(&rules.of(person).role)));
    let entities = Entities::from_entities(people.collect::<anyhow::Result<Vec<_>>>()?, None)?;
    let request = |question: Question| {
        let (operation, object) = (&question.operation, &question.object);
        request(question.person, &format!(r#"Action::"{operation}""#), &format!(r#"Object::"{object}""#))
    };
    decides(text.parse()?, entities, rules.questions().map(request).collect::<anyhow::Result<_>>()?)
}

/// As one would lay it out for many rules: each is an entity, a permission that contains its role, and there is one
/// policy. Then a decision is a look-up among the groups that a person is in.
pub fn entities(rules: &Rules) -> anyhow::Result<Decides> {
    let permission = |object: &str, operation: &str| format!(r#"Permission::"{object}:{operation}""#);
    let roles = rules.all.iter().map(|rule| member(&role(&rule.role), &permission(&rule.object, &rule.operation)));
    let people = (0..PEOPLE).map(|person| member(&name(person), &role(&rules.of(person).role)));
    let entities = Entities::from_entities(roles.chain(people).collect::<anyhow::Result<Vec<_>>>()?, None)?;
    let policy = r#"permit(principal, action == Action::"use", resource) when { principal in resource };"#;
    let request = |question: Question| {
        request(question.person, r#"Action::"use""#, &permission(&question.object, &question.operation))
    };
    decides(policy.parse()?, entities, rules.questions().map(request).collect::<anyhow::Result<_>>()?)
}

fn decides(policies: PolicySet, entities: Entities, requests: Vec<Request>) -> anyhow::Result<Decides> {
    let authorizer = Authorizer::new();
    Ok(Box::new(move |question: &Question| {
        let response = authorizer.is_authorized(&requests[question.number], &policies, &entities);
        Ok(response.decision() == Decision::Allow)
    }))
}

fn request(person: usize, action: &str, resource: &str) -> anyhow::Result<Request> {
    Ok(Request::new(name(person).parse()?, action.parse()?, resource.parse()?, Context::empty(), None)?)
}

fn member(of: &str, group: &str) -> anyhow::Result<Entity> {
    let group: EntityUid = group.parse()?;
    Ok(Entity::new_no_attrs(of.parse()?, HashSet::from([group])))
}

fn name(person: usize) -> String {
    format!(r#"Person::"person-{person}""#)
}

fn role(name: &str) -> String {
    format!(r#"Role::"{name}""#)
}
