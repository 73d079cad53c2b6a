//! Whether somebody may do something, for a program that asks about him: by the roles that he has now, whatever his
//! sessions, under the policy of now.
//!
//! All that is asked in one call is decided by one version: one transaction, and the policy as of it.

use std::{collections::HashMap, fmt, sync::Arc};

use rolecall_core::{Decision, Object, Pattern, Policy, Rights};

use crate::{
    Error,
    app::App,
    names, sessions,
    store::{Tx, assignments::Holder, clients, users, versions},
};

/// How many accounts a search looks at before it says how far it got.
const AT_ONCE: i64 = 1000;

/// Of which kind somebody is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A user.
    User,
    /// A client that acts for itself.
    Client,
}

impl Kind {
    /// By its name; `None` for one that there is not.
    pub fn named(name: &str) -> Option<Kind> {
        match name {
            "user" => Some(Kind::User),
            "client" => Some(Kind::Client),
            _ => None,
        }
    }
}

/// Somebody who can act, and what he may do.
#[derive(Clone)]
pub struct Known {
    id: String,
    rights: Rights,
}

/// Why somebody may or may not. Its text is for whoever may read the policy.
pub enum Verdict<'p> {
    /// There is no such subject, or it is disabled.
    Nobody,
    /// The policy says.
    Decided(Decision<'p>),
}

impl Verdict<'_> {
    /// Whether he may.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Verdict::Decided(decision) if decision.is_allowed())
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Nobody => f.write_str("there is no such subject, or it is disabled"),
            Verdict::Decided(decision) => decision.reason().fmt(f),
        }
    }
}

/// The decisions of one call.
pub struct Decisions {
    app: Arc<App>,
    tx: Tx,
    policy: Arc<Policy>,
    known: HashMap<(Kind, String), Option<Known>>,
}

impl Decisions {
    /// As of now.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it is not known what is in force; [`Error::Store`].
    pub async fn begin(app: &Arc<App>) -> Result<Decisions, Error> {
        let mut tx = app.store.read().await?;
        let version = versions::current(&mut tx).await?.version;
        if version < app.live.snapshot().version {
            return Err(Error::Unavailable("the database is behind what is in force here".into()));
        }
        let policy = app.policy_of(&mut tx, version).await?;
        Ok(Decisions { app: app.clone(), tx, policy, known: HashMap::new() })
    }

    /// Somebody by his id, or a user by a name that is not written like an id: a name could be chosen to be another
    /// one's id. `None`: there is nobody of that id or name, or he is disabled.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when this process may not decide now; [`Error::Store`].
    pub async fn find(&mut self, kind: Kind, id: &str) -> Result<Option<Known>, Error> {
        if let Some(known) = self.known.get(&(kind, id.to_owned())) {
            return Ok(known.clone());
        }
        let known = match kind {
            Kind::User => match self.user(id).await? {
                Some(id) => Some(self.holding(Holder::User(&id)).await?),
                None => None,
            },
            // A text that is no id of ours is no client's.
            Kind::Client if uuid::Uuid::try_parse(id).is_err() => None,
            Kind::Client => match clients::is_enabled(&mut self.tx, id).await? {
                true => Some(self.holding(Holder::Client(id)).await?),
                false => None,
            },
        };
        self.may_decide()?;
        self.known.insert((kind, id.to_owned()), known.clone());
        Ok(known)
    }

    /// The id of a user who is enabled.
    async fn user(&mut self, id: &str) -> Result<Option<String>, Error> {
        if uuid::Uuid::try_parse(id).is_ok() {
            let found = users::find(&mut self.tx, id).await?;
            return Ok(found.filter(|user| !user.disabled).map(|user| user.id));
        }
        // A spelling that cannot be a name is one that nobody has.
        let Ok(name) = names::username(id) else { return Ok(None) };
        let found = users::by_username(&mut self.tx, &name).await?;
        Ok(found.filter(|user| !user.disabled).map(|user| user.id))
    }

    async fn holding(&mut self, holder: Holder<'_>) -> Result<Known, Error> {
        let roles = sessions::roles_of(&self.app, &mut self.tx, holder).await?;
        Ok(self.known(holder.id(), &roles))
    }

    fn known(&self, id: &str, roles: &[String]) -> Known {
        Known { id: id.to_owned(), rights: self.policy.activate(roles.iter().map(String::as_str), None) }
    }

    /// What was read counts while the lease holds: to be asked after it was read.
    fn may_decide(&self) -> Result<(), Error> {
        match self.app.live.may_decide() {
            true => Ok(()),
            false => Err(Error::Unavailable("it is not known what is in force; try again in a moment".into())),
        }
    }

    /// Whether he may do this to an object of this owner. His own is one whose owner is his id; one without an owner is
    /// nobody's.
    pub fn decide(&self, who: Option<&Known>, permission: &str, owner: Option<&str>) -> Verdict<'_> {
        let Some(Known { id, rights }) = who else { return Verdict::Nobody };
        let object = if owner == Some(id) { Object::Own } else { Object::Any };
        Verdict::Decided(self.policy.check_access(rights, permission, object))
    }

    /// The users who may, in the order of their ids, after one; at most so many. And the last that was looked at, if there
    /// are more.
    ///
    /// # Errors
    /// As [`find`](Decisions::find).
    pub async fn who_may(
        &mut self,
        permission: &str,
        owner: Option<&str>,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<String>, Option<String>), Error> {
        let users = users::list(&mut self.tx, None, after, AT_ONCE).await?;
        let Some(end) = users.last().map(|user| user.id.clone()) else { return Ok((vec![], None)) };
        let is_all = users.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
        let roles = sessions::roles_of_users(&self.app, &mut self.tx, after, &end).await?;
        self.may_decide()?;
        let may = |id: &str| {
            let known = self.known(id, roles.get(id).map(Vec::as_slice).unwrap_or_default());
            self.decide(Some(&known), permission, owner).is_allowed()
        };
        let enabled = users.into_iter().filter(|user| !user.disabled).map(|user| user.id);
        let found: Vec<String> = enabled.filter(|id| may(id)).take(limit).collect();
        let last = match found.last() {
            // There may be more behind the one that the page ends with.
            Some(last) if found.len() == limit && *last != end => Some(last.clone()),
            _ => (!is_all).then_some(end),
        };
        Ok((found, last))
    }

    /// What he may do to an object of this kind and owner, of all operations that any role names; in order.
    pub fn what_may(&self, who: Option<&Known>, object: &str, owner: Option<&str>) -> Vec<String> {
        let grants = self.policy.roles().flat_map(|role| &role.grants);
        let mut named: Vec<&str> = grants
            .filter_map(|grant| match grant.pattern() {
                Pattern::One(permission) if permission.object() == object => Some(permission.operation()),
                _ => None,
            })
            .collect();
        named.sort_unstable();
        named.dedup();
        named.retain(|operation| self.decide(who, &format!("{object}:{operation}"), owner).is_allowed());
        named.into_iter().map(str::to_owned).collect()
    }
}
