//! Those whom a row is about, and all that they have got before.

use serde_json::{Value, json};

use crate::{
    clients::{Client, client},
    face::{encoded, opened},
    util::{Actor, Answer, World, world::PASSWORD},
};

/// Alice uses the shop, at home and for an API of others; a program has a key of hers; the shop itself is a caller too.
pub struct Cast {
    pub admin: Actor,
    /// Alice in a session that has nothing to do with the shop.
    pub elsewhere: Actor,
    /// What lets her, and the shop, read notes and users, and ask for decisions.
    pub role: String,
    pub api: Api,
    pub shop: Client,
    /// May know of tokens for both APIs.
    pub gateway: Client,
    pub key: Key,
    /// Her session at the shop.
    pub issuer: Tokens,
    /// Another one, whose tokens are for the API.
    pub other: Tokens,
    /// A third one, to be given back.
    pub spare: Tokens,
    /// What the shop has got for itself.
    pub itself: Actor,
}

pub struct Api {
    pub identifier: String,
    /// Where it is administered.
    pub place: String,
}

pub struct Key {
    pub id: String,
    pub text: String,
    /// Who calls with a token that was had for it.
    pub caller: Actor,
}

pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Tokens {
    fn of(answer: Answer) -> Tokens {
        let told = answer.expect(200).json();
        Tokens { access: text(&told, "access_token"), refresh: text(&told, "refresh_token") }
    }

    pub fn sid(&self) -> String {
        text(&opened(&self.access).1, "sid")
    }

    /// Which key signed it.
    pub fn kid(&self) -> String {
        text(&opened(&self.access).0, "kid")
    }
}

fn text(told: &Value, member: &str) -> String {
    told[member].as_str().unwrap_or_else(|| panic!("{member} in {told}")).to_owned()
}

/// The grant by which an API key is exchanged.
const API_KEY: &str = "urn:rolecall:oauth:grant-type:api-key";

impl Cast {
    /// All of them are new, and so has each row its own.
    pub async fn meet(world: &World, number: usize) -> Cast {
        let (admin, elsewhere) = (world.administrator().await, world.user(&format!("alice-{number}")).await);
        let role = format!("worker-{number}");
        let may = ["notes:read", "rolecall.users:read", "rolecall.decisions:evaluate"];
        world.role(&admin, &role, &may, &[]).await;
        world.give(&admin, &elsewhere, &role).await;

        let identifier = format!("urn:items:{number}");
        let api = json!({ "identifier": identifier, "name": "items" });
        let api =
            Api { place: admin.post("/admin/apis", api).await.expect(201).header("location").to_owned(), identifier };
        let grants = json!(["password", "refresh_token", "client_credentials", API_KEY]);
        let shop = client(&admin, json!({ "grant_types": grants, "first_party": true })).await;
        admin.put(&shop.role(&role)).await.expect(200);
        let issuer = format!("http://{}", world.address());
        let gateway = client(&admin, json!({ "apis": [issuer, api.identifier] })).await;

        let key = json!({ "name": "robot", "expires_in": 300 });
        let key = elsewhere.post("/me/keys", key).await.expect(201).json();
        let (id, text) = (text(&key, "id"), text(&key, "api_key"));
        let told = shop.ask(world, &by_key(&text)).await.expect(200).json();
        let caller = world.nobody().with_token(&self::text(&told, "access_token"));
        let mut sessions = vec![];
        for resource in [None, Some(api.identifier.as_str()), None] {
            sessions.push(Tokens::of(shop.ask(world, &by_password(elsewhere.name(), resource)).await));
        }
        let [issuer, other, spare] = <[_; 3]>::try_from(sessions).ok().expect("three");
        let itself = shop.acting(world).await;
        Cast { admin, elsewhere, role, api, shop, gateway, key: Key { id, text, caller }, issuer, other, spare, itself }
    }

    /// She logs in at the shop once more.
    pub async fn at_the_shop(&self, world: &World) -> Tokens {
        Tokens::of(self.shop.ask(world, &by_password(self.elsewhere.name(), None)).await)
    }
}

/// The form by which alice logs in.
pub fn by_password(name: &str, resource: Option<&str>) -> String {
    let resource = resource.map(|api| format!("&resource={}", encoded(api))).unwrap_or_default();
    format!("grant_type=password&username={name}&password={}{resource}", encoded(PASSWORD))
}

/// The form by which a key is exchanged.
pub fn by_key(text: &str) -> String {
    format!("grant_type={}&api_key={text}", encoded(API_KEY))
}
