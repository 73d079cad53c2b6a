//! The service's face to whoever comes: registering, logging in, tokens, and what bad input gets.

mod canary;
mod carriage;
mod claims;
mod hashing;
mod hostile;
mod limits;
mod me;
mod ops;
mod passwords;
mod races;
mod raw;
mod register;
mod scope;
mod secrets;
mod token;
mod token_errors;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_server::{Config, GuessLimits};
use serde_json::Value;

use crate::util::{Answer, Rows, World};

/// Fails the test unless this is a problem document (RFC 9457) of this status and kind, in words for a person.
#[track_caller]
pub fn problem(answer: &Answer, status: u16, kind: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let told = answer.json();
    assert_eq!(told["type"], format!("urn:rolecall:problem:{kind}"), "{told}");
    assert_eq!(told["status"], status);
    assert!(!told["title"].as_str().expect("a title").is_empty());
    let detail = told["detail"].as_str().expect("a detail");
    assert!(detail.len() > 20, "says too little: {detail}");
    let members: Vec<_> = told.as_object().expect("an object").keys().map(String::as_str).collect();
    assert!(members.iter().all(|name| ["detail", "request_id", "status", "title", "type"].contains(name)), "{told}");
    no_code(answer);
    told
}

/// Fails the test unless this is an OAuth error (RFC 6749, 5.2) of this status and code.
#[track_caller]
pub fn oauth_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let told = answer.json();
    assert_eq!(told["error"], code, "{told}");
    // RFC 6749, 5.2: printable ASCII without `"` and `\`.
    let description = told["error_description"].as_str().expect("a description");
    assert!(description.bytes().all(|b| matches!(b, 0x20..=0x7e) && b != b'"' && b != b'\\'), "{description}");
    assert_eq!(told.as_object().expect("an object").len(), 2, "{told}");
    no_code(answer);
}

/// What a visitor reads has no names of types, modules or libraries in it.
#[track_caller]
fn no_code(answer: &Answer) {
    let text = answer.text();
    for word in
        ["::", "rolecall_", "struct ", "enum ", "serde", "sqlx", "hyper", "axum", "Option<", "Error(", "panicked"]
    {
        assert!(!text.contains(word), "{word:?} in {text}");
    }
}

/// A header and claims as they are in a token, whoever signed it.
pub fn opened(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url"));
    let mut next = || serde_json::from_slice(&parts.next().expect("three parts")).expect("JSON");
    (next(), next())
}

/// However many guesses.
fn without_limits(config: &mut Config) {
    config.guess_limits = GuessLimits { per_account: 0, per_address: 0 };
}

/// Runs a statement in the service's database, behind its back.
async fn sql(world: &World, statement: &str) {
    let mut rows = Rows::of(world).await;
    rows.run(statement).await;
    rows.close().await;
}

/// Percent-encoded, for forms and paths.
pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
