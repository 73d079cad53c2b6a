//! Rolecall, the service: accounts, log-in, roles and their administration, as a binary or embedded in yours.
//!
//! ```no_run
//! use rolecall::{Caller, Router, role, routing::get};
//! use rolecall_server::{Error, Rolecall};
//!
//! async fn read_items(caller: Caller) -> String {
//!     format!("items of {}", caller.name())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let api = Router::new().route("/items/", get(role("admin"), read_items));
//!     Rolecall::dev(".").await?.serve(api).await
//! }
//! ```
//!
//! [`Rolecall`] is the handle and the only place where the parts are put together. Routes of the service are guarded
//! by the same [`Guard`] that guards yours.

mod access;
mod accounts;
mod actor;
mod admin;
mod api_keys;
mod apis;
mod app;
mod assemble;
mod audit;
mod change;
mod changed;
pub mod cli;
mod client_address;
mod clients;
mod config;
mod cors;
mod decisions;
mod docs;
mod edge;
mod error;
mod greeting;
mod guesses;
mod health;
mod ids;
mod keys;
mod line;
mod logs;
mod me;
mod names;
mod node;
mod notify;
mod oauth;
mod ops;
mod origins;
mod passwords;
mod problem;
mod rbac;
mod request;
mod serve;
mod sessions;
mod setup;
mod shown;
mod store;
mod uris;
mod version;

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::middleware::from_fn_with_state;
use http::{HeaderValue, header::CACHE_CONTROL};
use rolecall::{Audience, Guard, Router, clock::Clock};
use serde::Serialize;
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::set_header::SetResponseHeaderLayer;

pub use client_address::TrustedProxies;
pub use config::{Config, Dev, Flags, Limits, LogFormat};
pub use error::{Error, What};
pub use greeting::Greeting;
pub use guesses::GuessLimits;
pub use setup::Administrator;
pub use store::{Database, StoreError};

use crate::{app::App, assemble::Opened, origins::Origins};

/// A running service: its state, its guard, and the address that it was given.
pub struct Rolecall {
    app: Arc<App>,
    guard: Guard,
    listener: TcpListener,
    greeting: Greeting,
    background: TaskTracker,
    /// Ends what goes on in the background: later than `stopping`, since calls under way still need it.
    ended: CancellationToken,
    signals: OnceLock<()>,
    /// What `/openapi.json` is made of.
    document: Value,
}

impl Rolecall {
    /// The service for development: everything in one folder, on loopback, with open registration. Makes what is not
    /// there yet, and prints the administrator's password when it makes it.
    ///
    /// `ROLECALL_LISTEN` and `ROLECALL_DATABASE_URL` choose another port and a PostgreSQL database.
    ///
    /// # Errors
    /// A sentence that says what to do: a port or a database in use, one that is damaged, read-only, or not ours.
    pub async fn dev(folder: impl AsRef<Path>) -> Result<Self, Error> {
        logs::start();
        let rolecall = Rolecall::start(Config::dev(folder.as_ref(), &Dev::default())?, Clock::system()).await?;
        // Before anything is said: whoever reads it may end it at once.
        rolecall.stop_on_signals();
        greeting::print(&rolecall.greeting);
        Ok(rolecall)
    }

    /// The same with settings and a clock of your own; prints nothing.
    ///
    /// # Errors
    /// As [`dev`](Rolecall::dev).
    pub async fn start(config: Config, clock: Clock) -> Result<Self, Error> {
        let (listener, address) = serve::bind(config.listen)?;
        let opened = assemble::dev(config, clock, &format!("http://{address}"), &who(address)).await?;
        Rolecall::of(listener, address, opened)
    }

    /// The service for production, on a database that `rolecall init` made; makes nothing.
    ///
    /// ```no_run
    /// # use rolecall::Router;
    /// # use rolecall_server::{Config, Error, Flags, Rolecall};
    /// # async fn run(api: Router) -> Result<(), Error> {
    /// let config = Config::load(&Flags::default())?;
    /// Rolecall::open(config).await?.serve(api).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// A sentence that says what to do: no database, one that `rolecall dev` made, another issuer, a key file that
    /// others can read.
    pub async fn open(config: Config) -> Result<Self, Error> {
        let (listener, address) = serve::bind(config.listen)?;
        let issuer = config.issuer.clone().unwrap_or_else(|| format!("http://{address}"));
        let opened = assemble::production(config, Clock::system(), &issuer, &who(address)).await?;
        Rolecall::of(listener, address, opened)
    }

    fn of(listener: TcpListener, address: SocketAddr, opened: Opened) -> Result<Self, Error> {
        let Opened { app, administrator, moved_from, session, id } = opened;
        let (database, issuer) = (app.config.database.to_string(), app.issuer.clone());
        let audience: Audience = app.issuer.parse().map_err(Error::internal)?;
        let guard = app.guard(audience);
        let (background, ended) = (TaskTracker::new(), CancellationToken::new());
        if let Some((url, lock)) = session {
            background.spawn(until(ended.clone(), node::keep(app.clone(), url, lock, id)));
        } else {
            background.spawn(until(ended.clone(), node::watch(app.clone())));
        }
        background.spawn(until(ended.clone(), keep_house(app.clone())));
        background.spawn(until(ended.clone(), keys::keep(app.clone())));
        keys::warn_of_secrets(&app.ring());
        let docs = app.config.docs;
        let greeting = Greeting { address, issuer, database, administrator, moved_from, docs };
        Ok(Rolecall {
            app,
            guard,
            listener,
            greeting,
            background,
            ended,
            signals: OnceLock::new(),
            document: docs::base(),
        })
    }

    /// Where calls are taken, once they are.
    pub fn address(&self) -> SocketAddr {
        self.greeting.address
    }

    /// What to tell whoever started it.
    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// The guard in front of this service, for routes of yours. Its audience is the issuer, whatever the setting
    /// `audience` says: that names an API elsewhere.
    pub fn guard(&self) -> Guard {
        self.guard.clone()
    }

    /// The routes of the service, to merge or to nest; with the page and the document where `docs` is on.
    pub fn routes(&self) -> Router {
        let routes = routes(&self.app.origins).with_state(self.app.clone());
        match self.app.config.docs {
            true => docs::with_page(routes, &self.document),
            false => routes,
        }
    }

    /// The OpenAPI document of your application, for `/openapi.json` and `/docs/`: what it says is kept, what the
    /// service says about itself is added, and the rules of all routes are written into it. Without this, your routes
    /// stand in the document of the service.
    ///
    /// ```no_run
    /// # use rolecall_server::{Error, Rolecall};
    /// # async fn run(api: rolecall::Router) -> Result<(), Error> {
    /// let items = serde_json::json!({ "info": { "title": "Items", "version": "1.0" } });
    /// Rolecall::dev(".").await?.document(items)?.serve(api).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no OpenAPI 3.1 document.
    pub fn document(mut self, base: impl Serialize) -> Result<Self, Error> {
        let base = serde_json::to_value(base).map_err(|error| Error::Invalid(error.to_string()))?;
        self.document = docs::with_ours(base)?;
        Ok(self)
    }

    /// Stops a service that runs, from another task: calls under way are finished.
    pub fn stopper(&self) -> CancellationToken {
        self.app.stopping.clone()
    }

    /// Serves the service and `api` behind the guard, until Ctrl-C or SIGTERM; then lets calls under way finish.
    ///
    /// # Errors
    /// [`Error::Start`] when the listener cannot be used.
    pub async fn serve(self, api: Router) -> Result<(), Error> {
        self.stop_on_signals();
        let stopping = self.app.stopping.clone();
        self.background.spawn(async move {
            stopping.cancelled().await;
            notify::tell(notify::STOPPING);
        });
        notify::tell(notify::READY);
        self.serve_until_stopped(api).await
    }

    fn stop_on_signals(&self) {
        self.signals.get_or_init(|| serve::stop_on_signals(self.app.stopping.clone()));
    }

    /// As [`serve`](Rolecall::serve), but ended only by [`stopper`](Rolecall::stopper).
    ///
    /// # Errors
    /// As [`serve`](Rolecall::serve).
    pub async fn serve_until_stopped(self, api: Router) -> Result<(), Error> {
        let routes = self.routes().merge(api);
        let app = edge::around(self.guard.protect(routes));
        let served = serve::serve(self.listener, app, &self.app.config.limits, self.app.stopping.clone()).await;
        self.app.stopping.cancel();
        // Signed off while the lock is still held: nobody takes over who need not wait.
        self.app.node.sign_off(&self.app.store, &self.app.live, &self.app.clock).await;
        self.ended.cancel();
        self.background.close();
        self.background.wait().await;
        self.app.store.close().await;
        served
    }
}

/// All that the service answers. Pages of these origins may call what people use.
fn routes(origins: &Arc<Origins>) -> Router<Arc<App>> {
    let pages = from_fn_with_state(origins.clone(), cors::answer);
    // What concerns one person is for nobody's cache.
    let unkept = SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Router::new()
        .merge(oauth::routes().layer(pages.clone()))
        .merge(me::routes().layer(unkept.clone()).layer(pages.clone()))
        .nest("/admin", admin::routes().layer(unkept.clone()).layer(pages))
        .merge(access::routes().layer(unkept))
        .merge(ops::routes())
}

impl std::fmt::Debug for Rolecall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rolecall").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// What another process is told that wants the same database.
fn who(address: SocketAddr) -> String {
    format!("process {} (listening on {address})", std::process::id())
}

/// The task, until it is ended.
async fn until(ended: CancellationToken, task: impl Future<Output = ()> + Send + 'static) {
    ended.run_until_cancelled(task).await;
}

/// Forgets what is long over: once a minute what anybody can make many of, once an hour the rest.
async fn keep_house(app: Arc<App>) {
    let mut minutes = tokio::time::interval(Duration::from_secs(60));
    for minute in 0_u64.. {
        minutes.tick().await;
        if let Err(error) = guesses::forget(&app).await {
            tracing::warn!(%error, "guesses of long ago could not be forgotten");
        }
        if let Err(error) = sessions::forget(&app).await {
            tracing::warn!(%error, "sessions that are over could not be forgotten");
        }
        if let Err(error) = clients::forget_assertions(&app).await {
            tracing::warn!(%error, "assertions that are over could not be forgotten");
        }
        if !minute.is_multiple_of(60) {
            continue;
        }
        if let Err(error) = guesses::forget_places(&app).await {
            tracing::warn!(%error, "where accounts were used long ago could not be forgotten");
        }
    }
}

/// The examples of the project's front page compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
