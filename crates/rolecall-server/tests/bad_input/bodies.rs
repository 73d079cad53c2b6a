//! A body is of the one kind that its endpoint takes. `text/plain`, a form and `multipart` are what a page of another
//! site can make a browser send without asking.

use serde_json::{Value, json};

use super::{api_key, shop};
use crate::{
    admin::{everything, refused, user},
    clients::basic,
    face::{encoded, oauth_error},
    util::{Actor, on_both, world::PASSWORD},
};

const NEITHER: [&[(&str, &str)]; 7] = [
    &[],
    &[("content-type", "")],
    &[("content-type", "text/plain")],
    &[("content-type", "multipart/form-data; boundary=x")],
    &[("content-type", "application/octet-stream")],
    &[("content-type", "application/json"), ("content-type", "application/x-www-form-urlencoded")],
    &[("content-type", "application/json, application/x-www-form-urlencoded")],
];
const NO_JSON: [&str; 4] = ["application/x-www-form-urlencoded", "application/json5", "application/jsonx", "text/json"];
const NO_FORM: [&str; 4] =
    ["application/json", "application/x-www-form-urlencoded2", "x-www-form-urlencoded", "application/*"];

/// Each endpoint that takes JSON: method, path, a body that would be right, and what another kind gets.
async fn endpoints(admin: &Actor, alice: &Actor) -> Vec<(&'static str, String, Value, u16)> {
    let made = admin.post("/admin/apis", json!({ "identifier": "urn:items", "name": "items" })).await.expect(201);
    let client = admin.post("/admin/clients", json!({ "client_name": "shop" })).await.expect(201);
    let (api, client) = (made.header("location").to_owned(), client.header("location").to_owned());
    let question = json!({
        "subject": { "type": "user", "id": "alice" }, "action": { "name": "read" }, "resource": { "type": "items", "id": "1" },
    });
    let of = |method, path: &str, body, status| (method, path.to_owned(), body, status);
    let until = json!({ "until": null });
    vec![
        of("POST", "/admin/users", json!({ "username": "mallory" }), 415),
        of("PATCH", &user(alice.id()), json!({ "disabled": true }), 415),
        of("PUT", &format!("{}/roles/admin", user(alice.id())), until.clone(), 415),
        of("POST", "/admin/roles", json!({ "name": "ghost", "permissions": [] }), 415),
        of("POST", "/admin/clients", json!({ "client_name": "mallory" }), 415),
        of("PATCH", &client, json!({ "disabled": true }), 415),
        of("PUT", &format!("{client}/roles/user"), until, 415),
        of("POST", "/admin/apis", json!({ "identifier": "urn:evil", "name": "evil" }), 415),
        of("PATCH", &api, json!({ "disabled": true }), 415),
        of("POST", "/admin/keys", json!({}), 415),
        of("POST", "/me/keys", json!({ "name": "robot", "expires_in": 60 }), 415),
        of("POST", "/me/password", json!({ "current_password": "x", "password": "eighteen violet otters" }), 415),
        // AuthZEN wants 400.
        of("POST", "/access/v1/evaluation", question.clone(), 400),
        of("POST", "/access/v1/evaluations", question.clone(), 400),
        of("POST", "/access/v1/search/subject", question.clone(), 400),
        of("POST", "/access/v1/search/action", question, 400),
    ]
}

on_both! {
    async fn json_is_json(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let endpoints = endpoints(&admin, &alice).await;
        let before = everything(&admin).await;
        for (method, path, body, status) in &endpoints {
            let kind = if *status == 415 { "content-type" } else { "invalid" };
            for headers in NEITHER {
                refused(admin.send(method, path, headers, body.to_string()).await, *status, kind);
            }
            for other in NO_JSON {
                refused(admin.send(method, path, &[("content-type", other)], body.to_string()).await, *status, kind);
            }
            // The right name for what is no JSON.
            for broken in ["", "a=b", "{", "[]", "null", "7"] {
                let answer = admin.send(method, path, &[("content-type", "application/json")], broken).await;
                // What a role is given for, need not be said.
                assert!(answer.status == 400 || *method == "PUT" && broken.is_empty(), "{method} {path} {broken}: {}", answer.text());
                if answer.status == 200 {
                    admin.delete(path).await.expect(200);
                }
            }
        }
        let told = everything(&admin).await;
        for member in ["users", "roles", "clients", "apis", "assigned"] {
            assert_eq!(told[member], before[member], "nothing has changed");
        }
        alice.get("/me").await.expect(200);
        // Which characters it is of makes no difference, and neither does the case.
        for kind in ["application/json; charset=utf-8", "application/json;charset=\"UTF-8\"", "Application/JSON"] {
            for (method, path, body, _) in endpoints.iter().filter(|(_, path, ..)| path.starts_with("/access")) {
                admin.send(method, path, &[("content-type", kind)], body.to_string()).await.expect(200);
            }
        }
    }

    async fn a_form_is_a_form(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let (shop, key) = (shop(world, &admin).await, api_key(&alice).await);
        let token = shop.acting(world).await.token().to_owned();
        let basic = basic(&shop.id, &shop.secret);
        let send = async |path: &str, headers: &[(&str, &str)], body: String| {
            let headers = [headers, &[("authorization", &basic)]].concat();
            world.nobody().send("POST", path, &headers, body).await
        };
        for (path, members) in [
            ("/token", json!({ "grant_type": "client_credentials" })),
            ("/token", json!({ "grant_type": "password", "username": "alice", "password": PASSWORD })),
            ("/token", json!({ "grant_type": super::API_KEY, "api_key": key })),
            ("/introspect", json!({ "token": token })),
            ("/revoke", json!({ "token": "x" })),
        ] {
            let pairs = members.as_object().expect("an object").iter();
            let form = pairs.map(|(name, value)| format!("{name}={}", encoded(value.as_str().expect("a text")))).collect::<Vec<_>>().join("&");
            for headers in NEITHER {
                oauth_error(&send(path, headers, form.clone()).await, 415, "invalid_request");
            }
            for other in NO_FORM {
                for body in [form.clone(), members.to_string()] {
                    oauth_error(&send(path, &[("content-type", other)], body).await, 415, "invalid_request");
                }
            }
            let right = [("content-type", "application/x-www-form-urlencoded")];
            oauth_error(&send(path, &right, members.to_string()).await, 400, "invalid_request");
            for kind in ["application/x-www-form-urlencoded; charset=utf-8", "application/x-www-form-urlencoded;charset=UTF-8", "Application/X-WWW-Form-Urlencoded"] {
                send(path, &[("content-type", kind)], form.clone()).await.expect(200);
            }
        }
        // Nor does a token stand in one (RFC 6750, 2.2).
        let form = format!("access_token={}", alice.token());
        refused(world.nobody().form("/access/v1/evaluation", &form).await, 401, "unauthenticated");
    }
}
