//! The compiled policy: roles, what they hold and whom they inherit, ready to be asked.
//!
//! It has no users, so it stays small. Whoever asks brings the roles of one session; [`Policy::activate`] follows the
//! inheritance once, and every check after that is a look-up of the permission's name and a search among what the
//! session holds, whatever the size of the policy.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use foldhash::HashMap;

use crate::{
    Grant, Permission, RoleName,
    decision::{Decision, Reason},
    permission::Pattern,
    rights::{Held, Rights, Source},
    role::{Role, built_in},
    scope::Scope,
};

/// Sets of roles whose closure is kept. More of them than this at once are worked out anew.
const MEMO: usize = 4096;

/// Whose object a check is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Object {
    /// The caller's own: grants that end in `:own` count.
    Own,
    /// Somebody else's, or nobody's, or not known.
    Any,
}

/// Roles with permissions and inheritance (hierarchical RBAC, ANSI INCITS 359, 5.2), compiled.
pub struct Policy {
    roles: Vec<Role>,
    juniors: Vec<Vec<u32>>,
    names: HashMap<RoleName, u32>,
    objects: HashMap<Box<str>, u32>,
    permissions: HashMap<Box<str>, Known>,
    memo: Mutex<HashMap<Box<[u32]>, Arc<Held>>>,
}

/// A permission that some role names.
#[derive(Clone, Copy)]
struct Known {
    number: u32,
    object: u32,
    reserved: bool,
}

/// A permission looked up once in one policy, so that each check spares the look-up.
#[derive(Clone, Debug)]
pub struct Asked {
    permission: Permission,
    number: Option<u32>,
    object: Option<u32>,
    reserved: bool,
}

/// A role looked up once in one policy, so that each check spares the look-up.
#[derive(Clone, Copy, Debug)]
pub struct AskedRole(Option<u32>);

impl Policy {
    /// Compiles these roles; the built-in ones are added.
    ///
    /// # Errors
    /// [`PolicyError`] for a cycle, an unknown junior, a name used twice or a name that is reserved.
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Result<Policy, PolicyError> {
        let mut policy = Policy {
            roles: built_in().into(),
            juniors: vec![],
            names: HashMap::default(),
            objects: HashMap::default(),
            permissions: HashMap::default(),
            memo: Mutex::default(),
        };
        for role in roles {
            if role.name.is_reserved() {
                return Err(PolicyError::Reserved(role.name));
            }
            policy.roles.push(role);
        }
        for (number, role) in policy.roles.iter().enumerate() {
            if policy.names.insert(role.name.clone(), number as u32).is_some() {
                return Err(PolicyError::Twice(role.name.clone()));
            }
        }
        for role in &policy.roles {
            let number = |junior: &RoleName| {
                let unknown = || PolicyError::UnknownJunior { role: role.name.clone(), junior: junior.clone() };
                policy.names.get(junior).copied().ok_or_else(unknown)
            };
            policy.juniors.push(role.inherits.iter().map(number).collect::<Result<_, _>>()?);
            for grant in &role.grants {
                match grant.pattern() {
                    Pattern::Everything => {}
                    Pattern::Object(object) => {
                        intern(&mut policy.objects, object);
                    }
                    Pattern::One(permission) => {
                        let object = intern(&mut policy.objects, permission.object());
                        let number = policy.permissions.len() as u32;
                        let known = Known { number, object, reserved: permission.is_reserved() };
                        policy.permissions.entry(permission.as_str().into()).or_insert(known);
                    }
                }
            }
        }
        policy.refuse_cycles()?;
        Ok(policy)
    }

    /// The roles as they are written down, the built-in ones included.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.iter()
    }

    /// One role as it is written down.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.names.get(name).and_then(|number| self.roles.get(*number as usize))
    }

    /// A role and all that it inherits, directly or not. Empty for an unknown one.
    pub fn inherited(&self, name: &str) -> Vec<&Role> {
        let start = self.names.get(name).copied();
        self.closure(start).iter().filter_map(|number| self.roles.get(*number as usize)).collect()
    }

    /// The roles that inherit this one, directly or not, and itself.
    pub fn seniors(&self, name: &str) -> Vec<&RoleName> {
        let Some(start) = self.names.get(name).copied() else { return vec![] };
        let mut above: Vec<Vec<u32>> = vec![vec![]; self.roles.len()];
        for (senior, juniors) in self.juniors.iter().enumerate() {
            for junior in juniors {
                if let Some(list) = above.get_mut(*junior as usize) {
                    list.push(senior as u32);
                }
            }
        }
        let found = reach(&above, [start]);
        found.iter().filter_map(|number| self.roles.get(*number as usize)).map(|role| &role.name).collect()
    }

    /// The path of inheritance from one role to another, both included.
    pub fn path(&self, from: &str, to: &str) -> Option<Vec<&RoleName>> {
        let (from, to) = (*self.names.get(from)?, *self.names.get(to)?);
        let mut came: HashMap<u32, u32> = HashMap::default();
        let mut next = VecDeque::from([from]);
        came.insert(from, from);
        while let Some(number) = next.pop_front() {
            for junior in self.juniors.get(number as usize)? {
                if !came.contains_key(junior) {
                    came.insert(*junior, number);
                    next.push_back(*junior);
                }
            }
        }
        came.get(&to)?;
        let mut path = vec![to];
        while path.last() != Some(&from) {
            path.push(*came.get(path.last()?)?);
        }
        path.iter().rev().map(|number| self.roles.get(*number as usize).map(|role| &role.name)).collect()
    }

    /// What a session with these roles may do under this policy. Names of roles that do not exist are passed over.
    ///
    /// A scope that names roles leaves only those of them that the given roles are authorized for.
    pub fn activate<'r>(&self, roles: impl IntoIterator<Item = &'r str>, scope: Option<Arc<Scope>>) -> Rights {
        let mut numbers: Vec<u32> = roles.into_iter().filter_map(|name| self.names.get(name)).copied().collect();
        if let Some(scope) = scope.as_deref().filter(|scope| !scope.roles().is_empty()) {
            let authorized = self.held(&mut numbers);
            let named = scope.roles().iter().filter_map(|role| self.names.get(role)).copied();
            numbers = named.filter(|number| authorized.has_role(*number)).collect();
        }
        Rights::new(self.held(&mut numbers), scope)
    }

    /// `CheckAccess` (ANSI INCITS 359, 6.1.2): may a session with these rights do this?
    ///
    /// `rights` come from [`activate`](Policy::activate) of this same policy. A name that no role knows costs a parse.
    pub fn check_access(&self, rights: &Rights, permission: &str, object: Object) -> Decision<'_> {
        match self.permissions.get(permission) {
            Some(known) => {
                let found = |own| rights.held.find(Some(known.number), Some(known.object), known.reserved, own);
                self.decide(rights, found, object, || permission.parse().ok())
            }
            None => match permission.parse() {
                Ok(permission) => self.check(rights, &self.ask(permission), object),
                Err(_) => Decision::Deny(Reason::NotAPermission),
            },
        }
    }

    /// Looks a permission up, for [`check`](Policy::check).
    pub fn ask(&self, permission: Permission) -> Asked {
        let number = self.permissions.get(permission.as_str()).map(|known| known.number);
        let object = self.objects.get(permission.object()).copied();
        Asked { number, object, reserved: permission.is_reserved(), permission }
    }

    /// [`check_access`](Policy::check_access) for a permission that this policy has looked up before.
    pub fn check(&self, rights: &Rights, asked: &Asked, object: Object) -> Decision<'_> {
        let found = |own| rights.held.find(asked.number, asked.object, asked.reserved, own);
        self.decide(rights, found, object, || Some(asked.permission.clone()))
    }

    fn decide(
        &self,
        rights: &Rights,
        found: impl Fn(bool) -> Option<Source>,
        object: Object,
        permission: impl FnOnce() -> Option<Permission>,
    ) -> Decision<'_> {
        let own_object = object == Object::Own;
        let Some(source) = found(false).or_else(|| if own_object { found(true) } else { None }) else {
            return Decision::Deny(match found(true).and_then(|source| self.named(source)) {
                Some((role, grant)) => Reason::OnlyOwn { role, grant },
                None if rights.held.roles().is_empty() => Reason::NoRoles,
                None => Reason::NotGranted,
            });
        };
        let Some((role, grant)) = self.named(source) else { return Decision::Deny(Reason::NotGranted) };
        let in_scope = |scope: &Scope| permission().is_some_and(|permission| scope.admits(&permission, own_object));
        match rights.scope.as_deref().is_none_or(in_scope) {
            true => Decision::Allow(Reason::Granted { role, grant }),
            false => Decision::Deny(Reason::OutOfScope { role }),
        }
    }

    /// Whether the session is authorized for this role: has it, or a role that inherits it.
    pub fn check_role(&self, rights: &Rights, role: &str) -> Decision<'_> {
        self.decide_role(rights, self.names.get(role).copied())
    }

    /// Looks a role up, for [`check_asked_role`](Policy::check_asked_role).
    pub fn ask_role(&self, role: &str) -> AskedRole {
        AskedRole(self.names.get(role).copied())
    }

    /// [`check_role`](Policy::check_role) for a role that this policy has looked up before.
    pub fn check_asked_role(&self, rights: &Rights, asked: AskedRole) -> Decision<'_> {
        self.decide_role(rights, asked.0)
    }

    fn decide_role(&self, rights: &Rights, number: Option<u32>) -> Decision<'_> {
        let held = number.filter(|number| rights.held.has_role(*number));
        let Some(Role { name, .. }) = held.and_then(|number| self.roles.get(number as usize)) else {
            return Decision::Deny(Reason::NotInRole);
        };
        match rights.scope.as_deref().is_none_or(|scope| scope.admits_role(name.as_str())) {
            true => Decision::Allow(Reason::HasRole(name)),
            false => Decision::Deny(Reason::OutOfScope { role: name }),
        }
    }

    /// The roles that the session is authorized for: its own and the inherited ones, by name.
    pub fn authorized_roles(&self, rights: &Rights) -> BTreeSet<&RoleName> {
        rights
            .held
            .roles()
            .iter()
            .filter_map(|number| self.roles.get(*number as usize))
            .map(|role| &role.name)
            .collect()
    }

    /// All that the session holds, cut to its scope, without what another grant in it covers; in ascending order.
    pub fn permissions(&self, rights: &Rights) -> Vec<Grant> {
        let held = rights.held.roles().iter().filter_map(|number| self.roles.get(*number as usize));
        let held: BTreeSet<Grant> = held.flat_map(|role| role.grants.iter().cloned()).collect();
        let cut: BTreeSet<Grant> = match rights.scope.as_deref().map(Scope::grants).unwrap_or_default() {
            [] => held,
            limits => held.iter().flat_map(|grant| limits.iter().filter_map(|limit| grant.meet(limit))).collect(),
        };
        let spare = |grant: &&Grant| !grant.covering().skip(1).any(|other| cut.contains(&other));
        cut.iter().filter(spare).cloned().collect()
    }

    /// Whether the session holds this grant, so that it may hand it on.
    pub fn holds(&self, rights: &Rights, grant: &Grant) -> bool {
        let held = rights.held.roles().iter().filter_map(|number| self.roles.get(*number as usize));
        let limits = rights.scope.as_deref().map(Scope::grants).unwrap_or_default();
        let covers = |other: &Grant| other.covers(grant);
        held.flat_map(|role| &role.grants).any(covers) && (limits.is_empty() || limits.iter().any(covers))
    }

    /// Whether the session may hand this role to somebody: it holds every permission that the role brings, and it is
    /// authorized for the role and for all that it inherits. Holding `*` counts as being authorized for any role
    /// outside `rolecall.`, since a role's name is a right too.
    ///
    /// # Errors
    /// [`Beyond`] says what is missing.
    pub fn may_hand_out(&self, rights: &Rights, role: &str) -> Result<(), Beyond> {
        let held = self.permissions(rights);
        // In order, as they come out of a set.
        let holds = |grant: &Grant| grant.covering().any(|other| held.binary_search(&other).is_ok());
        let any_name = holds(&Grant::everything());
        for inherited in self.inherited(role) {
            let named = any_name && !inherited.name.is_reserved();
            if !named && !self.check_role(rights, inherited.name.as_str()).is_allowed() {
                return Err(Beyond::Role(inherited.name.clone()));
            }
            if let Some(grant) = inherited.grants.iter().find(|grant| !holds(grant)) {
                return Err(Beyond::Grant(grant.clone()));
            }
        }
        Ok(())
    }

    fn named(&self, source: Source) -> Option<(&RoleName, &Grant)> {
        let role = self.roles.get(source.role as usize)?;
        Some((&role.name, role.grants.get(source.grant as usize)?))
    }

    fn closure(&self, start: impl IntoIterator<Item = u32>) -> Vec<u32> {
        reach(&self.juniors, start)
    }

    /// What these roles hold together; worked out once for each set of roles.
    fn held(&self, numbers: &mut Vec<u32>) -> Arc<Held> {
        numbers.sort_unstable();
        numbers.dedup();
        let memo = || self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = memo().get(numbers.as_slice()) {
            return held.clone();
        }
        let roles = self.closure(numbers.iter().copied());
        let grants = roles.iter().filter_map(|role| Some((*role, &self.roles.get(*role as usize)?.grants)));
        let grants = grants.flat_map(|(role, grants)| {
            grants.iter().enumerate().map(move |(grant, text)| (Source { role, grant: grant as u32 }, text))
        });
        let number = |grant: &Grant| match grant.pattern() {
            Pattern::Everything => None,
            Pattern::Object(object) => self.objects.get(object).copied(),
            Pattern::One(permission) => self.permissions.get(permission.as_str()).map(|known| known.number),
        };
        let held = Arc::new(Held::new(roles.clone(), grants, number));
        let mut memo = memo();
        if memo.len() >= MEMO {
            memo.clear();
        }
        memo.insert(numbers.as_slice().into(), held.clone());
        held
    }

    /// Depth first, without recursion: a chain of roles may be as long as the policy.
    fn refuse_cycles(&self) -> Result<(), PolicyError> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.roles.len()];
        for start in 0..self.roles.len() {
            let mut path = vec![(start, 0)];
            while let Some((role, child)) = path.pop() {
                if child == 0 && marks[role] == Mark::Done {
                    continue;
                }
                marks[role] = Mark::Open;
                let Some(junior) = self.juniors[role].get(child).map(|junior| *junior as usize) else {
                    marks[role] = Mark::Done;
                    continue;
                };
                path.push((role, child + 1));
                match marks[junior] {
                    Mark::Done => {}
                    Mark::New => path.push((junior, 0)),
                    Mark::Open => {
                        let from = path.iter().position(|(role, _)| *role == junior).unwrap_or(0);
                        let around = path[from..].iter().map(|(role, _)| *role).chain([junior]);
                        return Err(PolicyError::Cycle(around.map(|role| self.roles[role].name.clone()).collect()));
                    }
                }
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("roles", &self.roles.len()).finish_non_exhaustive()
    }
}

/// All numbers that can be reached from these, themselves included, in ascending order.
fn reach(edges: &[Vec<u32>], start: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut seen: BTreeSet<u32> = start.into_iter().collect();
    let mut next: Vec<u32> = seen.iter().copied().collect();
    while let Some(number) = next.pop() {
        for to in edges.get(number as usize).into_iter().flatten() {
            if seen.insert(*to) {
                next.push(*to);
            }
        }
    }
    seen.into_iter().collect()
}

fn intern(table: &mut HashMap<Box<str>, u32>, text: &str) -> u32 {
    let next = table.len() as u32;
    *table.entry(text.into()).or_insert(next)
}

/// What somebody would hand out without holding it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Beyond {
    /// A permission that he does not hold.
    #[error("permission `{0}`")]
    Grant(Grant),
    /// A role that he is not authorized for, and he does not hold `*` either.
    #[error("role `{0}`")]
    Role(RoleName),
}

/// Why roles do not make a policy.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Roles inherit each other in a circle; its path begins and ends with the same role.
    #[error("roles inherit each other in a circle: {}", path(.0))]
    Cycle(Vec<RoleName>),
    /// A role inherits one that does not exist.
    #[error("role `{role}` inherits `{junior}`, which does not exist")]
    UnknownJunior {
        /// The role that inherits.
        role: RoleName,
        /// The name of the one that is missing.
        junior: RoleName,
    },
    /// Two roles have this name.
    #[error("two roles are named `{0}`")]
    Twice(RoleName),
    /// Only the built-in roles have names of this kind.
    #[error("`{0}`: names that begin with `rolecall.` belong to the service")]
    Reserved(RoleName),
}

fn path(roles: &[RoleName]) -> String {
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" -> ")
}
