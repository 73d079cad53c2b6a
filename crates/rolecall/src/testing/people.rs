//! Who calls in a test: a small policy in code, and people with roles in it.

use rolecall_core::{Policy, Role, RoleName, Scope};

/// People with their roles, and what the roles may do.
///
/// ```
/// use rolecall::testing::People;
///
/// let people = People::new()
///     .role("user", &["items:read", "items:update:own"])
///     .role("editor", &["items:update"])
///     .inherits("editor", "user")
///     .person("alice", &["user"])
///     .person("eve", &["editor"])
///     .scoped("eve's script", &["editor"], "items:read")
///     .service("warehouse", &["editor"], "items:update");
/// assert_eq!(people.names().collect::<Vec<_>>(), ["alice", "eve", "eve's script", "warehouse"]);
/// ```
///
/// The roles that are built in (`rolecall.admin`, `rolecall.auditor`) are there too. Nobody, who has no token, need not
/// be named.
#[derive(Clone, Default, Debug)]
pub struct People {
    roles: Vec<Role>,
    people: Vec<Person>,
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) roles: Vec<String>,
    pub(super) scope: Option<String>,
    /// A client that acts for itself.
    pub(super) is_service: bool,
}

impl Person {
    /// As an issuer makes them: not the name, so that a handler that takes one for the other is found out.
    pub(super) fn id(&self) -> String {
        format!("id-of-{}", self.name.replace(' ', "-"))
    }
}

/// Whoever sends no token.
pub(super) const NOBODY: &str = "nobody";

impl People {
    /// Nobody yet, and no roles but those that are built in.
    pub fn new() -> Self {
        People::default()
    }

    /// A role that may do this: `items:read`, `items:update:own`, `items:*`, `*`.
    ///
    /// # Panics
    /// At its own line, for what is no name or no permission, or when the role is there already.
    #[track_caller]
    pub fn role(mut self, name: &str, permissions: &[&str]) -> Self {
        let mut role = Role { name: role_name(name), grants: vec![], inherits: vec![], born: 0 };
        for text in permissions {
            match text.parse() {
                Ok(grant) => role.grants.push(grant),
                Err(why) => panic!("`{text}` is not a permission: {why}"),
            }
        }
        self.roles.push(role);
        self.compiled();
        self
    }

    /// A role that also has what another one has.
    ///
    /// # Panics
    /// At its own line, when one of them is not there yet, or inherits the first.
    #[track_caller]
    pub fn inherits(mut self, role: &str, junior: &str) -> Self {
        let junior = role_name(junior);
        match self.roles.iter_mut().find(|known| known.name.as_str() == role) {
            Some(role) => role.inherits.push(junior),
            None => panic!("no role `{role}` yet: add it first, `.role(\"{role}\", &[..])`"),
        }
        self.compiled();
        self
    }

    /// Somebody who has these roles.
    ///
    /// # Panics
    /// At its own line, when a role is not there yet, or somebody has that name.
    #[track_caller]
    pub fn person(self, name: &str, roles: &[&str]) -> Self {
        self.add(Person { name: name.to_owned(), roles: owned(roles), scope: None, is_service: false })
    }

    /// Somebody who has these roles, with a token that was cut to a scope: names of roles and permissions, separated
    /// by spaces.
    ///
    /// # Panics
    /// As [`person`](People::person), and for what is no scope.
    #[track_caller]
    pub fn scoped(self, name: &str, roles: &[&str], scope: &str) -> Self {
        let scope = Some(checked(scope).to_owned());
        self.add(Person { name: name.to_owned(), roles: owned(roles), scope, is_service: false })
    }

    /// A client that acts for itself (OAuth's client credentials) and has these roles, with the scope that it asks for;
    /// `""` for none.
    ///
    /// # Panics
    /// As [`scoped`](People::scoped).
    #[track_caller]
    pub fn service(self, name: &str, roles: &[&str], scope: &str) -> Self {
        let scope = if scope.is_empty() { None } else { Some(checked(scope).to_owned()) };
        self.add(Person { name: name.to_owned(), roles: owned(roles), scope, is_service: true })
    }

    /// Their names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.people.iter().map(|person| person.name.as_str())
    }

    /// The [`id`](crate::Caller::id) of somebody, to make objects that are his.
    ///
    /// # Panics
    /// At its own line, when there is nobody of that name.
    #[track_caller]
    pub fn id(&self, name: &str) -> String {
        self.find(name).id()
    }

    pub(super) fn all(&self) -> &[Person] {
        &self.people
    }

    #[track_caller]
    pub(super) fn find(&self, name: &str) -> &Person {
        match self.people.iter().find(|person| person.name == name) {
            Some(person) => person,
            None => panic!("there is no `{name}`; there are {}", self.names().collect::<Vec<_>>().join(", ")),
        }
    }

    /// The policy that their roles make.
    #[track_caller]
    pub(super) fn compiled(&self) -> Policy {
        match Policy::new(self.roles.iter().cloned()) {
            Ok(policy) => policy,
            Err(why) => panic!("{why}"),
        }
    }

    #[track_caller]
    fn add(mut self, person: Person) -> Self {
        let (policy, name) = (self.compiled(), person.name.as_str());
        if let Some(unknown) = person.roles.iter().find(|role| policy.role(role).is_none()) {
            panic!("no role `{unknown}` yet: add it first, `.role(\"{unknown}\", &[..])`");
        }
        if name == NOBODY || name.is_empty() || self.people.iter().any(|known| known.name == name) {
            panic!("there is a `{name}` already");
        }
        self.people.push(person);
        self
    }
}

fn owned(roles: &[&str]) -> Vec<String> {
    roles.iter().map(|&role| role.to_owned()).collect()
}

#[track_caller]
fn checked(scope: &str) -> &str {
    match scope.parse::<Scope>() {
        Ok(_) => scope,
        Err(why) => panic!("`{scope}` is not a scope: {why}"),
    }
}

#[track_caller]
fn role_name(name: &str) -> RoleName {
    match name.parse() {
        Ok(name) => name,
        Err(why) => panic!("`{name}` is not the name of a role: {why}"),
    }
}
