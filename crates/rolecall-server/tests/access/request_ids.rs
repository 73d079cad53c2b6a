//! `X-Request-ID` of AuthZEN: whoever asks gets his own back, and the log has one that it can show.

use serde_json::json;

use crate::{
    face::problem,
    util::{Actor, Answer, on_both},
};

const PATHS: [&str; 4] =
    ["/access/v1/evaluation", "/access/v1/evaluations", "/access/v1/search/subject", "/access/v1/search/action"];

async fn ask(who: &Actor, path: &str, id: &str, body: &str) -> Answer {
    who.send("POST", path, &[("content-type", "application/json"), ("x-request-id", id)], body.to_owned()).await
}

on_both! {
    async fn any_that_can_be_seen_comes_back(world) {
        let (admin, alice, nobody) = (world.administrator().await, world.user("alice").await, world.nobody());
        let question = json!({
            "subject": { "type": "user", "id": "alice" }, "action": { "name": "read" }, "resource": { "type": "items", "id": "1" },
        });
        let long = "x".repeat(256);
        for id in ["a", "req/1", "urn:uuid:bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "a b", "{\"id\": 1}", "<script>;,=~!", &long] {
            for path in PATHS {
                for (who, status) in [(&admin, 200), (&alice, 403), (&nobody, 401)] {
                    assert_eq!(ask(who, path, id, &question.to_string()).await.expect(status).header("x-request-id"), id);
                }
                assert_eq!(ask(&admin, path, id, "{").await.expect(400).header("x-request-id"), id);
            }
        }
        for bad in ["", "ü", "a\tb", &"x".repeat(257)] {
            let answer = ask(&admin, PATHS[0], bad, &question.to_string()).await.expect(200);
            assert_eq!(answer.header("x-request-id").len(), 16, "{bad:?}");
        }
    }

    /// What a body tells is what the log knows the call by.
    async fn what_a_log_cannot_show_is_not_in_it(world) {
        for (id, is_kept) in [("req_1.2-3", true), ("a b", false), ("level=error msg=x", false), ("req/1", false)] {
            let answer = ask(&world.nobody(), "/access/v1/nothing", id, "{}").await;
            let told = problem(&answer, 404, "no-such-route");
            assert_eq!((answer.header("x-request-id"), told["request_id"] == id), (id, is_kept));
            assert!(is_kept || told["request_id"].as_str().is_some_and(|own| own.len() == 16), "{told}");
        }
    }
}
