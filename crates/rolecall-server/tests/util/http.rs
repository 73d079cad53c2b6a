//! Calls over HTTP by people: `alice.get("/items/").await`.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

/// Somebody who calls, with a token or without.
#[derive(Clone)]
pub struct Actor {
    client: Client<HttpConnector, Body>,
    address: SocketAddr,
    name: Arc<str>,
    id: Arc<str>,
    token: Option<Arc<str>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `null` when there is none.
    pub fn json(&self) -> Value {
        match self.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text())),
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header that is text"))
    }

    /// Fails the test unless it is this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

impl Actor {
    pub fn nobody(address: SocketAddr) -> Actor {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Actor { client, address, name: "nobody".into(), id: "".into(), token: None }
    }

    /// Somebody who comes from another address of this machine.
    pub fn from_address(address: SocketAddr, own: IpAddr) -> Actor {
        let mut connector = HttpConnector::new();
        connector.set_local_address(Some(own));
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Actor { client, ..Actor::nobody(address) }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The same person with this token.
    pub fn with_token(&self, token: &str) -> Actor {
        Actor { token: Some(token.into()), ..self.clone() }
    }

    /// The same person, who does not use a connection again that he had before.
    pub fn with_new_connections(&self) -> Actor {
        Actor { client: Client::builder(TokioExecutor::new()).build_http(), ..self.clone() }
    }

    pub fn known_as(&self, name: &str, id: &str) -> Actor {
        Actor { name: name.into(), id: id.into(), ..self.clone() }
    }

    /// Sends what is given, whatever it is; a token of the actor's is added where there is no such header.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.try_send(method, path, headers, body).await.expect("an answer")
    }

    /// The same where the service may end before it has answered.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let said = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if let Some(token) = self.token.as_ref().filter(|_| !said) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(body.into()).expect("a request");
        let response = self.client.request(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await?.to_bytes().to_vec();
        assert_ne!(status, StatusCode::SWITCHING_PROTOCOLS);
        Ok(Answer { status: status.as_u16(), headers, body })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Body::empty()).await
    }

    /// Without a body.
    pub async fn put(&self, path: &str) -> Answer {
        self.send("PUT", path, &[], Body::empty()).await
    }

    pub async fn put_json(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// `POST` of a form, written as it goes over the wire: `grant_type=password&username=alice`.
    pub async fn form(&self, path: &str, form: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &headers, form.to_owned()).await
    }

    /// Asks for a token with a name and a password.
    pub async fn log_in(&self, username: &str, password: &str) -> Answer {
        self.log_in_for(username, password, None).await
    }

    /// The same, cut to a scope.
    pub async fn log_in_for(&self, username: &str, password: &str, scope: Option<&str>) -> Answer {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let mut form = format!("grant_type=password&username={}&password={}", encode(username), encode(password));
        if let Some(scope) = scope {
            form.push_str(&format!("&scope={}", encode(scope)));
        }
        // Whoever logs in has no token yet.
        Actor { token: None, ..self.clone() }.form("/token", &form).await
    }

    /// Logs in and answers who can call from now on.
    pub async fn logged_in(&self, username: &str, password: &str) -> Actor {
        let answer = self.log_in(username, password).await.expect(200).json();
        let actor = self.with_token(answer["access_token"].as_str().expect("a token"));
        let me = actor.get("/me").await.expect(200).json();
        actor.known_as(username, me["id"].as_str().expect("an id"))
    }

    pub async fn register(&self, username: &str, password: &str) -> Answer {
        self.post("/register", json!({ "username": username, "password": password })).await
    }
}
