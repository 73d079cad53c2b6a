//! The one state of the service: everything that a rule or a handler may need.

use std::sync::Arc;

use rolecall::{Audience, Guard, Live, SeenTokens, clock::Clock};
use rolecall_core::{KeySet, Policy, Snapshot, Version, jwk::SigningKey};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    config::Config,
    guesses::Names,
    ids::Ids,
    node::Node,
    passwords::Passwords,
    store::{Store, Tx, roles, versions},
};

/// The state.
pub struct App {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) signing: SigningKey,
    pub(crate) keys: KeySet,
    pub(crate) passwords: Passwords,
    /// Under which names guesses are counted.
    pub(crate) names: Names,
    pub(crate) live: Arc<Live>,
    /// Tokens seen, by whichever guard of this process.
    pub(crate) seen: Arc<SeenTokens>,
    pub(crate) config: Config,
    pub(crate) issuer: String,
    pub(crate) node: Node,
    /// Cancelled when the service begins to stop.
    pub(crate) stopping: CancellationToken,
    /// Whoever changes something has the turn until what he changed is in force here.
    pub(crate) turn: Arc<Mutex<()>>,
}

/// The built-in first-party client: log-ins without another one are its.
pub const OWN_CLIENT: &str = "rolecall";

impl App {
    /// A guard in front of this API, or of another one whose tokens come from here. All share what they have seen.
    pub(crate) fn guard(self: &Arc<Self>, audience: Audience) -> Guard {
        Guard::with_seen(self.live.clone(), self.clone(), audience, self.seen.clone()).explaining(self.config.explain)
    }

    /// Everything to decide by, as of this transaction.
    pub(crate) async fn snapshot(tx: &mut Tx, keys: &KeySet) -> Result<Snapshot, Error> {
        let current = versions::current(tx).await?;
        Ok(Snapshot {
            version: current.version,
            tag: current.tag,
            floor: current.floor,
            policy: App::read_policy(tx).await?,
            keys: keys.clone(),
            stale: versions::stale(tx).await?,
        })
    }

    /// The policy as of this transaction, whose version row says `version`.
    pub(crate) async fn policy_of(&self, tx: &mut Tx, version: Version) -> Result<Arc<Policy>, Error> {
        let live = self.live.snapshot();
        match live.version == version {
            true => Ok(live.policy.clone()),
            false => App::read_policy(tx).await,
        }
    }

    pub(crate) async fn read_policy(tx: &mut Tx) -> Result<Arc<Policy>, Error> {
        Ok(Arc::new(Policy::new(roles::all(tx).await?)?))
    }
}
