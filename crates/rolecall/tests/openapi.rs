//! The rules in an OpenAPI document: anybody's, and one of nothing but routes.

use axum::extract::Path;
use rolecall::{
    Reach, Router, authenticated, optional, own, permission, public, public_because, role,
    routing::{any, get, put},
    scope, service,
};
use serde_json::{Value, json};

use crate::util::World;

async fn answer() -> &'static str {
    "answer"
}

async fn below(Path(path): Path<String>) -> String {
    path
}

fn document(api: &Router, base: Value) -> Value {
    api.openapi(base).unwrap()
}

/// Each operation with one member of it, a line each.
fn each(document: &Value, member: &str) -> String {
    let mut lines = String::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(method, _)| *method != "parameters") {
            lines.push_str(&format!("{method} {path} {}\n", operation[member]));
        }
    }
    lines
}

mod rules {
    use super::*;

    fn api() -> Router {
        let both = permission("items:read").or(permission("items:write"));
        Router::new()
            .route("/public", get(public(), answer))
            .route("/because", get(public_because("a probe"), answer))
            .route("/optional", get(optional(), answer))
            .route("/authenticated", get(authenticated(), answer))
            .route("/role", get(role("admin"), answer))
            .route("/permission", get(permission("items:write"), answer))
            .route("/or", get(permission("items:write").or(role("admin")), answer))
            .route("/and", get(role("admin").and(permission("items:read")).and(permission("items:write")), answer))
            .route("/and-or", get(both.and(permission("audit:read")), answer))
            .route("/own", get(own("items:update"), async |_: Reach| ""))
            .route("/service", get(service(), answer))
            .route("/sync", get(service().and(scope("stock:sync")), answer))
    }

    #[test]
    fn security_is_the_rule() {
        insta::assert_snapshot!(each(&document(&api(), json!({})), "security"), @r#"
        get /and [{"rolecall":["items:read","items:write"]}]
        get /and-or [{"rolecall":["items:read","audit:read"]},{"rolecall":["items:write","audit:read"]}]
        get /authenticated [{"rolecall":[]}]
        get /because []
        get /optional [{},{"rolecall":[]}]
        get /or [{"rolecall":["items:write"]},{"rolecall":[]}]
        get /own [{"rolecall":["items:update"]}]
        get /permission [{"rolecall":["items:write"]}]
        get /public []
        get /role [{"rolecall":[]}]
        get /service [{"rolecall":[]}]
        get /sync [{"rolecall":["stock:sync"]}]
        "#);
    }

    #[test]
    fn the_rule_is_shown_as_in_the_matrix() {
        insta::assert_snapshot!(each(&document(&api(), json!({})), "x-rolecall-rule"), @r#"
        get /and "role admin and items:read and items:write"
        get /and-or "(items:read or items:write) and audit:read"
        get /authenticated "authenticated"
        get /because "public: a probe"
        get /optional "public, caller optional"
        get /or "items:write or role admin"
        get /own "items:update or own"
        get /permission "items:write"
        get /public "public"
        get /role "role admin"
        get /service "a service"
        get /sync "a service and scope stock:sync"
        "#);
    }

    #[test]
    fn a_403_says_what_the_route_asks_for_and_is_only_where_a_known_caller_can_be_refused() {
        let document = document(&api(), json!({}));
        let responses = |path: &str| document["paths"][path]["get"]["responses"].as_object().unwrap().clone();
        let statuses = |path: &str| responses(path).keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(statuses("/public"), "default");
        assert_eq!(statuses("/because"), "default");
        assert_eq!(statuses("/optional"), "400 401 503 default");
        assert_eq!(statuses("/authenticated"), "400 401 503 default");
        assert_eq!(statuses("/role"), "400 401 403 503 default");
        assert_eq!(statuses("/service"), "400 401 403 503 default");
        assert_eq!(responses("/or")["403"]["description"], "This needs items:write or role admin.");
    }

    #[test]
    fn scopes_of_the_scheme_are_the_permissions_that_rules_name() {
        let document = document(&api(), json!({}));
        let flow = &document["components"]["securitySchemes"]["rolecall"]["flows"]["password"];
        let scopes: Vec<_> = flow["scopes"].as_object().unwrap().keys().collect();
        assert_eq!(flow["tokenUrl"], "/token");
        assert_eq!(scopes, ["audit:read", "items:read", "items:update", "items:write", "stock:sync"]);
    }

    #[test]
    fn the_rule_of_an_outer_router_is_in_it_whatever_the_order() {
        let inner = Router::new().route("/users", get(permission("users:read"), answer)).require(role("admin"));
        let api: Router = Router::new().nest("/api", inner).require(role("staff"));
        let document = document(&api, json!({}));
        let operation = &document["paths"]["/api/users"]["get"];
        assert_eq!(operation["x-rolecall-rule"], "role staff and (role admin and users:read)");
        assert_eq!(operation["security"], json!([{ "rolecall": ["users:read"] }]));
    }

    #[test]
    fn a_rule_that_multiplies_without_end_is_still_said() {
        let choice = |n: u8| permission(&format!("a{n}:read")).or(permission(&format!("b{n}:read")));
        let rule = (1..30).fold(choice(0), |rule, n| rule.and(choice(n)));
        let api: Router = Router::new().route("/", get(rule, answer));
        let operation = &document(&api, json!({}))["paths"]["/"]["get"];
        assert!(operation["security"].as_array().unwrap().len() <= 64);
        assert!(operation["x-rolecall-rule"].as_str().unwrap().contains("(a29:read or b29:read)"));
    }
}

mod what_the_author_wrote {
    use super::*;

    fn api() -> Router {
        Router::new().route("/items/{id}", put(permission("items:write"), answer).get(public(), answer))
    }

    #[test]
    fn stays() {
        let base = json!({
            "openapi": "3.1.0",
            "info": { "title": "Items", "version": "7", "x-team": "blue" },
            "servers": [{ "url": "/v1" }],
            "tags": [{ "name": "items" }],
            "x-own": [1, 2],
            "paths": {
                "/items/{item}": {
                    "summary": "one item",
                    "parameters": [{ "$ref": "#/components/parameters/item" }],
                    "put": {
                        "operationId": "rename", "tags": ["items"], "x-own": true,
                        "responses": {
                            "200": { "description": "Renamed." },
                            "401": { "description": "Who are you?" },
                            "403": { "description": "Not on a Sunday." },
                        },
                    },
                },
                "/elsewhere": { "get": { "operationId": "elsewhere", "responses": { "200": { "description": "ok" } } } },
            },
            "components": {
                "parameters": { "item": { "name": "item", "in": "path", "required": true, "schema": { "type": "integer" } } },
                "schemas": { "Item": { "type": "object" } },
                "securitySchemes": { "other": { "type": "http", "scheme": "basic" } },
            },
        });
        let document = document(&api(), base.clone());

        for member in ["openapi", "info", "servers", "tags", "x-own"] {
            assert_eq!(document[member], base[member], "{member}");
        }
        assert_eq!(document["paths"]["/elsewhere"], base["paths"]["/elsewhere"]);
        assert_eq!(document["components"]["schemas"]["Item"], base["components"]["schemas"]["Item"]);
        assert_eq!(document["components"]["securitySchemes"]["other"]["scheme"], "basic");
        let item = &document["paths"]["/items/{item}"];
        assert_eq!(item["parameters"], base["paths"]["/items/{item}"]["parameters"]);
        assert_eq!(document["paths"].as_object().unwrap().len(), 2, "found by its shape: {document:#}");
        let rename = &item["put"];
        assert_eq!(
            (&rename["operationId"], &rename["tags"], &rename["x-own"]),
            (&json!("rename"), &json!(["items"]), &json!(true))
        );
        assert_eq!(rename["responses"]["401"], json!({ "description": "Who are you?" }));
        assert_eq!(rename["parameters"], Value::Null, "it is described, for all of the path");
        // And what was not there is.
        assert_eq!(rename["responses"]["403"]["description"], "Not on a Sunday.\n\nThis needs items:write.");
        assert_eq!(rename["responses"]["503"], json!({ "$ref": "#/components/responses/rolecall.CannotTell" }));
        assert_eq!(rename["security"], json!([{ "rolecall": ["items:write"] }]));
        assert_eq!(item["get"]["operationId"], "get_items_item");
    }

    #[test]
    fn is_not_what_the_rule_says() {
        let base = json!({ "paths": { "/items/{id}": { "put": { "security": [], "x-rolecall-rule": "public" } } } });
        let document = document(&api(), base);
        let operation = &document["paths"]["/items/{id}"]["put"];
        assert_eq!(operation["security"], json!([{ "rolecall": ["items:write"] }]));
        assert_eq!(operation["x-rolecall-rule"], "items:write");
    }

    #[test]
    fn is_believed_about_credentials_of_a_public_operation() {
        let client = json!([{ "client": [] }]);
        let base = json!({ "paths": { "/items/{id}": { "get": { "security": client.clone() } } } });
        let document = document(&api(), base);
        assert_eq!(document["paths"]["/items/{id}"]["get"]["security"], client);
    }

    #[test]
    fn may_name_the_log_in() {
        let scheme = json!({ "type": "oauth2", "flows": { "password": {
            "tokenUrl": "https://login.example/token", "scopes": { "items:write": "to rename items" },
        } } });
        let document = document(&api(), json!({ "components": { "securitySchemes": { "rolecall": scheme.clone() } } }));
        assert_eq!(document["components"]["securitySchemes"]["rolecall"], scheme);
    }

    #[test]
    fn may_name_two_operations_alike_and_the_second_gets_a_name_of_its_own() {
        let base = json!({ "paths": {
            "/items/{id}": { "put": { "operationId": "item" }, "get": { "operationId": "item" } },
            "/get/items/id": { "get": { "operationId": "put_items_id" } },
        } });
        let api = api().route("/get-items/{id}", get(public(), answer)).route("/get/items-id", get(public(), answer));
        insta::assert_snapshot!(each(&document(&api, base), "operationId"), @r#"
        get /get-items/{id} "get_get_items_id"
        get /get/items-id "get_get_items_id_2"
        get /get/items/id "put_items_id"
        get /items/{id} "item"
        put /items/{id} "put_items_id_2"
        "#);
    }

    #[test]
    fn that_is_no_openapi_document_is_refused_with_what_is_wrong() {
        let refused = |base: Value| api().openapi(base).unwrap_err().to_string();
        insta::assert_snapshot!(refused(json!([])), @"this is no OpenAPI 3.1 document: it is no JSON object");
        insta::assert_snapshot!(refused(json!({ "swagger": "2.0" })), @"this is no OpenAPI 3.1 document: it is of version 2, `swagger`");
        insta::assert_snapshot!(refused(json!({ "openapi": "3.0.3" })), @"this is no OpenAPI 3.1 document: it is of version `3.0.3`");
        insta::assert_snapshot!(refused(json!({ "paths": [] })), @"this is no OpenAPI 3.1 document: invalid type: sequence, expected a map");
        insta::assert_snapshot!(refused(json!({ "paths": { "/": { "get": { "responses": 1 } } } })), @"this is no OpenAPI 3.1 document: `get` of `/`: invalid type: integer `1`, expected a map");
        assert!(api().openapi(f64::NAN).is_err() && api().openapi(()).is_err());
    }
}

mod paths {
    use super::*;

    #[test]
    fn parameters_are_described_where_they_are_not() {
        let api: Router = Router::new()
            .route("/orgs/{org}/items/{id}", get(public(), answer))
            .route("/files/{*path}", get(role("admin"), below));
        let base = json!({ "paths": { "/orgs/{org}/items/{id}": { "get": {
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
        } } } });
        insta::assert_snapshot!(each(&document(&api, base), "parameters"), @r#"
        get /files/{path} [{"in":"path","name":"path","required":true,"schema":{"type":"string"}}]
        get /orgs/{org}/items/{id} [{"in":"path","name":"id","required":true,"schema":{"type":"integer"}},{"in":"path","name":"org","required":true,"schema":{"type":"string"}}]
        "#);
    }

    #[test]
    fn any_is_the_methods_that_are_described_and_else_the_usual_ones() {
        let api: Router = Router::new()
            .route("/described", any(role("admin"), answer))
            .route("/mixed", get(public(), answer).any(role("admin"), answer))
            .route("/bare", any(role("admin"), answer));
        let base = json!({ "paths": {
            "/described": { "post": {} },
            "/mixed": { "get": {}, "trace": {} },
        } });
        insta::assert_snapshot!(each(&document(&api, base), "x-rolecall-rule"), @r#"
        delete /bare "role admin"
        get /bare "role admin"
        patch /bare "role admin"
        post /bare "role admin"
        put /bare "role admin"
        post /described "role admin"
        get /mixed "public"
        trace /mixed "role admin"
        "#);
    }

    #[test]
    fn what_is_described_below_a_nested_service_has_its_rule() {
        let old = || axum::Router::new();
        let api: Router = Router::new()
            .route("/old/news", get(public(), answer))
            .nest_service("/old", role("admin"), old())
            .nest_service("/old/deep", role("root"), old())
            .fallback(authenticated(), answer);
        let base = json!({ "paths": {
            "/old": { "get": {} }, "/old/news": { "get": {}, "post": {} }, "/old/deep/{down}": { "get": {} },
            "/older": { "get": {} }, "/other": { "get": {} },
        } });
        insta::assert_snapshot!(each(&document(&api, base), "x-rolecall-rule"), @r#"
        get /old "role admin"
        get /old/deep/{down} "role root"
        get /old/news "public"
        post /old/news null
        get /older null
        get /other null
        "#);
    }
}

mod served {
    use super::*;

    #[tokio::test]
    async fn it_has_the_routes_that_are_added_later_and_those_around_it() {
        let inner = Router::new()
            .serve_openapi("/openapi.json", public(), json!({ "info": { "title": "Items", "version": "1" } }))
            .route("/items", get(role("admin"), answer));
        let api = Router::new().nest("/v1", inner).route("/later", get(public(), answer)).require(role("user"));
        let document = document(&api, json!({ "info": { "title": "Items", "version": "1" } }));
        let world = World::new();
        let app = world.serve(api);

        assert_eq!(app.nobody().get("/v1/openapi.json").await.status, 401, "it is under the rules as all else is");
        let answer = app.caller(world.mint("alice", &["user"])).get("/v1/openapi.json").await;

        assert_eq!(answer.header(http::header::CONTENT_TYPE), Some("application/json"));
        assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap(), document);
        assert_eq!(
            each(&document, "x-rolecall-rule"),
            "get /later \"role user\"\nget /v1/items \"role user and role admin\"\n"
        );
    }

    #[tokio::test]
    async fn who_has_it_is_not_sent_it_again() {
        let app = World::new().serve(Router::new().serve_openapi("/openapi.json", public(), json!({})));
        let first = app.nobody().get("/openapi.json").await;
        let tag = first.header(http::header::ETAG).unwrap();
        let asking = |tags: String| app.nobody().with(http::header::IF_NONE_MATCH, tags);

        for tags in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let again = asking(tags).get("/openapi.json").await;
            assert_eq!((again.status, again.body.as_str(), again.header(http::header::ETAG)), (304, "", Some(tag)));
        }
        assert_eq!(asking("\"other\"".into()).get("/openapi.json").await.status, 200);
        assert_eq!(first.header(http::header::CACHE_CONTROL), Some("no-cache"));
        assert_eq!(first.header(http::header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    }

    #[test]
    #[should_panic(expected = "this is no OpenAPI 3.1 document: it is of version `3.0.0`")]
    fn a_base_that_is_none_panics_at_once() {
        let _ = Router::<()>::new().serve_openapi("/openapi.json", public(), json!({ "openapi": "3.0.0" }));
    }
}
