//! The one state of the service: everything that a rule or a handler may need.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use rolecall::{Audience, Guard, Live, SeenTokens, clock::Clock};
use rolecall_core::{KeySet, Policy, Snapshot, Version, jwk::SigningKey};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    config::{Config, LONGEST_TOKEN},
    guesses::Names,
    ids::Ids,
    keys::{KeyFile, Ring},
    node::Node,
    origins::Origins,
    passwords::Passwords,
    sessions::RefreshKey,
    store::{Store, Tx, roles, versions},
};

/// The state.
pub struct App {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    /// The keys in force; replaced together with what is decided by.
    pub(crate) ring: ArcSwap<Ring>,
    /// What encrypts them in the database.
    pub(crate) key_file: KeyFile,
    pub(crate) passwords: Passwords,
    /// By which refresh tokens are known, and derived.
    pub(crate) refresh_key: RefreshKey,
    /// Under which names guesses are counted.
    pub(crate) names: Names,
    pub(crate) live: Arc<Live>,
    /// Tokens seen, by whichever guard of this process.
    pub(crate) seen: Arc<SeenTokens>,
    pub(crate) config: Config,
    pub(crate) issuer: String,
    /// From where pages may call.
    pub(crate) origins: Arc<Origins>,
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

    /// The keys in force.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        self.ring.load_full()
    }

    /// The key that signs at `now`, a NumericDate.
    pub(crate) fn signer(&self, now: i64) -> Result<Arc<SigningKey>, Error> {
        self.ring().signer(now).cloned()
    }

    /// The longest that a token is good, in seconds.
    pub(crate) fn token_ttl(&self) -> i64 {
        seconds(self.config.access_token_ttl.min(LONGEST_TOKEN))
    }

    /// Seconds after which a key is to be followed by another one; `None`: never by itself.
    pub(crate) fn rotates_every(&self) -> Option<i64> {
        self.config.key_rotation.map(seconds)
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

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
