//! The page that shows an OpenAPI document and tries its calls: Swagger UI, out of its crate, under a strict policy.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::Request,
    handler::Handler,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::{Problem, Router, Rule, kept::Kept, openapi::Document, routing::get};

/// What the page is made of. The crate has more: bundles for those who build a page of their own.
const FILES: [&str; 10] = [
    "index.html",
    "index.css",
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "swagger-initializer.js",
    "favicon-16x16.png",
    "favicon-32x32.png",
    "oauth2-redirect.html",
    "oauth2-redirect.js",
];

#[cfg_attr(docsrs, doc(cfg(feature = "docs")))]
impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// A page that shows the [document](Router::openapi) of this API and tries its calls: Swagger UI at `path/`, to log
    /// in with a name and a password, and the document beside it, as [`serve_openapi`](Router::serve_openapi) does:
    /// `docs("/docs", ..)` answers `/docs/` and `/openapi.json`. Nothing is loaded from elsewhere.
    ///
    /// All of it is under `rule`. A browser that opens a page sends no bearer token: a rule that asks for a caller is
    /// for a page behind a proxy that adds one.
    ///
    /// ```
    /// use rolecall::{Router, public, role, routing::get};
    ///
    /// let api: Router = Router::new()
    ///     .route("/items/", get(role("clerk"), async || "items"))
    ///     .docs("/docs", public(), serde_json::json!({ "info": { "title": "Items", "version": "1.0" } }));
    /// assert!(api.access_matrix().to_string().contains("/docs/{file}"));
    /// ```
    ///
    /// # Panics
    /// At its own line, if `path` is not as `/docs` or `base` is no OpenAPI 3.1 document; and as
    /// [`route`](Router::route).
    #[track_caller]
    pub fn docs(self, path: &str, rule: Rule, base: impl Serialize) -> Self {
        let document = match Document::read(base) {
            Ok(document) => document,
            Err(why) => panic!("{why}"),
        };
        let path = path.trim_end_matches('/');
        let Some((parent, name)) = path.rsplit_once('/').filter(|(_, name)| !name.is_empty()) else {
            panic!("`{path}` is no path for a page: give it a name, as `/docs`");
        };
        let page = Page::new(name, &document);
        self.route_apart(path, get(rule.clone(), page.clone()))
            .route_apart(&format!("{path}/"), get(rule.clone(), page.clone()))
            .route_apart(&format!("{path}/{{file}}"), get(rule.clone(), page))
            .serve_openapi(&format!("{parent}/openapi.json"), rule, document)
    }
}

/// Answers with the files of the page; at its path without a slash, with the way to the one with it.
#[derive(Clone)]
struct Page {
    files: Arc<BTreeMap<&'static str, File>>,
    /// The last part of its path.
    name: String,
    policy: HeaderValue,
}

struct File {
    kept: Kept,
    gzipped: bool,
}

impl Page {
    fn new(name: &str, document: &Document) -> Self {
        let config = Arc::new(
            Config::new(["../openapi.json"])
                // The bar on top asks for another address, which the policy forbids.
                .use_base_layout()
                .show_extensions(true)
                .default_models_expand_depth(0)
                // Else it asks a validator somewhere about each document.
                .validator_url("none"),
        );
        let file = |name: &'static str| {
            let SwaggerFile { bytes, content_type, gzpipped: gzipped, .. } =
                utoipa_swagger_ui::serve(name, Arc::clone(&config)).ok().flatten()?;
            Some((name, File { kept: Kept::new(&content_type, bytes), gzipped }))
        };
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'{}; \
             form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
            document.origins().iter().map(|origin| format!(" {origin}")).collect::<String>(),
        );
        Page {
            files: Arc::new(FILES.into_iter().filter_map(file).collect()),
            name: name.to_owned(),
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'")),
        }
    }

    fn answer(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let name = match path.rsplit_once('/') {
            // Its links are relative, and so is this one: whoever is in front may have put more before the path.
            Some((_, last)) if last == self.name => return moved(&self.name),
            Some((_, "")) => "index.html",
            Some((_, last)) => last,
            None => path,
        };
        let Some(file) = self.files.get(name) else {
            return Problem::new(StatusCode::NOT_FOUND, "no-such-route", "the page has no such file").into_response();
        };
        let mut response = file.kept.answer(request.headers());
        let headers = response.headers_mut();
        if file.gzipped {
            // They are embedded like this, and are for browsers: each one reads it.
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }
}

impl<S> Handler<((),), S> for Page {
    type Future = std::future::Ready<Response>;

    fn call(self, request: Request, _: S) -> Self::Future {
        std::future::ready(self.answer(&request))
    }
}

fn moved(name: &str) -> Response {
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    if let Ok(place) = HeaderValue::try_from(format!("{name}/")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}
