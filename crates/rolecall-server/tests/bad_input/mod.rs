//! What somebody sends who wishes us ill or has made a mistake, at every endpoint alike.

mod addresses;
mod bodies;
mod cursors;
mod parameters;

use serde_json::{Value, json};

use crate::{
    clients::{self, Client},
    util::{Actor, World},
};

/// What a key of a person is exchanged by.
const API_KEY: &str = "urn:rolecall:oauth:grant-type:api-key";

/// A client that may ask by each grant, and about tokens for our own API.
async fn shop(world: &World, admin: &Actor) -> Client {
    let issuer = format!("http://{}", world.address());
    let grants = json!(["password", "refresh_token", "client_credentials", API_KEY]);
    clients::client(admin, json!({ "grant_types": grants, "first_party": true, "apis": [issuer] })).await
}

/// A key of somebody's, as it is sent.
async fn api_key(owner: &Actor) -> String {
    let made = owner.post("/me/keys", json!({ "name": "robot", "expires_in": 600 })).await.expect(201).json();
    text(&made, "api_key")
}

fn text(told: &Value, member: &str) -> String {
    told[member].as_str().unwrap_or_else(|| panic!("{member} in {told}")).to_owned()
}
