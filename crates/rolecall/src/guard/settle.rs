//! How a token stands: by what is remembered of it, by its signature, by whoever is asked.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Uri};
use rolecall_core::{
    Scope, Snapshot, Standing, Verified, Version,
    jwt::{self, Expected, Invalid},
};

use super::{Guard, Introspected, Unavailable, bearer::bearer};
use crate::{Denied, live::Held, seen::Seen};

/// How long a call waits for a version that its token is ahead of.
const CATCH_UP: Duration = Duration::from_secs(2);

/// How long a look-up may take, waiting for others of the same token included.
const LOOK_UP: Duration = Duration::from_secs(5);

impl Guard {
    /// A token that stands, and what it stands by, after a signature check, a look-up or a wait where it takes one: for
    /// one not seen before, one from before a change, one ahead of this process.
    pub(super) async fn settle(&self, headers: &HeaderMap, uri: &Uri) -> Result<(Arc<Seen>, Arc<Held>), Denied> {
        let inner = &*self.inner;
        let Some(token) = bearer(headers, uri)? else { return Err(Denied::Anonymous) };
        let text = std::str::from_utf8(token).map_err(|_| Denied::BadToken(Invalid::Malformed("not text")))?;
        let mut seen = match inner.seen.find(token) {
            Some(seen) => seen,
            None => {
                let held = inner.live.load_full();
                let expected = Expected {
                    issuer: inner.live.issuer(),
                    audience: &inner.audience.0,
                    now: inner.live.clock().wall(),
                    max_lifetime: inner.live.max_lifetime(),
                };
                let (claims, key) =
                    jwt::verify_with_key(text, &held.snapshot.keys, &expected).map_err(Denied::BadToken)?;
                let verified = Verified::minted(claims, key.kid());
                self.remember(token, verified, true, &held.snapshot)
            }
        };
        // Twice is enough, unless changes come faster than look-ups.
        for _ in 0..4 {
            let held = inner.live.load_full();
            let now = self.now_within_lease(&held)?;
            match self.stands(&seen, &held, now) {
                Some(Ok(())) => return Ok((seen, held)),
                Some(Err(denied)) => return Err(denied),
                None => {}
            }
            let min = match held.snapshot.standing(&seen.verified) {
                Standing::KeyGone => {
                    inner.seen.forget(token);
                    return Err(Denied::BadToken(Invalid::UnknownKey));
                }
                Standing::Ahead { min } => {
                    if !inner.live.catch_up(min, CATCH_UP).await {
                        return Err(Denied::Unavailable("a change is under way; try again in a moment"));
                    }
                    continue;
                }
                Standing::Current if now < seen.end => {
                    seen = self.remember(token, seen.verified.clone(), seen.rights.is_some(), &held.snapshot);
                    continue;
                }
                // A role in an earlier answer has ended.
                Standing::Current => held.snapshot.version,
                Standing::Stale { min } => min,
            };
            drop(held);
            let answer = tokio::time::timeout(LOOK_UP, self.look_up(token, text, &seen, min)).await;
            seen =
                answer.unwrap_or(Err(Denied::Unavailable("the session could not be looked up in time; try again")))?;
        }
        Err(Denied::Unavailable("changes come faster than they can be read; try again in a moment"))
    }

    /// Asks the authority, once for each token at a time.
    async fn look_up(&self, token: &[u8], text: &str, old: &Seen, min: Version) -> Result<Arc<Seen>, Denied> {
        let inner = &*self.inner;
        let _turn = inner.seen.turn(token).lock().await;
        // Whoever had the turn before may have asked the same.
        let now = inner.live.clock().wall();
        let answers = |seen: &Arc<Seen>| seen.verified.as_of >= min && now < seen.end;
        if let Some(seen) = inner.seen.find(token).filter(answers) {
            return Ok(seen);
        }
        let _permit = inner.seen.at_once.try_acquire().map_err(|_| Denied::Busy(inner.seen.spread(token)))?;
        let answer = inner.authority.introspect(text, &old.verified.claims, min).await;
        let claims = old.verified.claims.clone();
        let kid = old.verified.kid.clone();
        let (verified, active) = match answer {
            Ok(Introspected::Active { roles, as_of, ends }) => {
                let end = ends.map_or(claims.exp, |ends| ends.min(claims.exp));
                (Verified { claims, kid, roles, as_of, end }, true)
            }
            Ok(Introspected::Inactive { as_of }) => {
                let end = claims.exp;
                (Verified { claims, kid, roles: vec![], as_of, end }, false)
            }
            Err(Unavailable) => return Err(Denied::Unavailable("the session could not be looked up; try again")),
        };
        Ok(self.remember(token, verified, active, &inner.live.snapshot()))
    }

    fn remember(&self, token: &[u8], verified: Verified, active: bool, snapshot: &Arc<Snapshot>) -> Arc<Seen> {
        let scope = verified.claims.scope.as_deref().map(Scope::parse);
        // A scope that cannot be read is one that we did not mint: nothing is active under it.
        let rights = match scope {
            None => Some(snapshot.policy.activate(verified.roles.iter().map(String::as_str), None)),
            Some(Ok(scope)) => {
                Some(snapshot.policy.activate(verified.roles.iter().map(String::as_str), scope.map(Arc::new)))
            }
            Some(Err(_)) => None,
        };
        let rights = rights.filter(|_| active);
        let inner = &*self.inner;
        let seen = Arc::new(Seen::new(verified, rights, snapshot, &inner.live.issuer, &inner.audience.0));
        inner.seen.keep(token, seen.clone());
        seen
    }

    /// How a token that was seen stands now; `None` where that takes a longer look.
    pub(super) fn stands(&self, seen: &Seen, held: &Held, now: i64) -> Option<Result<(), Denied>> {
        let inner = &*self.inner;
        // Compared for every call: the cache is shared by guards, and time goes on.
        if now >= seen.exp {
            return Some(Err(Denied::BadToken(Invalid::Expired)));
        }
        if !seen.is_of(&inner.live.issuer) {
            return Some(Err(Denied::BadToken(Invalid::Issuer)));
        }
        if !seen.is_for(&inner.audience.0) {
            return Some(Err(Denied::BadToken(Invalid::Audience)));
        }
        if !seen.is_by(&held.snapshot) || !seen.current || now >= seen.end {
            return None;
        }
        Some(if seen.rights.is_some() { Ok(()) } else { Err(Denied::SessionOver) })
    }
}
