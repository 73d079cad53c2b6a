//! A client that is edited between its proof and the answer: what it proved who it is by counts, and nothing else. An
//! assertion is written down as used in between, and that can be held up.

use serde_json::json;

use super::{
    assertions::{TYPE, claims, key, signed, signing_client},
    client,
};
use crate::{
    face::{encoded, oauth_error},
    util::{Answer, Db, Rows, World, on_both, until},
};

/// What comes of a request that has proved who it is, when this is done to its client before it goes on.
async fn meanwhile(world: &World, path: &'static str, form: String, done: &str) -> Answer {
    let mut holder = Rows::of(world).await;
    match world.db {
        Db::Sqlite => holder.run("BEGIN IMMEDIATE").await,
        Db::Postgres => {
            holder.run("BEGIN").await;
            holder.run("LOCK TABLE used_assertions IN SHARE MODE").await
        }
    };
    holder.run(done).await;
    let nobody = world.nobody();
    let asking = tokio::spawn(async move { nobody.form(path, &form).await });
    match world.db {
        // Those that come later are answered: so this one waits for its turn, nearly always. If not, it finds what is new.
        Db::Sqlite => {
            for _ in 0..16 {
                world.nobody().form("/introspect", "token=x&client_id=rolecall").await.expect(401);
            }
        }
        Db::Postgres => {
            let mut other = Rows::of(world).await;
            let waits = "SELECT count(*) FROM pg_stat_activity \
                         WHERE datname = current_database() AND wait_event_type = 'Lock'";
            until(async || other.number(waits).await > 0).await;
            other.close().await;
        }
    }
    holder.run("COMMIT").await;
    holder.close().await;
    asking.await.expect("an answer")
}

on_both! {
    async fn what_it_did_not_prove_by_does_not_matter(world) {
        let (admin, key) = (world.administrator().await, key());
        let other = client(&admin, json!({})).await;
        let token = other.acting(world).await.token().to_owned();
        let (mut number, kind) = (0, encoded(TYPE));
        for (done, is_told) in [
            ("name = 'another'", true),
            ("first_party = TRUE", true),
            ("disabled = TRUE", false),
            ("auth_method = 'client_secret_basic'", false),
        ] {
            for (path, form) in [("/introspect", format!("token={token}")), ("/token", "grant_type=client_credentials".into())] {
                let mine = signing_client(&admin, &key).await;
                admin.patch(&mine.path(), json!({ "apis": [format!("http://{}", world.address())] })).await.expect(200);
                number += 1;
                let assertion = signed(&key, &claims(world, &mine, &number.to_string()));
                let form = format!("{form}&client_assertion_type={kind}&client_assertion={assertion}");
                let answer = meanwhile(world, path, form, &format!("UPDATE clients SET {done} WHERE id = '{}'", mine.id)).await;
                match is_told {
                    true => assert_ne!(answer.expect(200).json()["active"], false, "{done}: {path}"),
                    // Never `active: false`, which would be of the token.
                    false => oauth_error(&answer, 401, "invalid_client"),
                }
            }
        }
    }

    async fn what_it_may_is_asked_as_of_now(world) {
        let (admin, key) = (world.administrator().await, key());
        let other = client(&admin, json!({})).await;
        let token = other.acting(world).await.token().to_owned();
        let mine = signing_client(&admin, &key).await;
        admin.patch(&mine.path(), json!({ "apis": [format!("http://{}", world.address())] })).await.expect(200);
        let proof = |jti: &str| {
            let assertion = signed(&key, &claims(world, &mine, jti));
            format!("client_assertion_type={}&client_assertion={assertion}", encoded(TYPE))
        };
        let gone = |kind: &str| format!("DELETE FROM client_lists WHERE client_id = '{}' AND kind = '{kind}'", mine.id);

        let form = format!("{}&token={token}", proof("1"));
        assert_eq!(meanwhile(world, "/introspect", form, &gone("api")).await.expect(200).json(), json!({ "active": false }));
        let form = format!("{}&grant_type=client_credentials", proof("2"));
        oauth_error(&meanwhile(world, "/token", form, &gone("grant_type")).await, 400, "unauthorized_client");
    }
}
