//! A parameter that is there twice says two things, and so nothing.

use super::{API_KEY, api_key, shop, text};
use crate::{
    admin::{everything, refused, user},
    clients::{FORM, basic},
    face::{encoded, oauth_error, opened},
    util::on_both,
};

on_both! {
    async fn twice_in_a_form(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let (shop, key) = (shop(world, &admin).await, api_key(&alice).await);
        let own = shop.acting(world).await;
        let before = everything(&admin).await;
        let (basic, issuer) = (basic(&shop.id, &shop.secret), format!("http://{}", world.address()));
        let send = async |path: &str, form: &str| {
            world.nobody().send("POST", path, &[FORM, ("authorization", &basic)], form.to_owned()).await
        };
        let (client, resource, grant) = (("client_id", &*shop.id), ("resource", &*issuer), encoded(API_KEY));
        let (by_key, itself) = (("grant_type", &*grant), ("grant_type", "client_credentials"));
        let shown = [("token", own.token()), ("token_type_hint", "access_token"), client];
        for (path, form) in [
            ("/token", &[itself, ("scope", ""), resource, client][..]),
            ("/token", &[by_key, ("api_key", &*key), ("scope", "user"), resource, client]),
            ("/introspect", &shown),
            ("/revoke", &shown),
        ] {
            let written = |form: &[(&str, &str)]| form.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
            for (name, value) in form {
                let (error, twice) = match *name {
                    // RFC 8707: one that is there twice would be for two APIs.
                    "resource" => ("invalid_target", format!("{}&resource={value}", written(form))),
                    _ => ("invalid_request", format!("{}&{name}={value}", written(form))),
                };
                oauth_error(&send(path, &twice).await, 400, error);
                // Nor one that is empty the second time, or the first, or is spelled otherwise.
                for other in [format!("{}&{name}=", written(form)), format!("{name}=&{}", written(form))] {
                    oauth_error(&send(path, &other).await, 400, error);
                }
                let spelled = format!("%{:02x}{}", name.as_bytes()[0], &name[1..]);
                oauth_error(&send(path, &format!("{}&{spelled}={value}", written(form))).await, 400, error);
            }
        }
        assert_eq!(everything(&admin).await, before);
        own.get("/me").await.expect(200);
        // Once each, they are all right.
        let told = send("/token", &format!("grant_type={grant}&api_key={key}&scope=user&client_id={}", shop.id)).await.expect(200).json();
        assert_eq!(opened(&text(&told, "access_token")).1["sub"], alice.id());
    }

    async fn twice_in_a_query(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let account = user(alice.id());
        for (method, path) in [
            ("DELETE", "/me/sessions?current=true&current=true"),
            ("DELETE", "/me/sessions?current=false&current=true"),
            ("GET", "/me/sessions?limit=1&limit=2"),
            ("GET", "/me/keys?limit=1&limit=2"),
            ("GET", "/forward-auth?permission=items:read&permission=items:write"),
            ("GET", "/forward-auth?role=user&role=user"),
            ("GET", "/forward-auth?role=user&%72ole=user"),
            ("GET", "/forward-auth?audience=a&audience=a"),
            ("GET", "/forward-auth/role=user&role=user/items"),
        ] {
            refused(alice.send(method, path, &[], "").await, 400, "invalid");
        }
        for path in ["/admin/clients", "/admin/apis", "/admin/keys", &format!("{account}/sessions"), &format!("{account}/keys")] {
            for query in ["limit=1&limit=1", "limit=&limit=1", "after=x&after=x", "l%69mit=1&limit=1"] {
                refused(admin.get(&format!("{path}?{query}")).await, 400, "invalid");
            }
        }
        alice.get("/me").await.expect(200);
    }
}
