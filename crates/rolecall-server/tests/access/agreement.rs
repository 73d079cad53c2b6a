//! Whoever is asked says the same: a guarded route, `/forward-auth`, an evaluation, the searches, and a slow reading of
//! what was written down.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    admin::Dice,
    util::{Actor, Db, World},
};

const OBJECTS: [&str; 3] = ["items", "notes", "rolecall.audit"];
const OPERATIONS: [&str; 3] = ["read", "write", "own"];
const GRANTS: [&str; 9] = [
    "*",
    "items:*",
    "items:read",
    "items:write:own",
    "items:own",
    "notes:*:own",
    "notes:read",
    "notes:write",
    "rolecall.audit:read",
];

/// A role as it was written down: its grants, and the roles before it that it inherits.
struct Written {
    name: String,
    grants: Vec<&'static str>,
    inherits: Vec<usize>,
}

/// Whether one grant, read as text, covers it.
fn covers(grant: &str, object: &str, operation: &str, own: bool) -> bool {
    let parts: Vec<&str> = grant.split(':').collect();
    let reserved = object.starts_with("rolecall.");
    match parts[..] {
        ["*"] => !reserved,
        [o, "*"] => o == object,
        [o, "*", "own"] => own && o == object,
        [o, p] => o == object && p == operation,
        [o, p, "own"] => own && o == object && p == operation,
        _ => unreachable!("{grant}"),
    }
}

/// Slowly, by all paths of inheritance.
fn may(roles: &[Written], held: &[usize], object: &str, operation: &str, own: bool) -> bool {
    held.iter().any(|number| {
        let role = &roles[*number];
        role.grants.iter().any(|grant| covers(grant, object, operation, own))
            || may(roles, &role.inherits, object, operation, own)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_say_the_same() {
    let world = World::on(Db::Sqlite).await;
    let admin = world.administrator().await;
    for seed in 0..4 {
        agrees(&world, &admin, seed).await;
    }
    world.stop().await;
}

async fn agrees(world: &World, admin: &Actor, seed: u64) {
    let mut dice = Dice::new(seed);
    let mut roles: Vec<Written> = vec![];
    for number in 0..6 {
        let grants = dice.some(&GRANTS, 2);
        let inherits: BTreeSet<usize> =
            (0..dice.below(3)).filter(|_| number > 0).map(|_| dice.below(number.max(1))).collect();
        roles.push(Written { name: format!("r{seed}-{number}"), grants, inherits: inherits.into_iter().collect() });
        let role = roles.last().expect("one");
        let juniors: Vec<&str> = role.inherits.iter().map(|junior| roles[*junior].name.as_str()).collect();
        world.role(admin, &role.name, &role.grants, &juniors).await;
    }
    for person in 0..4 {
        let name = format!("p{seed}-{person}");
        let who = world.user(&name).await;
        let held: BTreeSet<usize> = (0..dice.below(3)).map(|_| dice.below(roles.len())).collect();
        let held: Vec<usize> = held.into_iter().collect();
        for number in &held {
            world.give(admin, &who, &roles[*number].name).await;
        }
        for object in OBJECTS {
            for operation in OPERATIONS {
                let about = format!("{name} {object}:{operation}, seed {seed}");
                let expected = may(&roles, &held, object, operation, false);
                let asked = |properties: Value| {
                    json!({
                        "subject": { "type": "user", "id": name }, "action": { "name": operation },
                        "resource": { "type": object, "id": "1", "properties": properties },
                    })
                };
                let decided = async |question: Value| {
                    admin.post("/access/v1/evaluation", question).await.expect(200).json()["decision"] == true
                };
                assert_eq!(decided(asked(json!({}))).await, expected, "evaluation: {about}");
                let own = decided(asked(json!({ "ownerID": who.id() }))).await;
                assert_eq!(own, may(&roles, &held, object, operation, true), "own: {about}");
                let guard = who.get(&format!("/may/{object}:{operation}")).await.expect(200).json();
                assert_eq!(guard == json!(true), expected, "guard: {about}");
                let proxy = who.get(&format!("/forward-auth?permission={object}:{operation}")).await.status;
                assert_eq!(proxy == 204, expected, "forward-auth: {about}");
                let found = admin.post("/access/v1/search/subject", asked(json!({}))).await.expect(200).json();
                let is_found = found["results"].as_array().expect("results").iter().any(|one| one["id"] == who.id());
                assert_eq!(is_found, expected, "who may: {about}");
            }
        }
    }
}
