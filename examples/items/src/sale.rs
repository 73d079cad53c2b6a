//! Owner rules. Under `own(..)` a handler takes [`Reach`] first, else it does not compile; then there are three ways to
//! ask it whose items the caller may have, and each is here once:
//!
//! - an item at hand: `reach.covers(&item.owner)?` ([`show`]);
//! - an item that is changed: the same, inside of what changes it, so that its owner is still the owner ([`rename`]);
//! - a query: `reach.owner()` goes into it ([`list`], [`withdraw`]).
//!
//! Somebody else's item is answered like one that is not there, and not a letter differs.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use rolecall::{Caller, Denied, Reach};
use serde::Deserialize;

use crate::{Item, Items};

/// What an item is called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    name: String,
}

/// The caller's items; everybody's for who may read everybody's.
pub async fn list(reach: Reach, State(items): State<Items>) -> Json<Vec<Item>> {
    Json(items.of(reach.owner()))
}

/// Offers an item. It belongs to who offers it: to his id, which is for good, and not to his name.
pub async fn offer(caller: Caller, State(items): State<Items>, Json(new): Json<Named>) -> (StatusCode, Json<Item>) {
    (StatusCode::CREATED, Json(items.add(new.name, caller.id().to_owned())))
}

/// One item.
pub async fn show(reach: Reach, Path(id): Path<u64>, State(items): State<Items>) -> Result<Json<Item>, Denied> {
    let item = items.find(id).ok_or(Denied::NotFound)?;
    reach.covers(&item.owner)?;
    Ok(Json(item))
}

/// Renames an item.
pub async fn rename(
    reach: Reach,
    Path(id): Path<u64>,
    State(items): State<Items>,
    Json(new): Json<Named>,
) -> Result<Json<Item>, Denied> {
    let item = items.change(id, |item| {
        reach.covers(&item.owner)?;
        item.name = new.name;
        Ok(())
    })?;
    Ok(Json(item))
}

/// Takes an item out of the sale.
pub async fn withdraw(reach: Reach, Path(id): Path<u64>, State(items): State<Items>) -> Result<StatusCode, Denied> {
    match items.remove(id, reach.owner()) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Denied::NotFound),
    }
}
