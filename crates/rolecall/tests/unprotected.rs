//! A route whose rule is not in force refuses.
//!
//! A [`Router`] is no service, so nothing can call its routes before `protect` (`compile_fail/unprotected.rs`). Only a
//! layer gets hold of one: the tests keep what they are given, as no application would.

use std::sync::{Arc, Mutex};

use axum::{body::Body, extract::Request, routing::Route};
use rolecall::{Router, public, role, routing::get};
use tower::{Layer, ServiceExt};

use crate::util::{Answer, World};

/// Lets everything pass, and keeps the routes that it is put around.
#[derive(Clone, Default)]
struct Keeps(Arc<Mutex<Vec<Route>>>);

impl Layer<Route> for Keeps {
    type Service = Route;

    fn layer(&self, route: Route) -> Route {
        self.0.lock().unwrap().push(route.clone());
        route
    }
}

impl Keeps {
    async fn call_all(&self) -> Vec<Answer> {
        let routes = self.0.lock().unwrap().clone();
        let mut answers = vec![];
        for route in routes {
            let request = Request::builder().uri("/").body(Body::empty()).unwrap();
            answers.push(Answer::read(route.oneshot(request).await.unwrap()).await);
        }
        answers
    }
}

#[tokio::test]
async fn before_its_rule_is_in_force_a_route_refuses_whatever_the_rule() {
    let keeps = Keeps::default();
    let router: Router = Router::new()
        .route("/", get(public(), async || "reached").post(role("admin"), async || "reached"))
        .nest_service("/old", public(), axum::Router::new().fallback(async || "reached"))
        .fallback(public(), async || "reached")
        .layer(keeps.clone())
        .with_state(());

    let mut refused = 0;
    for answer in keeps.call_all().await {
        assert_ne!(answer.body, "reached");
        if answer.status == 500 {
            refused += 1;
            assert!(answer.detail().contains("serve `guard.protect(router)`"), "{}", answer.body);
        }
    }
    // axum gives the layer its own answers for 405 too.
    assert!(refused >= 4, "{refused}");

    // The same routes, once the rules are in force.
    let world = World::new();
    let app = world.serve(router);
    assert_eq!(app.nobody().get("/").await.body, "reached");
    let answers = keeps.call_all().await;
    assert!(answers.iter().any(|answer| answer.body == "reached"));
    assert!(answers.iter().any(|answer| answer.status == 401));
    assert!(answers.iter().all(|answer| answer.status != 500));
}
