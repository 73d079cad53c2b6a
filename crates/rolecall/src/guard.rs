//! One call: token, standing, rule, and then a [`Caller`] or a refusal.

mod armed;
mod audience;
mod authority;
mod bearer;
mod settle;

use std::{fmt, sync::Arc};

use http::{HeaderMap, Uri};
use rolecall_core::Snapshot;

use self::bearer::bearer;
use crate::{
    Caller, Denied, Live, Router, SeenTokens,
    denied::Forbidden,
    live::Held,
    names::{self, Unknown},
    need::Need,
    reach::Complete,
    router::Parts,
    rule::{Expr, Rule},
    seen::Seen,
};

pub(crate) use self::armed::{Armed, Cell, Glance};
pub use self::{
    audience::{Audience, InvalidAudience},
    authority::{Authority, Introspected, Unavailable},
};

#[doc = include_str!("guard.md")]
#[derive(Clone)]
pub struct Guard {
    inner: Arc<Inner>,
    explains: bool,
    /// Whether it decides and lets no handler run.
    #[cfg(feature = "testing")]
    rehearses: bool,
}

struct Inner {
    audience: Audience,
    live: Arc<Live>,
    authority: Arc<dyn Authority>,
    seen: Arc<SeenTokens>,
}

impl Guard {
    /// A guard for one API. `live` is what it decides by, and `authority` who is asked about a token that a change
    /// concerns.
    pub fn new(live: Arc<Live>, authority: Arc<dyn Authority>, audience: Audience) -> Self {
        Guard::with_seen(live, authority, audience, Arc::default())
    }

    /// The same, with a cache of tokens seen of your size, or shared with another guard.
    pub fn with_seen(
        live: Arc<Live>,
        authority: Arc<dyn Authority>,
        audience: Audience,
        seen: Arc<SeenTokens>,
    ) -> Self {
        Guard {
            inner: Arc::new(Inner { audience, live, authority, seen }),
            explains: false,
            #[cfg(feature = "testing")]
            rehearses: false,
        }
    }

    /// The same, but no handler runs.
    #[cfg(feature = "testing")]
    pub(crate) fn rehearsing(self) -> Self {
        Guard { rehearses: true, ..self }
    }

    /// A 403 also says what the caller has. For development: it tells a stranger with a token more than he need know.
    #[must_use]
    pub fn explaining(self, explains: bool) -> Self {
        Guard { explains, ..self }
    }

    /// Decides a call that is answered elsewhere, by a rule that is known only now: a proxy asks, say. It is decided as
    /// a route under this rule would be, out of the same headers, but that somebody must be known whatever the rule.
    ///
    /// The rule is compiled for each call; one that stands beside a handler is not.
    ///
    /// # Errors
    /// The refusal that a route would answer.
    pub async fn admit<K: Complete>(&self, rule: Rule<K>, headers: &HeaderMap, uri: &Uri) -> Result<Caller, Denied> {
        if bearer(headers, uri)?.is_none() {
            return Err(Denied::Anonymous);
        }
        // Without a lease no token is looked at.
        self.now_within_lease(&self.inner.live.load())?;
        let (seen, held) = self.settle(headers, uri).await?;
        let need = Need::compile(&rule.expr, &held.snapshot.policy);
        match seen.session().and_then(|session| need.reach(&held.snapshot.policy, session)) {
            Some(_) => Ok(Caller::new(seen, held.snapshot.clone())),
            None => Err(self.forbidden(Arc::new(rule.expr), &seen)),
        }
    }

    /// Puts the rules in force. The only way from a [`Router`] to something that can be served.
    ///
    /// Logs a warning for each role and permission in a rule that the policy does not know: nobody could pass.
    pub fn protect<S: Clone + Send + Sync + 'static>(&self, api: Router<S>) -> axum::Router<S> {
        let Parts { entries, inner, documents } = api.into_parts();
        for document in documents {
            document.write(&entries);
        }
        let live = &self.inner.live;
        let first = live.add_rules(entries.iter().map(|entry| entry.rule.clone()));
        let snapshot = live.snapshot();
        for (n, entry) in entries.into_iter().enumerate() {
            warn_of_unknown_names(&entry.rule, &snapshot, entry.at);
            let row = entry.row();
            let rule = Arc::new(entry.rule);
            // A router is consumed here, so its cells cannot have been filled before.
            let _ = entry.cell.set(Armed { guard: self.clone(), number: first + n, rule, row });
        }
        inner
    }

    #[cold]
    fn forbidden(&self, rule: Arc<Expr>, seen: &Seen) -> Denied {
        let has = self.explains.then(|| {
            let scope = seen.verified.claims.scope.as_deref();
            let roles = match seen.verified.roles.as_slice() {
                [] => "you have no role".to_owned(),
                roles => format!("you have role {}", roles.join(", role ")),
            };
            let needs_scope = || rule.names().iter().any(|name| matches!(name, Expr::Scope(_)));
            match scope {
                Some(scope) => format!("{roles}, in a token with scope `{scope}`"),
                None if needs_scope() => format!("{roles}, in a token without a scope"),
                None => roles,
            }
        });
        Denied::Forbidden(Forbidden { rule, has })
    }

    /// The present as a NumericDate, if it may be decided by what is held.
    fn now_within_lease(&self, held: &Held) -> Result<i64, Denied> {
        let clock = self.inner.live.clock();
        if held.lease.is_endless() {
            return Ok(clock.wall());
        }
        let now = clock.moment();
        match held.lease.holds(now) {
            true => Ok(now.wall),
            false => Err(Denied::Unavailable("it is not known whether rights have changed; try again in a moment")),
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("audience", &self.inner.audience).field("live", &self.inner.live).finish()
    }
}

fn warn_of_unknown_names(rule: &Expr, snapshot: &Snapshot, at: &std::panic::Location<'_>) {
    for unknown in names::unknown(rule, &snapshot.policy) {
        match &unknown {
            Unknown::Role { asked, .. } => tracing::warn!(role = %asked, %at, "{unknown}"),
            Unknown::Permission(asked) => tracing::warn!(permission = %asked, %at, "{unknown}"),
        }
    }
}
