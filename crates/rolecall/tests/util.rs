//! A small world: an issuer, what its guard decides by, an authority whose answers the test sets, and people who call.
//!
//! ```ignore
//! let world = World::new();
//! let app = world.serve(Router::new().route("/items/", get(permission("items:read"), async || "items")));
//! let alice = app.caller(world.mint("alice", &["user"]));
//! assert_eq!(alice.get("/items/").await.status, 200);
//! ```

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use axum::body::{Body, to_bytes};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use rolecall::{Authority, Guard, Introspected, Live, Router, SeenTokens, Unavailable, clock::Clock};
use rolecall_core::{
    Algorithm, Claims, KeySet, Lease, Policy, Role, Snapshot, Stale, Subject, Version,
    jwk::SigningKey,
    jwt::{self, ACCESS_TOKEN},
};
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt;

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const API: &str = "https://items.example";
/// How long a token lives, and the longest that one may.
pub(crate) const LIFETIME: i64 = 900;
/// The version of every world when it begins.
pub(crate) const START: Version = 10;

pub(crate) struct World {
    pub(crate) key: SigningKey,
    pub(crate) live: Arc<Live>,
    pub(crate) clock: Clock,
    pub(crate) authority: Arc<Fake>,
    pub(crate) seen: Arc<SeenTokens>,
    minted: AtomicUsize,
}

impl World {
    pub(crate) fn new() -> Self {
        World::with_lease(|_| Lease::ENDLESS)
    }

    pub(crate) fn with_lease(lease: impl FnOnce(&Clock) -> Lease) -> Self {
        let key = new_key();
        let clock = Clock::system();
        let live = Live::new(ISSUER, snapshot(START, roles(), &[&key]), lease(&clock), clock.clone(), LIFETIME);
        World {
            key,
            live: Arc::new(live),
            clock,
            authority: Arc::default(),
            seen: Arc::default(),
            minted: AtomicUsize::new(0),
        }
    }

    /// The same world with a cache of this size.
    pub(crate) fn remembering(self, seen: SeenTokens) -> Self {
        World { seen: Arc::new(seen), ..self }
    }

    pub(crate) fn guard(&self) -> Guard {
        self.guard_of(API)
    }

    /// The guard of another API, with the same cache.
    pub(crate) fn guard_of(&self, audience: &str) -> Guard {
        Guard::with_seen(self.live.clone(), self.authority.clone(), audience.parse().unwrap(), self.seen.clone())
    }

    pub(crate) fn serve(&self, api: Router) -> App {
        App(self.guard().protect(api))
    }

    /// A token of this person in these roles.
    pub(crate) fn mint(&self, name: &str, roles: &[&str]) -> String {
        self.mint_with(name, roles, |_| {})
    }

    /// The same with other claims.
    pub(crate) fn mint_with(&self, name: &str, roles: &[&str], edit: impl FnOnce(&mut Claims)) -> String {
        let mut claims = self.claims(name, roles);
        edit(&mut claims);
        jwt::sign(&self.key, ACCESS_TOKEN, &claims).unwrap()
    }

    pub(crate) fn claims(&self, name: &str, roles: &[&str]) -> Claims {
        let number = self.minted.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.wall();
        Claims {
            iss: ISSUER.into(),
            sub: format!("id-of-{name}"),
            aud: API.into(),
            client_id: "shop".into(),
            exp: now + LIFETIME,
            iat: now,
            nbf: None,
            jti: format!("token-{number}"),
            sid: format!("session-of-{name}"),
            scope: None,
            roles: roles.iter().map(|&role| role.into()).collect(),
            via: None,
            preferred_username: Some(name.into()),
            pv: self.version(),
        }
    }

    pub(crate) fn version(&self) -> Version {
        self.live.snapshot().version
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(Duration::from_secs(seconds.try_into().unwrap()));
    }

    /// A change that concerns these subjects.
    pub(crate) fn touch(&self, subjects: &[Subject]) -> Version {
        let now = self.live.snapshot();
        self.live.swap(now.after(now.version + 1, "touch".into(), subjects, None, None));
        self.version()
    }

    /// A change of the roles.
    pub(crate) fn decide_by(&self, roles: impl IntoIterator<Item = Role>) -> Version {
        self.change(|snapshot| snapshot.policy = Arc::new(Policy::new(roles).unwrap()))
    }

    /// A change of anything.
    pub(crate) fn change(&self, edit: impl FnOnce(&mut Snapshot)) -> Version {
        let mut next = Snapshot::clone(&self.live.snapshot());
        next.version += 1;
        edit(&mut next);
        self.live.swap(next);
        self.version()
    }

    /// The authority finds the session with these roles, by the version in force.
    pub(crate) fn authority_finds(&self, roles: &[&str]) {
        self.authority.says([active(roles, self.version(), None)]);
    }
}

pub(crate) fn user(name: &str) -> Subject {
    Subject::User(format!("id-of-{name}"))
}

pub(crate) fn new_key() -> SigningKey {
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    SigningKey::from_pkcs8(Algorithm::Es256, der.as_ref()).unwrap()
}

pub(crate) fn keys(keys: &[&SigningKey]) -> KeySet {
    KeySet::new(keys.iter().map(|key| key.verifying_key().clone()).collect()).unwrap()
}

pub(crate) fn snapshot(version: Version, roles: Vec<Role>, signers: &[&SigningKey]) -> Snapshot {
    Snapshot {
        version,
        tag: "start".into(),
        floor: 0,
        policy: Arc::new(Policy::new(roles).unwrap()),
        keys: keys(signers),
        stale: Stale::default(),
    }
}

/// The roles of every world when it begins.
pub(crate) fn roles() -> Vec<Role> {
    vec![
        role("admin", &["*"], &[]),
        role("editor", &["items:write"], &["user"]),
        role("user", &["items:read"], &[]),
        role("storekeeper", &["stock:*"], &[]),
        role("author", &["items:update:own"], &[]),
        role("auditor", &[], &[]),
    ]
}

pub(crate) fn role(name: &str, grants: &[&str], inherits: &[&str]) -> Role {
    Role {
        name: name.parse().unwrap(),
        grants: grants.iter().map(|grant| grant.parse().unwrap()).collect(),
        inherits: inherits.iter().map(|junior| junior.parse().unwrap()).collect(),
        born: 0,
    }
}

/// Answers what it is told to, counts, and can be made to wait.
pub(crate) struct Fake {
    answers: Mutex<VecDeque<Result<Introspected, Unavailable>>>,
    asked: Mutex<Vec<Asked>>,
    open: watch::Sender<bool>,
}

/// One question to the authority.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Asked {
    pub(crate) token: String,
    pub(crate) sub: String,
    pub(crate) min: Version,
}

pub(crate) fn active(roles: &[&str], as_of: Version, ends: Option<i64>) -> Result<Introspected, Unavailable> {
    Ok(Introspected::Active { roles: roles.iter().map(|&role| role.into()).collect(), as_of, ends })
}

pub(crate) fn inactive(as_of: Version) -> Result<Introspected, Unavailable> {
    Ok(Introspected::Inactive { as_of })
}

impl Default for Fake {
    fn default() -> Self {
        Fake { answers: Mutex::default(), asked: Mutex::default(), open: watch::Sender::new(true) }
    }
}

impl Fake {
    /// Its next answers; the last is repeated.
    pub(crate) fn says(&self, answers: impl IntoIterator<Item = Result<Introspected, Unavailable>>) {
        *self.answers.lock().unwrap() = answers.into_iter().collect();
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often it was asked.
    pub(crate) fn calls(&self) -> usize {
        self.asked().len()
    }

    /// From now on it answers nobody, until [`release`](Fake::release).
    pub(crate) fn block(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn release(&self) {
        self.open.send_replace(true);
    }
}

impl Authority for Fake {
    fn introspect<'a>(
        &'a self,
        token: &'a str,
        claims: &'a Claims,
        min: Version,
    ) -> Pin<Box<dyn Future<Output = Result<Introspected, Unavailable>> + Send + 'a>> {
        self.asked.lock().unwrap().push(Asked { token: token.into(), sub: claims.sub.clone(), min });
        // What it finds is what is so now, however long the way back takes.
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            match answers.len() {
                0 => panic!("the authority was asked, and this test gave it nothing to say"),
                1 => answers[0].clone(),
                _ => answers.pop_front().unwrap(),
            }
        };
        let mut open = self.open.subscribe();
        Box::pin(async move {
            open.wait_for(|open| *open).await.unwrap();
            answer
        })
    }
}

/// An application that is served.
#[derive(Clone)]
pub(crate) struct App(pub(crate) axum::Router);

impl App {
    pub(crate) fn nobody(&self) -> Actor {
        Actor { app: self.0.clone(), headers: HeaderMap::new() }
    }

    pub(crate) fn caller(&self, token: impl AsRef<str>) -> Actor {
        self.nobody().with(header::AUTHORIZATION, format!("Bearer {}", token.as_ref()))
    }
}

/// Somebody who calls, always with the same headers.
#[derive(Clone)]
pub(crate) struct Actor {
    app: axum::Router,
    headers: HeaderMap,
}

impl Actor {
    /// He sends this header too.
    pub(crate) fn with<V>(mut self, name: HeaderName, value: V) -> Self
    where
        HeaderValue: TryFrom<V, Error: std::fmt::Debug>,
    {
        self.headers.append(name, HeaderValue::try_from(value).unwrap());
        self
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send("GET", uri).await
    }

    pub(crate) async fn post(&self, uri: &str) -> Answer {
        self.send("POST", uri).await
    }

    pub(crate) async fn send(&self, method: &str, uri: &str) -> Answer {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = uri.parse().unwrap();
        *request.headers_mut() = self.headers.clone();
        let response = self.app.clone().oneshot(request).await.unwrap();
        Answer::read(response).await
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn read(response: http::Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn challenge(&self) -> Option<&str> {
        self.header(header::WWW_AUTHENTICATE)
    }

    /// Its problem document (RFC 9457).
    pub(crate) fn problem(&self) -> Value {
        assert_eq!(self.header(header::CONTENT_TYPE), Some("application/problem+json"));
        serde_json::from_str(&self.body).unwrap()
    }

    /// What the problem says to do.
    pub(crate) fn detail(&self) -> String {
        self.problem()["detail"].as_str().unwrap().to_owned()
    }
}

/// Calls that are on their way together.
pub(crate) struct Calls<'a>(Vec<Call<'a>>);

enum Call<'a> {
    Runs(Pin<Box<dyn Future<Output = Answer> + 'a>>),
    Answered(Answer),
}

impl<'a> Calls<'a> {
    /// Takes each one to where it waits for something: no timing is involved.
    pub(crate) async fn begin<F: Future<Output = Answer> + 'a>(calls: impl IntoIterator<Item = F>) -> Self {
        let mut calls = Calls(calls.into_iter().map(|call| Call::Runs(Box::pin(call) as _)).collect());
        calls.go_on().await;
        calls
    }

    /// Takes each one as far as it gets now.
    pub(crate) async fn go_on(&mut self) {
        let calls = &mut self.0;
        let once = poll_fn(|context| {
            for call in calls.iter_mut() {
                if let Call::Runs(run) = call
                    && let Poll::Ready(answer) = run.as_mut().poll(context)
                {
                    *call = Call::Answered(answer);
                }
            }
            Poll::Ready(())
        });
        // Else tokio makes a task that does much wait for its next turn.
        tokio::task::unconstrained(once).await;
    }

    /// Those that have their answer.
    pub(crate) fn answered(&self) -> Vec<&Answer> {
        self.0.iter().filter_map(|call| if let Call::Answered(answer) = call { Some(answer) } else { None }).collect()
    }

    /// All answers, in order.
    pub(crate) async fn finish(mut self) -> Vec<Answer> {
        let calls = &mut self.0;
        let all = poll_fn(|context| {
            let mut waits = false;
            for call in calls.iter_mut() {
                if let Call::Runs(run) = call {
                    match run.as_mut().poll(context) {
                        Poll::Ready(answer) => *call = Call::Answered(answer),
                        Poll::Pending => waits = true,
                    }
                }
            }
            if waits { Poll::Pending } else { Poll::Ready(()) }
        });
        tokio::task::unconstrained(all).await;
        let answer = |call| match call {
            Call::Answered(answer) => answer,
            Call::Runs(_) => unreachable!("all have been answered"),
        };
        self.0.into_iter().map(answer).collect()
    }
}

/// Counts how often something ran.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}
