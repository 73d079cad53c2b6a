//! A call that is answered elsewhere is decided as a route under the same rule would decide it.

use axum::response::IntoResponse;
use http::{HeaderMap, HeaderValue, Uri, header};
use rolecall::{Guard, Router, Rule, Unavailable, authenticated, permission, public, role, routing::get};
use rolecall_core::Lease;

use crate::util::{Answer, App, World, active, inactive, user};

const OTHER: &str = "https://stock.example";

fn rules() -> Vec<Rule> {
    vec![
        authenticated(),
        role("editor"),
        role("nobody-has-it"),
        permission("items:read"),
        permission("items:write").and(role("user")),
        permission("stock:move").or(role("auditor")),
    ]
}

/// What a route says, and what is decided for others, about the same headers.
async fn both(guard: &Guard, rule: Rule, headers: &HeaderMap) -> [Answer; 2] {
    let app = App(guard.protect(Router::new().route("/", get(rule.clone(), async || ""))));
    let by_route = headers.iter().fold(app.nobody(), |who, (name, value)| who.with(name.clone(), value.clone()));
    let response = match guard.admit(rule, headers, &Uri::from_static("/")).await {
        Ok(_) => ().into_response(),
        Err(denied) => denied.into_response(),
    };
    [by_route.get("/").await, Answer::read(response).await]
}

#[track_caller]
fn agree([by_route, elsewhere]: &[Answer; 2], about: &str) -> u16 {
    let said = |answer: &Answer| (answer.status, answer.challenge().map(str::to_owned), answer.body.clone());
    assert_eq!(said(by_route), said(elsewhere), "{about}");
    by_route.status
}

fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(header::AUTHORIZATION, value)])
}

#[tokio::test]
async fn whatever_the_rule_and_the_token() {
    let mut seen = vec![];
    for rule in rules() {
        let world = World::new();
        let token = |roles: &[&str]| world.mint("alice", roles);
        let mut twice = bearer(&token(&["admin"]));
        twice.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        let calls = [
            ("a user", bearer(&token(&["user"]))),
            ("an editor", bearer(&token(&["editor"]))),
            ("everything", bearer(&token(&["admin", "auditor"]))),
            ("no role", bearer(&token(&[]))),
            (
                "a scope",
                bearer(&world.mint_with("alice", &["editor"], |claims| claims.scope = Some("items:read".into()))),
            ),
            ("another API's", bearer(&world.mint_with("alice", &["admin"], |claims| claims.aud = OTHER.into()))),
            ("one that has expired", bearer(&world.mint_with("alice", &["admin"], |claims| claims.exp = claims.iat))),
            ("a forged one", bearer(&World::new().mint("alice", &["admin"]))),
            ("none", HeaderMap::new()),
            ("two", twice),
        ];
        for guard in [world.guard(), world.guard().explaining(true), world.guard_of(OTHER)] {
            // The second time it was seen before.
            for (about, headers) in calls.iter().chain(&calls) {
                seen.push(agree(&both(&guard, rule.clone(), headers).await, &format!("{rule}: {about}")));
            }
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [200, 400, 401, 403]);
}

#[tokio::test]
async fn whatever_has_changed_since() {
    for rule in rules() {
        for found in [active(&["editor"], 11, None), active(&[], 11, None), inactive(11), Err(Unavailable)] {
            // Who comes first looks it up: a world for each.
            let mut answers = vec![];
            for first in [0, 1] {
                let world = World::new();
                let token = world.mint("alice", &["user"]);
                world.touch(&[user("alice")]);
                world.authority.says([found.clone()]);
                let mut pair = both(&world.guard(), rule.clone(), &bearer(&token)).await;
                agree(&pair, &format!("{rule}: {found:?}"));
                pair.swap(0, first);
                answers.push(pair[0].status);
            }
            assert_eq!(answers[0], answers[1]);
        }
    }
}

#[tokio::test]
async fn without_a_lease_nothing_is_decided() {
    let world = World::with_lease(|_| Lease::NONE);
    for (headers, expected) in
        [(bearer(&world.mint("alice", &["admin"])), 503), (bearer("x"), 503), (HeaderMap::new(), 401)]
    {
        assert_eq!(agree(&both(&world.guard(), role("admin"), &headers).await, "no lease"), expected);
    }
    assert_eq!((world.authority.calls(), world.seen.len()), (0, 0));
}

#[tokio::test]
async fn somebody_must_be_known_whatever_the_rule() {
    let world = World::new();
    let asked = async |headers: HeaderMap| world.guard().admit(public(), &headers, &Uri::from_static("/")).await;
    assert!(asked(HeaderMap::new()).await.is_err());
    assert!(asked(bearer("x")).await.is_err());
    let caller = asked(bearer(&world.mint("alice", &["user"]))).await.unwrap();
    assert_eq!((caller.name(), caller.roles()), ("alice", vec!["user"]));
    assert!(caller.may("items:read") && !caller.may("items:write"));
}
