//! Role rules, and a router of its own under a stricter outer rule.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use rolecall::{
    Denied, Router, authenticated, permission, role,
    routing::{get, put},
};
use serde::Deserialize;

use crate::{Item, Items};

/// For clerks. [`Router::require`] makes every route of this router stricter, also one that is added later: whoever is
/// `authenticated()` here is a clerk, and who gives an item away is a clerk with that permission.
pub fn routes() -> Router<Items> {
    Router::new()
        .require(role("clerk"))
        .route("/owners", get(authenticated(), owners))
        .route("/items/{id}/owner", put(permission("items:give"), give))
}

/// How many items there are.
pub async fn count(State(items): State<Items>) -> Json<usize> {
    Json(items.of(None).len())
}

/// How many items each owner has.
async fn owners(State(items): State<Items>) -> Json<BTreeMap<String, usize>> {
    let mut owners = BTreeMap::new();
    for item in items.of(None) {
        *owners.entry(item.owner).or_default() += 1;
    }
    Json(owners)
}

/// The id of somebody.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    owner: String,
}

/// Gives an item to another owner.
async fn give(Path(id): Path<u64>, State(items): State<Items>, Json(to): Json<Owner>) -> Result<Json<Item>, Denied> {
    let item = items.change(id, |item| {
        item.owner = to.owner;
        Ok(())
    })?;
    Ok(Json(item))
}
