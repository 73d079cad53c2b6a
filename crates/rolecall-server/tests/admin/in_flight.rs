//! A call that was let in while its caller still had the right, and whose body comes when he has not.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{account, assignment, everything, holder, user};
use crate::util::{Actor, World, on_both};

const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a call without its body, until the service asks for that: then the guard has let it in.
async fn begun(world: &World, caller: &Actor, method: &str, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.address()).await.expect("a connection");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: rolecall.test\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        caller.token(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the head is sent");
    let mut asked = [0; 25];
    timeout(PATIENCE, stream.read_exact(&mut asked)).await.expect("an answer").expect("it asks for the body");
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// Sends the body; answers the status.
async fn finished(mut stream: TcpStream, body: &str) -> u16 {
    stream.write_all(body.as_bytes()).await.expect("the body is sent");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an end").expect("an answer");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

on_both! {
    async fn a_right_that_is_taken_away_before_the_body_came_is_gone(world) {
        let admin = world.administrator().await;
        let bob = account(&admin, "bob").await;
        let calls = [
            ("POST", "/admin/users".to_owned(), r#"{"username":"accomplice"}"#),
            ("PATCH", user(&bob), r#"{"disabled":true}"#),
            ("POST", "/admin/roles".to_owned(), r#"{"name":"back-door","permissions":[]}"#),
            ("PUT", assignment(&bob, "user"), r#"{"until":null}"#),
        ];
        let rights = ["rolecall.users:write", "rolecall.roles:write", "rolecall.roles:grant"];
        for (number, how) in ["deassigned", "disabled", "deleted"].into_iter().enumerate() {
            let clerk = holder(world, &admin, &format!("clerk-{number}"), &rights).await;
            let mut open = vec![];
            for (method, path, body) in &calls {
                open.push((begun(world, &clerk, method, path, body).await, body));
            }

            match how {
                "deassigned" => admin.delete(&assignment(clerk.id(), &format!("clerk-{number}-role"))).await,
                "disabled" => admin.patch(&user(clerk.id()), serde_json::json!({ "disabled": true })).await,
                _ => admin.delete(&user(clerk.id())).await,
            }
            .expect(200);

            let before = everything(&admin).await;
            for (stream, body) in open {
                assert_eq!(finished(stream, body).await, if how == "deassigned" { 403 } else { 401 }, "{how}: {body}");
            }
            assert_eq!(everything(&admin).await, before);
        }
    }
}
