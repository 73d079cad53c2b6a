//! One caller with one connection, for what is set up and for what is measured one call at a time.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use anyhow::Context as _;
use serde_json::Value;

use crate::load;

/// A caller.
pub struct Client {
    stream: TcpStream,
    token: Option<String>,
}

impl Client {
    /// Nobody yet.
    pub fn connect(address: SocketAddr) -> anyhow::Result<Client> {
        anyhow::ensure!(address.ip().is_loopback(), "no request leaves this machine");
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, token: None })
    }

    /// Somebody whose token is known.
    pub fn with_token(address: SocketAddr, token: &str) -> anyhow::Result<Client> {
        Ok(Client { token: Some(token.to_owned()), ..Client::connect(address)? })
    }

    /// Somebody, from now on.
    pub fn log_in(&mut self, username: &str, password: &str) -> anyhow::Result<String> {
        let form = log_in(username, password);
        let (status, body) = self.send(&load::post("/token", &form))?;
        anyhow::ensure!(status == 200, "{username} could not log in: {status} {body}");
        let token = body["access_token"].as_str().context("no token")?.to_owned();
        self.token = Some(token.clone());
        Ok(token)
    }

    /// Who this is: the token of the last log-in; empty before.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A POST of JSON; status and body.
    pub fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let body = body.to_string();
        let length = body.len();
        let head = "host: 127.0.0.1\r\ncontent-type: application/json";
        self.send(format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes())
    }

    /// A call with a method and a path; status and body.
    pub fn call(&mut self, method: &str, path: &str) -> anyhow::Result<(u16, Value)> {
        let authorization = self.token.as_ref().map(|token| format!("authorization: Bearer {token}\r\n"));
        let authorization = authorization.unwrap_or_default();
        let length = if method == "GET" { "" } else { "content-length: 0\r\n" };
        self.send(format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{authorization}{length}\r\n").as_bytes())
    }

    /// A request as it is.
    pub fn send(&mut self, request: &[u8]) -> anyhow::Result<(u16, Value)> {
        self.stream.write_all(request)?;
        let mut answer = vec![0; 256 << 10];
        let mut length = 0;
        loop {
            let read = self.stream.read(&mut answer[length..])?;
            anyhow::ensure!(read > 0, "the server closed a connection");
            length += read;
            if let Some(status) = load::whole(&answer[..length])? {
                let body = answer[..length]
                    .windows(4)
                    .position(|four| four == b"\r\n\r\n")
                    .map(|end| &answer[end + 4..length]);
                return Ok((status, body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default()));
            }
        }
    }
}

/// The form of a log-in.
pub fn log_in(username: &str, password: &str) -> String {
    let password = password.replace(' ', "+");
    format!("grant_type=password&username={username}&password={password}")
}
