//! Calls byte by byte, for what an HTTP client is too polite to send.

use std::{net::SocketAddr, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::util::Answer;

/// A service that has said nothing by then will not.
const PATIENCE: Duration = Duration::from_secs(90);

/// Sends these bytes on a connection of their own, and then reads until the service closes it.
pub async fn send(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Answer {
    answered(begun(address, bytes).await).await.expect("an answer")
}

/// Sends these bytes, and keeps the connection.
pub async fn begun(address: SocketAddr, bytes: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(bytes.as_ref()).await.expect("all of it can be sent");
    stream
}

/// `GET` of this target, as it is written.
pub async fn get(address: SocketAddr, target: &str, headers: &str) -> Answer {
    send(address, request(&format!("GET {target}"), headers, "")).await
}

/// A request whose connection is to be closed after it; `headers` are lines that end in CRLF.
pub fn request(method_and_target: &str, headers: &str, body: &str) -> String {
    let length = match body.is_empty() {
        true => String::new(),
        false => format!("content-length: {}\r\n", body.len()),
    };
    format!("{method_and_target} HTTP/1.1\r\nhost: rolecall.test\r\nconnection: close\r\n{headers}{length}\r\n{body}")
}

/// Reads until the service closes the connection; `None` when it closed it without a word.
pub async fn answered(mut stream: TcpStream) -> Option<Answer> {
    let mut bytes = vec![];
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end").expect("no reset");
    (!bytes.is_empty()).then(|| parsed(&bytes))
}

fn parsed(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an end of the headers");
    let head = std::str::from_utf8(&bytes[..end]).expect("a head that is text");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let headers: HeaderMap = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").expect("a header");
            let name: HeaderName = name.parse().expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        })
        .collect();
    Answer { status: status.parse().expect("a status"), headers, body: bytes[end + 4..].to_vec() }
}
