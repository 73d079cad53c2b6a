//! What a token says (RFC 9068), and what the service says of itself (RFC 8414, RFC 7517): only what is true.

use rolecall_core::{KeySet, jwt};
use serde_json::json;

use super::{opened, raw, token::GOOD};
use crate::util::{Answer, on_both, world::PASSWORD};

on_both! {
    async fn a_token_is_an_access_token_by_rfc_9068(world) {
        let (before, admin) = (world.now(), world.administrator().await);
        let alice = world.user("alice").await;
        world.give(&admin, &alice, "admin").await;
        let alice = world.nobody().logged_in("Alice", PASSWORD).await;
        let issuer = format!("http://{}", world.address());

        let jwks = world.nobody().get("/.well-known/jwks.json").await.expect(200).json();
        let keys = KeySet::from_jwks(&jwks).expect("keys");
        assert_eq!(keys.len(), 1);
        let (header, claims) = opened(alice.token());
        let kid = jwks["keys"][0]["kid"].as_str().expect("a kid");
        assert_eq!(header, json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }));
        assert_eq!(keys.find(kid).map(|key| key.thumbprint()), Some(kid), "RFC 7638");

        let iat = claims["iat"].as_i64().expect("iat");
        assert!((before..=world.now()).contains(&iat));
        let id = |claim: &str| claims[claim].as_str().expect("an id").to_owned();
        assert!(id("jti").len() >= 22, "128 bits");
        let version = claims["pv"].as_u64().expect("a version");
        assert!(version > 0);
        assert_eq!(
            claims,
            json!({
                "iss": issuer, "aud": issuer, "sub": alice.id(), "client_id": "rolecall", "iat": iat, "exp": iat + 900,
                "jti": id("jti"), "sid": id("sid"), "roles": ["admin", "user"],
                "preferred_username": "alice", "pv": version,
            }),
        );
        let expected = jwt::Expected { issuer: &issuer, audience: &issuer, now: world.now(), max_lifetime: 900 };
        assert_eq!(jwt::verify(alice.token(), &keys, &expected).expect("a good token").sub, alice.id());
    }

    async fn no_token_outlives_what_it_depends_on(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let until = world.now() + 100;
        admin
            .put_json(&format!("/admin/users/{}/roles/admin", alice.id()), json!({ "until": until }))
            .await
            .expect(200);
        let told = world.nobody().log_in("alice", PASSWORD).await.expect(200).json();
        assert_eq!(opened(told["access_token"].as_str().expect("a token")).1["exp"], until);
        assert!(told["expires_in"].as_i64().is_some_and(|seconds| seconds <= 100));
        // One that does not need it lasts as long as any.
        let told = world.nobody().log_in_for("alice", PASSWORD, Some("user")).await.expect(200).json();
        assert_eq!(told["expires_in"], 900);
    }

    async fn the_metadata_are_true(world) {
        let nobody = world.nobody();
        let issuer = format!("http://{}", world.address());
        let told = nobody.get("/.well-known/oauth-authorization-server").await.expect(200).json();
        assert_eq!(
            told,
            json!({
                "issuer": issuer,
                "token_endpoint": format!("{issuer}/token"),
                "introspection_endpoint": format!("{issuer}/introspect"),
                "revocation_endpoint": format!("{issuer}/revoke"),
                "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
                "grant_types_supported": [
                    "password", "refresh_token", "client_credentials", "urn:rolecall:oauth:grant-type:api-key",
                ],
                "response_types_supported": [],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
                "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
                "introspection_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
                "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
                "revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
            }),
        );
        let path =
            |member: &str| told[member].as_str().and_then(|url| url.strip_prefix(&issuer)).expect("ours").to_owned();
        let jwks = nobody.get(&path("jwks_uri")).await.expect(200);
        assert_eq!(jwks.header("cache-control"), "public, max-age=300");
        // Public keys, and nothing private.
        let key = jwks.json()["keys"][0].clone();
        let members: Vec<_> = key.as_object().expect("a key").keys().cloned().collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(key["use"], "sig");

        nobody.register("alice", PASSWORD).await.expect(201);
        nobody.form(&path("token_endpoint"), GOOD).await.expect(200);
        for grant in told["grant_types_supported"].as_array().expect("a list") {
            let (grant, wrong) = (grant.as_str().expect("a name"), "username=alice&password=wrong&refresh_token=wrong&api_key=wrong");
            let form = format!("grant_type={grant}&{wrong}");
            let error = nobody.form(&path("token_endpoint"), &form).await.json()["error"].clone();
            assert_eq!(error, if grant == "client_credentials" { "unauthorized_client" } else { "invalid_grant" });
        }
    }

    async fn what_a_caller_says_of_the_address_changes_nothing(world) {
        world.nobody().register("alice", PASSWORD).await.expect(201);
        let form = "content-type: application/x-www-form-urlencoded\r\n";
        let token = async |headers: &str| {
            let call = raw::request("POST /token", &format!("{form}{headers}"), GOOD);
            let answer = raw::send(world.address(), call).await.expect(200).json();
            opened(answer["access_token"].as_str().expect("a token")).1
        };
        let plain = token("").await;
        let admin = world.administrator().await;
        let paths =
            ["/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/me", "/health", "/no-such-path"];
        for hostile in [
            "x-forwarded-host: evil.test\r\nx-forwarded-proto: https\r\nx-forwarded-port: 443\r\nx-forwarded-prefix: /evil\r\n",
            "forwarded: host=evil.test;proto=https;for=10.0.0.1\r\n",
            "x-forwarded-for: 127.0.0.1\r\nx-real-ip: 10.0.0.1\r\nx-original-url: /admin/users\r\nx-rewrite-url: /admin/users\r\n",
            "x-rolecall-user: admin\r\nx-forwarded-user: admin\r\nremote-user: admin\r\nx-host: evil.test\r\n",
        ] {
            let claims = token(hostile).await;
            assert_eq!((&claims["iss"], &claims["aud"]), (&plain["iss"], &plain["aud"]));
            for path in paths {
                let (with, without) =
                    tokio::join!(raw::get(world.address(), path, hostile), raw::get(world.address(), path, ""),);
                let without_id = |answer: &Answer| {
                    let mut told = answer.json();
                    told.as_object_mut().map(|told| told.remove("request_id"));
                    (answer.status, told)
                };
                assert_eq!(without_id(&with), without_id(&without));
                assert!(!with.text().contains("evil"));
            }
        }
        for host in ["host: evil.test\r\n", "host: evil.test:80\r\n", "host:\r\n", ""] {
            let call =
                format!("GET /.well-known/oauth-authorization-server HTTP/1.1\r\nconnection: close\r\n{host}\r\n");
            let told = raw::send(world.address(), call).await.expect(200).json();
            assert_eq!(told["issuer"], plain["iss"]);
        }
        // A place is a path, so that nobody's word for our address is needed.
        let user = json!({ "username": "bob" });
        let headers = [("content-type", "application/json"), ("x-forwarded-host", "evil.test")];
        let made = admin.send("POST", "/admin/users", &headers, user.to_string()).await.expect(201);
        assert_eq!(made.header("location"), format!("/admin/users/{}", made.json()["id"].as_str().expect("an id")));
    }
}
