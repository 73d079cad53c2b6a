//! Tokens that nobody should take: refused on an empty cache, and beside a good token that has been seen.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall::{Router, authenticated, optional, routing::get};
use rolecall_core::jwt::{self, ACCESS_TOKEN};
use serde_json::{Value, json};

use crate::util::{App, LIFETIME, World, new_key};

fn serve(world: &World) -> App {
    world.serve(
        Router::new().route("/", get(authenticated(), async || "")).route("/hello", get(optional(), async || "")),
    )
}

async fn is_refused(app: &App, token: &str, what: &str) {
    for path in ["/", "/hello"] {
        let answer = app.caller(token).get(path).await;
        assert_eq!(
            (answer.status, answer.challenge()),
            (401, Some(r#"Bearer error="invalid_token""#)),
            "{what}, {path}"
        );
    }
}

fn encode(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// Header, payload, signature.
fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

#[tokio::test]
async fn a_token_that_is_not_ours_or_not_good_now_is_refused() {
    let world = World::new();
    let app = serve(&world);
    let mint = |edit: fn(&mut rolecall_core::Claims)| world.mint_with("alice", &["admin"], edit);
    let claims = world.claims("alice", &["admin"]);
    let foreign = jwt::sign(&new_key(), ACCESS_TOKEN, &claims).unwrap();
    let header = |alg: &str| encode(&json!({ "alg": alg, "typ": "at+jwt", "kid": world.key.kid() }));
    let payload = encode(&serde_json::to_value(&claims).unwrap());
    let without = |claim: &str| {
        let mut claims = serde_json::to_value(&claims).unwrap();
        claims.as_object_mut().unwrap().remove(claim);
        jwt::sign(&world.key, ACCESS_TOKEN, &claims).unwrap()
    };
    let bad = [
        ("not a token", "x.y.z".into()),
        ("expired", mint(|claims| (claims.iat, claims.exp) = (claims.iat - LIFETIME, claims.iat))),
        ("minted in the future", mint(|claims| (claims.iat, claims.exp) = (claims.iat + 60, claims.exp + 60))),
        ("not yet", mint(|claims| claims.nbf = Some(claims.iat + 60))),
        ("longer than allowed", mint(|claims| claims.exp += 1)),
        ("of another issuer", mint(|claims| claims.iss = "https://id.example/".into())),
        ("for another api", mint(|claims| claims.aud = "https://stock.example".into())),
        ("without an expiry", without("exp")),
        ("without an audience", without("aud")),
        ("without a session", without("sid")),
        ("without a version", without("pv")),
        ("without a subject", without("sub")),
        ("of another kind", jwt::sign(&world.key, "JWT", &claims).unwrap()),
        ("signed by a stranger", foreign.clone()),
        ("alg none", format!("{}.{payload}.", header("none"))),
        ("alg none, with a signature", format!("{}.{payload}.{}", header("none"), parts(&foreign)[2])),
        (
            "a stranger's signature under our key's name",
            format!("{}.{payload}.{}", header("ES256"), parts(&foreign)[2]),
        ),
        ("alg of another key", format!("{}.{payload}.{}", header("HS256"), parts(&foreign)[2])),
    ];
    for (what, token) in &bad {
        is_refused(&app, token, what).await;
    }
    assert!(world.seen.is_empty(), "nothing that is refused is kept");

    let good = world.mint("alice", &["admin"]);
    assert_eq!(app.caller(&good).get("/").await.status, 200);
    for (what, token) in &bad {
        is_refused(&app, token, what).await;
    }
    assert_eq!(world.seen.len(), 1);
}

#[tokio::test]
async fn a_sibling_of_a_token_that_was_seen_does_not_share_its_entry() {
    let world = World::new();
    let app = serve(&world);
    let good = world.mint("alice", &["user"]);
    let other = world.mint("alice", &["user"]);
    assert_eq!(app.caller(&good).get("/").await.status, 200);
    assert_eq!(app.caller(&other).get("/").await.status, 200);

    let [header, payload, signature] = parts(&good);
    let mut claims = world.claims("mallory", &["admin"]);
    claims.jti = "forged".into();
    let forged = encode(&serde_json::to_value(&claims).unwrap());
    let (front, tail) = signature.split_at(signature.len() - 43);
    let turned: String = front.chars().rev().collect();
    for (what, token) in [
        ("other claims", format!("{header}.{forged}.{signature}")),
        ("another header", format!("{}.{payload}.{signature}", encode(&json!({ "alg": "ES256", "typ": "at+jwt" })))),
        ("the last 43 characters alone", tail.to_owned()),
        ("the signature alone", format!("..{signature}")),
        ("claims of another token", format!("{header}.{}.{signature}", parts(&other)[1])),
        ("the front of the signature turned", format!("{header}.{payload}.{turned}{tail}")),
        ("something before it", format!("x{good}")),
        ("something after it", format!("{good}x")),
        ("padded", format!("{good}==")),
        ("one character less", good[..good.len() - 1].to_owned()),
        ("without its first character", good[1..].to_owned()),
        ("a part more", format!("{good}.{signature}")),
    ] {
        is_refused(&app, &token, what).await;
    }
    assert_eq!(app.caller(&good).get("/").await.status, 200);
    assert_eq!(world.seen.len(), 2);
}

#[tokio::test]
async fn a_token_with_any_one_character_changed_is_refused() {
    let world = World::new();
    let app = serve(&world);
    let good = world.mint("alice", &["user"]);
    assert_eq!(app.caller(&good).get("/").await.status, 200);

    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let token = String::from_utf8(bytes).unwrap();
        assert_eq!(app.caller(&token).get("/").await.status, 401, "character {at}");
    }
    assert_eq!(world.seen.len(), 1);
}
