//! A refresh token is good in the hands of one client (row 15 of the security goals): the one that it was given to, and
//! only when that proves who it is.

use serde_json::{Value, json};

use super::{Client, FORM, basic, client};
use crate::{
    admin::items,
    face::{encoded, oauth_error},
    util::{Actor, Answer, World, on_both, world::PASSWORD},
};

/// What alice has got through a client.
struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    #[track_caller]
    fn of(answer: Answer) -> Tokens {
        let told = answer.expect(200).json();
        let text = |member: &str| told[member].as_str().expect("a token").to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }

    async fn log_in(world: &World, client: &Client, more: &str) -> Tokens {
        let form = format!("grant_type=password&username=alice&password={}{more}", encoded(PASSWORD));
        Tokens::of(sent(world, client, &form).await)
    }

    /// Calls with the access token.
    async fn calls(&self, world: &World) -> Answer {
        world.nobody().with_token(&self.access).get("/me").await
    }
}

fn refreshing(token: &str) -> String {
    format!("grant_type=refresh_token&refresh_token={}", encoded(token))
}

/// A client sends a form; one without a secret names itself in it.
async fn sent(world: &World, client: &Client, form: &str) -> Answer {
    match client.secret.is_empty() {
        true => world.nobody().form("/token", &format!("{form}&client_id={}", client.id)).await,
        false => client.ask(world, form).await,
    }
}

async fn refresh(world: &World, client: &Client, token: &str) -> Answer {
    sent(world, client, &refreshing(token)).await
}

/// A client through which people log in, and go on.
async fn shop(admin: &Actor, more: Value) -> Client {
    let mut said = json!({ "grant_types": ["password", "refresh_token"], "first_party": true });
    said.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    client(admin, said).await
}

fn public() -> Value {
    json!({ "token_endpoint_auth_method": "none" })
}

on_both! {
    async fn another_client_ends_the_session_for_both(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let (shop, app) = (shop(&admin, json!({})).await, shop(&admin, public()).await);
        let other = self::shop(&admin, json!({})).await;
        let own = Client { id: "rolecall".into(), secret: String::new() };
        for (rightful, thief) in [(&shop, &other), (&shop, &app), (&app, &shop), (&app, &own), (&shop, &own), (&own, &app)] {
            let (tokens, bystander) = (Tokens::log_in(world, rightful, "").await, Tokens::log_in(world, rightful, "").await);
            tokens.calls(world).await.expect(200);

            oauth_error(&refresh(world, thief, &tokens.refresh).await, 400, "invalid_grant");

            tokens.calls(world).await.expect(401);
            oauth_error(&refresh(world, rightful, &tokens.refresh).await, 400, "invalid_grant");
            bystander.calls(world).await.expect(200);
            Tokens::of(refresh(world, rightful, &bystander.refresh).await);
            let lines = items(&admin, "/admin/audit?action=session.ended&limit=200").await;
            let why = &lines.last().expect("a line")["detail"];
            let said = (&json!(rightful.id), &json!("a refresh token came from another client"));
            assert_eq!((&why["client"], &why["why"]), said);
        }
        // Also the one that was spent a moment ago, and would be answered again to the one that it is of.
        let first = Tokens::log_in(world, &shop, "").await;
        let second = Tokens::of(refresh(world, &shop, &first.refresh).await);
        oauth_error(&refresh(world, &other, &first.refresh).await, 400, "invalid_grant");
        second.calls(world).await.expect(401);
        oauth_error(&refresh(world, &shop, &second.refresh).await, 400, "invalid_grant");
    }

    async fn a_client_that_does_not_prove_who_it_is_spends_and_ends_nothing(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let (mine, other) = (shop(&admin, json!({})).await, shop(&admin, json!({})).await);
        let tokens = Tokens::log_in(world, &mine, "").await;
        let form = refreshing(&tokens.refresh);
        for (id, secret) in [(&mine.id, "wrong"), (&mine.id, other.secret.as_str()), (&other.id, &mine.secret), (&mine.id, "")] {
            let basic = basic(id, secret);
            let answer = world.nobody().send("POST", "/token", &[FORM, ("authorization", &basic)], form.clone()).await;
            oauth_error(&answer, 401, "invalid_client");
        }
        for said in [format!("&client_id={}", mine.id), format!("&client_id={}&client_secret={}", mine.id, mine.secret)] {
            oauth_error(&world.nobody().form("/token", &format!("{form}{said}")).await, 401, "invalid_client");
        }
        tokens.calls(world).await.expect(200);
        Tokens::of(refresh(world, &mine, &tokens.refresh).await);
    }

    /// It is told so of its own tokens and of what is none; another one's end, as in any other wrong hands.
    async fn a_client_without_the_grant_is_told_so(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let mine = shop(&admin, json!({})).await;
        let without = client(&admin, json!({ "grant_types": ["password"], "first_party": true })).await;
        let tokens = Tokens::log_in(world, &mine, "").await;
        let form = format!("grant_type=password&username=alice&password={}", encoded(PASSWORD));
        let told = sent(world, &without, &form).await.expect(200).json();
        assert_eq!(told["refresh_token"], Value::Null, "its sessions do not go on");
        oauth_error(&refresh(world, &without, "rcr_made-up").await, 400, "unauthorized_client");
        tokens.calls(world).await.expect(200);
        oauth_error(&refresh(world, &without, &tokens.refresh).await, 400, "invalid_grant");
        tokens.calls(world).await.expect(401);
        oauth_error(&refresh(world, &mine, &tokens.refresh).await, 400, "invalid_grant");
        oauth_error(&refresh(world, &without, &tokens.refresh).await, 400, "unauthorized_client");

        let tokens = Tokens::log_in(world, &mine, "").await;
        // Past the service, which would end the session.
        let mut rows = crate::util::Rows::of(world).await;
        let grant = format!("client_id = '{}' AND value = 'refresh_token'", mine.id);
        rows.run(&format!("UPDATE client_lists SET kind = 'redirect_uri' WHERE {grant}")).await;
        oauth_error(&refresh(world, &mine, &tokens.refresh).await, 400, "unauthorized_client");
        tokens.calls(world).await.expect(200);
        rows.run(&format!("UPDATE client_lists SET kind = 'grant_type' WHERE {grant}")).await;
        rows.close().await;
        let tokens = Tokens::of(refresh(world, &mine, &tokens.refresh).await);

        admin.patch(&mine.path(), json!({ "grant_types": ["password"] })).await.expect(200);

        oauth_error(&refresh(world, &mine, &tokens.refresh).await, 400, "unauthorized_client");
        tokens.calls(world).await.expect(401);
        // Given back, it does not bring back what is over.
        admin.patch(&mine.path(), json!({ "grant_types": ["password", "refresh_token"] })).await.expect(200);
        oauth_error(&refresh(world, &mine, &tokens.refresh).await, 400, "invalid_grant");
        let tokens = Tokens::log_in(world, &mine, "").await;
        Tokens::of(refresh(world, &mine, &tokens.refresh).await);
    }

    async fn what_was_disabled_does_not_bring_a_session_back(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let api = json!({ "identifier": "urn:items", "name": "items" });
        let api = admin.post("/admin/apis", api).await.expect(201).header("location").to_owned();
        for (kind, status, error) in [("client", 401, "invalid_client"), ("API", 400, "invalid_grant")] {
            let mine = shop(&admin, json!({})).await;
            let path = if kind == "client" { mine.path() } else { api.clone() };
            let (own, for_api) = (Tokens::log_in(world, &mine, "").await, Tokens::log_in(world, &mine, "&resource=urn:items").await);

            admin.patch(&path, json!({ "disabled": true })).await.expect(200);
            oauth_error(&refresh(world, &mine, &for_api.refresh).await, status, error);
            admin.patch(&path, json!({ "disabled": false })).await.expect(200);

            oauth_error(&refresh(world, &mine, &for_api.refresh).await, 400, "invalid_grant");
            // The client's sessions are all over, and those for another API are not.
            let answer = refresh(world, &mine, &own.refresh).await;
            match kind {
                "client" => oauth_error(&answer, 400, "invalid_grant"),
                _ => drop(Tokens::of(answer)),
            }
            let again = Tokens::log_in(world, &mine, "&resource=urn:items").await;
            Tokens::of(refresh(world, &mine, &again.refresh).await);
        }
    }

    /// Without the rules that end sessions: the rows alone keep one from going on.
    async fn the_rows_alone_are_enough(world) {
        let admin = world.administrator().await;
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let mine = shop(&admin, json!({})).await;
        admin.post("/admin/apis", json!({ "identifier": "urn:items", "name": "items" })).await.expect(201);
        let tokens = Tokens::log_in(world, &mine, "&resource=urn:items").await;
        let mut rows = crate::util::Rows::of(world).await;
        for table in ["apis", "clients"] {
            rows.run(&format!("UPDATE {table} SET disabled = TRUE")).await;
            let answer = refresh(world, &mine, &tokens.refresh).await;
            assert!(answer.status == 400 || table == "clients" && answer.status == 401, "{table}: {}", answer.text());
            rows.run(&format!("UPDATE {table} SET disabled = FALSE")).await;
        }
        rows.close().await;
        Tokens::of(refresh(world, &mine, &tokens.refresh).await);
    }
}
