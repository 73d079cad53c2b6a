//! Programs as callers: how administrators make them, how they prove who they are, and what they get for themselves.

mod apis;
mod assertions;
mod audience;
mod authentication;
mod edited;
mod laws;
mod own;
mod refresh;
mod registration;
mod secrets;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    face::encoded,
    util::{Actor, Answer, World},
};

pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A client that was made.
#[derive(Clone)]
pub struct Client {
    pub id: String,
    pub secret: String,
}

/// An administrator makes one; what is said is all but its name.
pub async fn client(admin: &Actor, said: Value) -> Client {
    let mut body = json!({ "client_name": "stock sync" });
    body.as_object_mut().expect("an object").extend(said.as_object().expect("an object").clone());
    let made = admin.post("/admin/clients", body).await.expect(201).json();
    let text = |member: &str| made[member].as_str().unwrap_or_default().to_owned();
    Client { id: text("client_id"), secret: text("client_secret") }
}

impl Client {
    pub fn path(&self) -> String {
        format!("/admin/clients/{}", self.id)
    }

    pub fn role(&self, role: &str) -> String {
        format!("{}/roles/{role}", self.path())
    }

    /// Asks for a token with this form, and the secret in a Basic header.
    pub async fn ask(&self, world: &World, form: &str) -> Answer {
        let basic = basic(&self.id, &self.secret);
        world.nobody().send("POST", "/token", &[FORM, ("authorization", &basic)], form.to_owned()).await
    }

    /// Asks for a token for itself.
    pub async fn token(&self, world: &World, more: &str) -> Answer {
        self.ask(world, &format!("grant_type=client_credentials{more}")).await
    }

    /// Gets one; who calls with it.
    pub async fn acting(&self, world: &World) -> Actor {
        let told = self.token(world, "").await.expect(200).json();
        world.nobody().with_token(told["access_token"].as_str().expect("a token")).known_as("client", &self.id)
    }
}

/// A Basic header, both halves encoded as a form's are (RFC 6749, 2.3.1).
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}
