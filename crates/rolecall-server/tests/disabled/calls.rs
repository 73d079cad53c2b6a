//! The columns of the table: each way to a token, and each place that takes one.

use serde_json::json;

use super::cast::{Cast, by_key, by_password};
use crate::{
    clients::{Client, FORM, basic},
    face::{encoded, oauth_error},
    util::{Actor, Answer, World},
};

/// Each grant, through the shop, and what it has is given back.
pub async fn for_clients(world: &World, cast: &Cast) -> Vec<String> {
    let refreshing = |token: &str| format!("grant_type=refresh_token&refresh_token={token}");
    let mut said = vec![];
    for form in [
        by_password(cast.elsewhere.name(), None),
        by_password(cast.elsewhere.name(), Some(&cast.api.identifier)),
        refreshing(&cast.issuer.refresh),
        refreshing(&cast.other.refresh),
        by_key(&cast.key.text),
        "grant_type=client_credentials".to_owned(),
    ] {
        said.push(granted(&cast.shop.ask(world, &form).await));
    }
    said.push(revoked(world, cast).await);
    said
}

fn granted(answer: &Answer) -> String {
    if answer.status == 200 {
        assert!(answer.json()["access_token"].is_string(), "{}", answer.text());
        return "ok".into();
    }
    refused(answer)
}

fn refused(answer: &Answer) -> String {
    let told = answer.json();
    let error = told["error"].as_str().expect("an error");
    let (status, cell) = match error {
        "invalid_client" => (401, "client"),
        "invalid_grant" => (400, "grant"),
        "invalid_target" => (400, "target"),
        "unauthorized_client" => (400, "may not"),
        other => panic!("{other}: {told}"),
    };
    oauth_error(answer, status, error);
    cell.into()
}

/// Either token of a session is given back, and the other one, which is no error.
async fn revoked(world: &World, cast: &Cast) -> String {
    let answer = send(world, &cast.shop, "/revoke", &cast.spare.access).await;
    assert_eq!(send(world, &cast.shop, "/revoke", &cast.spare.refresh).await.status, answer.status);
    if answer.status == 200 { "ok".into() } else { refused(&answer) }
}

/// Each place that takes a token, or tells of one or of somebody.
pub async fn with_old_tokens(world: &World, cast: &Cast) -> Vec<String> {
    let alice = world.nobody().with_token(&cast.issuer.access);
    let elsewhere = world.nobody().with_token(&cast.other.access);
    let api = encoded(&cast.api.identifier);
    vec![
        status(alice.get("/me").await),
        status(alice.get("/notes/").await),
        status(alice.get("/admin/users").await),
        status(cast.key.caller.get("/notes/").await),
        status(cast.itself.get("/notes/").await),
        introspected(world, cast, &cast.issuer.access).await,
        status(alice.get("/forward-auth?permission=notes:read").await),
        status(evaluation(&alice, cast).await),
        decided(&evaluation(&cast.admin, cast).await.expect(200)),
        introspected(world, cast, &cast.other.access).await,
        status(elsewhere.get(&format!("/forward-auth?permission=notes:read&audience={api}")).await),
    ]
}

fn status(answer: Answer) -> String {
    let challenge = match answer.status {
        401 => "invalid_token",
        403 => "insufficient_scope",
        _ => "",
    };
    assert!(answer.header("www-authenticate").contains(challenge), "{}", answer.header("www-authenticate"));
    answer.status.to_string()
}

/// Whether alice may read notes, asked by somebody.
async fn evaluation(who: &Actor, cast: &Cast) -> Answer {
    let question = json!({
        "subject": { "type": "user", "id": cast.elsewhere.id() },
        "action": { "name": "read" },
        "resource": { "type": "notes", "id": "1" },
    });
    who.post("/access/v1/evaluation", question).await
}

fn decided(answer: &Answer) -> String {
    if answer.json()["decision"] == true { "yes".into() } else { "no".into() }
}

async fn introspected(world: &World, cast: &Cast, token: &str) -> String {
    let told = send(world, &cast.gateway, "/introspect", token).await.expect(200).json();
    if told["active"] == false {
        assert_eq!(told, json!({ "active": false }), "nothing more is told");
        return "no".into();
    }
    let has_role = told["roles"].as_array().expect("roles").contains(&json!(cast.role));
    if has_role { "yes".into() } else { "less".into() }
}

/// A client shows a token.
pub async fn send(world: &World, client: &Client, path: &str, token: &str) -> Answer {
    let authorization = basic(&client.id, &client.secret);
    let form = format!("token={}", encoded(token));
    world.nobody().send("POST", path, &[FORM, ("authorization", &authorization)], form).await
}
