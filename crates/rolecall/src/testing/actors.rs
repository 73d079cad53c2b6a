//! Actors: people who call an application in the test's own process.

use std::{borrow::Cow, sync::Arc};

use axum::body::{Body, Bytes, to_bytes};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt;

use super::{people::People, world::World};
use crate::Router;

/// Puts an application behind a guard, in this process, for these people to call. Its handlers run.
pub fn serve(api: Router, people: &People) -> App {
    let world = World::new(people);
    let router = world.guard().protect(api);
    App { router, world: Arc::new(world) }
}

/// An application that is served. Copies are the same application.
#[derive(Clone)]
pub struct App {
    router: axum::Router,
    world: Arc<World>,
}

impl App {
    /// Somebody without a token.
    pub fn nobody(&self) -> Actor {
        Actor { app: self.router.clone(), id: None, token: None, headers: HeaderMap::new() }
    }

    /// One of the people, with a token as from a log-in now.
    ///
    /// # Panics
    /// At its own line, when there is nobody of that name.
    #[track_caller]
    pub fn caller(&self, name: &str) -> Actor {
        let person = self.world.people.find(name);
        let token = self.world.token(person);
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a token is text");
        let (id, headers) = (Some(person.id()), HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]));
        Actor { app: self.router.clone(), id, token: Some(token), headers }
    }

    /// The application, guarded, to be served over a socket: for WebSockets, and for clients that are programs.
    /// [`Actor::token`] is what those send.
    pub fn router(&self) -> axum::Router {
        self.router.clone()
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("people", &self.world.people.names().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// Somebody who calls, always with the same headers.
#[derive(Clone)]
pub struct Actor {
    app: axum::Router,
    id: Option<String>,
    token: Option<String>,
    headers: HeaderMap,
}

impl Actor {
    /// His [`id`](crate::Caller::id): the owner of what is his.
    ///
    /// # Panics
    /// At its own line, for nobody, who has none.
    #[track_caller]
    pub fn id(&self) -> &str {
        self.id.as_deref().expect("nobody has no id")
    }

    /// His token; nobody has none.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The same, sending this header too.
    ///
    /// # Panics
    /// At its own line, for what cannot stand in a header.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, name: &str, value: &str) -> Actor {
        let name = name.parse::<HeaderName>().expect("the name of a header");
        self.headers.append(name, value.parse().expect("what can stand in a header"));
        self
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, ()).await
    }

    /// `POST` with a body.
    pub async fn post(&self, path: &str, body: impl Into<Content>) -> Answer {
        self.call(Method::POST, path, body).await
    }

    /// `PUT` with a body.
    pub async fn put(&self, path: &str, body: impl Into<Content>) -> Answer {
        self.call(Method::PUT, path, body).await
    }

    /// `PATCH` with a body.
    pub async fn patch(&self, path: &str, body: impl Into<Content>) -> Answer {
        self.call(Method::PATCH, path, body).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, ()).await
    }

    /// Any method.
    ///
    /// # Panics
    /// For a path that is none: it begins with `/`.
    pub async fn call(&self, method: Method, path: &str, body: impl Into<Content>) -> Answer {
        let Content { kind, bytes } = body.into();
        let mut request = Request::new(Body::from(bytes));
        *request.method_mut() = method;
        // `items` alone would be the name of a host.
        let uri = Some(path).filter(|path| path.starts_with('/')).and_then(|path| path.parse().ok());
        *request.uri_mut() = uri.unwrap_or_else(|| panic!("`{path}` is not a path: write one as `/items/`"));
        if let Some(kind) = kind {
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        self.send(request).await
    }

    /// A request of your own making; his headers are added. It is answered whole: what streams without an end is for
    /// [`App::router`].
    ///
    /// # Panics
    /// When the body of the answer breaks off.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        for (name, value) in &self.headers {
            request.headers_mut().append(name, value.clone());
        }
        let Ok(response) = self.app.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("the body of an answer, whole");
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the token.
        f.debug_struct("Actor").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The body of a request: `()` and `""` for none, text, or JSON ([`serde_json::Value`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    kind: Option<&'static str>,
    bytes: Vec<u8>,
}

impl From<()> for Content {
    fn from((): ()) -> Self {
        Content { kind: None, bytes: vec![] }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        let kind = (!text.is_empty()).then_some("text/plain; charset=utf-8");
        Content { kind, bytes: text.into() }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Content::from(text.as_str())
    }
}

impl From<Value> for Content {
    fn from(json: Value) -> Self {
        Content { kind: Some("application/json"), bytes: json.to_string().into() }
    }
}

/// What was answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// Its status: `assert_eq!(answer.status, 404)`.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as it came.
    pub body: Bytes,
}

impl Answer {
    /// A header, where it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// At its own line, when it is none; the message shows what it is.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(json) => json,
            Err(why) => panic!("{} is answered with a body that is not JSON ({why}): {}", self.status, self.text()),
        }
    }
}
