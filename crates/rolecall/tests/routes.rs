//! Methods, layers, nesting: all routing is axum's, and whatever way a call takes, it meets a rule.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    extract::{Path, Request, State},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use http::header::{ALLOW, HeaderName};
use rolecall::{
    Caller, Router, authenticated, optional, permission, public, role,
    routing::{any, delete, get, options, post},
};
use tower::Service;

use crate::util::{Actor, App, Counter, World};

struct People {
    nobody: Actor,
    /// Role `user`.
    alice: Actor,
    /// Role `admin`.
    ada: Actor,
}

fn people(world: &World, app: &App) -> People {
    People {
        nobody: app.nobody(),
        alice: app.caller(world.mint("alice", &["user"])),
        ada: app.caller(world.mint("ada", &["admin"])),
    }
}

/// What nobody, Alice and Ada get.
async fn statuses(people: &People, method: &str, path: &str) -> [u16; 3] {
    [
        people.nobody.send(method, path).await.status,
        people.alice.send(method, path).await.status,
        people.ada.send(method, path).await.status,
    ]
}

fn serve(api: Router) -> People {
    let world = World::new();
    let app = world.serve(api);
    people(&world, &app)
}

mod methods {
    use super::*;

    #[tokio::test]
    async fn each_method_of_a_path_has_its_rule() {
        let people = serve(
            Router::new().route(
                "/items/",
                get(permission("items:read"), async || "read")
                    .post(permission("items:write"), async || "written")
                    .delete(role("admin"), async || "deleted")
                    .put(public(), async || "put"),
            ),
        );
        assert_eq!(statuses(&people, "GET", "/items/").await, [401, 200, 200]);
        assert_eq!(statuses(&people, "POST", "/items/").await, [401, 403, 200]);
        assert_eq!(statuses(&people, "DELETE", "/items/").await, [401, 403, 200]);
        assert_eq!(statuses(&people, "PUT", "/items/").await, [200, 200, 200]);
        assert_eq!(people.alice.get("/items/").await.body, "read");
        assert_eq!(people.ada.post("/items/").await.body, "written");
    }

    #[tokio::test]
    async fn one_path_may_be_given_in_parts() {
        let people = serve(
            Router::new()
                .route("/items/", get(permission("items:read"), async || ""))
                .route("/items/", post(role("admin"), async || "")),
        );
        assert_eq!(statuses(&people, "GET", "/items/").await, [401, 200, 200]);
        assert_eq!(statuses(&people, "POST", "/items/").await, [401, 403, 200]);
    }

    #[tokio::test]
    async fn head_falls_under_the_rule_of_get() {
        let people = serve(Router::new().route("/items/", get(role("admin"), async || "items")));
        assert_eq!(statuses(&people, "HEAD", "/items/").await, [401, 403, 200]);
        assert_eq!(people.ada.send("HEAD", "/items/").await.body, "");
        assert_eq!(people.nobody.send("HEAD", "/items/").await.challenge(), Some(r#"Bearer realm="rolecall""#));
    }

    #[tokio::test]
    async fn head_beside_any_falls_under_the_rule_of_get_too() {
        let people = serve(
            Router::new().route("/items/", get(role("admin"), async || "items").any(public(), async || "anything")),
        );
        assert_eq!(statuses(&people, "GET", "/items/").await, [401, 403, 200]);
        assert_eq!(statuses(&people, "HEAD", "/items/").await, [401, 403, 200]);
        assert_eq!(statuses(&people, "PURGE", "/items/").await, [200, 200, 200]);
    }

    #[tokio::test]
    async fn any_guards_every_method() {
        let people = serve(Router::new().route("/items/", any(role("admin"), async || "anything")));
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE", "get"] {
            let path = if method == "CONNECT" { "http://id.example/items/" } else { "/items/" };
            assert_eq!(statuses(&people, method, path).await, [401, 403, 200], "{method}");
        }
    }

    #[tokio::test]
    async fn options_is_a_method_like_others_where_it_is_routed() {
        let people = serve(
            Router::new()
                .route("/routed", options(role("admin"), async || ""))
                .route("/not", get(role("admin"), async || "")),
        );
        assert_eq!(statuses(&people, "OPTIONS", "/routed").await, [401, 403, 200]);
        assert_eq!(statuses(&people, "OPTIONS", "/not").await, [405; 3]);
    }

    #[tokio::test]
    async fn a_405_and_a_404_are_axums_and_unguarded() {
        let people = serve(Router::new().route("/items/", get(role("admin"), async || "")));
        let answer = people.nobody.post("/items/").await;
        assert_eq!((answer.status, answer.header(ALLOW)), (405, Some("GET,HEAD")));
        assert_eq!(people.nobody.get("/nowhere").await.status, 404);
    }
}

mod layers {
    use super::*;

    type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn counting(counter: &Counter) -> impl Fn(Request, Next) -> Answering + Clone + use<> {
        let counter = counter.clone();
        move |request: Request, next: Next| {
            counter.add();
            Box::pin(next.run(request))
        }
    }

    #[tokio::test]
    async fn a_layer_on_a_method_runs_only_for_callers_who_were_let_in() {
        let inside = Counter::default();
        let people = serve(
            Router::new()
                .route("/get", get(role("admin"), async || "").layer(from_fn(counting(&inside))))
                .route("/any", any(role("admin"), async || "").layer(from_fn(counting(&inside))))
                .route(
                    "/two",
                    get(role("admin"), async || "")
                        .layer(from_fn(counting(&inside)))
                        .post(role("admin"), async || "")
                        .layer(from_fn(counting(&inside))),
                ),
        );
        let mut expected = 0;
        for (method, path, layers) in [
            ("GET", "/get", 1),
            ("HEAD", "/get", 1),
            ("GET", "/any", 1),
            ("PURGE", "/any", 1),
            ("GET", "/two", 2),
            ("POST", "/two", 1),
        ] {
            assert_eq!(statuses(&people, method, path).await, [401, 403, 200], "{method} {path}");
            expected += layers;
            assert_eq!(inside.count(), expected, "{method} {path}: once for Ada, for nobody else");
        }
        // axum's own answer passes no layer of a method.
        assert_eq!(people.ada.post("/get").await.status, 405);
        assert_eq!(inside.count(), expected);
    }

    #[tokio::test]
    async fn a_layer_on_a_method_may_ask_who_was_let_in() {
        let world = World::new();
        let name = async |caller: Caller, request: Request, next: Next| {
            let response = next.run(request).await;
            ([("x-caller", caller.name().to_owned())], response)
        };
        let app = world.serve(
            Router::new()
                .route("/get", get(authenticated(), async || "").layer(from_fn(name)))
                .route("/any", any(authenticated(), async || "").layer(from_fn(name))),
        );
        let alice = app.caller(world.mint("alice", &[]));
        for path in ["/get", "/get", "/any"] {
            assert_eq!(alice.get(path).await.headers["x-caller"], "alice", "{path}");
            assert_eq!(app.nobody().get(path).await.status, 401, "{path}");
        }
    }

    #[tokio::test]
    async fn a_layer_on_the_router_sees_refusals_and_preflights() {
        let outside = Counter::default();
        let counter = outside.clone();
        let cors = move |request: Request, next: Next| {
            counter.add();
            async move {
                match request.method().as_str() {
                    "OPTIONS" => StatusCode::NO_CONTENT.into_response(),
                    _ => {
                        let mut response = next.run(request).await;
                        let status = response.status().as_u16().into();
                        response.headers_mut().insert("x-seen", status);
                        response
                    }
                }
            }
        };
        let people = serve(Router::new().route("/items/", get(role("admin"), async || "")).layer(from_fn(cors)));

        assert_eq!(people.nobody.send("OPTIONS", "/items/").await.status, 204);
        assert_eq!(people.nobody.get("/items/").await.headers["x-seen"], "401");
        assert_eq!(people.alice.get("/items/").await.headers["x-seen"], "403");
        assert_eq!(people.ada.get("/items/").await.headers["x-seen"], "200");
        assert_eq!(outside.count(), 4);
    }
}

mod nesting {
    use super::*;

    #[derive(Clone)]
    struct Shop(&'static str);

    #[tokio::test]
    async fn nested_and_merged_routes_keep_their_rules() {
        let items = || {
            Router::new()
                .route("/", get(permission("items:read"), async || ""))
                .route("/{id}", delete(role("admin"), async || ""))
        };
        let people = serve(
            Router::new().nest("/items", items()).merge(Router::new().route("/open", get(public(), async || ""))),
        );

        assert_eq!(statuses(&people, "GET", "/items").await, [401, 200, 200]);
        assert_eq!(statuses(&people, "DELETE", "/items/1").await, [401, 403, 200]);
        assert_eq!(statuses(&people, "GET", "/open").await, [200, 200, 200]);
    }

    #[tokio::test]
    async fn handlers_get_their_state_and_path() {
        let world = World::new();
        let show = async |State(shop): State<Shop>, Path(id): Path<u32>, caller: Caller| {
            format!("{} shows {id} to {}", shop.0, caller.name())
        };
        let routes: Router<Shop> = Router::new().route("/items/{id}", get(permission("items:read"), show));
        let app = world.serve(Router::new().nest("/shop", routes).with_state(Shop("corner shop")));
        let alice = app.caller(world.mint("alice", &["user"]));

        for _ in 0..2 {
            assert_eq!(alice.get("/shop/items/7").await.body, "corner shop shows 7 to alice");
        }
        assert_eq!(app.nobody().get("/shop/items/7").await.status, 401);
    }

    #[tokio::test]
    async fn state_may_be_given_after_the_rules_are_in_force() {
        let world = World::new();
        let routes: Router<Shop> =
            Router::new().route("/", get(permission("items:read"), async |State(shop): State<Shop>| shop.0));
        let app = App(world.guard().protect(routes).with_state(Shop("corner shop")));

        assert_eq!(app.caller(world.mint("alice", &["user"])).get("/").await.body, "corner shop");
        assert_eq!(app.nobody().get("/").await.status, 401);
    }

    #[tokio::test]
    async fn require_holds_for_routes_before_and_after_it() {
        let people = serve(
            Router::new()
                .route("/before", get(public(), async || ""))
                .require(role("admin"))
                .route("/after", get(optional(), async || ""))
                .route("/stricter", get(role("auditor"), async || "")),
        );
        assert_eq!(statuses(&people, "GET", "/before").await, [401, 403, 200]);
        assert_eq!(statuses(&people, "GET", "/after").await, [401, 403, 200]);
        assert_eq!(statuses(&people, "GET", "/stricter").await, [401, 403, 403]);
    }

    #[tokio::test]
    async fn require_reaches_what_is_nested_and_merged_and_only_makes_stricter() {
        let inner = || Router::new().route("/a", get(public(), async || "")).require(role("user"));
        let people = serve(
            Router::new()
                .nest("/nested", inner().require(public()))
                .require(permission("items:write"))
                .merge(inner())
                .nest("/deep", Router::new().nest("/deeper", inner()))
                .nest_service("/service", public(), axum::Router::new().route("/", axum::routing::get(async || "")))
                .fallback(public(), async || "fallback"),
        );
        // Ada may write, but she is no `user`.
        for path in ["/nested/a", "/a", "/deep/deeper/a"] {
            assert_eq!(statuses(&people, "GET", path).await, [401, 403, 403], "{path}");
        }
        for path in ["/service", "/service/", "/service/below", "/nowhere"] {
            let [nobody, alice, _] = statuses(&people, "GET", path).await;
            assert_eq!([nobody, alice], [401, 403], "{path}");
        }
    }

    #[tokio::test]
    async fn require_of_an_inner_router_does_not_reach_out() {
        let people = serve(
            Router::new()
                .route("/out", get(public(), async || ""))
                .nest("/in", Router::new().require(role("admin")).route("/a", get(public(), async || ""))),
        );
        assert_eq!(statuses(&people, "GET", "/out").await, [200; 3]);
        assert_eq!(statuses(&people, "GET", "/in/a").await, [401, 403, 200]);
    }

    #[tokio::test]
    async fn a_fallback_has_a_rule_nested_ones_too() {
        let people = serve(
            Router::new()
                .route("/items/", get(public(), async || ""))
                .fallback(permission("items:read"), async || "not here")
                .nest(
                    "/admin",
                    Router::new().route("/a", get(public(), async || "")).fallback(role("admin"), async || "not there"),
                )
                .nest("/plain", Router::new().route("/a", get(public(), async || ""))),
        );
        assert_eq!(statuses(&people, "GET", "/nowhere").await, [401, 200, 200]);
        assert_eq!(statuses(&people, "POST", "/nowhere").await, [401, 200, 200]);
        assert_eq!(people.alice.get("/nowhere").await.body, "not here");
        for path in ["/admin/nowhere", "/admin", "/admin/a/b"] {
            assert_eq!(statuses(&people, "GET", path).await, [401, 403, 200], "{path}");
        }
        // axum 0.8 does not count this as below `/admin`.
        assert_eq!(people.alice.get("/admin/").await.body, "not here");
        // One without a fallback has the outer one's.
        assert_eq!(statuses(&people, "GET", "/plain/nowhere").await, [401, 200, 200]);
        // A wrong method is no wrong path.
        assert_eq!(statuses(&people, "POST", "/items/").await, [405; 3]);
    }

    #[tokio::test]
    async fn a_protected_router_can_be_part_of_an_axum_router() {
        let world = World::new();
        let api = Router::new().route("/items/", get(role("admin"), async || ""));
        let plain = axum::Router::new().route("/plain", axum::routing::get(async || ""));
        let app = App(plain.merge(world.guard().protect(api)));
        let people = people(&world, &app);

        assert_eq!(statuses(&people, "GET", "/items/").await, [401, 403, 200]);
        assert_eq!(statuses(&people, "GET", "/plain").await, [200; 3]);
    }
}

mod services {
    use super::*;

    #[tokio::test]
    async fn a_service_is_all_of_it_under_one_rule() {
        let old = axum::Router::new()
            .route("/", axum::routing::get(async || "root"))
            .route("/a/b", axum::routing::any(async || "deep"))
            .fallback(async || "fallback");
        let people = serve(Router::new().nest_service("/old", role("admin"), old));

        for path in ["/old", "/old/", "/old/a/b", "/old/nowhere", "/old//", "/old/%2e%2e/x"] {
            for method in ["GET", "POST", "OPTIONS"] {
                let [nobody, alice, ada] = statuses(&people, method, path).await;
                assert_eq!([nobody, alice], [401, 403], "{method} {path}");
                assert_ne!(ada, 401, "{method} {path}");
            }
        }
        assert_eq!(people.ada.get("/old").await.body, "root");
        assert_eq!(people.ada.get("/old/").await.body, "root");
        assert_eq!(people.ada.get("/old/a/b").await.body, "deep");
        assert_eq!(people.nobody.get("/older").await.status, 404);
    }

    /// Its readiness is a permit, say, of which there is a limited number.
    #[derive(Clone)]
    struct Asked(Counter);

    impl Service<Request> for Asked {
        type Response = Response;
        type Error = Infallible;
        type Future = Ready<Result<Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            self.0.add();
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request) -> Self::Future {
            ready(Ok("answered".into_response()))
        }
    }

    #[tokio::test]
    async fn who_is_refused_does_not_wait_for_a_service_that_is_busy() {
        let asked = Counter::default();
        let people = serve(Router::new().nest_service("/old", role("admin"), Asked(asked.clone())));
        assert_eq!(people.nobody.get("/old").await.status, 401);
        for sight in ["first", "second"] {
            assert_eq!(people.alice.get("/old").await.status, 403, "{sight} sight");
        }
        assert_eq!(asked.count(), 0);
        for sight in 1..=2 {
            assert_eq!(people.ada.get("/old").await.body, "answered");
            assert_eq!(asked.count(), sight);
        }
    }

    #[tokio::test]
    async fn what_is_inside_may_ask_who_was_let_in() {
        let world = World::new();
        let old = axum::Router::new().route("/me", axum::routing::get(async |caller: Caller| caller.name().to_owned()));
        let app = world.serve(Router::new().nest_service("/old", authenticated(), old));
        let alice = app.caller(world.mint("alice", &[]));

        for _ in 0..2 {
            assert_eq!(alice.get("/old/me").await.body, "alice");
        }
        assert_eq!(app.nobody().get("/old/me").await.status, 401);
    }

    #[tokio::test]
    async fn the_inner_of_two_guards_has_the_last_word_about_the_caller() {
        let world = World::new();
        let say = async |caller: Option<Caller>| format!("{:?}", caller.map(|caller| caller.name().to_owned()));
        let inner = world.guard().protect(
            Router::new()
                .route("/public", get(public(), async |_: Caller| "an outer guard's caller"))
                .route("/public-perhaps", get(public(), say))
                .route("/optional", get(optional(), say))
                .route("/admin", get(role("admin"), say)),
        );
        let app = world.serve(Router::new().nest_service("/in", authenticated(), inner));
        let alice = app.caller(world.mint("alice", &["user"]));

        for _ in 0..2 {
            assert_eq!(alice.get("/in/public").await.status, 500);
            assert_eq!(alice.get("/in/public-perhaps").await.status, 500);
            assert_eq!(alice.get("/in/optional").await.body, r#"Some("alice")"#);
            assert_eq!(alice.get("/in/admin").await.status, 403);
        }
        assert_eq!(app.nobody().get("/in/optional").await.status, 401);
        assert_eq!(app.nobody().get("/in/public").await.status, 401);
    }
}

mod paths {
    use super::*;

    /// Paths that some proxy, browser or framework takes for `/admin/secret`.
    const VARIANTS: [&str; 24] = [
        "//admin/secret",
        "/admin//secret",
        "///admin/secret",
        "/admin/secret/",
        "/admin/secret//",
        "/admin/secret/.",
        "/./admin/secret",
        "/admin/./secret",
        "/open/../admin/secret",
        "/open/%2e%2e/admin/secret",
        "/open/..%2fadmin/secret",
        "/open/..;/admin/secret",
        "/admin%2fsecret",
        "/admin%2Fsecret",
        "/%61dmin/secret",
        "/admin/%73ecret",
        "/Admin/secret",
        "/admin/SECRET",
        "/admin/secret;x=1",
        "/admin/secret.json",
        "/admin/secret%00",
        "/admin/secret%20",
        "/admin/secret%3fx",
        "/admin\\secret",
    ];

    #[tokio::test]
    async fn no_spelling_of_a_path_reaches_a_handler_around_its_rule() {
        let (secret, shown) = (Counter::default(), Counter::default());
        let (s, o) = (secret.clone(), shown.clone());
        let people = serve(
            Router::new()
                .route("/admin/secret", get(role("admin"), async move || s.add()))
                .route("/open/{name}", get(public(), async move || o.add())),
        );
        for path in VARIANTS {
            // What http does not take for a path reaches no server.
            if path.parse::<http::Uri>().is_err() {
                continue;
            }
            for person in [&people.nobody, &people.alice, &people.ada] {
                assert_eq!(person.get(path).await.status, 404, "{path}");
            }
        }
        assert_eq!((secret.count(), shown.count()), (0, 0));
        for path in
            ["/admin/secret", "/admin/secret?", "/admin/secret?x=/open/a", "http://elsewhere.example/admin/secret"]
        {
            assert_eq!(statuses(&people, "GET", path).await, [401, 403, 200], "{path}");
        }
        assert_eq!(people.nobody.get("/open/%2e%2e").await.status, 200);
        assert_eq!((secret.count(), shown.count()), (4, 1));
    }

    #[tokio::test]
    async fn no_header_makes_one_method_or_path_out_of_another() {
        let deleted = Counter::default();
        let counter = deleted.clone();
        let people = serve(
            Router::new()
                .route(
                    "/items/",
                    get(public(), async || "read")
                        .post(public(), async || "made")
                        .delete(role("admin"), async move || counter.add()),
                )
                .route("/admin", get(role("admin"), async || "admin")),
        );
        for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
            let sneak = people.nobody.clone().with(HeaderName::from_static(name), "DELETE");
            assert_eq!(sneak.get("/items/").await.body, "read");
            assert_eq!(sneak.post("/items/?_method=DELETE").await.body, "made");
        }
        for name in ["x-original-url", "x-rewrite-url", "x-forwarded-uri", "x-original-uri"] {
            let path = HeaderName::from_static(name);
            assert_eq!(people.nobody.clone().with(path.clone(), "/admin").get("/items/").await.body, "read");
            assert_eq!(people.nobody.clone().with(path, "/items/").get("/admin").await.status, 401);
        }
        assert_eq!(deleted.count(), 0);
        assert_eq!(statuses(&people, "delete", "/items/").await, [405; 3], "methods are case-sensitive");
    }
}
