//! The WebSocket, over a socket.

use std::{net::SocketAddr, time::Duration};

use axum::extract::ws::WebSocketUpgrade;
use futures_util::StreamExt;
use items::{Items, api};
use rolecall::{
    Reach, Router, own,
    routing::get,
    testing::{Actor, App, serve},
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::access::people;

/// How long a test that will fail waits for what does not come.
const PATIENCE: Duration = Duration::from_secs(10);

async fn sale() -> (App, SocketAddr) {
    let app = serve(api().with_state(Items::default()), &people());
    let address = listen(&app).await;
    (app, address)
}

async fn listen(app: &App) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let router = app.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// The socket, or the status of a refusal.
async fn follow(address: SocketAddr, actor: &Actor) -> Result<WebSocketStream<TcpStream>, u16> {
    let mut request = format!("ws://{address}/changes").into_client_request().expect("a request");
    if let Some(token) = actor.token() {
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a token is text");
        request.headers_mut().insert("authorization", bearer);
    }
    let stream = TcpStream::connect(address).await.expect("it listens");
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(refused)) => Err(refused.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// What comes next, if anything does.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Value {
    match timeout(PATIENCE, socket.next()).await.expect("a message") {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn everybody_follows_what_he_may_read() {
    let (app, address) = sale().await;
    let (alice, carl) = (app.caller("alice"), app.caller("carl"));
    let mut hers = follow(address, &alice).await.expect("a socket");
    let mut all = follow(address, &carl).await.expect("a socket");

    app.caller("bob").post("/items/", json!({ "name": "a chair" })).await;
    alice.post("/items/", json!({ "name": "a lamp" })).await;
    alice.patch("/items/2", json!({ "name": "a bright lamp" })).await;
    for name in ["a chair", "a lamp", "a bright lamp"] {
        assert_eq!(next(&mut all).await["name"], name);
    }
    for name in ["a lamp", "a bright lamp"] {
        assert_eq!(next(&mut hers).await["name"], name, "the chair is not hers");
    }
}

#[tokio::test]
async fn the_rule_is_checked_at_the_upgrade() {
    let (app, address) = sale().await;
    assert_eq!(follow(address, &app.nobody()).await.err(), Some(401));
    assert_eq!(follow(address, &app.caller("nora")).await.err(), Some(403));
}

/// A token in the address would end in logs; one is taken only from the header.
#[tokio::test]
async fn a_token_in_the_query_is_no_token() {
    let (app, address) = sale().await;
    let token = app.caller("alice").token().map(str::to_owned).expect("a token");
    let stream = TcpStream::connect(address).await.expect("it listens");
    match client_async(format!("ws://{address}/changes?access_token={token}"), stream).await {
        Err(Error::Http(refused)) => assert_eq!(refused.status(), 401),
        other => panic!("{other:?}"),
    }
}

/// The last net of `own(..)`: an upgrade is an answer that somebody must have asked for.
#[tokio::test]
async fn a_socket_that_forgot_to_ask_is_not_opened() {
    let forgets = async |_reach: Reach, socket: WebSocketUpgrade| socket.on_upgrade(async |_| panic!("it was opened"));
    let app = serve(Router::new().route("/changes", get(own("items:read"), forgets)), &people());
    let address = listen(&app).await;
    assert_eq!(follow(address, &app.caller("alice")).await.err(), Some(500));
}
