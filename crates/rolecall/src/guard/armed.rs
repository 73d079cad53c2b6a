//! One route under its rule: what most calls end with, and what else it takes.

use std::sync::{Arc, OnceLock};

use http::{HeaderMap, Uri};
use rolecall_core::{Object, Snapshot};

use super::{Guard, bearer::bearer};
use crate::{Caller, Denied, Row, caller::Admitted, need::Need, reach::Net, rule::Expr, seen::Seen};

/// A route with its rule in force.
pub(crate) struct Armed {
    pub(super) guard: Guard,
    pub(super) number: usize,
    pub(super) rule: Arc<Expr>,
    pub(super) row: Row,
}

/// Where a route finds that. **Empty, it refuses.**
pub(crate) type Cell = Arc<OnceLock<Armed>>;

/// What the quick look found.
pub(crate) enum Glance {
    /// Let in; `None` for a public route, where no caller is to be found.
    Pass(Option<Admitted>),
    /// Refused.
    Refuse(Denied),
    /// It takes a signature check or a look-up: [`Armed::look`].
    Look,
    /// Decided, and that is all.
    #[cfg(feature = "testing")]
    Rehearsed(Box<axum::response::Response>),
}

impl Armed {
    #[cfg(feature = "testing")]
    pub(crate) fn rehearses(&self) -> bool {
        self.guard.rehearses
    }

    #[cfg(feature = "testing")]
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// All that can be told without a signature check: most calls end here.
    pub(crate) fn glance(&self, headers: &HeaderMap, uri: &Uri) -> Glance {
        let inner = &*self.guard.inner;
        // First the value, then the clocks: a lease that is read later may only be shorter.
        let held = inner.live.load();
        let Some(need) = held.needs.get(self.number) else { return Glance::Refuse(Denied::UNPROTECTED) };
        if let Need::Public = need {
            return Glance::Pass(None);
        }
        let token = match bearer(headers, uri) {
            Ok(Some(token)) => token,
            Ok(None) if matches!(need, Need::Optional) => return Glance::Pass(Some(Admitted::STRANGER)),
            Ok(None) => return Glance::Refuse(Denied::Anonymous),
            Err(denied) => return Glance::Refuse(denied),
        };
        let now = match self.guard.now_within_lease(&held) {
            Ok(now) => now,
            Err(denied) => return Glance::Refuse(denied),
        };
        let Some(seen) = inner.seen.find(token) else { return Glance::Look };
        match self.guard.stands(&seen, &held, now) {
            Some(Ok(())) => {}
            Some(Err(denied)) => return Glance::Refuse(denied),
            None => return Glance::Look,
        }
        match self.judge(need, seen, &held.snapshot) {
            Ok(admitted) => Glance::Pass(Some(admitted)),
            Err(denied) => Glance::Refuse(denied),
        }
    }

    /// The rest: [`Guard::settle`], and then the rule.
    pub(crate) async fn look(&self, headers: &HeaderMap, uri: &Uri) -> Result<Admitted, Denied> {
        let (seen, held) = self.guard.settle(headers, uri).await?;
        let need = held.needs.get(self.number).ok_or(Denied::UNPROTECTED)?;
        self.judge(need, seen, &held.snapshot)
    }

    fn judge(&self, need: &Need, seen: Arc<Seen>, snapshot: &Arc<Snapshot>) -> Result<Admitted, Denied> {
        match seen.session().and_then(|session| need.reach(&snapshot.policy, session)) {
            Some(reach) => {
                let net = (reach == Object::Own).then(Net::default);
                Ok(Admitted { caller: Some(Caller::new(seen, snapshot.clone())), net })
            }
            None => Err(self.guard.forbidden(self.rule.clone(), &seen)),
        }
    }

    /// What is answered in place of a success that nobody asked for.
    #[cold]
    pub(crate) fn unasked(&self) -> Denied {
        let Row { method, path, handler, at, .. } = &self.row;
        tracing::error!(
            method, path, handler, %at,
            "`{method} {path}` is under `own(..)`, and `{handler}` answered without asking `Reach`: \
             the caller was told 500, and what the handler did is done"
        );
        Denied::UNASKED
    }
}
