//! The limits of a call are settings.

use std::fs;

use axum::body::Body;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::util::{
    binary::{Service, rolecall, run},
    world::PASSWORD,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_of_a_call_is_bounded_as_it_is_set() {
    let folder = TempDir::new().expect("a folder");
    let settings = "issuer = \"https://auth.example.org\"\nlisten = \"127.0.0.1:0\"\nregistration = \"open\"\n\
                    body_limit = \"8KiB\"\nheader_limit = \"8KiB\"\nparameter_limit = 8\njson_depth_limit = 4\n\
                    header_timeout = 1\nbody_timeout = 1\nlog = \"error\"\nlog_format = \"text\"\n";
    fs::write(folder.path().join("rolecall.toml"), settings).expect("a file");
    let said = run(&mut rolecall(folder.path(), &["init", "--username", "olivia"]), PASSWORD);
    assert_eq!(said.code, Some(0), "{said:?}");
    let service = Service::serve(folder.path(), &[]);
    let nobody = service.nobody();

    let answer = nobody.post("/register", json!({ "username": "a".repeat(8 << 10) })).await;
    assert!(answer.expect(413).json()["detail"].as_str().is_some_and(|detail| detail.contains("8192")));
    let deep = nobody.post("/register", json!({ "username": [[[[1]]]] })).await.expect(400).json();
    assert!(deep["detail"].as_str().is_some_and(|detail| detail.contains("deeper than 4")), "{deep}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let many = (0..9).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
    let many = nobody.try_send("POST", "/token", &form, Body::from(many)).await.expect("an answer").expect(400).json();
    assert!(many["error_description"].as_str().is_some_and(|text| text.contains("more than 8 parameters")), "{many}");
    let long = "a".repeat(9 << 10);
    let answer =
        nobody.try_send("GET", "/health", &[("x-long", long.as_str())], Body::empty()).await.expect("an answer");
    assert_eq!(answer.status, 431);

    // Half a head, and half a body.
    for half in [
        "GET /health HTTP/1.1\r\nHost: x\r\n",
        "POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    ] {
        let mut stream = TcpStream::connect(service.address()).await.expect("a connection");
        stream.write_all(half.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
        assert!(half.starts_with("GET") || answer.contains("did not come within 1 s"), "{answer}");
    }
    assert_eq!(service.stop(), "", "the log tells errors only, and there were none");
}
