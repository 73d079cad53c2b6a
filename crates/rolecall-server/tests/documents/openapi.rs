//! The OpenAPI document: checked in, complete, and served with what an application adds to it.

use std::{collections::BTreeSet, path::Path};

use rolecall::{Router, clock::Clock, role, routing::get};
use rolecall_server::{Config, Dev, Error, Rolecall};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::util::{
    Actor,
    binary::{rolecall, run},
};

/// As it is checked in.
fn checked_in() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    std::fs::read_to_string(path).unwrap_or_default()
}

fn document() -> Value {
    let folder = TempDir::new().expect("a folder");
    serde_json::from_str(&run(&mut rolecall(folder.path(), &["openapi"]), "").stdout).expect("JSON")
}

/// Each operation, with its method and path.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    paths.flat_map(|(path, item)| {
        let item = item.as_object().expect("operations").iter();
        item.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    })
}

#[test]
fn the_one_that_is_checked_in_is_up_to_date() {
    let folder = TempDir::new().expect("a folder");
    let said = run(&mut rolecall(folder.path(), &["openapi"]), "");
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert!(
        said.stdout == checked_in(),
        "docs/openapi.json is not what the service says now. Write it anew, and look at the difference:\n    cargo \
         xtask openapi"
    );
}

#[test]
fn every_route_is_described_and_every_description_is_of_a_route() {
    let (document, folder) = (document(), TempDir::new().expect("a folder"));
    let matrix: Value =
        serde_json::from_str(&run(&mut rolecall(folder.path(), &["matrix", "--json"]), "").stdout).expect("JSON");
    let routes = matrix["routes"].as_array().expect("routes").iter();
    let routes = routes.map(|route| {
        let text = |member: &str| route[member].as_str().expect("a text").to_owned();
        // One for any method is described by `GET`, and `{*rest}` is `{rest}` there.
        let (method, path) = (text("method").replace("ANY", "GET"), text("path").replace("{*", "{"));
        (format!("{method} {path}"), text("rule"))
    });
    // The page shows the document; it is not in it.
    let mut routes: Vec<_> =
        routes.filter(|(call, _)| !call.starts_with("GET /docs") && call != "GET /openapi.json").collect();
    routes.sort();
    let described = operations(&document).map(|(call, operation)| {
        (call, operation["x-rolecall-rule"].as_str().expect("a description without a route has no rule").to_owned())
    });
    let mut described: Vec<_> = described.collect();
    described.sort();
    assert_eq!(described, routes);

    for (call, operation) in operations(&document) {
        for member in ["summary", "operationId", "responses", "security"] {
            assert!(
                !operation[member].is_null(),
                "{call} has no {member}: write `#[utoipa::path(..)]` above its handler"
            );
        }
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{call}");
    }
}

#[test]
fn where_a_client_says_who_it_is_the_scheme_is_the_client_s() {
    let document = document();
    assert_eq!(document["components"]["securitySchemes"]["client"]["scheme"], "basic");
    assert_eq!(document["paths"]["/token"]["post"]["security"], json!([{}, { "client": [] }]));
}

#[tokio::test]
async fn the_grants_are_those_that_there_are() {
    serving(true, None, async |nobody| {
        let metadata = nobody.get("/.well-known/oauth-authorization-server").await.expect(200).json();
        let grants = metadata["grant_types_supported"].as_array().expect("a list").iter();
        let grants: BTreeSet<_> = grants.map(|grant| grant.as_str().expect("a text").to_owned()).collect();
        assert_eq!(grants.len(), 4);
        let document = document();
        for place in ["rolecall.ClientGrantType/pattern", "rolecall.TokenRequest/properties/grant_type/pattern"] {
            let pattern =
                document.pointer(&format!("/components/schemas/{place}")).and_then(Value::as_str).expect(place);
            let named = pattern.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$")).expect("alternatives");
            assert_eq!(named.split('|').map(str::to_owned).collect::<BTreeSet<_>>(), grants, "{place}");
        }
    })
    .await;
}

#[test]
fn a_client_proves_in_each_form_what_it_can() {
    let document = document();
    for form in ["TokenRequest", "TokenShown"] {
        let members = &document["components"]["schemas"][format!("rolecall.{form}")]["properties"];
        for member in ["client_id", "client_secret", "client_assertion", "client_assertion_type"] {
            assert!(!members[member].is_null(), "{form} has no {member}");
        }
    }
}

#[test]
fn errors_are_problem_documents_but_those_of_oauth() {
    let document = document();
    for (call, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let response = match response["$ref"].as_str() {
                Some(place) => document.pointer(place.trim_start_matches('#')).expect("it is there"),
                None => response,
            };
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{call} {status}");
            if ["204", "304"].contains(&status.as_str()) || (call.as_str(), status.as_str()) == ("POST /revoke", "200")
            {
                assert!(response["content"].is_null(), "{call} {status} has no body");
                continue;
            }
            let kind = match (call.as_str(), status.starts_with(['4', '5'])) {
                (_, false) | ("POST /token" | "POST /introspect" | "POST /revoke", _) => "application/json",
                _ => "application/problem+json",
            };
            let content = response["content"].as_object().expect("content");
            assert_eq!(content.keys().collect::<Vec<_>>(), [kind], "{call} {status}");
            let needs = |name: &str| assert!(!response["headers"][name].is_null(), "{call} {status} has no {name}");
            match status.as_str() {
                "401" => needs("WWW-Authenticate"),
                "429" | "503" => needs("Retry-After"),
                _ => {}
            }
        }
    }
}

/// Serves this application with a service of its own, while somebody asks it.
async fn serving(docs: bool, base: Option<Value>, ask: impl AsyncFnOnce(Actor)) {
    let folder = TempDir::new().expect("a folder");
    let said = Dev { listen: Some("127.0.0.1:0".into()), ..Dev::default() };
    let config = Config { docs, ..Config::dev(folder.path(), &said).expect("a configuration") };
    let mut rolecall = Rolecall::start(config, Clock::system()).await.expect("the service starts");
    if let Some(base) = base {
        rolecall = rolecall.document(base).expect("a document");
    }
    let (address, stopper) = (rolecall.address(), rolecall.stopper());
    let api = Router::new().route("/items/{id}", get(role("admin"), async || "an item"));
    let served = tokio::spawn(rolecall.serve_until_stopped(api));
    ask(Actor::nobody(address)).await;
    stopper.cancel();
    served.await.expect("no panic").expect("served");
}

#[tokio::test]
async fn what_is_served_is_what_is_checked_in_and_the_application_besides() {
    serving(true, None, async |nobody| {
        let served = nobody.get("/openapi.json").await.expect(200).json();
        let mut expected: Value = serde_json::from_str(&checked_in()).expect("JSON");
        let items = served["paths"]["/items/{id}"].clone();
        assert_eq!(items["get"]["x-rolecall-rule"], "role admin");
        expected["paths"]["/items/{id}"] = items;
        assert_eq!(served, expected);
        nobody.get("/docs/").await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn an_application_brings_its_own() {
    let base = json!({
        "info": { "title": "Items", "version": "7" },
        "tags": [{ "name": "items" }],
        "paths": { "/items/{item}": { "get": { "tags": ["items"], "summary": "One item" } } },
        "components": { "schemas": { "User": { "type": "string" } } },
    });
    serving(true, Some(base), async |nobody| {
        let served = nobody.get("/openapi.json").await.expect(200).json();
        assert_eq!(served["info"]["title"], "Items");
        assert_eq!(served["info"]["version"], "7");
        assert_eq!(served["tags"][0]["name"], "items");
        assert!(served["tags"].as_array().is_some_and(|tags| tags.len() > 3));
        assert_eq!(served["paths"]["/items/{item}"]["get"]["summary"], "One item");
        assert_eq!(served["paths"]["/items/{item}"]["get"]["x-rolecall-rule"], "role admin");
        assert_eq!(served["paths"]["/me"]["get"]["operationId"], "me");
        assert_eq!(served["components"]["schemas"]["User"]["type"], "string");
        assert_eq!(served["components"]["schemas"]["rolecall.User"]["type"], "object");
    })
    .await;
}

#[tokio::test]
async fn one_that_is_none_is_refused_before_anything_is_served() {
    let folder = TempDir::new().expect("a folder");
    let said = Dev { listen: Some("127.0.0.1:0".into()), ..Dev::default() };
    let config = Config::dev(folder.path(), &said).expect("a configuration");
    let rolecall = Rolecall::start(config, Clock::system()).await.expect("the service starts");
    let refused = rolecall.document(json!({ "openapi": "3.0.3" })).expect_err("it is of another version");
    assert!(matches!(&refused, Error::Invalid(why) if why.contains("`3.0.3`")), "{refused}");
}

#[tokio::test]
async fn without_the_setting_there_is_neither_page_nor_document() {
    serving(false, None, async |nobody| {
        for path in ["/openapi.json", "/docs", "/docs/", "/docs/index.css"] {
            nobody.get(path).await.expect(404);
        }
    })
    .await;
}
