//! One call: token, standing, rule, and then a [`Caller`] or a refusal.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    str::FromStr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Uri, header};
use rolecall_core::{
    Claims, Object, Scope, Snapshot, Standing, Verified, Version,
    jwt::{self, Expected, Invalid},
};

use crate::{
    Caller, Denied, Live, Router, Row, SeenTokens,
    caller::Admitted,
    denied::Forbidden,
    live::Held,
    names::{self, Unknown},
    need::Need,
    reach::{Complete, Net},
    router::Parts,
    rule::{Expr, Rule},
    seen::Seen,
};

/// How long a call waits for a version that its token is ahead of.
const CATCH_UP: Duration = Duration::from_secs(2);

/// How long a look-up may take, waiting for others of the same token included.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Which API this is: a token is good for exactly one. An audience that is empty cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Audience(Arc<str>);

impl FromStr for Audience {
    type Err = InvalidAudience;

    fn from_str(text: &str) -> Result<Self, InvalidAudience> {
        match text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            true => Err(InvalidAudience),
            false => Ok(Audience(text.into())),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text names no API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidAudience;

impl fmt::Display for InvalidAudience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an audience is the name or address of one API, without white space")
    }
}

impl std::error::Error for InvalidAudience {}

/// What a look-up found out about one token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Introspected {
    /// Its session goes on.
    Active {
        /// The roles that are assigned now; the guard cuts them to the token's scope.
        roles: Vec<String>,
        /// The version by which they were read.
        as_of: Version,
        /// NumericDate at which the first of them ends, if one does.
        ends: Option<i64>,
    },
    /// Its session is over, or its account is disabled or gone.
    Inactive {
        /// The version by which that was read.
        as_of: Version,
    },
}

/// It could not be found out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unavailable;

/// Whoever can say how one token stands now: the service in this process, or elsewhere.
pub trait Authority: Send + Sync + 'static {
    /// Looks up the session of a token whose signature and claims were found good. The answer is of version `min` or
    /// later.
    fn introspect<'a>(
        &'a self,
        token: &'a str,
        claims: &'a Claims,
        min: Version,
    ) -> Pin<Box<dyn Future<Output = Result<Introspected, Unavailable>> + Send + 'a>>;
}

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

/// A route with its rule in force.
pub(crate) struct Armed {
    guard: Guard,
    number: usize,
    rule: Arc<Expr>,
    row: Row,
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
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("audience", &self.inner.audience).field("live", &self.inner.live).finish()
    }
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

impl Guard {
    /// A token that stands, and what it stands by, after a signature check, a look-up or a wait where it takes one: for
    /// one not seen before, one from before a change, one ahead of this process.
    async fn settle(&self, headers: &HeaderMap, uri: &Uri) -> Result<(Arc<Seen>, Arc<Held>), Denied> {
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
    fn stands(&self, seen: &Seen, held: &Held, now: i64) -> Option<Result<(), Denied>> {
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

/// The token of a call: from one `Authorization` header and nowhere else (RFC 6750, section 2).
fn bearer<'a>(headers: &'a HeaderMap, uri: &Uri) -> Result<Option<&'a [u8]>, Denied> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let Some(header) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(Denied::BadRequest("two `Authorization` headers were sent; send one"));
    }
    let in_query = |query: &str| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token");
    if uri.query().is_some_and(in_query) {
        return Err(Denied::BadRequest("a token was sent in the query and in the header; send it in the header only"));
    }
    Ok(credentials(header))
}

/// What follows the scheme `Bearer`, in whatever case; another scheme is no token.
fn credentials(header: &HeaderValue) -> Option<&[u8]> {
    let bytes = header.as_bytes();
    let (scheme, rest) = bytes.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return None;
    }
    match rest.first() {
        // The scheme alone is a token that is empty, and so refused; `Bearerx` is another scheme.
        None => Some(rest),
        Some(b' ') => Some(rest.trim_ascii()),
        Some(_) => None,
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
