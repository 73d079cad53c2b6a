//! The test kit of applications: people, actors, and the matrix with a column for each caller.

use axum::{
    Json,
    extract::{Path, State},
};
use http::{Method, Request, StatusCode};
use rolecall::{
    Caller, Denied, Reach, Router, authenticated, optional, own, permission, public, public_because, role,
    routing::{any, get, post, put},
    scope, service,
    testing::{self, Access, People},
};
use serde_json::{Value, json};

use crate::types::panic_of;

pub(crate) fn people() -> People {
    People::new()
        .role("user", &["items:read", "items:update:own"])
        .role("editor", &["items:update"])
        .inherits("editor", "user")
        .role("admin", &["*"])
        .role("auditor", &[])
        .person("alice", &["user"])
        .person("eve", &["editor"])
        .person("ada", &["admin", "auditor"])
        .person("root", &["rolecall.admin"])
        .scoped("bot", &["editor"], "items:update:own")
        .service("till", &["editor"], "")
        .service("depot", &["admin"], "stock:*")
        .person("bert", &[])
}

async fn rename(reach: Reach, Path(owner): Path<String>) -> Result<String, Denied> {
    reach.covers(&owner)?;
    Ok(format!("renamed an item of {owner}"))
}

/// Every kind of rule, and every way to put routes together.
pub(crate) fn api() -> Router {
    let admin = Router::new()
        .require(role("admin"))
        .route("/", get(public(), async || "admin"))
        .route("/audit", get(permission("audit:read").or(role("auditor")), async || "audit"))
        .fallback(optional(), async || "nothing here");
    Router::new()
        .route("/health", get(public(), async || "ok"))
        .route("/token", any(public_because("client authentication"), async || "token"))
        .route("/hello", get(optional(), async |who: Option<Caller>| who.map_or("?".into(), |who| who.id().to_owned())))
        .route("/me", get(authenticated(), async |caller: Caller| caller.name().to_owned()))
        .route("/items/", get(permission("items:read"), async || "items").any(role("admin"), async || "all"))
        .route("/items/{owner}", put(own("items:update"), rename).delete(role("admin"), async || "gone"))
        .route("/items/owner", get(role("auditor"), async || "a literal that is a parameter's name"))
        .route("/both", get(own("items:update").and(own("items:read")), async |_: Reach| "both"))
        .route("/files/{*path}", get(permission("items:read"), async || "file").head(public(), async || ""))
        .route("/tills", get(service(), async |caller: Caller| format!("{} {}", caller.name(), caller.id())))
        .route("/stock/sync", post(service().and(scope("stock:sync")), async || "synced"))
        .route("/stock", get(scope("stock:count").or(role("auditor")), async || "stock"))
        .route("/users", get(permission("rolecall.users:read"), async || "users"))
        .nest("/admin", admin)
        .merge(Router::new().route("/merged", get(authenticated(), async || "merged")))
        .nest_service("/old", role("admin"), axum::Router::new())
        .fallback(public(), async || (StatusCode::NOT_FOUND, "nowhere"))
}

#[test]
fn the_table_has_a_column_for_each_caller() {
    insta::assert_snapshot!(api().access_matrix().for_callers(&people()), @r"
    METHOD  PATH            RULE                                           nobody  alice  eve  ada  root  bot  till  depot  bert
    GET     /health         public                                         yes     yes    yes  yes  yes   yes  yes   yes    yes
    ANY     /token          public: client authentication                  yes     yes    yes  yes  yes   yes  yes   yes    yes
    GET     /hello          public, caller optional                        yes     yes    yes  yes  yes   yes  yes   yes    yes
    GET     /me             authenticated                                  401     yes    yes  yes  yes   yes  yes   yes    yes
    GET     /items/         items:read                                     401     yes    yes  yes  yes   403  yes   403    403
    ANY     /items/         role admin                                     401     403    403  yes  403   403  403   403    403
    PUT     /items/{owner}  items:update or own                            401     own    yes  yes  yes   own  yes   403    403
    DELETE  /items/{owner}  role admin                                     401     403    403  yes  403   403  403   403    403
    GET     /items/owner    role auditor                                   401     403    403  yes  403   403  403   403    403
    GET     /both           (items:update or own) and (items:read or own)  401     own    yes  yes  yes   403  yes   403    403
    GET     /files/{*path}  items:read                                     401     yes    yes  yes  yes   403  yes   403    403
    HEAD    /files/{*path}  public                                         yes     yes    yes  yes  yes   yes  yes   yes    yes
    GET     /tills          a service                                      401     403    403  403  403   403  yes   yes    403
    POST    /stock/sync     a service and scope stock:sync                 401     403    403  403  403   403  403   yes    403
    GET     /stock          scope stock:count or role auditor              401     403    403  yes  403   403  403   yes    403
    GET     /users          rolecall.users:read                            401     403    403  403  yes   403  403   403    403
    GET     /admin          role admin                                     401     403    403  yes  403   403  403   403    403
    GET     /admin/audit    role admin and (audit:read or role auditor)    401     403    403  yes  403   403  403   403    403
    ANY     /admin/*        role admin                                     401     403    403  yes  403   403  403   403    403
    GET     /merged         authenticated                                  401     yes    yes  yes  yes   yes  yes   yes    yes
    ANY     /old/*          role admin                                     401     403    403  yes  403   403  403   403    403
    ANY     /*              public                                         yes     yes    yes  yes  yes   yes  yes   yes    yes
    ");
}

#[test]
fn the_table_can_be_asked() {
    let table = api().access_matrix().for_callers(&people());
    assert_eq!(table.access("PUT", "/items/{owner}", "alice"), Some(Access::Own));
    assert_eq!(table.access("PUT", "/items/{owner}", "nobody"), Some(Access::Unauthenticated));
    assert_eq!(table.access("PUT", "/items/{owner}", "zoe"), None);
    assert_eq!(table.access("PATCH", "/items/{owner}", "alice"), None);
    assert_eq!(
        table.callers().collect::<Vec<_>>(),
        ["nobody", "alice", "eve", "ada", "root", "bot", "till", "depot", "bert"]
    );
    assert_eq!(table.rows().count(), api().access_matrix().rows().len());
}

#[tokio::test]
async fn actors_call_the_application_that_is_served() {
    let app = testing::serve(api(), &people());
    let (nobody, alice, eve) = (app.nobody(), app.caller("alice"), app.caller("eve"));

    assert_eq!(nobody.get("/items/").await.status, 401);
    assert_eq!(alice.get("/me").await.text(), "alice");
    assert_eq!(alice.get("/hello").await.text(), alice.id());
    assert_eq!(alice.id(), people().id("alice"));
    assert_ne!(alice.id(), "alice", "a name is no id");
    assert_eq!(alice.put(&format!("/items/{}", alice.id()), "").await.status, 200);
    assert_eq!(alice.put(&format!("/items/{}", eve.id()), "").await.status, 404);
    assert_eq!(eve.put(&format!("/items/{}", alice.id()), "").await.status, 200);
    assert_eq!(app.caller("bot").put(&format!("/items/{}", alice.id()), "").await.status, 404, "its token is cut");
    let till = app.caller("till");
    assert_eq!(till.get("/tills").await.text(), format!("{} {}", till.id(), till.id()), "a client is called by its id");
    let refused = app.caller("bert").delete("/items/7").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.json()["status"], 403);
}

#[tokio::test]
async fn a_body_is_nothing_text_or_json() {
    let echo = async |headers: http::HeaderMap, body: String| {
        let kind = headers.get("content-type").map_or("none", |kind| kind.to_str().unwrap());
        format!("{kind}: {body}")
    };
    let api = Router::new()
        .route("/", get(public(), echo).post(public(), echo).put(public(), echo).patch(public(), echo))
        .route("/json", any(public(), async |State(n): State<u64>, Json(body): Json<Value>| Json(json!([n, body]))));
    let app = testing::serve(api.with_state(7), &People::new());
    let nobody = app.nobody();

    assert_eq!(nobody.get("/").await.text(), "none: ");
    assert_eq!(nobody.post("/", ()).await.text(), "none: ");
    assert_eq!(nobody.put("/", "").await.text(), "none: ");
    assert_eq!(nobody.patch("/", "text").await.text(), "text/plain; charset=utf-8: text");
    assert_eq!(nobody.post("/", json!({ "a": 1 })).await.text(), r#"application/json: {"a":1}"#);
    assert_eq!(nobody.call(Method::OPTIONS, "/json", json!("x")).await.json(), json!([7, "x"]));
    assert_eq!(nobody.with("x-one", "1").send(Request::new("own".into())).await.text(), "none: own");
}

#[tokio::test]
async fn a_path_begins_with_a_slash() {
    for path in ["items", "items/", "", "http://issuer.test/items/"] {
        let call = async move { testing::serve(api(), &people()).nobody().get(path).await };
        let failed = tokio::spawn(call).await.unwrap_err().into_panic();
        assert!(failed.downcast_ref::<String>().is_some_and(|said| said.contains("is not a path")), "{path}");
    }
}

#[tokio::test]
async fn an_actor_sends_headers_of_his_own_too() {
    let api = Router::new().route(
        "/",
        get(authenticated(), async |headers: http::HeaderMap| {
            format!("{:?}", headers.get_all("x-shop").iter().collect::<Vec<_>>())
        }),
    );
    let app = testing::serve(api, &people());
    let alice = app.caller("alice").with("x-shop", "north").with("x-shop", "south");
    assert_eq!(alice.get("/").await.text(), r#"["north", "south"]"#);
    assert!(alice.token().is_some() && app.nobody().token().is_none());
    let printed = format!("{alice:?} {app:?}");
    assert!(printed.contains("id-of-alice") && !printed.contains("eyJ"), "{printed}");
}

#[tokio::test]
async fn the_application_can_be_had_to_be_served_over_a_socket() {
    let app = testing::serve(api(), &people());
    let alice = app.caller("alice");
    let bearer = format!("Bearer {}", alice.token().unwrap());
    let request =
        Request::builder().uri("/me").header("authorization", bearer).body(axum::body::Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(app.router(), request).await.unwrap();
    assert_eq!(crate::util::Answer::read(answer).await.body, "alice");
}

#[test]
fn people_who_cannot_be_panic_at_their_line_and_say_why() {
    let known = || People::new().role("user", &[]).person("alice", &["user"]);
    let says = |run: fn(People) -> People, what: &str| {
        let people = known();
        let (message, place) = panic_of(move || drop(run(people)));
        assert!(message.contains(what), "{message}");
        assert!(place.starts_with(file!()), "{place}");
    };
    says(|people| people.person("bert", &["editor"]), "no role `editor` yet: add it first");
    says(|people| people.person("alice", &[]), "there is a `alice` already");
    says(|people| people.person("nobody", &[]), "there is a `nobody` already");
    says(|people| people.scoped("bot", &[], "not_a-scope!"), "`not_a-scope!` is not a scope");
    says(|people| people.service("till", &["editor"], ""), "no role `editor` yet: add it first");
    says(|people| people.service("alice", &[], ""), "there is a `alice` already");
    says(|people| people.service("till", &[], "not_a-scope!"), "`not_a-scope!` is not a scope");
    says(|people| people.role("user", &[]), "two roles are named `user`");
    says(|people| people.role("rolecall.mine", &[]), "belong to the service");
    says(|people| people.role("Editor", &[]), "`Editor` is not the name of a role");
    says(|people| people.role("editor", &["items"]), "`items` is not a permission");
    says(|people| people.inherits("editor", "user"), "no role `editor` yet");
    says(|people| people.inherits("user", "editor"), "inherits `editor`, which does not exist");
    says(|people| people.inherits("user", "user"), "in a circle: user -> user");
    says(
        |people| {
            let _ = people.id("zoe");
            people
        },
        "there is no `zoe`; there are alice",
    );
    let (message, _) =
        panic_of(|| drop(testing::serve(Router::new(), &People::new().person("bert", &[])).caller("zoe")));
    assert!(message.contains("there is no `zoe`; there are bert"), "{message}");
}
