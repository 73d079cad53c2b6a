//! How a token is sent, and how a refusal is said: RFC 6750, RFC 9457.

use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, RETRY_AFTER};
use rolecall::{Guard, Router, optional, permission, role, routing::get};

use crate::util::{Answer, App, World, user};

const INVALID_TOKEN: Option<&str> = Some(r#"Bearer error="invalid_token""#);

fn api() -> Router {
    Router::new()
        .route("/items/", get(permission("items:read"), async || "items"))
        .route("/hello", get(optional(), async || "hello"))
}

fn world() -> (World, App, String) {
    let world = World::new();
    let app = world.serve(api());
    let token = world.mint("alice", &["user"]);
    (world, app, token)
}

async fn with_header(app: &App, header: impl AsRef<[u8]>) -> Answer {
    app.nobody().with(AUTHORIZATION, header.as_ref()).get("/items/").await
}

#[tokio::test]
async fn without_a_token_the_challenge_has_no_error_code() {
    let (_, app, _) = world();
    let answer = app.nobody().get("/items/").await;
    assert_eq!((answer.status, answer.challenge()), (401, Some(r#"Bearer realm="rolecall""#)));
    assert_eq!(answer.problem()["type"], "urn:rolecall:problem:unauthenticated");
}

#[tokio::test]
async fn a_bad_token_is_called_an_invalid_one() {
    let (_, app, _) = world();
    let answer = app.caller("bad").get("/items/").await;
    assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN));
    assert_eq!(answer.problem()["type"], "urn:rolecall:problem:invalid-token");
}

#[tokio::test]
async fn the_scheme_ignores_case() {
    let (_, app, token) = world();
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        assert_eq!(with_header(&app, format!("{scheme} {token}")).await.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn another_scheme_is_no_token() {
    let (_, app, token) = world();
    for header in ["Basic YWxpY2U6c2VjcmV0", "Digest username=alice", "DPoP x", "Bear", "", &token] {
        let answer = with_header(&app, header).await;
        assert_eq!((answer.status, answer.challenge()), (401, Some(r#"Bearer realm="rolecall""#)), "{header}");
    }
    let glued = with_header(&app, format!("Bearer{token}")).await;
    assert_eq!((glued.status, glued.challenge()), (401, Some(r#"Bearer realm="rolecall""#)));
    let basic = app.nobody().with(AUTHORIZATION, "Basic YWxpY2U6c2VjcmV0");
    assert_eq!(basic.get("/hello").await.body, "hello", "and on an optional route he is nobody");
}

#[tokio::test]
async fn what_follows_the_scheme_is_one_token_or_an_invalid_one() {
    let (_, app, token) = world();
    let parts = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer a b".to_owned(),
        format!("Bearer {token} {token}"),
        format!("Bearer {token},"),
        format!("Bearer \"{token}\""),
        format!("Bearer Bearer {token}"),
        format!("Bearer token={token}"),
    ];
    for header in parts {
        let answer = with_header(&app, &header).await;
        assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN), "{header}");
    }
    for bytes in [b"Bearer t\xc3\xb6ken".as_slice(), b"Bearer \xff\xfe"] {
        let answer = with_header(&app, bytes).await;
        assert_eq!((answer.status, answer.challenge()), (401, INVALID_TOKEN), "{bytes:?}");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_refused_though_both_are_good() {
    let (_, app, token) = world();
    let bearer = format!("Bearer {token}");
    for second in [bearer.as_str(), "Basic YWxpY2U6c2VjcmV0", ""] {
        for path in ["/items/", "/hello"] {
            let answer = app.caller(&token).with(AUTHORIZATION, second).get(path).await;
            assert_eq!(answer.status, 400, "{second} {path}");
            assert_eq!(answer.challenge(), Some(r#"Bearer error="invalid_request""#));
            assert_eq!(answer.problem()["type"], "urn:rolecall:problem:ambiguous-token");
        }
    }
}

#[tokio::test]
async fn a_token_in_the_query_beside_one_in_the_header_is_refused() {
    let (_, app, token) = world();
    let alice = app.caller(&token);
    for query in [
        format!("access_token={token}"),
        "access_token=".into(),
        "access_token".into(),
        "a=b&access_token=x".into(),
        "%61ccess_token=x".into(),
        "access%5Ftoken=x".into(),
        "%61%63%63%65%73%73%5f%74%6f%6b%65%6e=x".into(),
    ] {
        let answer = alice.get(&format!("/items/?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.challenge(), Some(r#"Bearer error="invalid_request""#));
    }
    for query in ["token=x", "my_access_token=x", "q=access_token", "Access_Token=x"] {
        assert_eq!(alice.get(&format!("/items/?{query}")).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn a_token_anywhere_else_is_no_token() {
    let (_, app, token) = world();
    let answer = app.nobody().get(&format!("/items/?access_token={token}")).await;
    assert_eq!((answer.status, answer.challenge()), (401, Some(r#"Bearer realm="rolecall""#)));
    for name in ["access_token", "token", "authorization"] {
        let answer = app.nobody().with(COOKIE, format!("{name}={token}")).get("/items/").await;
        assert_eq!((answer.status, answer.challenge()), (401, Some(r#"Bearer realm="rolecall""#)), "{name}");
    }
    for name in ["x-access-token", "x-forwarded-access-token", "proxy-authorization", "x-authorization"] {
        let answer = app.nobody().with(name.parse().unwrap(), format!("Bearer {token}")).get("/items/").await;
        assert_eq!((answer.status, answer.challenge()), (401, Some(r#"Bearer realm="rolecall""#)), "{name}");
    }
    assert!(world().0.seen.is_empty());
}

#[tokio::test]
async fn a_403_says_what_the_route_asks_for_and_not_what_the_caller_holds() {
    let world = World::new();
    let app = world.serve(
        Router::new()
            .route("/role", get(role("admin"), async || ""))
            .route("/permission", get(permission("items:write"), async || ""))
            .route("/both", get(role("admin").and(permission("items:write")), async || ""))
            .route("/either", get(role("admin").or(permission("items:write")), async || "")),
    );
    let alice = app.caller(world.mint("alice", &["storekeeper", "auditor"]));
    let challenge = async |path| {
        let answer = alice.get(path).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.problem()["type"], "urn:rolecall:problem:forbidden");
        for held in ["storekeeper", "auditor", "stock", "alice"] {
            assert!(!answer.body.contains(held), "{}", answer.body);
            assert!(!answer.challenge().unwrap().contains(held));
        }
        assert!(answer.detail().ends_with("; ask an administrator for it"), "{}", answer.body);
        answer.challenge().unwrap().to_owned()
    };

    insta::assert_snapshot!(
        challenge("/role").await,
        @r#"Bearer error="insufficient_scope", error_description="this needs role admin", scope="admin""#
    );
    insta::assert_snapshot!(
        challenge("/permission").await,
        @r#"Bearer error="insufficient_scope", error_description="this needs items:write", scope="items:write""#
    );
    insta::assert_snapshot!(
        challenge("/both").await,
        @r#"Bearer error="insufficient_scope", error_description="this needs role admin and items:write", scope="admin items:write""#
    );
    // Neither alone is needed, so a list of scopes would be wrong.
    insta::assert_snapshot!(
        challenge("/either").await,
        @r#"Bearer error="insufficient_scope", error_description="this needs role admin or items:write""#
    );
}

#[tokio::test]
async fn a_guard_that_explains_says_what_the_caller_holds_too() {
    let world = World::new();
    let explaining: Guard = world.guard().explaining(true);
    let app = App(explaining.protect(Router::new().route("/", get(role("admin"), async || ""))));
    let detail = async |token| app.caller(token).get("/").await.detail();

    insta::assert_snapshot!(
        detail(world.mint("alice", &["user", "auditor"])).await,
        @"this needs role admin; you have role user, role auditor"
    );
    insta::assert_snapshot!(detail(world.mint("bob", &[])).await, @"this needs role admin; you have no role");
    insta::assert_snapshot!(
        detail(world.mint_with("eve", &["admin"], |claims| claims.scope = Some("items:read".into()))).await,
        @"this needs role admin; you have role admin, in a token with scope `items:read`"
    );
}

#[tokio::test]
async fn every_refusal_is_a_problem_document_that_says_what_to_do() {
    let (world, app, token) = world();
    let mut told = String::new();
    let mut tell = |answer: Answer| {
        let problem = answer.problem();
        assert_eq!(problem["status"], answer.status);
        assert_eq!(answer.header(CONTENT_TYPE), Some("application/problem+json"));
        assert_eq!(answer.header(CACHE_CONTROL), Some("no-store"));
        assert_eq!(answer.header(RETRY_AFTER).is_some(), answer.status == 503);
        assert!(!answer.body.contains(&token), "a refusal repeats no token");
        let text = |member: &str| problem[member].as_str().unwrap().to_owned();
        told += &format!("{} {} | {} | {}\n", answer.status, text("title"), text("type"), text("detail"));
    };
    let alice = app.caller(&token);
    tell(app.nobody().get("/items/").await);
    tell(app.caller("bad").get("/items/").await);
    tell(alice.clone().with(AUTHORIZATION, "Bearer x").get("/items/").await);
    tell(alice.get("/items/?access_token=x").await);
    tell(app.caller(world.mint("bob", &[])).get("/items/").await);
    world.touch(&[user("alice")]);
    world.authority.says([Err(rolecall::Unavailable)]);
    tell(alice.get("/items/").await);
    world.authority.says([crate::util::inactive(world.version())]);
    tell(alice.get("/items/").await);
    world.live.suspend();
    tell(alice.get("/items/").await);

    insta::assert_snapshot!(told, @r#"
    401 Unauthorized | urn:rolecall:problem:unauthenticated | no token was sent; log in at `POST /token` and send `Authorization: Bearer <token>`
    401 Unauthorized | urn:rolecall:problem:invalid-token | the token is not valid (token does not have three parts); log in again at `POST /token`
    400 Bad Request | urn:rolecall:problem:ambiguous-token | two `Authorization` headers were sent; send one
    400 Bad Request | urn:rolecall:problem:ambiguous-token | a token was sent in the query and in the header; send it in the header only
    403 Forbidden | urn:rolecall:problem:forbidden | this needs items:read; ask an administrator for it
    503 Service Unavailable | urn:rolecall:problem:cannot-tell | the session could not be looked up; try again
    401 Unauthorized | urn:rolecall:problem:invalid-token | the token's session is over; log in again at `POST /token`
    503 Service Unavailable | urn:rolecall:problem:cannot-tell | it is not known whether rights have changed; try again in a moment
    "#);
}

#[tokio::test]
async fn a_layer_outside_learns_why_a_call_was_refused() {
    use axum::middleware::{Next, from_fn};
    let note = async |request: axum::extract::Request, next: Next| {
        let response = next.run(request).await;
        let why = response.extensions().get::<rolecall::Denied>().map(ToString::to_string);
        let why = why.unwrap_or_default();
        ([("x-why", why)], response)
    };
    let world = World::new();
    let app = world.serve(api().layer(from_fn(note)));
    let why =
        async |token: String| app.caller(token).get("/items/").await.headers["x-why"].to_str().unwrap().to_owned();

    assert_eq!(why("bad".into()).await, "token does not have three parts");
    assert_eq!(why(world.mint("alice", &[])).await, "the route needs items:read");
    assert_eq!(why(world.mint("alice", &["user"])).await, "");
}
