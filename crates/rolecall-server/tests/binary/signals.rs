//! How it ends: calls under way are finished, and a second signal does not wait for them.

use std::net::SocketAddr;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::ANYWHERE;
use crate::util::{
    binary::{self, Service},
    until,
    world::PASSWORD,
};

/// A call that is under way: the half of a registration.
struct Half {
    stream: TcpStream,
    rest: String,
}

impl Half {
    async fn of_a_registration(address: SocketAddr, name: &str) -> Half {
        let body = json!({ "username": name, "password": PASSWORD }).to_string();
        let head = format!(
            "POST /register HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("sent");
        // It asks for the body: so the call has begun.
        let mut asked = [0; 25];
        stream.read_exact(&mut asked).await.expect("an answer");
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        let (half, rest) = body.split_at(body.len() / 2);
        stream.write_all(half.as_bytes()).await.expect("sent");
        Half { stream, rest: rest.to_owned() }
    }

    async fn the_rest(mut self) -> String {
        self.stream.write_all(self.rest.as_bytes()).await.expect("sent");
        let mut answer = vec![];
        self.stream.read_to_end(&mut answer).await.expect("an answer");
        String::from_utf8(answer).expect("text")
    }
}

/// Until nobody is let in any more.
async fn stops_listening(address: SocketAddr) {
    until(async || TcpStream::connect(address).await.is_err()).await;
}

async fn drains(signal: Signal) {
    let folder = TempDir::new().expect("a folder");
    let service = Service::start(folder.path(), &ANYWHERE);
    let address = service.address();
    let alice = Half::of_a_registration(address, "alice").await;
    // One who keeps his connection open and says nothing holds nobody up.
    let idle = TcpStream::connect(address).await.expect("a connection");
    service.nobody().get("/health").await.expect(200);
    service.signal(signal);
    stops_listening(address).await;

    let answer = alice.the_rest().await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let (status, log) = service.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    drop(idle);
    let again = Service::start(folder.path(), &ANYWHERE);
    again.nobody().log_in("alice", PASSWORD).await.expect(200);
    again.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_calls_finish() {
    drains(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_lets_calls_finish() {
    drains(Signal::INT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once() {
    let folder = TempDir::new().expect("a folder");
    let service = Service::start(folder.path(), &ANYWHERE);
    let password = service.password().expect("a password").to_owned();
    let address = service.address();
    let mut alice = Half::of_a_registration(address, "alice").await;
    service.signal(Signal::TERM);
    stops_listening(address).await;
    service.signal(Signal::INT);
    let (status, log) = service.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    // The call that it did not wait for is over.
    let mut answer = vec![];
    let _ = alice.stream.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
    let again = Service::start(folder.path(), &ANYWHERE);
    again.nobody().log_in("alice", PASSWORD).await.expect(400);
    again.nobody().log_in("admin", &password).await.expect(200);
    again.stop();
}

#[test]
fn one_that_comes_with_the_first_line_is_obeyed() {
    let folder = TempDir::new().expect("a folder");
    for _ in 0..5 {
        Service::start(folder.path(), &ANYWHERE).stop();
    }
}

#[test]
fn the_log_is_on_stderr_and_says_what_happens() {
    let folder = TempDir::new().expect("a folder");
    let service = Service::start(folder.path(), &["--listen", &binary::address()]);
    let password = service.password().expect("a password").to_owned();
    let log = service.stop();
    assert!(!log.contains(&password), "{log}");
    let told = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    assert!(
        log.lines().map(told).any(|line| line["message"].as_str().is_some_and(|text| text.starts_with("stopping")))
    );
}
