//! Secrets: two at a time, good as a whole and not in part.

use serde_json::json;

use super::{Client, client};
use crate::{
    admin::{refused, version, version_now},
    face::oauth_error,
    util::on_both,
};

on_both! {
    async fn a_secret_is_replaced_without_a_pause(world) {
        let admin = world.administrator().await;
        let old = client(&admin, json!({})).await;
        let before = version_now(&admin).await;
        let first = admin.get(&old.path()).await.expect(200).json()["secrets"][0]["id"].clone();

        let made = admin.post(&format!("{}/secrets", old.path()), json!({})).await.expect(201).json();

        let new = Client { secret: made["client_secret"].as_str().expect("a secret").to_owned(), ..old.clone() };
        assert_ne!(new.secret, old.secret);
        for good in [&old, &new] {
            good.token(world, "").await.expect(200);
        }
        let third = admin.post(&format!("{}/secrets", old.path()), json!({})).await;
        refused(third, 409, "two-secrets");

        let gone = format!("{}/secrets/{}", old.path(), first.as_str().expect("an id"));
        assert_eq!(version(admin.delete(&gone).await.expect(200)), before);
        oauth_error(&old.token(world, "").await, 401, "invalid_client");
        new.token(world, "").await.expect(200);
        refused(admin.delete(&gone).await, 404, "not-found");
        admin.post(&format!("{}/secrets", old.path()), json!({})).await.expect(201);
    }

    async fn nothing_but_the_whole_secret_is_it(world) {
        let admin = world.administrator().await;
        let mine = client(&admin, json!({})).await;
        let secret = mine.secret.as_str();
        let mut wrong: Vec<String> = (1..secret.len()).map(|length| secret[..length].to_owned()).collect();
        wrong.extend((1..secret.len()).map(|start| secret[start..].to_owned()));
        wrong.extend([
            format!("{secret}A"),
            format!("{secret}="),
            format!(" {secret}"),
            format!("{secret} "),
            format!("{secret}\n"),
            format!("{secret}\0"),
            format!("{secret}{secret}"),
            secret.to_lowercase(),
            secret.to_uppercase(),
            secret.replace("rcs_", "RCS_"),
            secret.replace("rcs_", ""),
        ]);
        for secret in wrong {
            let answer = Client { secret: secret.clone(), ..mine.clone() }.token(world, "").await;
            oauth_error(&answer, 401, "invalid_client");
        }
        mine.token(world, "").await.expect(200);
    }

    async fn who_needs_no_secret_has_none(world) {
        let admin = world.administrator().await;
        let public = client(&admin, json!({ "token_endpoint_auth_method": "none" })).await;
        assert_eq!(public.secret, "");
        refused(admin.post(&format!("{}/secrets", public.path()), json!({})).await, 400, "invalid");
    }
}
