//! A service in this process, asked without a network: its routes behind its guard.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use rolecall::clock::Clock;
use rolecall_server::{Config, Dev, Rolecall};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// A service with a database of its own, and its administrator.
pub struct Service {
    runtime: Runtime,
    app: axum::Router,
    password: String,
    token: Mutex<(Instant, String)>,
    // Kept as long as the service.
    _rolecall: Rolecall,
    _folder: TempDir,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Vec<u8>,
}

/// A token is good for 15 minutes.
const LOG_IN_AGAIN_AFTER: Duration = Duration::from_secs(600);

impl Service {
    pub fn start() -> Service {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let folder = TempDir::new().expect("a folder");
        let said = Dev { listen: Some("127.0.0.1:0".into()), ..Dev::default() };
        let config = Config::dev(folder.path(), &said).expect("settings");
        let rolecall = runtime.block_on(Rolecall::start(config, Clock::system())).expect("it starts");
        let password = rolecall.greeting().administrator().expect("an administrator").password.to_string();
        let app = rolecall.guard().protect(rolecall.routes());
        let mut service = Service {
            runtime,
            app,
            password,
            token: Mutex::new((Instant::now(), String::new())),
            _rolecall: rolecall,
            _folder: folder,
        };
        service.token = Mutex::new((Instant::now(), service.log_in()));
        service
    }

    /// The administrator's token.
    pub fn token(&self) -> String {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if token.0.elapsed() > LOG_IN_AGAIN_AFTER {
            *token = (Instant::now(), self.log_in());
        }
        token.1.clone()
    }

    fn log_in(&self) -> String {
        let form = format!("grant_type=password&username=admin&password={}", self.password);
        let request = Request::post("/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = self.ask(request.body(Body::from(form)).expect("a request"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// Sends a request.
    pub fn ask(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(async {
            let Ok(response): Result<Response<Body>, _> = self.app.clone().oneshot(request).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.expect("a body").to_bytes().to_vec();
            Answer { status: parts.status.as_u16(), headers: parts.headers, body }
        })
    }

    /// The administrator sends JSON, or nothing.
    pub fn administer(&self, method: &str, path: &str, said: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token()))
            .header(header::CONTENT_TYPE, "application/json");
        let body = said.map(|said| Body::from(said.to_string())).unwrap_or_default();
        self.ask(request.body(body).expect("a request"))
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether it is what a call was hoped to get.
    pub fn is(&self, status: StatusCode) -> bool {
        self.status == status.as_u16()
    }
}
