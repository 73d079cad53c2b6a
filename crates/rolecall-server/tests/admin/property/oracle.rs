//! What everybody holds, worked out naively from what the API itself tells, and sharing no code with the service.
//!
//! A permission is the set of things that it allows: each operation on each object, on one's own ones and on others'.
//! Beside the names that are used there is one object and one operation that nobody names, so that a wildcard is more
//! than the sum of what it is known to cover.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::util::Actor;

const OBJECTS: [&str; 12] = [
    "items",
    "notes",
    "anything else",
    "rolecall.users",
    "rolecall.roles",
    "rolecall.clients",
    "rolecall.apis",
    "rolecall.keys",
    "rolecall.sessions",
    "rolecall.decisions",
    "rolecall.audit",
    "rolecall.anything else",
];
const OPERATIONS: [&str; 5] = ["read", "write", "grant", "evaluate", "anything else"];

/// Things allowed: two bits for each operation on each object, others' and one's own.
pub type Things = u128;

/// What a grant, or a permission that a route asks for, allows.
pub fn things(grant: &str) -> Things {
    let parts: Vec<&str> = grant.split(':').collect();
    let (object, operation, own) = match parts[..] {
        ["*"] => ("*", "*", false),
        [object, operation] => (object, operation, false),
        [object, operation, "own"] => (object, operation, true),
        _ => panic!("`{grant}` is a permission"),
    };
    let mut all: Things = 0;
    for (row, name) in OBJECTS.iter().enumerate() {
        let this = if object == "*" { !name.starts_with("rolecall.") } else { object == *name };
        for (column, name) in OPERATIONS.iter().enumerate() {
            if this && (operation == "*" || operation == *name) {
                let bit = 2 * (row * OPERATIONS.len() + column);
                all |= if own { 0b10_u128 } else { 0b11 } << bit;
            }
        }
    }
    assert_ne!(all, 0, "the oracle knows what `{grant}` is about");
    all
}

/// To be allowed this is to hold `*`: nothing less covers it.
fn everything() -> Things {
    things("anything else:anything else")
}

/// What somebody holds: things, and names of roles that he is authorized for.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Held {
    pub things: Things,
    pub names: BTreeSet<String>,
}

impl Held {
    pub fn allows(&self, permission: &str) -> bool {
        things(permission) & !self.things == 0
    }

    /// What is beyond it of another one, if anything. `*` counts as any name outside `rolecall.`.
    pub fn beyond(&self, other: &Held) -> Option<String> {
        let any_name = everything() & !self.things == 0;
        let is_mine = |name: &&String| self.names.contains(*name) || (any_name && !name.starts_with("rolecall."));
        if let Some(name) = other.names.iter().find(|name| !is_mine(name)) {
            return Some(format!("role `{name}`"));
        }
        let more = other.things & !self.things;
        let (bit, number) = (more.trailing_zeros() as usize, more.trailing_zeros() as usize / 2);
        (more != 0).then(|| {
            let (object, operation) = (OBJECTS[number / OPERATIONS.len()], OPERATIONS[number % OPERATIONS.len()]);
            format!("`{operation}` on {} `{object}`", if bit % 2 == 0 { "others'" } else { "own" })
        })
    }

    /// What it has that the other has not.
    pub fn without(&self, other: &Held) -> Held {
        Held { things: self.things & !other.things, names: &self.names - &other.names }
    }

    pub fn and(&self, other: &Held) -> Held {
        Held { things: self.things | other.things, names: &self.names | &other.names }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct RoleText {
    pub permissions: Vec<String>,
    pub inherits: Vec<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Account {
    pub name: String,
    pub disabled: bool,
    pub email: Option<String>,
    pub assigned: Vec<(String, Option<i64>)>,
    /// All that is told of it, if it is a client.
    pub client: Option<Value>,
}

/// All that administration tells at one moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Told {
    pub roles: BTreeMap<String, RoleText>,
    /// Users and clients, which no law tells apart; by id, so in the order in which they were made.
    pub accounts: BTreeMap<String, Account>,
}

impl Told {
    /// Reads everything, as an administrator.
    pub async fn by(admin: &Actor) -> Told {
        let mut told = Told::default();
        let (roles, users, clients) =
            tokio::join!(list(admin, "/admin/roles"), list(admin, "/admin/users"), list(admin, "/admin/clients"));
        for role in roles {
            let text = RoleText { permissions: texts(&role["permissions"]), inherits: texts(&role["inherits"]) };
            told.roles.insert(text_of(&role["name"]), text);
        }
        let mut reading = JoinSet::new();
        for user in users {
            let (admin, id) = (admin.clone(), text_of(&user["id"]));
            reading.spawn(async move { (user, list(&admin, &format!("/admin/users/{id}/roles")).await) });
        }
        for (user, assigned) in reading.join_all().await {
            let assigned = assigned.iter().map(|role| (text_of(&role["role"]), role["until"].as_i64())).collect();
            let (name, disabled) = (text_of(&user["username"]), user["disabled"] == true);
            let email = user["email"].as_str().map(str::to_owned);
            let account = Account { name, disabled, email, assigned, client: None };
            told.accounts.insert(text_of(&user["id"]), account);
        }
        for client in clients {
            let id = text_of(&client["client_id"]);
            let path = format!("/admin/clients/{id}");
            let assigned = list(admin, &format!("{path}/roles")).await;
            let assigned = assigned.iter().map(|role| (text_of(&role["role"]), role["until"].as_i64())).collect();
            let (name, disabled) = (text_of(&client["client_name"]), client["disabled"] == true);
            let whole = Some(admin.get(&path).await.expect(200).json());
            told.accounts.insert(id, Account { name, disabled, email: None, assigned, client: whole });
        }
        told
    }

    /// What these roles hold with all that they inherit.
    pub fn closure<'n>(&'n self, names: impl IntoIterator<Item = &'n str>) -> Held {
        let mut held = Held::default();
        for name in names {
            if let Some(role) = self.roles.get(name) {
                held.names.insert(name.to_owned());
                role.permissions.iter().for_each(|permission| held.things |= things(permission));
                held = held.and(&self.closure(role.inherits.iter().map(String::as_str)));
            }
        }
        held
    }

    /// What an account holds at a time, whether or not it is disabled.
    pub fn strength(&self, id: &str, now: i64) -> Held {
        let assigned = self.accounts.get(id).map(|account| account.assigned.as_slice()).unwrap_or_default();
        let lasting = assigned.iter().filter(|(_, until)| until.is_none_or(|until| until > now));
        self.closure(lasting.map(|(role, _)| role.as_str()))
    }

    /// What an account can use at a time: nothing while it is disabled.
    pub fn usable(&self, id: &str, now: i64) -> Held {
        match self.accounts.get(id).is_some_and(|account| !account.disabled) {
            true => self.strength(id, now),
            false => Held::default(),
        }
    }

    /// What the bearer of a token can use at a time: what the account can, cut to the token's scope.
    pub fn caller(&self, id: &str, scope: Option<&str>, now: i64) -> Held {
        let mut held = self.usable(id, now);
        let words: Vec<&str> = scope.unwrap_or_default().split_whitespace().collect();
        let (grants, roles): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| word.contains([':', '*']));
        if !roles.is_empty() {
            held = self.closure(roles.iter().copied().filter(|name| held.names.contains(*name)));
        }
        if !grants.is_empty() {
            held.things &= grants.iter().fold(0, |all, grant| all | things(grant));
            held.names.retain(|name| roles.contains(&name.as_str()));
        }
        held
    }
}

async fn list(admin: &Actor, path: &str) -> Vec<Value> {
    let page = admin.get(&format!("{path}?limit=200")).await.expect(200).json();
    assert_eq!(page["next"], Value::Null, "{path} fits on one page");
    page["items"].as_array().expect("items").clone()
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().expect("a list").iter().map(text_of).collect()
}

/// The oracle itself, on what can be worked out by hand.
#[test]
fn the_oracle_is_right_about_wildcards_own_objects_and_the_service() {
    let held =
        |grants: &[&str]| Held { things: grants.iter().fold(0, |all, grant| all | things(grant)), ..Held::default() };
    let covers = |one: &[&str], other: &str| held(one).beyond(&held(&[other])).is_none();
    for (one, other, expected) in [
        (&["items:read"][..], "items:read", true),
        (&["items:read"], "items:read:own", true),
        (&["items:read:own"], "items:read", false),
        (&["items:*"], "items:grant", true),
        (&["items:*:own"], "items:read:own", true),
        (&["items:*:own"], "items:read", false),
        (&["items:read", "items:write", "items:grant"], "items:*", false),
        (&["*"], "items:*", true),
        (&["*"], "*", true),
        (&["items:*", "notes:*"], "*", false),
        (&["*"], "rolecall.users:read", false),
        (&["*"], "rolecall.users:read:own", false),
        (&["rolecall.users:*"], "rolecall.users:write", true),
        (&["rolecall.users:*"], "rolecall.roles:write", false),
    ] {
        assert_eq!(covers(one, other), expected, "{one:?} and {other}");
    }
    let named = Held { things: 0, names: BTreeSet::from(["vip".into()]) };
    let service = Held { things: 0, names: BTreeSet::from(["rolecall.auditor".into()]) };
    assert!(held(&["*"]).beyond(&named).is_none());
    assert_eq!(held(&["items:*"]).beyond(&named).as_deref(), Some("role `vip`"));
    assert!(held(&["*"]).beyond(&service).is_some());
}
