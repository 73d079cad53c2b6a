//! Writes the rules of a router into an OpenAPI 3.1 document: into anybody's, and in the end there is a document where
//! there was none. What its author wrote stays; the rules are not his to write.

mod answers;
mod document;
mod security;
mod write;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use axum::{
    extract::Request,
    handler::Handler,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    Denied, Router, Rule,
    kept::Kept,
    routing::{Entry, get},
};

pub(crate) use document::Document;

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// The OpenAPI document of this router: `base`, with every route and its rule written into it.
    ///
    /// `base` is whatever serialises to an OpenAPI 3.1 document: one of utoipa's, JSON written by hand, or `{}`. For
    /// each route it gets
    ///
    /// - the path and the method, with the parameters of the path, where they are missing. A path is found whatever its
    ///   parameters are called. `{*rest}` becomes `{rest}`; a route for `ANY` method is described by the methods that
    ///   `base` has for it, or by `GET`, `POST`, `PUT`, `PATCH` and `DELETE`;
    /// - `security`, out of the final rule, for the one scheme `rolecall` (OAuth 2.0 with the password flow, its
    ///   `tokenUrl` being `/token` unless `base` names another). Only a public operation keeps what `base` says: such a
    ///   handler may look for credentials of its own kind;
    /// - `x-rolecall-rule`, the rule as the access matrix prints it, which ends the `description` too;
    /// - the responses 400, 401, 403 and 503 of the guard, as problem documents. A 403 that is there already is told what
    ///   the route asks for;
    /// - an `operationId` that no other operation has.
    ///
    /// Operations of `base` below a [`nest_service`](Router::nest_service) get that one's rule; what is behind a
    /// [`fallback`](Router::fallback) cannot be listed. Operations that no route answers stay as they are, and the page
    /// and the document of [`serve_openapi`](Router::serve_openapi) are not among them.
    ///
    /// ```
    /// use rolecall::{Router, role, routing::get};
    ///
    /// let api: Router = Router::new().route("/items/{id}", get(role("clerk"), async || "an item"));
    /// let document = api.openapi(serde_json::json!({ "info": { "title": "Items", "version": "1.0" } }))?;
    ///
    /// let operation = &document["paths"]["/items/{id}"]["get"];
    /// assert_eq!(operation["x-rolecall-rule"], "role clerk");
    /// assert_eq!(operation["security"][0]["rolecall"], serde_json::json!([]));
    /// # Ok::<(), rolecall::NotOpenApi>(())
    /// ```
    ///
    /// # Errors
    /// [`NotOpenApi`] says where `base` is no OpenAPI 3.1 document.
    pub fn openapi(&self, base: impl Serialize) -> Result<Value, NotOpenApi> {
        let mut document = Document::read(base)?;
        document.write_rules(&self.entries());
        Ok(document.into_json())
    }

    /// Answers `GET` at `path` with the [document](Router::openapi) of what is protected in the end: routes that are
    /// added later, and routers that this one is merged into or nested in, are in it too.
    ///
    /// # Panics
    /// At its own line, if `base` is no OpenAPI 3.1 document; and as [`route`](Router::route).
    #[track_caller]
    pub fn serve_openapi(self, path: &str, rule: Rule, base: impl Serialize) -> Self {
        let document = match Document::read(base) {
            Ok(document) => document,
            Err(why) => panic!("{why}"),
        };
        let file = Arc::default();
        let served = Served { file: Arc::clone(&file) };
        self.route_apart(path, get(rule, served)).with_document(Unwritten { document, file })
    }
}

/// What was given is no OpenAPI 3.1 document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotOpenApi(String);

impl fmt::Display for NotOpenApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is no OpenAPI 3.1 document: {}", self.0)
    }
}

impl std::error::Error for NotOpenApi {}

/// A document that is served, before its routes are known: they are when the router is protected.
pub(crate) struct Unwritten {
    document: Document,
    file: Arc<OnceLock<Kept>>,
}

impl Unwritten {
    pub(crate) fn write(mut self, entries: &[Entry]) {
        self.document.write_rules(entries);
        let text = format!("{:#}\n", self.document.into_json());
        // A router is protected once, so nothing is there yet.
        let _ = self.file.set(Kept::new("application/json", text.into_bytes()));
    }
}

/// Answers with a document.
#[derive(Clone)]
struct Served {
    file: Arc<OnceLock<Kept>>,
}

impl<S> Handler<((),), S> for Served {
    type Future = std::future::Ready<Response>;

    fn call(self, request: Request, _: S) -> Self::Future {
        let answer = self.file.get().map(|file| file.answer(request.headers()));
        std::future::ready(answer.unwrap_or_else(|| Denied::UNPROTECTED.into_response()))
    }
}
