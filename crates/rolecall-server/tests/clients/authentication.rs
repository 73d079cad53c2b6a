//! How a client says who it is at `/token` (RFC 6749, 2.3): in one way, the one that is registered, or not at all.

use serde_json::{Value, json};

use super::{Client, FORM, basic, client};
use crate::{
    admin::NOBODY,
    face::{encoded, oauth_error},
    util::{Answer, World, on_both, world::PASSWORD},
};

async fn asked(world: &World, headers: &[(&str, &str)], form: &str) -> Answer {
    let form = format!("grant_type=client_credentials{form}");
    world.nobody().send("POST", "/token", &[&[FORM], headers].concat(), form).await
}

fn post(client: &Client) -> String {
    format!("&client_id={}&client_secret={}", client.id, encoded(&client.secret))
}

/// What can be seen of a refusal.
fn seen(answer: &Answer) -> (u16, Value, Vec<String>) {
    oauth_error(answer, 401, "invalid_client");
    let told = |name: &&str| !["date", "x-request-id"].contains(name);
    let names = answer.headers.keys().map(|name| name.as_str()).filter(told);
    (answer.status, answer.json(), names.map(str::to_owned).collect())
}

on_both! {
    async fn a_client_proves_it_in_the_way_that_is_registered(world) {
        let admin = world.administrator().await;
        let by_header = client(&admin, json!({})).await;
        let by_form = client(&admin, json!({ "token_endpoint_auth_method": "client_secret_post" })).await;
        let header = basic(&by_header.id, &by_header.secret);

        asked(world, &[("authorization", &header)], "").await.expect(200);
        asked(world, &[("authorization", &header.replace("Basic", "bAsIc"))], "").await.expect(200);
        asked(world, &[("authorization", &header)], &format!("&client_id={}", by_header.id)).await.expect(200);
        asked(world, &[], &post(&by_form)).await.expect(200);

        let other = basic(&by_form.id, &by_form.secret);
        oauth_error(&asked(world, &[("authorization", &other)], "").await, 401, "invalid_client");
        oauth_error(&asked(world, &[], &post(&by_header)).await, 401, "invalid_client");
        for named in [&by_header, &by_form] {
            oauth_error(&asked(world, &[], &format!("&client_id={}", named.id)).await, 401, "invalid_client");
            let empty = basic(&named.id, "");
            oauth_error(&asked(world, &[("authorization", &empty)], "").await, 401, "invalid_client");
        }
    }

    async fn two_ways_at_once_are_none(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({})).await;
        let (header, other) = (basic(&mine.id, &mine.secret), client(&admin, json!({})).await);
        for form in [post(&mine), format!("&client_secret={}", mine.secret), format!("&client_id={}", other.id)] {
            oauth_error(&asked(world, &[("authorization", &header)], &form).await, 400, "invalid_request");
        }
        let twice = [("authorization", header.as_str()), ("authorization", header.as_str())];
        oauth_error(&asked(world, &twice, "").await, 400, "invalid_request");
        let twice = format!("{0}&client_secret=x", post(&mine));
        oauth_error(&asked(world, &[], &twice).await, 400, "invalid_request");
    }

    async fn nobody_learns_why_a_client_is_refused(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({})).await;
        let disabled = client(&admin, json!({})).await;
        admin.patch(&disabled.path(), json!({ "disabled": true })).await.expect(200);
        let deleted = client(&admin, json!({})).await;
        admin.delete(&deleted.path()).await.expect(200);
        let public = client(&admin, json!({ "token_endpoint_auth_method": "none" })).await;
        let other = client(&admin, json!({})).await;

        let mut answers = vec![];
        for (id, secret) in [
            (mine.id.as_str(), "wrong"),
            (&mine.id, &other.secret),
            (&mine.id.to_uppercase(), &mine.secret),
            (&format!("{{{}}}", mine.id), &mine.secret),
            (&mine.id.replace('-', ""), &mine.secret),
            (&format!("{} ", mine.id), &mine.secret),
            (&disabled.id, &disabled.secret),
            (&disabled.id, "wrong"),
            (&deleted.id, &deleted.secret),
            (&public.id, &mine.secret),
            (NOBODY, "wrong"),
            ("x", "wrong"),
            ("a\0b", "wrong"),
            (admin.id(), "wrong"),
            ("rolecall", "wrong"),
        ] {
            let header = basic(id, secret);
            answers.push(seen(&asked(world, &[("authorization", &header)], "").await));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(answers[0].2.iter().filter(|name| *name == "www-authenticate").count(), 1);
        mine.token(world, "").await.expect(200);
    }

    async fn a_client_asks_only_by_the_grants_that_are_its(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let password = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));

        let machine = client(&admin, json!({})).await;
        oauth_error(&machine.ask(world, &password).await, 400, "unauthorized_client");
        let idle = client(&admin, json!({ "grant_types": [] })).await;
        oauth_error(&idle.token(world, "").await, 400, "unauthorized_client");
        let app = client(&admin, json!({ "grant_types": ["password"], "first_party": true })).await;
        oauth_error(&app.token(world, "").await, 400, "unauthorized_client");
        oauth_error(&asked(world, &[], "").await, 400, "unauthorized_client");
        let public = json!({ "token_endpoint_auth_method": "none", "grant_types": ["password"], "first_party": true });
        let public = client(&admin, public).await;
        oauth_error(&asked(world, &[], &format!("&client_id={}", public.id)).await, 400, "unauthorized_client");

        // A person's log-in through a client is that client's, and the person's.
        let told = app.ask(world, &password).await.expect(200).json();
        let claims = crate::face::opened(told["access_token"].as_str().expect("a token")).1;
        assert_eq!((&claims["client_id"], &claims["preferred_username"]), (&json!(app.id), &json!("alice")));
        let named = format!("{password}&client_id={}", public.id);
        let told = world.nobody().form("/token", &named).await.expect(200).json();
        let claims = crate::face::opened(told["access_token"].as_str().expect("a token")).1;
        assert_eq!(claims["client_id"], public.id);
        // Swagger UI names a public client in a Basic header.
        let header = basic(&public.id, "");
        let headers = [FORM, ("authorization", header.as_str())];
        world.nobody().send("POST", "/token", &headers, password.clone()).await.expect(200);
        let wrong = world.nobody().form("/token", &format!("{password}x&client_id={}", public.id)).await;
        oauth_error(&wrong, 400, "invalid_grant");
        oauth_error(&app.ask(world, &format!("{password}x")).await, 400, "invalid_grant");
    }
}
