//! API keys of people: how they are made, what is had for one, what it may, and what ends it.

mod administered;
mod exchanged;
mod made;
mod over;
mod scope;

use serde_json::{Value, json};

use crate::{
    face::{encoded, oauth_error, opened},
    util::{Actor, Answer, World},
};

/// A key that was made.
struct Key {
    id: String,
    /// What a program sends.
    text: String,
}

/// Somebody makes one for a day.
async fn key(owner: &Actor, more: Value) -> Key {
    let told = owner.post("/me/keys", said(more)).await.expect(201).json();
    let text = |name: &str| told[name].as_str().expect("a text").to_owned();
    Key { id: text("id"), text: text("api_key") }
}

/// What is said of a key for a day, and more.
fn said(more: Value) -> Value {
    let mut body = json!({ "name": "robot", "expires_in": 86400 });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

/// The form by which a text is exchanged.
fn form(text: &str, more: &str) -> String {
    format!("grant_type=urn%3Arolecall%3Aoauth%3Agrant-type%3Aapi-key&api_key={}{more}", encoded(text))
}

async fn exchange(world: &World, text: &str, more: &str) -> Answer {
    world.nobody().form("/token", &form(text, more)).await
}

/// Who calls with a token that was had for a key.
async fn robot(world: &World, key: &Key) -> Actor {
    bearer(world, exchange(world, &key.text, "").await)
}

#[track_caller]
fn bearer(world: &World, answer: Answer) -> Actor {
    world.nobody().with_token(answer.expect(200).json()["access_token"].as_str().expect("a token"))
}

fn claims(actor: &Actor) -> Value {
    opened(actor.token()).1
}

/// Fails the test unless the text is no key.
#[track_caller]
fn is_refused(answer: &Answer) {
    oauth_error(answer, 400, "invalid_grant");
}

/// Alice, whose password others must not need.
async fn alice(world: &World) -> Actor {
    world.user("alice").await
}
