//! Who may call what: a table to review, and a guard that agrees with it. No handler runs here.

use items::{Items, api, document};
use rolecall::{
    public,
    testing::{People, probe},
};

/// Somebody for each kind of caller, in roles as an administrator would make them. (`admin` is there in every database
/// that `dev` makes, and has every permission, but not the role `clerk`.)
pub fn people() -> People {
    People::new()
        .role("seller", &["items:create", "items:read:own", "items:update:own", "items:delete:own"])
        .role("clerk", &["items:*"])
        .role("admin", &["*"])
        .role("warehouse", &["stock:sync"])
        .person("alice", &["seller"])
        .person("bob", &["seller"])
        .person("carl", &["clerk"])
        .person("ada", &["admin"])
        .person("nora", &[])
        .service("depot", &["warehouse"], "stock:sync")
}

/// When this fails, access has changed: read the difference, and keep it only if it was meant (`cargo insta review`, or
/// by hand).
#[test]
fn who_may_call_what() {
    insta::assert_snapshot!(api().access_matrix().for_callers(&people()), @r"
    METHOD  PATH                    RULE                            nobody  alice  bob  carl  ada  nora  depot
    GET     /ping                   public                          yes     yes    yes  yes   yes  yes   yes
    GET     /hello                  public, caller optional         yes     yes    yes  yes   yes  yes   yes
    GET     /items/                 items:read or own               401     own    own  yes   yes  403   403
    POST    /items/                 items:create                    401     yes    yes  yes   yes  403   403
    GET     /items/{id}             items:read or own               401     own    own  yes   yes  403   403
    PATCH   /items/{id}             items:update or own             401     own    own  yes   yes  403   403
    DELETE  /items/{id}             items:delete or own             401     own    own  yes   yes  403   403
    GET     /changes                items:read or own               401     own    own  yes   yes  403   403
    GET     /count                  role clerk                      401     403    403  yes   403  403   403
    POST    /stock/sync             a service and scope stock:sync  401     403    403  403   403  403   yes
    GET     /desk/owners            role clerk                      401     403    403  yes   403  403   403
    PUT     /desk/items/{id}/owner  role clerk and items:give       401     403    403  yes   403  403   403
    ");
}

#[tokio::test]
async fn the_guard_agrees_with_the_table() {
    assert_eq!(probe(api().with_state(Items::default()), &people()).await, [""; 0]);
}

/// The page and the document as an application serves them that does not have the service inside.
#[tokio::test]
async fn it_agrees_about_the_page_too() {
    let api = api().docs("/docs", public(), document());
    assert_eq!(probe(api.with_state(Items::default()), &people()).await, [""; 0]);
}

/// The rules stand in the document, and it leaves out no route.
#[test]
fn the_document_says_the_rules() {
    let document = api().openapi(document()).expect("an OpenAPI document");
    let mut lines = String::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let operations = item.as_object().expect("operations").iter().filter(|(name, _)| *name != "parameters");
        for (method, operation) in operations {
            let rule = operation["x-rolecall-rule"].as_str().unwrap_or("no rule");
            lines.push_str(&format!("{method} {path}: {rule} {}\n", operation["security"]));
        }
    }
    insta::assert_snapshot!(lines, @r#"
    get /changes: items:read or own [{"rolecall":["items:read"]}]
    get /count: role clerk [{"rolecall":[]}]
    put /desk/items/{id}/owner: role clerk and items:give [{"rolecall":["items:give"]}]
    get /desk/owners: role clerk [{"rolecall":[]}]
    get /hello: public, caller optional [{},{"rolecall":[]}]
    get /items/: items:read or own [{"rolecall":["items:read"]}]
    post /items/: items:create [{"rolecall":["items:create"]}]
    delete /items/{id}: items:delete or own [{"rolecall":["items:delete"]}]
    get /items/{id}: items:read or own [{"rolecall":["items:read"]}]
    patch /items/{id}: items:update or own [{"rolecall":["items:update"]}]
    get /ping: public []
    post /stock/sync: a service and scope stock:sync [{"rolecall":["stock:sync"]}]
    "#);
}
