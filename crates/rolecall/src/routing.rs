//! `get`, `post` and the others: axum's, with a rule in front of the handler.

use std::{any::type_name, convert::Infallible, panic::Location};

use axum::{extract::Request, handler::Handler, response::IntoResponse, routing as plain};
use tower::{Layer, Service};

use crate::{
    Rule,
    behind::{Behind, GuardLayer},
    guard::Cell,
    matrix::Row,
    reach::AnswersTo,
    rule::Expr,
};

/// The methods of one path, each with its rule.
#[must_use = "methods are served only by a route"]
pub struct Methods<S = ()>(pub(crate) Vec<Method<S>>);

/// One method of one path.
pub(crate) struct Method<S> {
    pub(crate) entry: Entry,
    /// The handler without the guard: what a layer inside the guard goes around.
    bare: plain::MethodRouter<S>,
    guarded: plain::MethodRouter<S>,
}

/// A route as the router keeps it: its rule is data until it is put in force.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) rule: Expr,
    pub(crate) handler: &'static str,
    pub(crate) at: &'static Location<'static>,
    pub(crate) cell: Cell,
    /// Whether an OpenAPI document lists it.
    pub(crate) is_documented: bool,
}

impl Entry {
    #[track_caller]
    pub(crate) fn new<K>(method: &'static str, path: &str, rule: Rule<K>, handler: &'static str) -> Self {
        let handler = handler.split_once("::").map_or(handler, |(_, rest)| rest);
        Entry {
            method,
            path: path.into(),
            rule: rule.expr,
            handler,
            at: Location::caller(),
            cell: Cell::default(),
            is_documented: true,
        }
    }

    pub(crate) fn row(&self) -> Row {
        let rule = Rule::new(self.rule.clone());
        Row { method: self.method, path: self.path.clone(), rule, handler: self.handler, at: self.at }
    }
}

macro_rules! methods {
    ($($name:ident $upper:literal),*) => {
        $(
            #[doc = concat!("`", $upper, "`: `rule` says who may, `handler` is an axum handler.")]
            #[track_caller]
            pub fn $name<K, H, T, S>(rule: Rule<K>, handler: H) -> Methods<S>
            where
                H: Handler<T, S>,
                T: AnswersTo<K> + 'static,
                S: Clone + Send + Sync + 'static,
            {
                let bare = plain::$name(handler.clone());
                Methods(vec![Method::new($upper, rule, type_name::<H>(), bare, |cell| plain::$name(Behind { handler, cell }))])
            }
        )*

        impl<S: Clone + Send + Sync + 'static> Methods<S> {
            $(
                #[doc = concat!("The same path's `", $upper, "`, under a rule of its own.")]
                #[track_caller]
                pub fn $name<K, H, T>(mut self, rule: Rule<K>, handler: H) -> Self
                where
                    H: Handler<T, S>,
                    T: AnswersTo<K> + 'static,
                {
                    let bare = plain::$name(handler.clone());
                    let guarded = |cell| plain::$name(Behind { handler, cell });
                    self.0.push(Method::new($upper, rule, type_name::<H>(), bare, guarded));
                    self
                }
            )*
        }
    };
}

methods!(get "GET", post "POST", put "PUT", patch "PATCH", delete "DELETE", head "HEAD", options "OPTIONS", any "ANY");

impl<S: Clone + Send + Sync + 'static> Methods<S> {
    /// Runs for callers who were let in, after the rule. ([`Router::layer`](crate::Router::layer) runs for everybody
    /// and sees refusals.)
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<plain::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        Methods(self.0.into_iter().map(|method| method.inside(layer.clone())).collect())
    }
}

impl<S: Clone + Send + Sync + 'static> Method<S> {
    #[track_caller]
    fn new<K>(
        method: &'static str,
        rule: Rule<K>,
        handler: &'static str,
        bare: plain::MethodRouter<S>,
        guarded: impl FnOnce(Cell) -> plain::MethodRouter<S>,
    ) -> Self {
        let entry = Entry::new(method, "", rule, handler);
        let guarded = guarded(entry.cell.clone());
        Method { entry, bare, guarded }
    }

    fn inside<L>(self, layer: L) -> Self
    where
        L: Layer<plain::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        let guard = GuardLayer { cell: self.entry.cell.clone() };
        // `any` is axum's fallback of the path, which a route layer does not reach.
        let (bare, guarded) = match self.entry.method {
            "ANY" => {
                let bare = self.bare.layer(layer);
                (bare.clone(), bare.layer(guard))
            }
            _ => {
                let bare = self.bare.route_layer(layer);
                (bare.clone(), bare.route_layer(guard))
            }
        };
        Method { entry: self.entry, bare, guarded }
    }

    pub(crate) fn into_parts(self) -> (Entry, plain::MethodRouter<S>) {
        (self.entry, self.guarded)
    }
}

impl<S> std::fmt::Debug for Methods<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|method| (method.entry.method, &method.entry.rule))).finish()
    }
}

/// What [`Router::route`](crate::Router::route) takes.
#[diagnostic::on_unimplemented(
    message = "a route without an access rule: `{Self}` says what to run, but not who may call it",
    label = "who may call this?",
    note = "use `rolecall::routing::get` in place of `axum::routing::get`, and say who: `get(role(\"admin\"), handler)`",
    note = "if everybody may, say so: `get(public(), handler)`"
)]
pub trait Ruled<S> {
    #[doc(hidden)]
    fn ruled(self) -> Methods<S>;
}

impl<S> Ruled<S> for Methods<S> {
    fn ruled(self) -> Methods<S> {
        self
    }
}
