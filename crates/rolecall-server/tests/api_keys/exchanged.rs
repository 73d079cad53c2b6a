//! The grant: a key is exchanged for a token, which is all that its session has.

use serde_json::{Value, json};

use super::{alice, bearer, claims, exchange, form, is_refused, key, robot, said};
use crate::{
    admin::{items, refused},
    clients::client,
    face::{encoded, oauth_error},
    util::{Rows, World, on_both, world::PASSWORD},
};

async fn sessions(world: &World) -> i64 {
    let mut rows = Rows::of(world).await;
    let count = rows.number("SELECT count(*) FROM sessions").await;
    rows.close().await;
    count
}

on_both! {
    async fn for_a_token(world) {
        let (admin, alice) = (world.administrator().await, alice(world).await);
        let mine = key(&alice, json!({})).await;
        let logged = async || items(&admin, "/admin/audit?action=session.opened&limit=200").await.len();
        let before = logged().await;

        let answer = exchange(world, &mine.text, "").await.expect(200);

        assert_eq!(answer.header("cache-control"), "no-store");
        let told = answer.json();
        // No refresh token: the key is one.
        let token = told["access_token"].as_str().expect("a token");
        assert_eq!(
            told,
            json!({ "access_token": token, "token_type": "Bearer", "expires_in": 900, "scope": "user" })
        );
        let robot = world.nobody().with_token(token);
        let claims = claims(&robot);
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(alice.id()), &json!("rolecall")));
        assert_eq!((&claims["roles"], &claims["preferred_username"]), (&json!(["user"]), &json!("alice")));
        assert_eq!(robot.get("/users/").await.expect(200).json(), json!([{ "username": "alice" }]));
        robot.get("/items/").await.expect(403);
        // It is a session of hers, and the key says when it was used; no line for each token.
        let listed = items(&alice, "/me/sessions").await;
        let by_key: Vec<&Value> = listed.iter().filter(|session| session["api_key"] == json!(mine.id)).collect();
        assert_eq!((by_key.len(), listed.len(), &by_key[0]["id"]), (1, 2, &claims["sid"]));
        let used = items(&alice, "/me/keys").await[0]["used_at"].as_i64().expect("a NumericDate");
        assert!((world.now() - 60..=world.now()).contains(&used));
        assert_eq!(logged().await, before);
    }

    async fn no_token_outlives_its_key(world) {
        let alice = alice(world).await;
        let mine = key(&alice, json!({ "expires_in": 100 })).await;
        let told = exchange(world, &mine.text, "").await.expect(200).json();
        assert!((90..=100).contains(&told["expires_in"].as_i64().expect("seconds")), "{told}");
        let robot = robot(world, &mine).await;
        robot.get("/me").await.expect(200);
        world.wait_for(101).await;
        refused(robot.get("/me").await, 401, "invalid-token");
        is_refused(&exchange(world, &mine.text, "").await);
        assert_eq!(items(&alice, "/me/keys").await, [] as [Value; 0]);
    }

    /// Row 12 of the security goals.
    async fn only_the_key_itself_counts(world) {
        let alice = alice(world).await;
        let (mine, other) = (key(&alice, json!({})).await, key(&alice, json!({})).await);
        let text = mine.text.as_str();
        let mut wrong: Vec<String> = vec![];
        for at in 1..text.len() {
            wrong.extend([text[..at].to_owned(), text[at..].to_owned()]);
        }
        for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_ascii_alphabetic()) {
            let swapped = match letter.is_ascii_uppercase() {
                true => letter.to_ascii_lowercase(),
                false => letter.to_ascii_uppercase(),
            };
            wrong.push(format!("{}{swapped}{}", &text[..at], &text[at + 1..]));
        }
        wrong.extend([text.to_uppercase(), text.to_lowercase()]);
        for space in [" ", "\t", "\n", "\0", "=", ".", "A", "\u{200b}"] {
            wrong.extend([format!("{text}{space}"), format!("{space}{text}"), format!("{}{space}{}", &text[..9], &text[9..])]);
        }
        // The id of one with the secret of the other; other alphabets, prefixes and things.
        wrong.push(format!("{}{}", &text[..26], &other.text[26..]));
        wrong.push(text.replace('-', "+").replace('_', "/"));
        wrong.extend([text.replace("rck_", "rcr_"), text.replace("rck_", ""), format!("{text}{text}"), mine.id.clone()]);
        wrong.extend([format!("rck_{}", "A".repeat(64)), "x".repeat(10_000), PASSWORD.into(), alice.token().into()]);
        let before = sessions(world).await;
        for wrong in wrong.iter().filter(|wrong| *wrong != text) {
            is_refused(&exchange(world, wrong, "").await);
        }
        assert_eq!(sessions(world).await, before);
        robot(world, &mine).await.get("/me").await.expect(200);
        // Nor is it good for anything else.
        let asked = async |form: &str| world.nobody().form("/token", form).await;
        is_refused(&asked(&format!("grant_type=refresh_token&refresh_token={text}")).await);
        is_refused(&asked(&format!("grant_type=password&username=alice&password={text}")).await);
        refused(world.nobody().with_token(text).get("/me").await, 401, "invalid-token");
    }

    async fn all_refusals_are_one(world) {
        let (admin, alice, bob) = (world.administrator().await, alice(world).await, world.user("bob").await);
        let (revoked, ended) = (key(&alice, json!({})).await, key(&alice, json!({ "expires_in": 1 })).await);
        let disabled = key(&bob, json!({})).await;
        alice.delete(&format!("/me/keys/{}", revoked.id)).await.expect(200);
        admin.patch(&format!("/admin/users/{}", bob.id()), json!({ "disabled": true })).await.expect(200);
        world.wait_for(2).await;
        let mut answers = vec![];
        for text in ["x", "rck_x", &format!("rck_{}", "A".repeat(64)), &revoked.text, &ended.text, &disabled.text] {
            let answer = exchange(world, text, "").await;
            is_refused(&answer);
            answers.push(answer.text());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }

    async fn the_form_is_read_strictly(world) {
        let mine = key(&alice(world).await, json!({})).await;
        let nobody = world.nobody();
        let good = form(&mine.text, "");
        for wrong in [
            good.split('&').next().expect("a grant").to_owned(),
            form("", ""),
            format!("{good}&api_key={}", mine.text),
            format!("{good}&{}", good.split('&').next().expect("a grant")),
        ] {
            oauth_error(&nobody.form("/token", &wrong).await, 400, "invalid_request");
        }
        oauth_error(&nobody.form(&format!("/token?{good}"), &good).await, 400, "invalid_request");
        oauth_error(&nobody.form(&format!("/token?{good}"), "").await, 400, "invalid_request");
        for name in ["api-key", "api_key", "urn%3Arolecall%3Aoauth%3Agrant-type%3AAPI-KEY"] {
            let other = format!("grant_type={name}&api_key={}", mine.text);
            oauth_error(&nobody.form("/token", &other).await, 400, "unsupported_grant_type");
        }
        let json = nobody.post("/token", json!({ "api_key": mine.text })).await;
        oauth_error(&json, 415, "invalid_request");
    }

    async fn by_clients_that_may(world) {
        let (admin, alice) = (world.administrator().await, alice(world).await);
        let mine = key(&alice, json!({})).await;
        let grant = "urn:rolecall:oauth:grant-type:api-key";
        let may = client(&admin, json!({ "grant_types": [grant, "refresh_token"] })).await;
        let may_not = client(&admin, json!({})).await;
        let told = may.ask(world, &form(&mine.text, "")).await.expect(200).json();
        assert_eq!(told["refresh_token"], Value::Null);
        let robot = world.nobody().with_token(told["access_token"].as_str().expect("a token"));
        assert_eq!(claims(&robot)["client_id"], json!(may.id));
        robot.get("/users/").await.expect(200);
        oauth_error(&may_not.ask(world, &form(&mine.text, "")).await, 400, "unauthorized_client");
        let unknown = exchange(world, &mine.text, &format!("&client_id={}", may.id)).await;
        oauth_error(&unknown, 401, "invalid_client");
        // A public one has nothing to prove.
        let public = json!({ "token_endpoint_auth_method": "none", "grant_types": [grant] });
        let public = client(&admin, public).await;
        bearer(world, exchange(world, &mine.text, &format!("&client_id={}", public.id)).await);

        // Taken away from the client, it is taken away from what it has opened.
        admin.patch(&may.path(), json!({ "grant_types": ["refresh_token"] })).await.expect(200);
        refused(robot.get("/users/").await, 401, "invalid-token");
        oauth_error(&may.ask(world, &form(&mine.text, "")).await, 400, "unauthorized_client");
    }

    async fn for_one_api(world) {
        let (admin, alice) = (world.administrator().await, alice(world).await);
        let mine = key(&alice, json!({})).await;
        let api = json!({ "identifier": "https://items.test", "name": "items" });
        let place = admin.post("/admin/apis", api).await.expect(201).header("location").to_owned();
        let resource = format!("&resource={}", encoded("https://items.test"));
        let robot = bearer(world, exchange(world, &mine.text, &resource).await);
        assert_eq!(claims(&robot)["aud"], "https://items.test");
        refused(robot.get("/me").await, 401, "invalid-token");
        let other = exchange(world, &mine.text, "&resource=https%3A%2F%2Fother.test").await;
        oauth_error(&other, 400, "invalid_target");
        admin.patch(&place, json!({ "disabled": true })).await.expect(200);
        oauth_error(&exchange(world, &mine.text, &resource).await, 400, "invalid_target");
    }

    async fn its_session_makes_no_keys_and_sees_to_nothing_of_the_account(world) {
        let alice = alice(world).await;
        let mine = key(&alice, json!({})).await;
        let robot = robot(world, &mine).await;
        refused(robot.post("/me/keys", said(json!({}))).await, 403, "by-api-key");
        refused(robot.post("/me/keys", said(json!({ "scope": "user", "expires_in": 1 }))).await, 403, "by-api-key");
        let new = json!({ "current_password": PASSWORD, "password": "eighteen violet otters" });
        refused(robot.post("/me/password", new).await, 403, "cut-to-scope");
        for path in ["/me/keys", "/me/sessions"] {
            refused(robot.get(path).await, 403, "cut-to-scope");
        }
        refused(robot.delete(&format!("/me/keys/{}", mine.id)).await, 403, "cut-to-scope");
        refused(robot.delete("/me/sessions").await, 403, "cut-to-scope");
        refused(robot.delete(&format!("/me/sessions/{}", claims(&alice)["sid"].as_str().expect("an id"))).await, 403, "cut-to-scope");
        // Its own session it may end.
        robot.delete(&format!("/me/sessions/{}", claims(&robot)["sid"].as_str().expect("an id"))).await.expect(200);
        refused(robot.get("/me").await, 401, "invalid-token");
        assert_eq!(items(&alice, "/me/keys").await.len(), 1);
    }
}
