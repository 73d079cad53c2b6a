//! The FastAPI tutorial: accounts and log-in (`/register`, `/token`, `/me`) beside two guarded routes.
use axum::Json;
use rolecall::{Caller, Router, role, routing::get};
use rolecall_server::{Error, Rolecall};
use serde_json::{Value, json};

async fn read_items(caller: Caller) -> Json<Value> {
    Json(json!([{ "item_id": "Foo", "owner": caller.name() }]))
}

async fn read_users(caller: Caller) -> Json<Value> {
    Json(json!([{ "username": caller.name() }]))
}

fn routes() -> Router {
    Router::new().route("/items/", get(role("admin"), read_items)).route("/users/", get(role("user"), read_users))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Rolecall::dev(".").await?.serve(routes()).await
}
