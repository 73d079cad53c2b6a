//! Row 12 of the security goals as a property: of an opaque secret nothing counts but the whole of it in its one
//! spelling, at each place that takes one. What differs by a space is not trimmed into it.

use serde_json::{Value, json};

use super::{encoded, oauth_error, problem};
use crate::{
    admin::Dice,
    clients::{Client, FORM, basic, client},
    util::{Answer, World, on_both, world::PASSWORD},
};

/// How often each secret is edited.
const EDITS: usize = 150;
/// The same edits each time; a failure tells which it was.
const SEED: u64 = 0x5ec2e7;
/// What is put somewhere into it.
const MORE: [&str; 22] = [
    " ", "\t", "\n", "\r\n", "\0", "A", "a", "-", "_", "=", "+", "/", "%", "%20", ".", "\"", "\u{a0}", "\u{200b}",
    "\u{feff}", "\u{430}", "rcr_", "0",
];

/// Something else that was made of a secret.
fn edited(secret: &str, dice: &mut Dice) -> String {
    let letters: Vec<char> = secret.chars().collect();
    let (at, other) = (dice.below(letters.len()), dice.below(letters.len()));
    let (start, end) = (at.min(other), at.max(other));
    let text = |letters: &[char]| letters.iter().collect::<String>();
    match dice.below(12) {
        0 => text(&letters[..at.max(1)]),
        1 => text(&letters[at..]),
        2 => format!("{}{}", text(&letters[..start]), text(&letters[end..])),
        3 => format!("{}{}{}", text(&letters[..at]), dice.word(&MORE), text(&letters[at..])),
        4 => format!("{}{secret}", dice.word(&MORE)),
        5 => format!("{secret}{}", dice.word(&MORE)),
        6 => format!("{}{}{}", text(&letters[..at]), dice.word(&MORE), text(&letters[at + 1..])),
        7 => {
            let swapped = |letter: &char| match letter.is_ascii_uppercase() {
                true => letter.to_ascii_lowercase(),
                false => letter.to_ascii_uppercase(),
            };
            letters
                .iter()
                .enumerate()
                .map(|(place, c)| if (start..=end).contains(&place) { swapped(c) } else { *c })
                .collect()
        }
        8 => {
            let mut letters = letters;
            letters.swap(at, other);
            text(&letters)
        }
        9 => letters.iter().rev().collect(),
        10 => encoded(secret),
        _ => secret.replace('-', "+").replace('_', "/"),
    }
}

/// Edits that are something, and not the secret itself.
fn edits(secret: &str) -> Vec<String> {
    let mut dice = Dice::new(SEED);
    let mut found = vec![];
    while found.len() < EDITS {
        let other = edited(secret, &mut dice);
        if !other.is_empty() && other != secret {
            found.push(other);
        }
    }
    found
}

/// A secret in a form, by a client that proves who it is.
async fn by(client: &Client, world: &World, path: &str, form: &str) -> Answer {
    let basic = basic(&client.id, &client.secret);
    world.nobody().send("POST", path, &[FORM, ("authorization", &basic)], form.to_owned()).await
}

/// Whether it opens anything as if it were an access token.
async fn is_no_token(world: &World, text: &str) {
    // What cannot stand in a header, nobody can send in one.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        problem(&world.nobody().with_token(text).get("/me").await, 401, "invalid-token");
    }
}

fn text(told: &Value, member: &str) -> String {
    told[member].as_str().unwrap_or_else(|| panic!("{member} in {told}")).to_owned()
}

on_both! {
    async fn of_a_refresh_token(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let grants = json!({ "grant_types": ["password", "refresh_token"], "first_party": true });
        let shop = client(&admin, grants).await;
        let form = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));
        let told = by(&shop, world, "/token", &form).await.expect(200).json();
        let (access, refresh) = (text(&told, "access_token"), text(&told, "refresh_token"));

        for other in edits(&refresh) {
            let shown = format!("token={}", encoded(&other));
            let form = format!("grant_type=refresh_token&refresh_token={}", encoded(&other));
            oauth_error(&by(&shop, world, "/token", &form).await, 400, "invalid_grant");
            let told = by(&shop, world, "/introspect", &shown).await.expect(200).json();
            assert_eq!(told, json!({ "active": false }), "{other:?}");
            by(&shop, world, "/revoke", &shown).await.expect(200);
            is_no_token(world, &other).await;
        }

        // None has ended its session, or spent it.
        world.nobody().with_token(&access).get("/me").await.expect(200);
        let told = by(&shop, world, "/introspect", &format!("token={refresh}")).await.expect(200).json();
        assert_eq!(told["active"], true);
        by(&shop, world, "/token", &format!("grant_type=refresh_token&refresh_token={refresh}")).await.expect(200);
    }

    async fn of_a_client_secret(world) {
        let admin = world.administrator().await;
        let by_header = client(&admin, json!({})).await;
        let by_form = client(&admin, json!({ "token_endpoint_auth_method": "client_secret_post" })).await;
        let token = by_header.acting(world).await.token().to_owned();
        let grant = "grant_type=client_credentials".to_owned();
        let places = [("/token", grant), ("/introspect", format!("token={token}")), ("/revoke", format!("token={token}"))];
        let post = async |path: &str, form: &str, secret: &str| {
            let form = format!("{form}&client_id={}&client_secret={}", by_form.id, encoded(secret));
            world.nobody().send("POST", path, &[FORM], form).await
        };

        for (number, (header, form)) in edits(&by_header.secret).into_iter().zip(edits(&by_form.secret)).enumerate() {
            let other = Client { secret: header.clone(), ..by_header.clone() };
            let (path, said) = &places[number % places.len()];
            oauth_error(&by(&other, world, path, said).await, 401, "invalid_client");
            oauth_error(&post(path, said, &form).await, 401, "invalid_client");
            is_no_token(world, &header).await;
        }

        // Nor has any of them given the token back.
        world.nobody().with_token(&token).get("/me").await.expect(200);
        for (path, said) in &places {
            post(path, said, &by_form.secret).await.expect(if *path == "/revoke" { 400 } else { 200 });
            by(&by_header, world, path, said).await.expect(200);
        }
    }

    async fn of_an_api_key(world) {
        let alice = world.user("alice").await;
        let made = alice.post("/me/keys", json!({ "name": "robot", "expires_in": 600 })).await.expect(201).json();
        let key = text(&made, "api_key");
        let exchange = async |key: &str| {
            let grant = encoded("urn:rolecall:oauth:grant-type:api-key");
            world.nobody().form("/token", &format!("grant_type={grant}&api_key={}", encoded(key))).await
        };
        for other in edits(&key) {
            oauth_error(&exchange(&other).await, 400, "invalid_grant");
            is_no_token(world, &other).await;
        }
        exchange(&key).await.expect(200);
    }
}
