//! A WebSocket: items as they are added and changed.
//!
//! The rule of the route is checked at the upgrade, with the token in the `Authorization` header as everywhere else.
//! (Programs can send that header with a WebSocket; browsers cannot.) **After the upgrade nobody looks again**: an open
//! socket is ended neither by the end of its token nor when the right is taken away. What does both comes with the feed.
//! Until then, send nothing over a socket that somebody must not see a moment after his right is gone.

use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use rolecall::Reach;
use tokio::sync::broadcast::Receiver;

use crate::{Item, Items};

/// Nothing is expected from the other side.
const LONGEST_MESSAGE: usize = 1 << 10;

/// Sends each item that is added or changed: the caller's, or everybody's to who may read everybody's.
pub async fn follow(reach: Reach, socket: WebSocketUpgrade, State(items): State<Items>) -> Response {
    // Asked here and not in the task: the upgrade is an answer too, and none leaves before somebody has asked.
    let owner = reach.owner().map(str::to_owned);
    let changes = items.changes();
    socket.max_message_size(LONGEST_MESSAGE).on_upgrade(|socket| send(socket, changes, owner))
}

async fn send(mut socket: WebSocket, mut changes: Receiver<Item>, owner: Option<String>) {
    loop {
        let item = tokio::select! {
            changed = changes.recv() => match changed {
                Ok(item) => item,
                // Too slow to follow. The end is better than a gap that nobody sees.
                Err(_) => return,
            },
            heard = socket.recv() => match heard {
                Some(Ok(_)) => continue,
                _ => return,
            },
        };
        if owner.as_ref().is_some_and(|owner| *owner != item.owner) {
            continue;
        }
        let Ok(text) = serde_json::to_string(&item) else { return };
        if socket.send(Message::text(text)).await.is_err() {
            return;
        }
    }
}
