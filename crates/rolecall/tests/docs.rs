//! The page that shows the document, as a browser is given it. What a browser does with it is tested with the service.

use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, LOCATION,
    X_CONTENT_TYPE_OPTIONS,
};
use rolecall::{Router, public, role, routing::get};
use serde_json::{Value, json};

use crate::util::{App, World};

async fn items() -> &'static str {
    "items"
}

fn api() -> Router {
    Router::new()
        .docs("/docs", public(), json!({ "info": { "title": "Items", "version": "1" } }))
        .route("/items", get(role("admin"), async || "items"))
}

async fn header(app: &App, path: &str, name: HeaderName) -> String {
    app.nobody().get(path).await.header(name).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_path_without_its_slash_leads_to_the_page_wherever_it_is() {
    let app = World::new().serve(Router::new().nest("/deep/down", api()));
    let answer = app.nobody().get("/deep/down/docs").await;
    assert_eq!((answer.status, answer.header(LOCATION)), (307, Some("docs/")));
    assert_eq!(app.nobody().get("/deep/down/docs/").await.status, 200);
    assert_eq!(app.nobody().get("/deep/down/openapi.json").await.status, 200);
}

#[tokio::test]
async fn the_page_finds_all_that_it_is_made_of() {
    let app = World::new().serve(api());
    for (file, kind) in [
        ("", "text/html"),
        ("index.css", "text/css"),
        ("swagger-ui.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("swagger-ui-standalone-preset.js", "text/javascript"),
        ("swagger-initializer.js", "text/javascript"),
        ("favicon-32x32.png", "image/png"),
    ] {
        let answer = app.nobody().get(&format!("/docs/{file}")).await;
        assert_eq!((answer.status, answer.header(CONTENT_TYPE)), (200, Some(kind)), "{file}");
    }
    let none = app.nobody().get("/docs/swagger-ui-es-bundle.js").await;
    assert_eq!((none.status, none.detail().as_str()), (404, "the page has no such file"));
    let initializer = app.nobody().get("/docs/swagger-initializer.js").await;
    assert!(initializer.body.contains("\"../openapi.json\"") && initializer.header(CONTENT_ENCODING).is_none());
    assert_eq!(header(&app, "/docs/swagger-ui-bundle.js", CONTENT_ENCODING).await, "gzip");
}

#[tokio::test]
async fn nothing_inline_and_nothing_from_elsewhere_may_run() {
    let app = World::new().serve(api());
    for path in ["/docs/", "/docs/swagger-ui-bundle.js"] {
        let policy = header(&app, path, CONTENT_SECURITY_POLICY).await;
        insta::allow_duplicates! { insta::assert_snapshot!(policy, @"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'") }
        assert_eq!(header(&app, path, X_CONTENT_TYPE_OPTIONS).await, "nosniff");
        assert_eq!(header(&app, path, CACHE_CONTROL).await, "no-cache");
        let tag = header(&app, path, ETAG).await;
        assert_eq!(app.nobody().with(IF_NONE_MATCH, tag).get(path).await.status, 304);
    }
}

#[tokio::test]
async fn a_log_in_elsewhere_may_be_called() {
    let scheme = json!({ "type": "oauth2", "flows": { "password": { "tokenUrl": "https://login.example/v1/token", "scopes": {} } } });
    let base = json!({
        "servers": [{ "url": "http://127.0.0.1:8001/api" }, { "url": "/relative" }],
        "components": { "securitySchemes": { "rolecall": scheme } },
    });
    let app = World::new().serve(Router::new().docs("/docs", public(), base));
    let policy = header(&app, "/docs/", CONTENT_SECURITY_POLICY).await;
    assert!(policy.contains("connect-src 'self' http://127.0.0.1:8001 https://login.example;"), "{policy}");
}

#[tokio::test]
async fn all_of_it_is_under_its_rule_and_in_the_matrix_but_not_in_the_document() {
    let api = Router::new().docs("/docs/", role("admin"), json!({})).route("/items", get(public(), items));
    insta::assert_snapshot!(api.access_matrix(), @r#"
    METHOD  PATH           RULE        HANDLER          PLACE
    GET     /docs          role admin  docs::Page       crates/rolecall/tests/docs.rs:84
    GET     /docs/         role admin  docs::Page       crates/rolecall/tests/docs.rs:84
    GET     /docs/{file}   role admin  docs::Page       crates/rolecall/tests/docs.rs:84
    GET     /openapi.json  role admin  openapi::Served  crates/rolecall/tests/docs.rs:84
    GET     /items         public      docs::items      crates/rolecall/tests/docs.rs:84
    "#);
    let world = World::new();
    let app = world.serve(api);
    let ada = app.caller(world.mint("ada", &["admin"]));
    for path in ["/docs", "/docs/", "/docs/index.css", "/openapi.json"] {
        assert_eq!(app.nobody().get(path).await.status, 401, "{path}");
        assert_eq!(app.caller(world.mint("alice", &["user"])).get(path).await.status, 403, "{path}");
        assert_ne!(ada.get(path).await.status, 403, "{path}");
    }
    let document: Value = serde_json::from_str(&ada.get("/openapi.json").await.body).unwrap();
    assert_eq!(document["paths"].as_object().unwrap().keys().collect::<Vec<_>>(), ["/items"]);
}

#[test]
#[should_panic(expected = "`` is no path for a page: give it a name, as `/docs`")]
fn the_root_is_no_place_for_it() {
    let _ = Router::<()>::new().docs("/", public(), json!({}));
}
