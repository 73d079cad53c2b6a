//! The routes that are compared: one path, one constant, and what stands in front of it.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    extract::{FromRef, FromRequestParts},
    http::{StatusCode, header, request::Parts},
    routing,
};
use foldhash::fast::RandomState;
use quick_cache::{UnitWeighter, sync::Cache};
use rolecall::{Caller, permission, public, role};
use rolecall_core::jwt;

use crate::world::World;

/// The path of every candidate.
pub const PATH: &str = "/items/";

/// What is measured: a name, and the application.
pub type Candidate = (&'static str, Router);

/// Every candidate, in the order of their turns. The first is what the others are compared with.
pub fn all(world: &World, tokens: &[String]) -> anyhow::Result<Vec<Candidate>> {
    let guarded = |rule, handler: Handled| -> anyhow::Result<Router> {
        let route = match handler {
            Handled::Constant => rolecall::routing::get(rule, constant),
            Handled::Caller => rolecall::routing::get(rule, with_caller),
        };
        Ok(world.guard()?.protect(rolecall::Router::new().route(PATH, route)))
    };
    Ok(vec![
        ("bare", Router::new().route(PATH, routing::get(constant))),
        ("public", guarded(public(), Handled::Constant)?),
        ("role", guarded(role("user"), Handled::Constant)?),
        ("permission", guarded(permission("items:read"), Handled::Constant)?),
        ("role, with the caller", guarded(role("user"), Handled::Caller)?),
        ("by hand", by_hand(tokens)),
    ])
}

enum Handled {
    Constant,
    Caller,
}

async fn constant() -> &'static str {
    r#"[{"item_id":"Foo","owner":"admin"}]"#
}

async fn with_caller(_: Caller) -> &'static str {
    constant().await
}

/// A check as somebody would write it who knows what he does, without a rule that is data: an extractor that keeps
/// verified tokens in the same cache, by the whole token, and compares the expiry and the role.
fn by_hand(tokens: &[String]) -> Router {
    let seen = Seen::with(50_000, 50_000, UnitWeighter, RandomState::default(), Default::default());
    for token in tokens {
        // Verified elsewhere: what is measured is a token that was seen before.
        let roles = vec!["user".to_owned()];
        let exp = now() + 12 * 3600;
        seen.insert(token.as_str().into(), Arc::new(User { roles, exp }));
    }
    let state = Checks { seen: Arc::new(seen) };
    Router::new().route(PATH, routing::get(of_a_user)).with_state(state)
}

type Seen = Cache<Box<str>, Arc<User>, UnitWeighter, RandomState>;

#[derive(Clone)]
struct Checks {
    seen: Arc<Seen>,
}

struct User {
    roles: Vec<String>,
    exp: u64,
}

/// Whoever has the role `user`.
struct OfRole(#[expect(dead_code, reason = "handed over, as the guard hands over the caller")] Arc<User>);

async fn of_a_user(_: OfRole) -> &'static str {
    constant().await
}

impl<S> FromRequestParts<S> for OfRole
where
    S: Send + Sync,
    Checks: FromRef<S>,
{
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let checks = Checks::from_ref(state);
        let header = parts.headers.get(header::AUTHORIZATION).ok_or(StatusCode::UNAUTHORIZED)?;
        let text = header.to_str().map_err(|_| StatusCode::UNAUTHORIZED)?;
        let token = text.strip_prefix("Bearer ").filter(|token| token.len() <= jwt::MAX_TOKEN_BYTES);
        let user = token.and_then(|token| checks.seen.get(token)).ok_or(StatusCode::UNAUTHORIZED)?;
        if now() >= user.exp {
            return Err(StatusCode::UNAUTHORIZED);
        }
        match user.roles.iter().any(|role| role == "user") {
            true => Ok(OfRole(user)),
            false => Err(StatusCode::FORBIDDEN),
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
