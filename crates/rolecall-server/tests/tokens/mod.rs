//! Tokens that clients show: how they stand (RFC 7662), and giving them back (RFC 7009).

mod held;
mod introspect;
mod revoke;

use serde_json::{Value, json};

use crate::{
    clients::{self, Client, FORM, basic},
    face::encoded,
    util::{Actor, Answer, World, world::PASSWORD},
};

const ITEMS: &str = "https://items.test";

/// A client sends a token to an endpoint.
async fn send(world: &World, client: &Client, path: &str, token: &str) -> Answer {
    let authorization = basic(&client.id, &client.secret);
    let form = format!("token={}", encoded(token));
    world.nobody().send("POST", path, &[FORM, ("authorization", &authorization)], form).await
}

/// What a client is told of a token.
async fn told(world: &World, client: &Client, token: &str) -> Value {
    send(world, client, "/introspect", token).await.expect(200).json()
}

/// Whoever is no client of anybody's sends a form.
async fn send_form(world: &World, path: &str, form: &str) -> Answer {
    world.nobody().send("POST", path, &[FORM], form.to_owned()).await
}

/// A program that logs people in, and whose sessions go on.
async fn shop(admin: &Actor) -> Client {
    let grants = json!(["password", "refresh_token", "client_credentials"]);
    clients::client(admin, json!({ "client_name": "shop", "grant_types": grants, "first_party": true })).await
}

/// A program in front of the issuer's own API, which asks about tokens for it.
async fn gateway(world: &World, admin: &Actor) -> Client {
    let issuer = format!("http://{}", world.address());
    clients::client(admin, json!({ "client_name": "gateway", "apis": [issuer] })).await
}

/// Access token and refresh token.
struct Pair {
    access: String,
    refresh: String,
}

impl Pair {
    fn of(answer: Answer) -> Pair {
        let told = answer.expect(200).json();
        let text = |member: &str| told[member].as_str().expect("a token").to_owned();
        Pair { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// Alice logs in through a program.
async fn alice_through(world: &World, client: &Client) -> Pair {
    let form = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));
    Pair::of(client.ask(world, &form).await)
}

/// Alice logs in without one.
async fn alice(world: &World) -> Pair {
    let form = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));
    Pair::of(send_form(world, "/token", &form).await)
}

fn inactive() -> Value {
    json!({ "active": false })
}
