//! The last net below `own(..)`: a success that a limited caller gets although nobody asked what he reaches.

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use rolecall::{
    Reach, Router, own, permission,
    routing::{any, get, put},
};

use crate::{
    log::Log,
    util::{Counter, World},
};

fn answers(status: StatusCode) -> Router {
    Router::new().route("/", get(own("items:update"), async move |_reach: Reach| status))
}

#[tokio::test]
async fn who_reaches_his_own_gets_no_success_that_nobody_asked_for() {
    for status in [
        StatusCode::OK,
        StatusCode::CREATED,
        StatusCode::NO_CONTENT,
        StatusCode::NOT_MODIFIED,
        StatusCode::SEE_OTHER,
        StatusCode::SWITCHING_PROTOCOLS,
        StatusCode::EARLY_HINTS,
    ] {
        let world = World::new();
        let app = world.serve(answers(status));
        let alice = app.caller(world.mint("alice", &["author"]));
        // At first sight, and from the cache.
        for sight in ["first", "second"] {
            let answer = alice.get("/").await;
            assert_eq!(answer.status, 500, "{status}, {sight} sight");
            assert_eq!(answer.problem()["type"], "urn:rolecall:problem:unguarded");
            assert!(answer.detail().contains("without asking `reach.covers(..)`"), "{}", answer.body);
        }
        let carl = app.caller(world.mint("carl", &["admin"]));
        assert_eq!(carl.get("/").await.status, status.as_u16(), "he reaches all, so there was nothing to ask");
    }
}

#[tokio::test]
async fn a_refusal_and_a_fault_pass_as_they_are() {
    for status in [
        StatusCode::BAD_REQUEST,
        StatusCode::NOT_FOUND,
        StatusCode::CONFLICT,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::BAD_GATEWAY,
    ] {
        let world = World::new();
        let answer = world.serve(answers(status)).caller(world.mint("alice", &["author"])).get("/").await;
        assert_eq!((answer.status, &*answer.body), (status.as_u16(), ""));
    }
}

#[tokio::test]
async fn what_was_answered_is_not_shown() {
    let world = World::new();
    let handler = async |_reach: Reach| ([("x-secret", "hers")], Redirect::to("/items/of/bert"));
    let app = world.serve(Router::new().route("/", get(own("items:update"), handler)));
    let answer = app.caller(world.mint("alice", &["author"])).get("/").await;
    assert_eq!((answer.status, answer.header(http::header::LOCATION)), (500, None));
    assert!(!answer.headers.contains_key("x-secret") && !answer.body.contains("bert"));
}

#[tokio::test]
async fn the_log_names_the_route() {
    let world = World::new();
    async fn forgets(_reach: Reach) -> &'static str {
        "renamed"
    }
    let api = Router::new().nest("/shop", Router::new().route("/items/{id}", put(own("items:update"), forgets)));
    let app = world.serve(api);
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    assert_eq!(app.caller(world.mint("alice", &["author"])).send("PUT", "/shop/items/7").await.status, 500);
    assert_eq!(app.caller(world.mint("carl", &["admin"])).send("PUT", "/shop/items/7").await.status, 200);
    drop(guard);
    insta::assert_snapshot!(log.said(), @"`PUT /shop/items/{id}` is under `own(..)`, and `own_nets::the_log_names_the_route::{{closure}}::forgets` answered without asking `Reach`: the caller was told 500, and what the handler did is done");
}

#[tokio::test]
async fn it_hangs_below_every_kind_of_route() {
    let world = World::new();
    let forgets = async |_reach: Reach| "answered";
    let api = Router::new()
        .route("/any", any(own("items:update"), forgets))
        .route("/layered", get(own("items:update"), forgets).layer(tower::layer::util::Identity::new()))
        .route("/layered-any", any(own("items:update"), forgets).layer(tower::layer::util::Identity::new()))
        .route("/narrowed", get(permission("items:update").or(own("items:update")), forgets))
        .nest(
            "/inner",
            Router::new().route("/", get(own("items:update"), forgets)).fallback(own("items:update"), forgets),
        );
    let app = world.serve(api);
    for path in ["/any", "/layered", "/layered-any", "/narrowed", "/inner", "/inner/elsewhere"] {
        let alice = app.caller(world.mint("alice", &["author"]));
        for sight in ["first", "second"] {
            assert_eq!(alice.get(path).await.status, 500, "{path}, {sight} sight");
            assert_eq!(alice.send("HEAD", path).await.status, 500, "{path}, {sight} sight");
        }
        assert_eq!(app.caller(world.mint("carl", &["admin"])).get(path).await.body, "answered", "{path}");
    }
}

#[tokio::test]
async fn a_layer_that_answers_in_place_of_the_handler_has_not_asked() {
    let world = World::new();
    let cached = from_fn(async |_: Request, _: Next| -> Response { "from a cache, whoever asks".into_response() });
    let handler = async |reach: Reach| reach.owner().unwrap_or("all").to_owned();
    let app = world.serve(Router::new().route("/", get(own("items:update"), handler).layer(cached)));
    assert_eq!(app.caller(world.mint("alice", &["author"])).get("/").await.status, 500);
    assert_eq!(app.caller(world.mint("carl", &["admin"])).get("/").await.status, 200);
}

#[tokio::test]
async fn another_task_may_ask() {
    let world = World::new();
    let handler = async |reach: Reach| {
        let copy = reach.clone();
        tokio::spawn(async move { copy.covers("id-of-alice").is_ok() }).await.unwrap().to_string()
    };
    let app = world.serve(Router::new().route("/", get(own("items:update"), handler)));
    assert_eq!(app.caller(world.mint("alice", &["author"])).get("/").await.body, "true");
}

#[tokio::test]
async fn asking_after_the_answer_is_too_late() {
    let world = World::new();
    let (ask, asked) = (tokio::sync::watch::Sender::new(false), Counter::default());
    let (go, count) = (ask.clone(), asked.clone());
    let handler = async move |reach: Reach| {
        let mut go = go.subscribe();
        tokio::spawn(async move {
            go.wait_for(|go| *go).await.unwrap();
            reach.covers("id-of-alice").unwrap();
            count.add();
        });
        "begun"
    };
    let app = world.serve(Router::new().route("/", get(own("items:update"), handler)));
    assert_eq!(app.caller(world.mint("alice", &["author"])).get("/").await.status, 500);
    ask.send_replace(true);
    while asked.count() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_call_that_asked_does_not_answer_for_the_next() {
    let world = World::new();
    let handler = async |reach: Reach, request: Request| {
        if request.uri().query() == Some("ask") {
            reach.covers("id-of-alice").unwrap();
        }
        "answered"
    };
    let alice = world
        .serve(Router::new().route("/", get(own("items:update"), handler)))
        .caller(world.mint("alice", &["author"]));
    for (uri, status) in [("/?ask", 200), ("/", 500), ("/?ask", 200), ("/", 500)] {
        assert_eq!(alice.get(uri).await.status, status, "{uri}");
    }
}
