//! Owner rules: who reaches every object, who his own, and what each combination says.

use axum::extract::Path;
use rolecall::{
    Caller, Denied, Reach, Router, Rule, authenticated, optional, own, permission, public, role,
    routing::{any, delete, get, put},
};
use rolecall_core::Role;

use crate::util::{self, World};

/// `all` or the id of whose objects are reached.
async fn whose(reach: Reach) -> String {
    reach.owner().unwrap_or("all").to_owned()
}

/// Items belong to whom their path names; `missing` is not there.
async fn rename(reach: Reach, Path(owner): Path<String>) -> Result<String, Denied> {
    let owner = Some(owner).filter(|owner| owner != "missing").ok_or(Denied::NotFound)?;
    reach.covers(&owner)?;
    Ok(format!("renamed an item of {owner}"))
}

fn more_roles() -> Vec<Role> {
    let mut roles = util::roles();
    roles.extend([
        util::role("chief", &["items:update"], &[]),
        util::role("reader", &["items:read:own"], &[]),
        util::role("librarian", &["items:read"], &[]),
        util::role("collector", &["items:*:own"], &[]),
        util::role("hermit", &["*"], &["author"]),
    ]);
    roles
}

fn world() -> World {
    let world = World::new();
    world.decide_by(more_roles());
    world
}

/// What each of these is answered: `all`, his id, or the status of a refusal.
async fn reached<const N: usize>(rule: Rule<rolecall::Limited>, roles: [&[&str]; N]) -> [String; N] {
    let world = world();
    let app = world.serve(Router::new().route("/", get(rule, whose)));
    let mut all = [const { String::new() }; N];
    for (roles, reached) in roles.into_iter().zip(&mut all) {
        let answer = app.caller(world.mint("alice", roles)).get("/").await;
        *reached = if answer.status == 200 { answer.body } else { answer.status.to_string() };
    }
    all
}

#[tokio::test]
async fn somebody_with_own_reaches_his_objects_and_somebody_with_the_permission_all() {
    let world = world();
    let app = world.serve(Router::new().route("/items/{owner}", put(own("items:update"), rename)));
    let alice = app.caller(world.mint("alice", &["author"]));
    let carl = app.caller(world.mint("carl", &["chief"]));
    let bert = app.caller(world.mint("bert", &["user"]));

    assert_eq!(alice.send("PUT", "/items/id-of-alice").await.body, "renamed an item of id-of-alice");
    assert_eq!(alice.send("PUT", "/items/id-of-bert").await.status, 404);
    assert_eq!(carl.send("PUT", "/items/id-of-bert").await.body, "renamed an item of id-of-bert");
    assert_eq!(carl.send("PUT", "/items/missing").await.status, 404);
    assert_eq!(app.nobody().send("PUT", "/items/id-of-alice").await.status, 401);
    assert_eq!(bert.send("PUT", "/items/id-of-bert").await.status, 403, "he may not even touch his own");
}

#[tokio::test]
async fn a_name_is_no_owner() {
    let world = world();
    let app = world.serve(Router::new().route("/items/{owner}", put(own("items:update"), rename)));
    // Names can be given to somebody else.
    assert_eq!(app.caller(world.mint("alice", &["author"])).send("PUT", "/items/alice").await.status, 404);
}

#[tokio::test]
async fn what_is_somebody_elses_looks_exactly_like_what_is_not_there() {
    let world = world();
    let app = world.serve(Router::new().route("/items/{owner}", put(own("items:update"), rename)));
    let alice = app.caller(world.mint("alice", &["author"]));

    let theirs = alice.send("PUT", "/items/id-of-bert").await;
    let missing = alice.send("PUT", "/items/missing").await;
    assert_eq!((theirs.status, &theirs.headers, &theirs.body), (404, &missing.headers, &missing.body));
    assert_eq!(missing.problem()["type"], "urn:rolecall:problem:not-found");
    assert_eq!(missing.challenge(), None);
}

#[tokio::test]
async fn a_list_is_told_whose_to_show() {
    let all = reached(own("items:read"), [&["reader"], &["librarian"], &["collector"], &["admin"], &["auditor"]]).await;
    assert_eq!(all, ["id-of-alice", "all", "id-of-alice", "all", "403"]);
}

#[tokio::test]
async fn who_has_both_reaches_all() {
    let all = reached(own("items:update"), [&["author", "chief"], &["chief", "author"], &["hermit"]]).await;
    assert_eq!(all, ["all", "all", "all"]);
}

#[tokio::test]
async fn a_role_beside_it_narrows_who_and_not_what() {
    let roles: [&[&str]; 4] = [&["author"], &["author", "auditor"], &["chief", "auditor"], &["auditor"]];
    let with_role = ["403", "id-of-alice", "all", "403"];
    assert_eq!(reached(own("items:update").and(role("auditor")), roles).await, with_role);
    assert_eq!(reached(role("auditor").and(own("items:update")), roles).await, with_role);
}

#[tokio::test]
async fn who_passes_the_other_side_of_an_or_reaches_all() {
    let roles: [&[&str]; 4] = [&["author"], &["author", "librarian"], &["librarian"], &["user", "author"]];
    let either = ["id-of-alice", "all", "all", "all"];
    assert_eq!(reached(own("items:update").or(permission("items:read")), roles).await, either);
    assert_eq!(reached(permission("items:read").or(own("items:update")), roles).await, either);
    assert_eq!(
        reached(own("items:update").or(role("auditor")), [&["author"], &["auditor"]]).await,
        ["id-of-alice", "all"]
    );
}

#[tokio::test]
async fn with_two_of_them_the_narrowest_that_is_right_counts() {
    let roles: [&[&str]; 6] = [
        &["chief", "reader"],     // one whole, the other for his own
        &["author", "librarian"], // the other way round
        &["author", "reader"],    // both for his own
        &["chief", "librarian"],  // both whole
        &["chief"],               // one only
        &["author"],
    ];
    let and = own("items:update").and(own("items:read"));
    assert_eq!(reached(and, roles).await, ["id-of-alice", "id-of-alice", "id-of-alice", "all", "403", "403"]);
    let or = own("items:update").or(own("items:read"));
    assert_eq!(reached(or, roles).await, ["all", "all", "id-of-alice", "all", "all", "id-of-alice"]);
}

#[tokio::test]
async fn deep_inside_it_still_limits() {
    let rule = role("auditor").or(own("items:update").and(role("user"))).and(permission("items:read"));
    let roles: [&[&str]; 3] = [&["user", "author"], &["user", "auditor"], &["author"]];
    assert_eq!(reached(rule, roles).await, ["id-of-alice", "all", "403"]);
}

#[tokio::test]
async fn a_token_cut_by_scope_reaches_no_further_than_its_scope() {
    let world = world();
    let app = world.serve(Router::new().route("/", get(own("items:update"), whose)));
    let reached = async |role: &str, scope: &str| {
        let token = world.mint_with("alice", &[role], |claims| claims.scope = Some(scope.into()));
        let answer = app.caller(token).get("/").await;
        if answer.status == 200 { answer.body } else { answer.status.to_string() }
    };

    assert_eq!(reached("chief", "items:update").await, "all");
    assert_eq!(reached("chief", "items:update:own").await, "id-of-alice", "he holds more than this token");
    assert_eq!(reached("chief", "items:*:own").await, "id-of-alice");
    assert_eq!(reached("author", "items:update").await, "id-of-alice", "the token names more than he holds");
    assert_eq!(reached("author", "items:update:own").await, "id-of-alice");
    assert_eq!(reached("author", "items:read").await, "403");
    assert_eq!(reached("chief", "items:read").await, "403");
}

#[tokio::test]
async fn a_change_of_the_policy_changes_what_is_reached_at_the_next_call() {
    let world = world();
    let app = world.serve(Router::new().route("/", get(own("items:update"), whose)));
    let carl = app.caller(world.mint("carl", &["chief"]));
    assert_eq!(carl.get("/").await.body, "all");

    world.decide_by([util::role("chief", &["items:update:own"], &[])]);
    assert_eq!(carl.get("/").await.body, "id-of-carl");
    assert_eq!(carl.get("/").await.body, "id-of-carl", "from the cache");
    world.decide_by([util::role("chief", &["items:update"], &[])]);
    assert_eq!(carl.get("/").await.body, "all");
}

#[tokio::test]
async fn it_holds_wherever_a_route_may_be() {
    let world = world();
    let inner = Router::new()
        .require(role("auditor"))
        .route("/nested", get(own("items:update"), whose))
        .fallback(own("items:update"), whose);
    let api = Router::new()
        .route("/any", any(own("items:update"), whose))
        .route("/chained", delete(role("admin"), async || "").get(own("items:update"), whose))
        .route("/layered", get(own("items:update"), whose).layer(tower::layer::util::Identity::new()))
        .route("/layered-any", any(own("items:update"), whose).layer(tower::layer::util::Identity::new()))
        .merge(Router::new().route("/merged", get(own("items:update"), whose)))
        .nest("/inner", inner);
    let app = world.serve(api.layer(tower::layer::util::Identity::new()));
    let roles = ["author", "auditor"];
    for path in ["/any", "/chained", "/layered", "/layered-any", "/merged", "/inner/nested", "/inner/elsewhere"] {
        // Twice: at first sight, and from the cache.
        let alice = app.caller(world.mint("alice", &roles));
        for _ in 0..2 {
            assert_eq!(alice.get(path).await.body, "id-of-alice", "{path}");
            assert_eq!(alice.send("HEAD", path).await.status, 200, "{path}");
        }
        assert_eq!(app.caller(world.mint("carl", &["chief", "auditor"])).get(path).await.body, "all", "{path}");
        assert_eq!(app.caller(world.mint("bert", &["auditor"])).get(path).await.status, 403, "{path}");
        assert_eq!(app.nobody().get(path).await.status, 401, "{path}");
    }
    assert_eq!(app.caller(world.mint("alice", &["author"])).get("/inner/nested").await.status, 403);
}

#[tokio::test]
async fn under_a_rule_that_does_not_limit_it_reaches_all() {
    let world = world();
    let app = world.serve(
        Router::new()
            .route("/permission", get(permission("items:update"), whose))
            .route("/role", get(role("author"), whose))
            .route("/authenticated", get(authenticated(), whose))
            .route("/optional", get(optional(), whose)),
    );
    assert_eq!(app.caller(world.mint("carl", &["chief"])).get("/permission").await.body, "all");
    let alice = app.caller(world.mint("alice", &["author"]));
    for path in ["/role", "/authenticated", "/optional"] {
        assert_eq!(alice.get(path).await.body, "all", "{path}");
    }
    assert_eq!(alice.get("/permission").await.status, 403, "`:own` is less than the permission");
}

#[tokio::test]
async fn on_a_public_route_nobody_looked_so_nothing_is_reached() {
    let world = world();
    let app = world.serve(Router::new().route("/", get(public(), whose)));
    let answer = app.caller(world.mint("carl", &["chief"])).get("/").await;
    assert_eq!(answer.status, 500);
    assert!(answer.detail().contains("use `own(..)`"), "{}", answer.body);
}

#[tokio::test]
async fn a_guard_further_in_says_itself_what_is_reached() {
    let world = world();
    let inner = world.guard().protect(Router::new().route("/", get(permission("items:read"), whose)));
    let api = Router::new().route(
        "/",
        get(own("items:update"), async move |reach: Reach, request: axum::extract::Request| {
            let outer = reach.owner().unwrap_or("all").to_owned();
            let answer = tower::ServiceExt::oneshot(inner, request).await.unwrap();
            let inner = util::Answer::read(answer).await.body;
            format!("{outer}, and inside {inner}")
        }),
    );
    let alice = world.serve(api).caller(world.mint("alice", &["author", "librarian"]));
    assert_eq!(alice.get("/").await.body, "id-of-alice, and inside all");
}

#[tokio::test]
async fn a_refusal_names_the_permission_that_the_route_asks_for() {
    let world = world();
    let api = Router::new()
        .route("/one", get(own("items:update"), whose))
        .route("/both", get(own("items:update").and(role("auditor")), whose));
    let app = world.serve(api);
    let bert = app.caller(world.mint("bert", &[]));

    insta::assert_snapshot!(bert.get("/one").await.challenge().unwrap(), @r#"Bearer error="insufficient_scope", error_description="this needs items:update or own", scope="items:update""#);
    insta::assert_snapshot!(bert.get("/both").await.challenge().unwrap(), @r#"Bearer error="insufficient_scope", error_description="this needs (items:update or own) and role auditor", scope="items:update auditor""#);
}

#[test]
fn it_reads_as_it_is_meant() {
    let all = [
        own("items:update").to_string(),
        own("items:update").and(role("auditor")).to_string(),
        own("items:update").or(role("auditor")).to_string(),
        own("items:update").and(own("items:read")).to_string(),
        role("auditor").or(own("items:update").and(role("user"))).to_string(),
    ];
    assert_eq!(
        all,
        [
            "items:update or own",
            "(items:update or own) and role auditor",
            "items:update or own or role auditor",
            "(items:update or own) and (items:read or own)",
            "role auditor or ((items:update or own) and role user)",
        ]
    );
    let api: Router = Router::new().require(role("user")).route("/", get(own("items:update"), whose));
    let matrix = api.access_matrix();
    assert_eq!(matrix.rows()[0].rule, role("user").and(own("items:update")));
    assert_ne!(matrix.rows()[0].rule, role("user").and(permission("items:update")));
}

#[test]
fn everybody_with_a_token_changes_nothing_beside_it() {
    assert_eq!(own("items:update").and(public()), own("items:update"));
    assert_eq!(own("items:update").and(optional()), own("items:update"));
    assert_eq!(authenticated().and(own("items:update")), own("items:update"));
}

#[tokio::test]
async fn the_handler_may_take_the_caller_too() {
    let world = world();
    let who = async |reach: Reach, caller: Caller| format!("{} reaches {}", caller.name(), whose(reach).await);
    let app = world.serve(Router::new().route("/", get(own("items:update"), who)));
    assert_eq!(app.caller(world.mint("alice", &["author"])).get("/").await.body, "alice reaches id-of-alice");
}
