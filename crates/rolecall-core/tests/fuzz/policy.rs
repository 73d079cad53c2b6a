//! Any roles make a policy or are refused with a true reason; and a policy agrees with itself.

use rolecall_core::{Grant, Object, Policy, PolicyError, Role, RoleName};

const NAMES: [&str; 8] = ["a", "b", "c", "d", "editor", "user", "rolecall.admin", "rolecall.x"];
const GRANTS: [&str; 8] =
    ["items:read", "items:read:own", "items:*", "items:*:own", "*", "stock:write", "rolecall.users:read", "a.b:c"];

/// Four bytes a role: its name, what it holds, whom it inherits, when it was born.
pub fn seeds() -> Vec<Vec<u8>> {
    vec![
        vec![0, 1, 0b10, 1, 1, 2, 0b100, 2, 2, 4, 0, 3],
        vec![0, 16, 0b10, 1, 1, 0, 0b100, 1, 2, 255, 0b1000, 1, 3, 0, 1, 1],
        vec![4, 9, 0b10_0000, 0, 5, 6, 0, 9, 4, 1, 0, 0],
        vec![0, 0, 0b100_0000, 0],
        vec![6, 0, 0, 0, 7, 0, 0, 0],
        vec![],
    ]
}

pub fn run(bytes: &[u8]) {
    let roles: Vec<Role> = bytes.chunks_exact(4).take(64).map(role).collect();
    match Policy::new(roles.clone()) {
        Ok(policy) => is_consistent(&policy, &roles),
        Err(error) => is_true(&error, &roles),
    }
}

fn role(bytes: &[u8]) -> Role {
    let &[name, grants, inherits, born] = bytes else { panic!("four bytes a role") };
    let chosen = |bits: u8, from: [&'static str; 8]| (0..8).filter(move |n| bits >> n & 1 == 1).map(move |n| from[n]);
    Role {
        name: name_of(NAMES[usize::from(name % 8)]),
        grants: chosen(grants, GRANTS).map(|grant| grant.parse::<Grant>().expect("a grant")).collect(),
        inherits: chosen(inherits, NAMES).map(name_of).collect(),
        born: u64::from(born),
    }
}

fn name_of(name: &str) -> RoleName {
    name.parse().expect("a name")
}

fn is_consistent(policy: &Policy, roles: &[Role]) {
    for role in roles {
        let name = role.name.as_str();
        assert_eq!(policy.role(name).map(|role| &role.name), Some(&role.name));
        let rights = policy.activate([name], None);
        assert!(policy.check_role(&rights, name).is_allowed(), "{name} is itself");
        for junior in &role.inherits {
            assert!(policy.check_role(&rights, junior.as_str()).is_allowed(), "{name} is {junior} too");
            assert!(policy.path(junior.as_str(), name).is_none(), "{name} is inherited by {junior}: a circle");
            assert!(policy.seniors(junior.as_str()).contains(&&role.name));
        }
        for grant in &role.grants {
            assert!(policy.holds(&rights, grant), "{name} holds {grant}");
        }
        for text in GRANTS {
            let Ok(permission) = text.parse::<rolecall_core::Permission>() else { continue };
            let asked = policy.ask(permission);
            for object in [Object::Any, Object::Own] {
                let (by_name, by_number) =
                    (policy.check_access(&rights, text, object), policy.check(&rights, &asked, object));
                assert_eq!(by_name, by_number, "{name} {text}");
            }
            let [all, own] =
                [Object::Any, Object::Own].map(|object| policy.check(&rights, &asked, object).is_allowed());
            assert!(own || !all, "who may to all objects may to his own");
            assert_eq!(all, policy.holds(&rights, &text.parse().expect("a grant")));
        }
    }
    let nobody = policy.activate([], None);
    assert!(policy.permissions(&nobody).is_empty() && policy.authorized_roles(&nobody).is_empty());
}

/// Whether what is said of the roles can be seen in them.
fn is_true(error: &PolicyError, roles: &[Role]) {
    let there = |name: &RoleName| roles.iter().filter(|role| role.name == *name).count();
    match error {
        PolicyError::Cycle(path) => {
            assert!(path.len() > 1 && path.first() == path.last());
            for pair in path.windows(2) {
                let inherits = |role: &Role| role.name == pair[0] && role.inherits.contains(&pair[1]);
                assert!(roles.iter().any(inherits), "{error}");
            }
        }
        PolicyError::UnknownJunior { role, junior } => {
            assert!(there(role) > 0 && there(junior) == 0);
        }
        PolicyError::Twice(name) => assert!(there(name) > 1),
        PolicyError::Reserved(name) => assert!(there(name) > 0 && name.is_reserved()),
        other => panic!("a reason that nobody looks at: {other}"),
    }
}
