//! The access matrix is what is enforced, to read.

use rolecall::{
    Router, authenticated, optional, permission, public, public_because, role,
    routing::{any, get, put},
};

async fn list() -> &'static str {
    "items"
}

async fn add() -> &'static str {
    "added"
}

fn admin() -> Router {
    Router::new()
        .route("/", get(public(), list))
        .require(role("admin"))
        .route("/users/", get(permission("users:read"), list).post(permission("users:write"), add))
        .route("/audit", get(permission("audit:read").or(role("auditor")), list))
        .fallback(optional(), list)
}

fn api() -> Router {
    Router::new()
        .route("/health", get(public(), list))
        .route("/token", any(public_because("client authentication, RFC 7662"), add))
        .route("/hello", get(optional(), list))
        .route("/items/{id}", put(authenticated().and(permission("items:write")), add).delete(role("editor"), add))
        .nest("/admin", admin())
        .merge(Router::new().route("/merged", get(authenticated(), list)))
        .nest_service("/old", role("admin"), axum::Router::new())
        .fallback(public(), list)
}

#[test]
fn the_matrix_names_every_route_with_its_final_rule_and_its_line() {
    insta::assert_snapshot!(api().access_matrix(), @r#"
    METHOD  PATH           RULE                                         HANDLER          PLACE
    GET     /health        public                                       matrix::list     crates/rolecall/tests/matrix.rs:27
    ANY     /token         public: client authentication, RFC 7662      matrix::add      crates/rolecall/tests/matrix.rs:28
    GET     /hello         public, caller optional                      matrix::list     crates/rolecall/tests/matrix.rs:29
    PUT     /items/{id}    items:write                                  matrix::add      crates/rolecall/tests/matrix.rs:30
    DELETE  /items/{id}    role editor                                  matrix::add      crates/rolecall/tests/matrix.rs:30
    GET     /admin         role admin                                   matrix::list     crates/rolecall/tests/matrix.rs:18
    GET     /admin/users/  role admin and users:read                    matrix::list     crates/rolecall/tests/matrix.rs:20
    POST    /admin/users/  role admin and users:write                   matrix::add      crates/rolecall/tests/matrix.rs:20
    GET     /admin/audit   role admin and (audit:read or role auditor)  matrix::list     crates/rolecall/tests/matrix.rs:21
    ANY     /admin/*       role admin                                   matrix::list     crates/rolecall/tests/matrix.rs:22
    GET     /merged        authenticated                                matrix::list     crates/rolecall/tests/matrix.rs:32
    ANY     /old/*         role admin                                   routing::Router  crates/rolecall/tests/matrix.rs:33
    ANY     /*             public                                       matrix::list     crates/rolecall/tests/matrix.rs:34
    "#);
}

#[test]
fn its_rows_can_be_asked() {
    let matrix = api().access_matrix();
    let row = matrix.rows().iter().find(|row| row.path == "/admin/audit").unwrap();
    assert_eq!((row.method, row.handler), ("GET", "matrix::list"));
    assert_eq!(row.rule, role("admin").and(permission("audit:read").or(role("auditor"))));
    assert_eq!(row.at.file(), file!());
}

#[test]
fn asking_changes_nothing() {
    let api = api();
    let once = api.access_matrix().to_string();
    assert_eq!(api.access_matrix().to_string(), once);
    assert_eq!(api.merge(Router::new()).access_matrix().to_string(), once);
}
