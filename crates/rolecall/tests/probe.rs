//! The probe agrees where guard and table agree, and finds what is planted.

use axum::{
    extract::Request,
    middleware::{Next, from_fn, map_request, map_response},
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, header};
use rolecall::{
    Reach, Router, authenticated, optional, own, permission, public, role,
    routing::{any, delete, get, options},
    testing::{People, probe},
};

use crate::{
    kit::{api, people},
    util::Counter,
};

#[tokio::test]
async fn the_guard_agrees_with_the_table_for_every_kind_of_rule() {
    assert_eq!(probe(api(), &people()).await, [""; 0]);
}

#[tokio::test]
async fn no_handler_runs_and_nothing_behind_the_rule() {
    let count = Counter::default();
    let (handler, service, inside) = (count.clone(), count.clone(), count.clone());
    let layer = from_fn(move |request: Request, next: Next| {
        inside.add();
        next.run(request)
    });
    let counting = move || {
        handler.add();
        std::future::ready("ran")
    };
    let old = axum::Router::new().fallback(move || {
        service.add();
        std::future::ready("ran")
    });
    let api = Router::new()
        .route("/public", get(public(), counting.clone()))
        .route("/items/{id}", delete(role("admin"), counting.clone()))
        .route("/layered", any(authenticated(), counting.clone()).layer(layer))
        .nest_service("/old", role("admin"), old)
        .fallback(optional(), counting);
    assert_eq!(probe(api, &people()).await, [""; 0]);
    assert_eq!(count.count(), 0);
}

#[tokio::test]
async fn nothing_that_is_sent_makes_a_guard_rehearse() {
    // A guard rehearses because it was made so, inside this crate; a request cannot ask for it.
    let app = rolecall::testing::serve(Router::new().route("/", get(public(), async || "ran")), &people());
    let nobody = app.nobody().with("prefer", "dry-run").with("x-dry-run", "1").with("x-rolecall-rehearse", "1");
    assert_eq!(nobody.get("/?dry=1&rehearse=1").await.text(), "ran");
}

fn small() -> Router {
    Router::new()
        .route("/health", get(public(), async || "ok"))
        .route("/items/", get(permission("items:read"), async || "items"))
}

fn two() -> People {
    People::new().role("user", &["items:read"]).person("alice", &["user"]).person("bert", &[])
}

/// What the probe says, without what is not about this.
async fn about(api: Router, words: &str) -> Vec<String> {
    probe(api, &two()).await.into_iter().filter(|wrong| wrong.contains(words)).collect()
}

#[tokio::test]
async fn a_layer_that_lets_in_whom_the_guard_refused_is_found() {
    let lenient = from_fn(async |request: Request, next: Next| -> Response {
        match next.run(request).await {
            refused if refused.status() == StatusCode::FORBIDDEN => "as you like".into_response(),
            answer => answer,
        }
    });
    assert_eq!(
        probe(small().layer(lenient), &two()).await,
        [
            "bert: GET /items/: answered 200 by no route, and 403 `insufficient_scope` was due",
            "bert: HEAD /items/: answered 200 by no route, and 403 `insufficient_scope` was due",
        ]
    );
}

#[tokio::test]
async fn a_layer_that_loses_the_token_is_found() {
    let loses = map_request(async |mut request: Request| {
        request.headers_mut().remove(header::AUTHORIZATION);
        request
    });
    let found = probe(small().layer(loses), &two()).await;
    assert!(
        found.contains(&"alice: GET /items/: answered 401 with a challenge, and `yes` was due".to_owned()),
        "{found:#?}"
    );
}

#[tokio::test]
async fn a_layer_that_takes_a_token_from_the_query_is_found() {
    let takes = map_request(async |mut request: Request| {
        let token = request.uri().query().and_then(|query| query.strip_prefix("access_token=")).map(str::to_owned);
        if let Some(token) = token {
            let path = request.uri().path().parse().unwrap();
            *request.uri_mut() = path;
            request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        request
    });
    assert_eq!(
        about(small().layer(takes), "GET /items/").await,
        [
            "alice with a token in the header and in the query: GET /items/: answered `yes`, and 400 `invalid_request` was due",
            "alice with a token in the query only: GET /items/: answered `yes`, and 401 with a challenge was due",
        ]
    );
}

#[tokio::test]
async fn a_layer_that_chooses_among_two_tokens_is_found() {
    let chooses = map_request(async |mut request: Request| {
        if let Some(first) = request.headers_mut().remove(header::AUTHORIZATION) {
            request.headers_mut().insert(header::AUTHORIZATION, first);
        }
        request
    });
    assert_eq!(
        about(small().layer(chooses), "GET").await,
        ["alice with two `Authorization` headers: GET /items/: answered `yes`, and 400 `invalid_request` was due"]
    );
}

#[tokio::test]
async fn a_layer_that_says_403_for_a_bad_token_is_found() {
    let mixes_up = from_fn(async |request: Request, next: Next| -> Response {
        let mut answer = next.run(request).await;
        let challenge = answer.headers().get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
        if challenge.is_some_and(|challenge| challenge.contains("invalid_token")) {
            *answer.status_mut() = StatusCode::FORBIDDEN;
        }
        answer
    });
    let found = about(small().layer(mixes_up), "GET /items/").await;
    let all = found.iter().map(|wrong| wrong.split(": GET").next().unwrap()).collect::<Vec<_>>();
    insta::assert_snapshot!(all.join("\n"), @r"
    alice with a malformed token
    alice with an empty token
    alice with an expired token
    alice with a token whose `nbf` is to come
    alice with a token whose `iat` is to come
    alice with a token for another audience
    alice with a token of another issuer
    alice with a token signed with an unknown key
    alice with a token signed with an unknown key under the name of ours
    alice with a token with `alg: none`
    alice with a token with `alg: none` and a signature
    alice with a token whose claims were changed
    alice with a token whose session is over
    alice with the token of a disabled account
    alice with the token of a deleted account
    ");
    assert!(
        found.iter().all(|wrong| wrong.ends_with("answered 403 `invalid_token`, and 401 `invalid_token` was due")),
        "{found:#?}"
    );
}

#[tokio::test]
async fn a_layer_that_answers_in_place_of_a_route_is_found() {
    let intercepts = from_fn(async |request: Request, next: Next| -> Response {
        if request.uri().path() == "/items/" { "from a cache".into_response() } else { next.run(request).await }
    });
    assert_eq!(
        about(small().layer(intercepts), "").await,
        ["GET /items/: no call reaches it, as `GET /items/` or otherwise"]
    );
}

#[tokio::test]
async fn a_method_that_is_answered_without_a_rule_is_found() {
    let backdoor = from_fn(async |request: Request, next: Next| -> Response {
        if request.method() == Method::PATCH { "patched".into_response() } else { next.run(request).await }
    });
    let found = about(small().layer(backdoor), "/items/").await;
    assert_eq!(
        found,
        ["nobody", "alice", "bert"].map(|who| format!("{who}: PATCH /items/: answered 200 OK, and it has no rule"))
    );
}

/// As CORS layers do: every `OPTIONS` is answered, whoever sends it.
async fn cors(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    }
}

#[tokio::test]
async fn a_preflight_may_be_answered_outside() {
    assert_eq!(about(small().layer(from_fn(cors)), "").await, [""; 0]);
}

#[tokio::test]
async fn so_may_one_to_a_route_for_any_method() {
    let api = small()
        .route("/any", any(role("user"), async || ""))
        .route("/rest", get(role("user"), async || "").head(public(), async || "").any(role("user"), async || ""))
        .nest_service("/old", role("user"), axum::Router::new())
        .fallback(public(), async || StatusCode::NOT_FOUND);
    assert_eq!(probe(api.layer(from_fn(cors)), &two()).await, [""; 0]);
}

#[tokio::test]
async fn a_route_for_options_that_a_layer_answers_is_found() {
    let api = Router::new().route("/items/", options(permission("items:read"), async || ""));
    assert_eq!(
        probe(api.layer(from_fn(cors)), &two()).await,
        ["OPTIONS /items/: no call reaches it, as `OPTIONS /items/` or otherwise"]
    );
}

#[tokio::test]
async fn refusals_may_have_a_page_of_their_own() {
    let page = map_response(async |answer: Response| -> Response {
        if !answer.status().is_client_error() {
            return answer;
        }
        // Status and challenge are as they were; what the guard noted about its answer is lost.
        let mut page = (answer.status(), "You may not.").into_response();
        if let Some(challenge) = answer.headers().get(header::WWW_AUTHENTICATE) {
            page.headers_mut().insert(header::WWW_AUTHENTICATE, challenge.clone());
        }
        page
    });
    assert_eq!(probe(small().layer(page), &two()).await, [""; 0]);
}

#[tokio::test]
async fn what_answers_while_nothing_is_known_is_found() {
    let hides = from_fn(async |request: Request, next: Next| -> Response {
        match next.run(request).await {
            lapsed if lapsed.status() == StatusCode::SERVICE_UNAVAILABLE => StatusCode::NO_CONTENT.into_response(),
            answer => answer,
        }
    });
    assert_eq!(
        about(small().layer(hides), "GET").await,
        ["alice while it is not known what is in force: GET /items/: answered 204 by no route, and 503 was due"]
    );
}

#[tokio::test]
async fn names_that_the_policy_does_not_know_are_found() {
    let api = Router::new()
        .route("/a", get(role("usr"), async || ""))
        .nest("/b", Router::new().require(role("ghost")).route("/c", get(own("items:reed"), async |_: Reach| "")));
    assert_eq!(
        probe(api, &two()).await,
        [
            "GET /a: a rule asks for role `usr`, which does not exist; did you mean `user`?",
            "GET /b/c: a rule asks for role `ghost`, which does not exist",
            "GET /b/c: a rule asks for `items:reed`, which no role grants",
        ]
    );
}

#[tokio::test]
async fn a_route_for_any_other_method_that_has_none_left_is_no_fault() {
    let api = Router::new().route(
        "/",
        get(public(), async || "")
            .post(public(), async || "")
            .put(public(), async || "")
            .patch(public(), async || "")
            .delete(public(), async || "")
            .options(public(), async || "")
            .any(role("user"), async || ""),
    );
    assert_eq!(probe(api, &two()).await, [""; 0]);
}

#[tokio::test]
async fn with_nobody_to_call_there_is_still_nobody() {
    assert_eq!(probe(Router::new().route("/", get(public(), async || "")), &People::new()).await, [""; 0]);
    let api = Router::new().route("/", get(authenticated(), async || ""));
    assert_eq!(probe(api, &People::new()).await, [""; 0]);
}
