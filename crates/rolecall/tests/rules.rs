//! Who passes each kind of rule, and what a handler learns of who called.

use rolecall::{Caller, Router, authenticated, optional, permission, public, public_because, role, routing::get};
use rolecall_core::Object;

use crate::util::{self, World};

#[tokio::test]
async fn a_role_lets_in_its_members_and_nobody_else() {
    let world = World::new();
    let app = world.serve(Router::new().route("/reports", get(role("auditor"), async || "reports")));
    let (nobody, alice) = (app.nobody(), app.caller(world.mint("alice", &["user"])));
    let olga = app.caller(world.mint("olga", &["user", "auditor"]));

    assert_eq!(nobody.get("/reports").await.status, 401);
    assert_eq!(alice.get("/reports").await.status, 403);
    assert_eq!(olga.get("/reports").await.body, "reports");
}

#[tokio::test]
async fn a_permission_comes_from_whichever_role_grants_it() {
    let world = World::new();
    let app = world.serve(Router::new().route("/items/", get(permission("items:write"), async || "written")));
    let status = async |roles| app.caller(world.mint("alice", roles)).get("/items/").await.status;

    assert_eq!(status(&["editor"]).await, 200);
    assert_eq!(status(&["auditor", "editor"]).await, 200);
    assert_eq!(status(&["user"]).await, 403);
    assert_eq!(status(&[]).await, 403);
}

#[tokio::test]
async fn a_wildcard_reaches_its_own_object_and_a_star_everything_but_the_services_own() {
    let world = World::new();
    let app = world.serve(
        Router::new()
            .route("/stock", get(permission("stock:count"), async || ""))
            .route("/items", get(permission("items:read"), async || ""))
            .route("/users", get(permission("rolecall.users:read"), async || "")),
    );
    let keeper = app.caller(world.mint("kim", &["storekeeper"]));
    let admin = app.caller(world.mint("ada", &["admin"]));
    let owner = app.caller(world.mint("root", &["rolecall.admin"]));

    assert_eq!(keeper.get("/stock").await.status, 200);
    assert_eq!(keeper.get("/items").await.status, 403);
    assert_eq!(admin.get("/stock").await.status, 200);
    assert_eq!(admin.get("/items").await.status, 200);
    assert_eq!(admin.get("/users").await.status, 403);
    assert_eq!(owner.get("/users").await.status, 200);
}

#[tokio::test]
async fn a_role_has_the_rights_and_the_name_of_what_it_inherits_but_not_the_other_way_round() {
    let world = World::new();
    let app = world.serve(
        Router::new()
            .route("/read", get(permission("items:read"), async || ""))
            .route("/user", get(role("user"), async || ""))
            .route("/editor", get(role("editor"), async || "")),
    );
    let editor = app.caller(world.mint("eve", &["editor"]));
    let user = app.caller(world.mint("alice", &["user"]));

    for path in ["/read", "/user", "/editor"] {
        assert_eq!(editor.get(path).await.status, 200, "{path}");
    }
    assert_eq!(user.get("/user").await.status, 200);
    assert_eq!(user.get("/editor").await.status, 403);
}

#[tokio::test]
async fn or_takes_either_and_and_takes_both() {
    let world = World::new();
    let app = world.serve(
        Router::new()
            .route("/either", get(permission("items:write").or(role("auditor")), async || ""))
            .route("/both", get(permission("items:write").and(role("auditor")), async || ""))
            .route("/mixed", get(permission("items:write").or(role("author")).and(role("auditor")), async || "")),
    );
    let statuses = async |roles| {
        let caller = app.caller(world.mint("alice", roles));
        [caller.get("/either").await, caller.get("/both").await, caller.get("/mixed").await].map(|answer| answer.status)
    };

    assert_eq!(statuses(&["editor"]).await, [200, 403, 403]);
    assert_eq!(statuses(&["auditor"]).await, [200, 403, 403]);
    assert_eq!(statuses(&["editor", "auditor"]).await, [200, 200, 200]);
    assert_eq!(statuses(&["author", "auditor"]).await, [200, 403, 200]);
    assert_eq!(statuses(&["user"]).await, [403, 403, 403]);
}

#[test]
fn or_with_everybody_is_everybody_and_and_with_everybody_changes_nothing() {
    assert_eq!(role("admin").or(public()), public());
    assert_eq!(public().or(role("admin")), public());
    assert_eq!(role("admin").or(optional()), optional());
    assert_eq!(role("admin").and(public()), role("admin"));
    assert_eq!(public_because("why").and(role("admin")), role("admin"));
    assert_eq!(optional().and(role("admin")), role("admin"));
    assert_eq!(authenticated().and(role("admin")), role("admin"));
    assert_eq!(public().and(authenticated()), authenticated());
}

#[tokio::test]
async fn a_grant_for_own_objects_does_not_pass_a_rule_that_asks_for_all() {
    let world = World::new();
    let app = world.serve(Router::new().route("/items", get(permission("items:update"), async || "")));

    assert_eq!(app.caller(world.mint("alice", &["author"])).get("/items").await.status, 403);
}

#[tokio::test]
async fn a_role_that_does_not_exist_gives_nothing() {
    let world = World::new();
    let app = world.serve(
        Router::new()
            .route("/ghosts", get(role("ghost"), async || ""))
            .route("/items", get(permission("items:read"), async || ""))
            .route("/me", get(authenticated(), async || "")),
    );
    let ghost = app.caller(world.mint("gus", &["ghost"]));

    assert_eq!(ghost.get("/ghosts").await.status, 403);
    assert_eq!(ghost.get("/items").await.status, 403);
    assert_eq!(ghost.get("/me").await.status, 200);
}

#[tokio::test]
async fn authenticated_takes_any_good_token() {
    let world = World::new();
    let app =
        world.serve(Router::new().route("/me", get(authenticated(), async |caller: Caller| caller.id().to_owned())));

    assert_eq!(app.nobody().get("/me").await.status, 401);
    assert_eq!(app.caller("forged").get("/me").await.status, 401);
    assert_eq!(app.caller(world.mint("alice", &[])).get("/me").await.body, "id-of-alice");
}

#[tokio::test]
async fn a_public_route_does_not_look_at_a_token_so_a_bad_one_breaks_nothing() {
    let world = World::new();
    let app = world.serve(Router::new().route("/health", get(public(), async || "ok")));
    let alice = app.caller(world.mint("alice", &["user"]));

    assert_eq!(app.nobody().get("/health").await.body, "ok");
    assert_eq!(alice.get("/health").await.body, "ok");
    assert_eq!(app.caller("forged").get("/health").await.body, "ok");
    assert_eq!(app.caller("one").with(http::header::AUTHORIZATION, "Bearer two").get("/health").await.body, "ok");
    assert_eq!(app.caller("one").get("/health?access_token=two").await.body, "ok");
    world.live.suspend();
    assert_eq!(alice.get("/health").await.body, "ok");
    assert!(world.seen.is_empty());
}

#[tokio::test]
async fn a_handler_that_wants_a_caller_on_a_public_route_is_told_what_to_write() {
    let world = World::new();
    let app = world.serve(
        Router::new()
            .route("/always", get(public(), async |caller: Caller| caller.id().to_owned()))
            .route("/perhaps", get(public(), async |caller: Option<Caller>| format!("{}", caller.is_some()))),
    );
    for caller in [app.nobody(), app.caller(world.mint("alice", &["user"]))] {
        for path in ["/always", "/perhaps"] {
            let answer = caller.get(path).await;
            assert_eq!(answer.status, 500, "{path}");
            assert!(answer.detail().contains("use `optional()` or `authenticated()`"), "{}", answer.body);
            assert_eq!(answer.challenge(), None);
        }
    }
}

#[tokio::test]
async fn an_optional_caller_is_nobody_somebody_or_refused() {
    let world = World::new();
    let greet = async |caller: Option<Caller>| caller.map_or("stranger".to_owned(), |caller| caller.name().to_owned());
    let app = world.serve(Router::new().route("/hello", get(optional(), greet)));
    let alice = app.caller(world.mint("alice", &[]));

    assert_eq!(app.nobody().get("/hello").await.body, "stranger");
    assert_eq!(alice.get("/hello").await.body, "alice");
    assert_eq!(alice.get("/hello").await.body, "alice", "from the cache");
    let answer = app.caller("forged").get("/hello").await;
    assert_eq!((answer.status, answer.challenge()), (401, Some(r#"Bearer error="invalid_token""#)));
}

#[tokio::test]
async fn a_handler_that_insists_on_a_caller_refuses_nobody_on_an_optional_route() {
    let world = World::new();
    let app = world.serve(Router::new().route("/me", get(optional(), async |caller: Caller| caller.id().to_owned())));

    let answer = app.nobody().get("/me").await;
    assert_eq!((answer.status, answer.challenge()), (401, Some(r#"Bearer realm="rolecall""#)));
}

#[tokio::test]
async fn a_handler_learns_who_called_and_what_he_may() {
    let world = World::new();
    let check = async |caller: Caller| {
        assert_eq!((caller.id(), caller.name()), ("id-of-eve", "eve"));
        assert_eq!(caller.roles(), ["editor"]);
        assert!(caller.has_role("editor") && caller.has_role("user") && !caller.has_role("admin"));
        assert!(caller.may("items:write") && caller.may("items:read") && !caller.may("stock:count"));
        assert!(!caller.may("not a permission"));
        assert!(caller.owns("id-of-eve") && !caller.owns("eve"));
        assert_eq!(caller.claims().sid, "session-of-eve");
        let why = caller.check_access("items:read", Object::Any).unwrap();
        assert_eq!(why.to_string(), "yes: role `user` grants `items:read`");
        "checked"
    };
    let app = world.serve(Router::new().route("/", get(authenticated(), check)));

    assert_eq!(app.caller(world.mint("eve", &["editor"])).get("/").await.body, "checked");
}

#[tokio::test]
async fn a_client_that_acts_for_itself_is_called_by_its_id() {
    let world = World::new();
    let app =
        world.serve(Router::new().route("/", get(authenticated(), async |caller: Caller| caller.name().to_owned())));
    let token = world.mint_with("robot", &[], |claims| claims.preferred_username = None);

    assert_eq!(app.caller(token).get("/").await.body, "shop");
}

#[tokio::test]
async fn a_handler_that_asks_twice_gets_one_answer_though_a_right_is_taken_away_in_between() {
    let world = World::new();
    let live = world.live.clone();
    let ask_twice = async move |caller: Caller| {
        let before = caller.may("items:read");
        let now = live.snapshot();
        let without = rolecall_core::Policy::new([util::role("user", &[], &[])]).unwrap();
        live.swap(now.after(now.version + 1, "taken".into(), &[], Some(without.into()), None));
        format!("{before} {}", caller.may("items:read"))
    };
    let app = world.serve(Router::new().route("/", get(permission("items:read"), ask_twice)));
    let alice = app.caller(world.mint("alice", &["user"]));

    assert_eq!(alice.get("/").await.body, "true true");
    assert_eq!(alice.get("/").await.status, 403);
}
