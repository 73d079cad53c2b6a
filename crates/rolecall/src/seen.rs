//! Tokens seen: those whose signature was found good, with what their session may do. No axum here.
//!
//! The key is the whole token, compared whole, so no two tokens share an entry. Only tokens that the issuer signed get
//! in, so nobody else can choose what is there. An entry is never believed by itself: whoever takes one compares
//! expiry, issuer, audience and standing ([`Snapshot::standing`](rolecall_core::Snapshot::standing)).

use std::{
    hash::{Hash, Hasher},
    sync::{Arc, Weak},
};

use foldhash::fast::RandomState;
use quick_cache::{Weighter, sync::Cache};
use rolecall_core::{Rights, Snapshot, Standing, Verified};
use tokio::sync::{Mutex, Semaphore};

use crate::need::Session;

/// Tokens seen, bounded by count and bytes.
pub struct SeenTokens {
    cache: Cache<Token, Arc<Seen>, Weight, RandomState>,
    /// One look-up of a token at a time: a token waits at the lock that its hash chooses.
    looking: Box<[Mutex<()>]>,
    /// So many look-ups at once, the rest is told to come again.
    pub(crate) at_once: Semaphore,
}

/// What is known of a token.
///
/// In this order: what every call reads lies together, since with many tokens it is memory that a call waits for.
#[repr(C)]
pub(crate) struct Seen {
    /// `exp` in the token.
    pub(crate) exp: i64,
    /// NumericDate from which on it is to be looked up again.
    pub(crate) end: i64,
    /// What the rest was worked out for. Not the version: a process that resumes, and a guard of another `Live`,
    /// may have other roles under the same number. Weak, so that an idle entry keeps no policy.
    by: Weak<Snapshot>,
    /// `iss` and `aud` in the token. Mostly these very texts are those of the guard that compares them.
    issuer: Arc<str>,
    audience: Arc<str>,
    /// `None`: it was looked up, and its session is over.
    pub(crate) rights: Option<Rights>,
    /// Whether nothing that concerns it had changed by then.
    pub(crate) current: bool,
    /// Whether a client acts for itself.
    pub(crate) is_service: bool,
    pub(crate) verified: Verified,
}

impl Seen {
    /// `rights` as they were worked out for `by`. The texts of issuer and audience are kept where they are the
    /// token's.
    pub(crate) fn new(
        verified: Verified,
        rights: Option<Rights>,
        by: &Arc<Snapshot>,
        issuer: &Arc<str>,
        audience: &Arc<str>,
    ) -> Self {
        let claims = &verified.claims;
        let shared = |text: &str, known: &Arc<str>| if *text == **known { known.clone() } else { text.into() };
        Seen {
            exp: claims.exp,
            end: verified.end,
            by: Arc::downgrade(by),
            issuer: shared(&claims.iss, issuer),
            audience: shared(&claims.aud, audience),
            rights,
            current: by.standing(&verified) == Standing::Current,
            is_service: claims.is_of_client(),
            verified,
        }
    }

    /// What a rule asks of it; `None` when the session is over.
    pub(crate) fn session(&self) -> Option<Session<'_>> {
        self.rights.as_ref().map(|rights| Session { rights, is_service: self.is_service })
    }

    /// Whether this issuer minted it.
    pub(crate) fn is_of(&self, issuer: &Arc<str>) -> bool {
        is_same(&self.issuer, issuer)
    }

    /// Whether it is for this API.
    pub(crate) fn is_for(&self, audience: &Arc<str>) -> bool {
        is_same(&self.audience, audience)
    }

    /// Whether it was worked out for this snapshot.
    pub(crate) fn is_by(&self, snapshot: &Arc<Snapshot>) -> bool {
        // A weak pointer keeps its address from being given to another.
        self.by.as_ptr() == Arc::as_ptr(snapshot)
    }
}

const LOCKS: usize = 256;
const LOOK_UPS: usize = 64;
/// What an entry takes beside its token: claims, rights and the cache's own, measured roughly.
const ENTRY: u64 = 1200;

impl SeenTokens {
    /// At most so many tokens, and at most so many bytes of memory in all, roughly.
    pub fn new(count: usize, bytes: u64) -> Self {
        // Each entry weighs at least its share, so that the weight bounds the count too.
        let least = bytes / (count.max(1) as u64);
        SeenTokens {
            cache: Cache::with(
                count,
                bytes,
                Weight { least },
                RandomState::default(),
                quick_cache::sync::DefaultLifecycle::default(),
            ),
            looking: (0..LOCKS).map(|_| Mutex::default()).collect(),
            at_once: Semaphore::new(LOOK_UPS),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }

    pub(crate) fn find(&self, token: &[u8]) -> Option<Arc<Seen>> {
        self.cache.get(&Sent(token))
    }

    pub(crate) fn keep(&self, token: &[u8], seen: Arc<Seen>) {
        self.cache.insert(Token(token.into()), seen);
    }

    pub(crate) fn forget(&self, token: &[u8]) {
        self.cache.remove(&Sent(token));
    }

    pub(crate) fn turn(&self, token: &[u8]) -> &Mutex<()> {
        &self.looking[number(token) % LOCKS]
    }

    /// Seconds after which to come again, spread over the tokens, so that not all come at once.
    pub(crate) fn spread(&self, token: &[u8]) -> u64 {
        1 + (number(token) / LOCKS % 3) as u64
    }
}

impl Default for SeenTokens {
    /// 50,000 tokens, 128 MiB.
    fn default() -> Self {
        SeenTokens::new(50_000, 128 << 20)
    }
}

impl std::fmt::Debug for SeenTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeenTokens").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Whether two texts are the same: mostly they are one.
fn is_same(one: &Arc<str>, other: &Arc<str>) -> bool {
    Arc::ptr_eq(one, other) || **one == **other
}

/// A whole token; hashed by its end, which is signature under every algorithm, and compared whole.
#[derive(Clone, PartialEq, Eq)]
struct Token(Box<[u8]>);

struct Sent<'a>(&'a [u8]);

/// Twelve bytes of signature in base64url: enough to tell tokens apart, and no more to hash.
fn tail(token: &[u8]) -> &[u8] {
    token.last_chunk::<16>().map_or(token, |tail| tail)
}

fn number(token: &[u8]) -> usize {
    tail(token).iter().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(*byte as usize))
}

impl Hash for Token {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(tail(&self.0));
    }
}

impl Hash for Sent<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(tail(self.0));
    }
}

impl equivalent::Equivalent<Token> for Sent<'_> {
    fn equivalent(&self, token: &Token) -> bool {
        *self.0 == *token.0
    }
}

#[derive(Clone)]
struct Weight {
    least: u64,
}

impl Weighter<Token, Arc<Seen>> for Weight {
    fn weight(&self, token: &Token, _: &Arc<Seen>) -> u64 {
        // The claims repeat about what the token holds.
        (2 * token.0.len() as u64 + ENTRY).max(self.least)
    }
}
