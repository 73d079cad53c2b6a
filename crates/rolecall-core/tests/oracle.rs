//! The decision once more, slow and obvious: what the design says of roles, permissions and scopes, worked out on plain
//! texts. Texts are split each time, inheritance is followed by recursion, and nothing of the crate is used here.
//! [`agreement`] asks both.

mod agreement;

use std::collections::BTreeSet;

/// A role as somebody would write it down.
#[derive(Clone, Debug)]
pub(crate) struct RoleText {
    pub(crate) name: String,
    pub(crate) grants: Vec<String>,
    pub(crate) inherits: Vec<String>,
}

/// A user has a role, perhaps until a time.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) role: String,
    pub(crate) until: Option<i64>,
}

/// All roles there are.
pub(crate) struct Book {
    pub(crate) roles: Vec<RoleText>,
}

/// Who asks: the roles that are active, and the permissions that the scope names.
pub(crate) struct Session<'b> {
    book: &'b Book,
    /// The roles that the session is authorized for.
    pub(crate) roles: BTreeSet<String>,
    /// Every grant of those roles, after the role's name.
    pub(crate) grants: Vec<(&'b str, &'b str)>,
    /// Names of roles in the scope.
    scope_roles: Vec<String>,
    /// Permissions in the scope.
    scope_grants: Vec<String>,
}

/// What the answer must be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Answer {
    Yes,
    NoRoles,
    NotGranted,
    OnlyOwn,
    OutOfScope,
    NotInRole,
    NotAPermission,
}

impl Book {
    /// These roles, and the two that are built in.
    pub(crate) fn new(roles: &[RoleText]) -> Book {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let built_in = |name: &str, grants: &[&str], inherits: &[&str]| RoleText {
            name: name.to_owned(),
            grants: owned(grants),
            inherits: owned(inherits),
        };
        let administrator = [
            "*",
            "rolecall.users:read",
            "rolecall.users:write",
            "rolecall.roles:read",
            "rolecall.roles:write",
            "rolecall.roles:grant",
            "rolecall.clients:read",
            "rolecall.clients:write",
            "rolecall.apis:read",
            "rolecall.apis:write",
            "rolecall.audit:read",
            "rolecall.keys:read",
            "rolecall.keys:write",
            "rolecall.sessions:read",
            "rolecall.sessions:write",
            "rolecall.decisions:evaluate",
            "rolecall.decisions:read",
        ];
        let auditor = administrator.into_iter().filter(|grant| grant.ends_with(":read")).collect::<Vec<_>>();
        let mut roles = roles.to_vec();
        roles.push(built_in("rolecall.admin", &administrator, &["rolecall.auditor"]));
        roles.push(built_in("rolecall.auditor", &auditor, &[]));
        Book { roles }
    }

    pub(crate) fn role(&self, name: &str) -> Option<&RoleText> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// A role and all that it inherits. Nothing for a name that no role has.
    pub(crate) fn closure(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        if let Some(role) = self.role(name) {
            found.insert(role.name.clone());
            for junior in &role.inherits {
                found.extend(self.closure(junior));
            }
        }
        found
    }

    /// The longest way down from a role, in steps.
    pub(crate) fn depth(&self, name: &str) -> usize {
        let juniors = self.role(name).into_iter().flat_map(|role| &role.inherits);
        juniors.map(|junior| 1 + self.depth(junior)).max().unwrap_or(0)
    }

    /// Whether two juniors of a role lead to a same third one.
    pub(crate) fn is_top_of_diamond(&self, name: &str) -> bool {
        let juniors: Vec<_> = self.role(name).into_iter().flat_map(|role| &role.inherits).collect();
        juniors.iter().enumerate().any(|(number, left)| {
            juniors[number + 1..].iter().any(|right| !self.closure(left).is_disjoint(&self.closure(right)))
        })
    }

    /// Somebody with these assignments asks at this time, cut to this scope; `None` for a scope that is none.
    pub(crate) fn session(&self, assigned: &[Assignment], now: i64, scope: &str) -> Option<Session<'_>> {
        let (mut scope_roles, mut scope_grants) = (vec![], vec![]);
        for word in scope.split(' ').filter(|word| !word.is_empty()) {
            if is_grant(word) {
                scope_grants.push(word.to_owned());
            } else if is_role_name(word) {
                scope_roles.push(word.to_owned());
            } else {
                return None;
            }
        }

        let good = assigned.iter().filter(|assignment| assignment.until.is_none_or(|until| until > now));
        let authorized: BTreeSet<String> = good.flat_map(|assignment| self.closure(&assignment.role)).collect();
        let active = authorized.iter().filter(|role| scope_roles.is_empty() || scope_roles.contains(role));
        let roles: BTreeSet<String> = active.flat_map(|role| self.closure(role)).collect();
        let active = self.roles.iter().filter(|role| roles.contains(&role.name));
        let grants = active.flat_map(|role| role.grants.iter().map(|grant| (role.name.as_str(), grant.as_str())));
        Some(Session { book: self, grants: grants.collect(), roles, scope_roles, scope_grants })
    }
}

impl Session<'_> {
    /// May this session do this, to an object of its own or to another?
    pub(crate) fn may(&self, question: &str, own: bool) -> Answer {
        if !is_permission(question) {
            return Answer::NotAPermission;
        }
        if !self.grants.iter().any(|(_, grant)| reaches(grant, question, own)) {
            if self.grants.iter().any(|(_, grant)| reaches(grant, question, true)) {
                return Answer::OnlyOwn;
            }
            return if self.roles.is_empty() { Answer::NoRoles } else { Answer::NotGranted };
        }
        let limited = !self.scope_grants.is_empty();
        if limited && !self.scope_grants.iter().any(|grant| reaches(grant, question, own)) {
            return Answer::OutOfScope;
        }
        Answer::Yes
    }

    /// Does a rule that asks for this role let the session pass?
    pub(crate) fn passes_as(&self, role: &str) -> Answer {
        if !self.roles.contains(role) {
            return Answer::NotInRole;
        }
        if !self.scope_grants.is_empty() && !self.scope_roles.iter().any(|name| name == role) {
            return Answer::OutOfScope;
        }
        Answer::Yes
    }

    /// Does the session hold all of this grant?
    pub(crate) fn holds(&self, grant: &str) -> bool {
        let limited = !self.scope_grants.is_empty();
        self.grants.iter().any(|(_, mine)| includes(mine, grant))
            && (!limited || self.scope_grants.iter().any(|limit| includes(limit, grant)))
    }

    /// Does the session hold the name of this role, so that it may give it away?
    pub(crate) fn holds_name(&self, role: &str) -> bool {
        self.passes_as(role) == Answer::Yes || (self.holds("*") && !role.starts_with("rolecall."))
    }

    /// Does the session hold all that somebody gains by this role?
    pub(crate) fn may_hand_out(&self, role: &str) -> bool {
        self.book.closure(role).iter().all(|inherited| {
            let grants = &self.book.role(inherited).expect("it is in the closure").grants;
            self.holds_name(inherited) && grants.iter().all(|grant| self.holds(grant))
        })
    }
}

/// Whether this grant answers this question with a yes.
pub(crate) fn reaches(grant: &str, question: &str, own: bool) -> bool {
    if grant == "*" {
        return !question.starts_with("rolecall.");
    }
    let (grant, question): (Vec<&str>, Vec<&str>) = (grant.split(':').collect(), question.split(':').collect());
    let only_own = grant.len() == 3;
    grant[0] == question[0] && (grant[1] == "*" || grant[1] == question[1]) && (own || !only_own)
}

/// Whether whoever holds `mine` holds `other`.
pub(crate) fn includes(mine: &str, other: &str) -> bool {
    if mine == "*" || other == "*" {
        return mine == "*" && !other.starts_with("rolecall.");
    }
    let (mine, other): (Vec<&str>, Vec<&str>) = (mine.split(':').collect(), other.split(':').collect());
    mine[0] == other[0] && (mine[1] == "*" || mine[1] == other[1]) && mine.len() <= other.len()
}

/// `object:operation`.
pub(crate) fn is_permission(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    parts.len() == 2 && is_part(parts[0]) && is_part(parts[1])
}

/// A permission, or one with a wildcard for its operation, and perhaps `own` after it; or `*`.
pub(crate) fn is_grant(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    text == "*"
        || ((parts.len() == 2 || (parts.len() == 3 && parts[2] == "own"))
            && is_part(parts[0])
            && (parts[1] == "*" || is_part(parts[1])))
}

/// `[a-z0-9][a-z0-9._-]{0,63}`
pub(crate) fn is_role_name(text: &str) -> bool {
    text.len() <= 64 && is_part(text) && !text.starts_with(['.', '_', '-'])
}

/// `[a-z0-9._-]{1,128}`
fn is_part(text: &str) -> bool {
    let allowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    (1..=128).contains(&text.len()) && text.chars().all(|c| allowed.contains(c))
}
