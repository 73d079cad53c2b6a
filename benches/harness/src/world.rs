//! The world of the guard's numbers: an issuer, a policy of twenty roles, and people with tokens as the service mints
//! them. Ten thousand other people have had a change lately, so that standing is a look-up in something.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use rolecall::{Authority, Guard, Introspected, Live, SeenTokens, Unavailable, clock::Clock};
use rolecall_core::{Algorithm, Claims, KeySet, Lease, Policy, Role, Snapshot, Stale, Subject, Version};

use crate::issuer::Issuer;

/// Whose tokens count, and which API this is.
pub const ISSUER: &str = "http://127.0.0.1:8000";
const LIFETIME: i64 = 24 * 3600;
const VERSION: Version = 42;

/// An issuer, and what its guard decides by.
pub struct World {
    /// Who signs.
    pub issuer: Issuer,
    live: Arc<Live>,
    seen: Arc<SeenTokens>,
    now: i64,
}

/// Nothing here needs a look-up; if something does, the run fails instead of measuring it.
struct Nobody;

impl Authority for Nobody {
    fn introspect<'a>(
        &'a self,
        _: &'a str,
        _: &'a Claims,
        _: Version,
    ) -> Pin<Box<dyn Future<Output = Result<Introspected, Unavailable>> + Send + 'a>> {
        Box::pin(async { Err(Unavailable) })
    }
}

impl World {
    /// A new one, with a lease that ends: so that the clocks are read as on PostgreSQL, which costs more.
    pub fn new(algorithm: Algorithm) -> anyhow::Result<World> {
        let issuer = Issuer::new(algorithm)?;
        let clock = Clock::system();
        let mut stale = Stale::default();
        for n in 0..10_000 {
            stale.touch(&Subject::User(format!("01970000-0000-7000-9000-{n:012}")), 41);
        }
        let snapshot = Snapshot {
            version: VERSION,
            tag: "bench".into(),
            floor: 1,
            policy: Arc::new(Policy::new(roles(20)?)?),
            keys: KeySet::new(vec![issuer.verifying_key()?])?,
            stale,
        };
        let lease = Lease::from_asking(clock.moment(), Duration::from_secs(24 * 3600));
        let now = clock.wall();
        let live = Arc::new(Live::new(ISSUER, snapshot, lease, clock, LIFETIME));
        Ok(World { issuer, live, seen: Arc::default(), now })
    }

    /// The guard of this API.
    pub fn guard(&self) -> anyhow::Result<Guard> {
        Ok(Guard::with_seen(self.live.clone(), Arc::new(Nobody), ISSUER.parse()?, self.seen.clone()))
    }

    /// A token of somebody with the role `user`.
    pub fn token(&self, person: usize) -> anyhow::Result<String> {
        self.issuer.sign(&claims(person, self.now))
    }

    /// Forgets which tokens were seen.
    pub fn forget(&mut self) {
        self.seen = Arc::default();
    }
}

/// What the service writes into a token of somebody with one role.
pub fn claims(person: usize, now: i64) -> Claims {
    Claims {
        iss: ISSUER.into(),
        sub: format!("01970000-0000-7000-8000-{person:012}"),
        aud: ISSUER.into(),
        client_id: "rolecall".into(),
        exp: now + 12 * 3600,
        iat: now,
        nbf: None,
        jti: format!("{person:022}"),
        sid: format!("01970000-0000-7000-a000-{person:012}"),
        scope: None,
        roles: vec!["user".into()],
        via: None,
        preferred_username: Some(format!("person-{person}")),
        pv: VERSION,
    }
}

/// As many roles, each with a permission of its own.
pub fn roles(count: usize) -> anyhow::Result<Vec<Role>> {
    let one = |n: usize| -> anyhow::Result<Role> {
        let (name, grant) = (role_name(n), permission(n));
        Ok(Role { name: name.parse()?, grants: [grant.parse()?].into(), inherits: Default::default(), born: 0 })
    };
    (0..count).map(one).collect()
}

/// The name of one of [`roles`].
pub fn role_name(n: usize) -> String {
    if n == 0 { "user".to_owned() } else { format!("role-{n}") }
}

/// The permission of one of [`roles`]: four operations on each object.
pub fn permission(n: usize) -> String {
    if n == 0 { "items:read".to_owned() } else { format!("object-{}:operation-{}", n / 4, n % 4) }
}
