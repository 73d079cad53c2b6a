//! A router in which a route without a rule does not exist.

use std::{any::type_name, convert::Infallible};

use axum::{extract::Request, handler::Handler, response::IntoResponse, routing::Route};
use tower::{Layer, Service};

use crate::{
    AccessMatrix, Rule,
    behind::{Behind, GuardLayer, Mounted},
    openapi::Unwritten,
    reach::{AnswersTo, Complete},
    routing::{Entry, Methods, Ruled},
    rule::Expr,
};

#[doc = include_str!("router.md")]
#[must_use = "routes are served only after `guard.protect(router)`"]
pub struct Router<S = ()> {
    entries: Vec<Entry>,
    inner: axum::Router<S>,
    required: Expr,
    documents: Vec<Unwritten>,
}

/// A router taken apart.
pub(crate) struct Parts<S> {
    /// The routes with their final rules.
    pub(crate) entries: Vec<Entry>,
    /// What answers them.
    pub(crate) inner: axum::Router<S>,
    /// The documents that it serves.
    pub(crate) documents: Vec<Unwritten>,
}

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// No routes yet.
    pub fn new() -> Self {
        Router { entries: vec![], inner: axum::Router::new(), required: Expr::Public(None), documents: vec![] }
    }

    /// Adds a path, as [`axum::Router::route`] does; each method of it has its rule.
    ///
    /// # Panics
    /// At its own line, as axum's: when the path is not one, or its method is there already.
    #[track_caller]
    pub fn route(mut self, path: &str, methods: impl Ruled<S>) -> Self {
        for method in methods.ruled().0 {
            let (entry, endpoint) = method.into_parts();
            self.entries.push(Entry { path: path.into(), ..entry });
            self.inner = self.inner.route(path, endpoint);
        }
        self
    }

    /// Adds the routes of another router below a prefix, as [`axum::Router::nest`] does.
    ///
    /// # Panics
    /// At its own line, as axum's: when the prefix is not one, or a route is there already.
    #[track_caller]
    pub fn nest(mut self, prefix: &str, router: impl RuledRoutes<S>) -> Self {
        let Parts { entries, inner, documents } = router.ruled().into_parts();
        self.documents.extend(documents);
        for entry in entries {
            self.entries.push(Entry { path: below(prefix, &entry.path), ..entry });
        }
        self.inner = self.inner.nest(prefix, inner);
        self
    }

    /// Adds the routes of another router, as [`axum::Router::merge`] does.
    ///
    /// # Panics
    /// At its own line, as axum's: when a route is there already, or both have a fallback.
    #[track_caller]
    pub fn merge(mut self, router: impl RuledRoutes<S>) -> Self {
        let Parts { entries, inner, documents } = router.ruled().into_parts();
        self.documents.extend(documents);
        self.entries.extend(entries);
        self.inner = self.inner.merge(inner);
        self
    }

    /// Anything that knows nothing of rules (an [`axum::Router`], files), all of it under one rule.
    #[track_caller]
    pub fn nest_service<K, T>(mut self, prefix: &str, rule: Rule<K>, service: T) -> Self
    where
        K: Complete,
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        let entry = Entry::new("ANY", &below(prefix, "/*"), rule, type_name::<T>());
        let guard = GuardLayer { cell: entry.cell.clone() };
        self.inner = self.inner.nest_service(prefix, guard.layer(Mounted(service)));
        self.entries.push(entry);
        self
    }

    /// What answers where no route does, as [`axum::Router::fallback`]; it needs a rule like everything else.
    #[track_caller]
    pub fn fallback<K, H, T>(mut self, rule: Rule<K>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: AnswersTo<K> + 'static,
    {
        let entry = Entry::new("ANY", "/*", rule, type_name::<H>());
        self.inner = self.inner.fallback(Behind { handler, cell: entry.cell.clone() });
        self.entries.push(entry);
        self
    }

    /// Every route of this router needs this too, those that are added later as well. It only makes stricter.
    pub fn require<K: Complete>(mut self, rule: Rule<K>) -> Self {
        self.required = self.required.and(rule.expr);
        self
    }

    /// Runs for everybody, before the rules, and sees refusals: tracing, CORS, time-outs.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.inner = self.inner.layer(layer);
        self
    }

    /// Gives the handlers their state, as [`axum::Router::with_state`].
    pub fn with_state<S2>(self, state: S) -> Router<S2> {
        let Router { entries, inner, required, documents } = self;
        Router { entries, inner: inner.with_state(state), required, documents }
    }

    /// Every route with its final rule, as a table.
    pub fn access_matrix(&self) -> AccessMatrix {
        AccessMatrix::new(self.entries().iter().map(Entry::row).collect())
    }

    /// Adds a route that belongs to the document rather than into it.
    #[track_caller]
    pub(crate) fn route_apart(mut self, path: &str, methods: Methods<S>) -> Self {
        let before = self.entries.len();
        self = self.route(path, methods);
        for entry in self.entries.iter_mut().skip(before) {
            entry.is_documented = false;
        }
        self
    }

    /// Adds a document, to be written when the routes are known.
    pub(crate) fn with_document(mut self, document: Unwritten) -> Self {
        self.documents.push(document);
        self
    }

    /// The routes with their final rules.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.iter().map(|entry| self.sealed(entry.clone())).collect()
    }

    pub(crate) fn into_parts(self) -> Parts<S> {
        Parts { entries: self.entries(), inner: self.inner, documents: self.documents }
    }

    fn sealed(&self, entry: Entry) -> Entry {
        Entry { rule: self.required.clone().and(entry.rule.clone()), ..entry }
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Router<S> {
    fn default() -> Self {
        Router::new()
    }
}

impl<S> std::fmt::Debug for Router<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Router").field("routes", &self.entries.len()).finish_non_exhaustive()
    }
}

/// What [`Router::nest`] and [`Router::merge`] take.
#[diagnostic::on_unimplemented(
    message = "routes without access rules: `{Self}` does not know who may call its routes",
    label = "who may call these?",
    note = "build it with `rolecall::Router`, or put all of it under one rule: `.nest_service(path, role(\"admin\"), router)`"
)]
pub trait RuledRoutes<S> {
    #[doc(hidden)]
    fn ruled(self) -> Router<S>;
}

impl<S> RuledRoutes<S> for Router<S> {
    fn ruled(self) -> Router<S> {
        self
    }
}

/// axum matches `/` of a nested router at the prefix itself.
fn below(prefix: &str, path: &str) -> String {
    match path {
        "/" => prefix.to_owned(),
        path => format!("{}{path}", prefix.trim_end_matches('/')),
    }
}
