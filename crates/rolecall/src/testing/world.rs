//! An issuer and what its guard decides by, made for one test: nothing here is shared, and nothing leaves the process.

use std::{future::ready, sync::Arc};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use rolecall_core::{
    Algorithm, Claims, KeySet, Lease, Snapshot, Stale, Subject, Version,
    jwk::SigningKey,
    jwt::{self, ACCESS_TOKEN},
};

use super::people::{People, Person};
use crate::{Audience, Authority, Guard, Introspected, Live, Unavailable, clock::Clock};

pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const AUDIENCE: &str = "https://api.test";
/// How long a token lives, and the longest that one may, in seconds.
pub(super) const LIFETIME: i64 = 900;
/// Good tokens are of this version.
const NOW: Version = 2;

/// What comes before the name of somebody, or of his session, that a look-up no longer finds.
#[derive(Clone, Copy)]
pub(super) enum Gone {
    /// The session has ended.
    Session,
    /// The account is disabled.
    Disabled,
    /// The account was deleted.
    Deleted,
}

impl Gone {
    pub(super) const ALL: [Gone; 3] = [Gone::Session, Gone::Disabled, Gone::Deleted];

    fn subject(self, person: &Person) -> Subject {
        match self {
            Gone::Session => Subject::Session(format!("ended-session-of-{}", person.id())),
            Gone::Disabled => Subject::User(format!("disabled-{}", person.id())),
            Gone::Deleted => Subject::User(format!("deleted-{}", person.id())),
        }
    }
}

pub(super) struct World {
    pub(super) people: People,
    key: SigningKey,
    /// Of somebody whom nobody trusts.
    strange: SigningKey,
    live: Arc<Live>,
    clock: Clock,
}

impl World {
    pub(super) fn new(people: &People) -> Self {
        let (key, strange) = (new_key(), new_key());
        let keys = KeySet::new(vec![key.verifying_key().clone()]).expect("one key is a set");
        let mut stale = Stale::default();
        for person in people.all() {
            Gone::ALL.iter().for_each(|gone| stale.touch(&gone.subject(person), NOW));
        }
        let policy = Arc::new(people.compiled());
        let snapshot = Snapshot { version: NOW, tag: "test".into(), floor: 0, policy, keys, stale };
        let clock = Clock::system();
        let live = Arc::new(Live::new(ISSUER, snapshot, Lease::ENDLESS, clock.clone(), LIFETIME));
        World { people: people.clone(), key, strange, live, clock }
    }

    pub(super) fn guard(&self) -> Guard {
        let audience = AUDIENCE.parse::<Audience>().expect("a name without white space");
        Guard::new(self.live.clone(), Arc::new(FindsNobody), audience)
    }

    /// From now on it is not known what is in force: the lease has lapsed.
    pub(super) fn lapse(&self) {
        self.live.suspend();
    }

    /// A good token.
    pub(super) fn token(&self, person: &Person) -> String {
        self.sign(&self.claims(person))
    }

    /// A token from before somebody, or his session, was gone.
    pub(super) fn token_of_gone(&self, person: &Person, gone: Gone) -> String {
        let mut claims = self.claims(person);
        claims.pv = NOW - 1;
        match gone.subject(person) {
            Subject::User(id) => claims.sub = id,
            Subject::Session(id) => claims.sid = id,
            _ => {}
        }
        self.sign(&claims)
    }

    pub(super) fn sign(&self, claims: &Claims) -> String {
        jwt::sign(&self.key, ACCESS_TOKEN, claims).expect("a token of ordinary size")
    }

    /// Signed by somebody whom nobody trusts.
    pub(super) fn sign_strangely(&self, claims: &Claims) -> String {
        jwt::sign(&self.strange, ACCESS_TOKEN, claims).expect("a token of ordinary size")
    }

    pub(super) fn kid(&self) -> &str {
        self.key.kid()
    }

    pub(super) fn claims(&self, person: &Person) -> Claims {
        let now = self.clock.wall();
        Claims {
            iss: ISSUER.into(),
            sub: person.id(),
            aud: AUDIENCE.into(),
            client_id: if person.is_service { person.id() } else { "test".into() },
            exp: now + LIFETIME,
            iat: now,
            nbf: None,
            jti: format!("token-of-{}", person.id()),
            sid: format!("session-of-{}", person.id()),
            scope: person.scope.clone(),
            roles: person.roles.clone(),
            via: None,
            preferred_username: (!person.is_service).then(|| person.name.clone()),
            pv: NOW,
        }
    }
}

fn new_key() -> SigningKey {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let pkcs8 = pkcs8.expect("the system gives random numbers");
    SigningKey::from_pkcs8(Algorithm::Es256, pkcs8.as_ref()).expect("a key that was just made")
}

/// Only who is gone is looked up here.
struct FindsNobody;

impl Authority for FindsNobody {
    fn introspect<'a>(
        &'a self,
        _: &'a str,
        _: &'a Claims,
        min: Version,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Introspected, Unavailable>> + Send + 'a>> {
        Box::pin(ready(Ok(Introspected::Inactive { as_of: min })))
    }
}
