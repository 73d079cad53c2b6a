//! Calls that must be refused, or count as nobody's, whatever their sender may do.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use rolecall_core::Claims;
use serde_json::{Value, json};

use super::{
    people::Person,
    world::{AUDIENCE, Gone, ISSUER, LIFETIME, World},
};

pub(super) struct Bad {
    /// As in "with `what`".
    pub(super) what: &'static str,
    pub(super) headers: HeaderMap,
    pub(super) query: Option<String>,
    pub(super) due: Due,
}

#[derive(Clone, Copy)]
pub(super) enum Due {
    /// No token was sent.
    AsNobody,
    /// 401 `invalid_token`.
    InvalidToken,
    /// 400 `invalid_request`.
    InvalidRequest,
}

/// The calls of somebody whose own good token would be taken.
pub(super) fn all(world: &World, person: &Person) -> Vec<Bad> {
    let good = world.token(person);
    let mut all: Vec<_> = tokens(world, person, &good).into_iter().map(|(what, token)| bearing(what, &token)).collect();
    all.extend(carried_badly(&good));
    all
}

/// Tokens that nobody should take.
fn tokens(world: &World, person: &Person, good: &str) -> Vec<(&'static str, String)> {
    let claims = world.claims(person);
    let with = |edit: fn(&mut Claims)| {
        let mut claims = claims.clone();
        edit(&mut claims);
        world.sign(&claims)
    };
    let strange = world.sign_strangely(&claims);
    let [header, payload, signature] = parts(good);
    let none = encode(&json!({ "alg": "none", "typ": "at+jwt", "kid": world.kid() }));
    let mut more = claims.clone();
    more.roles.push("rolecall.admin".into());
    let more = encode(&serde_json::to_value(more).unwrap_or_default());
    vec![
        ("a malformed token", "not.a.token".into()),
        ("an empty token", String::new()),
        ("an expired token", with(|claims| (claims.iat, claims.exp) = (claims.iat - LIFETIME, claims.iat))),
        ("a token whose `nbf` is to come", with(|claims| claims.nbf = Some(claims.iat + 60))),
        (
            "a token whose `iat` is to come",
            with(|claims| (claims.iat, claims.exp) = (claims.iat + 60, claims.exp + 60)),
        ),
        ("a token for another audience", with(|claims| claims.aud = format!("{AUDIENCE}/other"))),
        ("a token of another issuer", with(|claims| claims.iss = format!("{ISSUER}/other"))),
        ("a token signed with an unknown key", strange.clone()),
        (
            "a token signed with an unknown key under the name of ours",
            format!("{header}.{payload}.{}", parts(&strange)[2]),
        ),
        ("a token with `alg: none`", format!("{none}.{payload}.")),
        ("a token with `alg: none` and a signature", format!("{none}.{payload}.{signature}")),
        ("a token whose claims were changed", format!("{header}.{more}.{signature}")),
        ("a token whose session is over", world.token_of_gone(person, Gone::Session)),
        ("the token of a disabled account", world.token_of_gone(person, Gone::Disabled)),
        ("the token of a deleted account", world.token_of_gone(person, Gone::Deleted)),
    ]
}

/// A good token, sent in a way that does not count or that two readers might read differently.
fn carried_badly(good: &str) -> Vec<Bad> {
    let bearer = format!("Bearer {good}");
    let call = |what, headers: &[(HeaderName, &str)], query: Option<&str>, due| {
        let value = |text: &str| HeaderValue::try_from(text).expect("a token is text");
        let mut sent = HeaderMap::new();
        for (name, text) in headers {
            sent.append(name, value(text));
        }
        Bad { what, headers: sent, query: query.map(str::to_owned), due }
    };
    let in_query = format!("access_token={good}");
    let auth = header::AUTHORIZATION;
    vec![
        call(
            "two `Authorization` headers",
            &[(auth.clone(), &bearer), (auth.clone(), &bearer)],
            None,
            Due::InvalidRequest,
        ),
        call(
            "a token in the header and in the query",
            &[(auth.clone(), &bearer)],
            Some(&in_query),
            Due::InvalidRequest,
        ),
        call("a token in the query only", &[], Some(&in_query), Due::AsNobody),
        call("a token in a cookie only", &[(header::COOKIE, &in_query)], None, Due::AsNobody),
        call("a token under another scheme", &[(auth, &format!("Basic {good}"))], None, Due::AsNobody),
    ]
}

fn bearing(what: &'static str, token: &str) -> Bad {
    let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a token is text");
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]);
    Bad { what, headers, query: None, due: Due::InvalidToken }
}

/// Header, payload, signature.
fn parts(token: &str) -> [&str; 3] {
    let mut parts = token.split('.');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

fn encode(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}
