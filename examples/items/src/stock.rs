//! A route for a program that calls for itself: the warehouse's, which asks every night what is for sale.
//!
//! There is no person behind such a call, so there is nothing that is its own. Its token comes from `/token` with
//! `grant_type=client_credentials&scope=stock:sync`, and is good for this and nothing else: a token that says nothing of
//! what it is for does not pass, and neither does an administrator.

use axum::{Json, extract::State};
use rolecall::Caller;
use serde::Serialize;

use crate::{Item, Items};

/// What is for sale, and who asked.
#[derive(Serialize)]
pub struct Stock {
    /// The client's id: a client has no other name.
    asked_by: String,
    items: Vec<Item>,
}

/// Everybody's items.
pub async fn sync(caller: Caller, State(items): State<Items>) -> Json<Stock> {
    Json(Stock { asked_by: caller.name().to_owned(), items: items.of(None) })
}
