//! What a process decides by at one moment, whole: a version, its policy, its keys, and which tokens are out of date.
//!
//! A token says by which version it was minted. A change names whom it concerns; whoever holds an older token of that
//! subject is looked up anew. See [`Snapshot::standing`].

use std::sync::Arc;

use foldhash::HashMap;

use crate::{Claims, KeySet, Policy};

/// The number of a change: each one is larger than all before it.
pub type Version = u64;

/// Whom a change concerns.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Subject {
    /// Roles, permissions or inheritance: tokens stay as they are, the policy is another.
    Policy,
    /// A user, or a client that acts for itself, by id: `sub` in a token.
    User(String),
    /// One log-in, by id: `sid` in a token.
    Session(String),
    /// All that was issued to a client, by id: `client_id` in a token.
    Client(String),
    /// The signing keys.
    Keys,
}

/// A token whose signature and claims were found good, and since when its roles are known to be right.
#[derive(Clone, PartialEq, Debug)]
pub struct Verified {
    /// What the token says.
    pub claims: Claims,
    /// The key that signed it.
    pub kid: String,
    /// The roles that its session's come from: those in the token, or those that a look-up found later.
    pub roles: Vec<String>,
    /// The version by which `roles` were read: the token's `pv`, or that of the look-up.
    pub as_of: Version,
    /// NumericDate at which this is no longer good: the token's `exp`, or an earlier end of an assignment.
    pub end: i64,
}

impl Verified {
    /// As the token was minted.
    pub fn minted(claims: Claims, kid: impl Into<String>) -> Self {
        let roles = claims.via.as_ref().unwrap_or(&claims.roles).clone();
        Verified { kid: kid.into(), roles, as_of: claims.pv, end: claims.exp, claims }
    }
}

/// How one token stands by one snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing that concerns it has changed: decide.
    Current,
    /// Something has changed: look it up once, by this version or a later one.
    Stale {
        /// The oldest version that an answer may have.
        min: Version,
    },
    /// It was minted by a version that this process does not have yet: catch up first.
    Ahead {
        /// The version to have first.
        min: Version,
    },
    /// The key that signed it is no longer one of ours.
    KeyGone,
}

/// Everything that a decision needs, swapped whole, so that a token and a rule are judged by one version.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The last change in it.
    pub version: Version,
    /// Random for each change: version and tag name one history.
    pub tag: String,
    /// Tokens minted before this version are looked up, whoever they belong to.
    pub floor: Version,
    /// Roles and what they hold.
    pub policy: Arc<Policy>,
    /// Keys whose signatures count.
    pub keys: KeySet,
    /// Since when which subject's tokens are out of date.
    pub stale: Stale,
}

impl Snapshot {
    /// How this token stands now. Three look-ups and one for each role.
    pub fn standing(&self, token: &Verified) -> Standing {
        if self.keys.find(&token.kid).is_none() {
            return Standing::KeyGone;
        }
        if token.as_of > self.version {
            return Standing::Ahead { min: token.as_of };
        }
        let born = token.roles.iter().filter_map(|role| self.policy.role(role)).map(|role| role.born).max();
        let claims = &token.claims;
        let min = self.stale.since(&claims.sub, &claims.sid, &claims.client_id).max(self.floor).max(born.unwrap_or(0));
        match token.as_of < min {
            true => Standing::Stale { min },
            false => Standing::Current,
        }
    }

    /// The snapshot after one more change. `policy` and `keys` when the change made new ones.
    #[must_use]
    pub fn after(
        &self,
        version: Version,
        tag: String,
        touched: &[Subject],
        policy: Option<Arc<Policy>>,
        keys: Option<KeySet>,
    ) -> Snapshot {
        let mut next = self.clone();
        (next.version, next.tag) = (version, tag);
        if let Some(policy) = policy {
            next.policy = policy;
        }
        if let Some(keys) = keys {
            next.keys = keys;
        }
        for subject in touched {
            next.stale.touch(subject, version);
        }
        next
    }
}

/// Which subjects have changed, and by which version last.
///
/// A copy for the next snapshot shares what is old: only the newest entries are copied.
#[derive(Clone, Default, Debug)]
pub struct Stale {
    settled: Arc<Index>,
    recent: Index,
}

#[derive(Clone, Default, Debug)]
struct Index {
    users: HashMap<Box<str>, Version>,
    sessions: HashMap<Box<str>, Version>,
    clients: HashMap<Box<str>, Version>,
}

/// As many new entries are copied with each change before they settle.
const RECENT: usize = 256;

impl Stale {
    /// Notes that this subject's tokens from before `version` are out of date. In any order: the latest version counts.
    pub fn touch(&mut self, subject: &Subject, version: Version) {
        let (index, id) = match subject {
            Subject::Policy | Subject::Keys => return,
            Subject::User(id) => (&mut self.recent.users, id),
            Subject::Session(id) => (&mut self.recent.sessions, id),
            Subject::Client(id) => (&mut self.recent.clients, id),
        };
        note(index, id.as_str().into(), version);
        if self.recent.users.len() + self.recent.sessions.len() + self.recent.clients.len() > RECENT {
            let recent = std::mem::take(&mut self.recent);
            // A copy only if another snapshot has it too: a process that starts takes in all there is, one by one.
            let settled = Arc::make_mut(&mut self.settled);
            recent.users.into_iter().for_each(|(id, version)| note(&mut settled.users, id, version));
            recent.sessions.into_iter().for_each(|(id, version)| note(&mut settled.sessions, id, version));
            recent.clients.into_iter().for_each(|(id, version)| note(&mut settled.clients, id, version));
        }
    }

    /// Forgets what every token that is still good was minted after.
    pub fn forget_until(&mut self, floor: Version) {
        let keep = |index: &mut HashMap<Box<str>, Version>| index.retain(|_, version| *version > floor);
        for index in [Arc::make_mut(&mut self.settled), &mut self.recent] {
            keep(&mut index.users);
            keep(&mut index.sessions);
            keep(&mut index.clients);
        }
    }

    fn since(&self, user: &str, session: &str, client: &str) -> Version {
        let look = |recent: &HashMap<Box<str>, Version>, settled: &HashMap<Box<str>, Version>, id: &str| {
            recent.get(id).max(settled.get(id)).copied().unwrap_or(0)
        };
        look(&self.recent.users, &self.settled.users, user)
            .max(look(&self.recent.sessions, &self.settled.sessions, session))
            .max(look(&self.recent.clients, &self.settled.clients, client))
    }
}

fn note(index: &mut HashMap<Box<str>, Version>, id: Box<str>, version: Version) {
    let last = index.entry(id).or_default();
    *last = version.max(*last);
}
