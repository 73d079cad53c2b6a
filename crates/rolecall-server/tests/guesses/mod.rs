//! The limit on guesses: whom it stops, whom it does not, and that it says nothing.

mod address;
mod alike;
mod counting;
mod embedded;
mod forwarded;
mod owner;
mod parallel;
mod record;
mod settings;

use axum::body::Body;
use rolecall_server::Config;

use crate::{
    face::{encoded, oauth_error, problem},
    util::{Actor, Answer, World, world::PASSWORD},
};

/// Free guesses at an account from one network and from all strangers, and from one network at all accounts.
const HERE: usize = 20;
const STRANGERS: usize = 60;
const NETWORK: usize = 100;
/// Seconds until there is another one.
const ACCOUNT_EVERY: u64 = 30;
const NETWORK_EVERY: u64 = 5;

const WRONG: &str = "sixteen violet otters";

/// Everybody comes through a proxy on this machine, so a test can be anywhere.
fn behind_proxy(config: &mut Config) {
    config.trusted_proxies = "127.0.0.1".parse().expect("an address");
}

/// Somebody at an address asks for a token.
async fn log_in_from(world: &World, address: &str, name: &str, password: &str) -> Answer {
    log_in_with(&world.nobody(), &[("x-forwarded-for", address)], name, password).await
}

async fn log_in_with(nobody: &Actor, headers: &[(&str, &str)], name: &str, password: &str) -> Answer {
    let form = format!("grant_type=password&username={}&password={}", encoded(name), encoded(password));
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend_from_slice(headers);
    nobody.send("POST", "/token", &all, form).await
}

async fn register_from(world: &World, address: &str, name: &str) -> Answer {
    let body = serde_json::json!({ "username": name, "password": PASSWORD }).to_string();
    let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
    world.nobody().send("POST", "/register", &headers, Body::from(body)).await
}

/// Guesses until there is no guess left, and answers how many there were, but for those that have come back meanwhile:
/// hashing takes its time.
async fn used_up(world: &World, every: u64, guess: impl AsyncFnMut() -> Answer) -> usize {
    let begun = world.now();
    let count = until_limited(guess).await;
    let back = usize::try_from(world.now() - begun + 1).expect("seconds") / usize::try_from(every).expect("seconds");
    [HERE, STRANGERS, NETWORK].into_iter().find(|limit| (*limit..=*limit + back).contains(&count)).unwrap_or(count)
}

/// Guesses until there is no guess left, and answers how many there were.
async fn until_limited(mut guess: impl AsyncFnMut() -> Answer) -> usize {
    for n in 0..500 {
        let answer = guess().await;
        match answer.status {
            400 => oauth_error(&answer, 400, "invalid_grant"),
            _ => {
                is_limited(&answer);
                return n;
            }
        }
    }
    panic!("there is no limit");
}

/// Fails the test unless this is the limit; answers the seconds to wait.
#[track_caller]
fn is_limited(answer: &Answer) -> u64 {
    oauth_error(answer, 429, "temporarily_unavailable");
    seconds(answer)
}

/// The same where answers are problems.
#[track_caller]
fn is_limited_problem(answer: &Answer) -> u64 {
    problem(answer, 429, "too-many-attempts");
    seconds(answer)
}

#[track_caller]
fn seconds(answer: &Answer) -> u64 {
    let seconds = answer.header("retry-after").parse().expect("whole seconds");
    assert!((1..=ACCOUNT_EVERY).contains(&seconds), "{seconds}");
    seconds
}
