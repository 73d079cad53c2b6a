//! OpenID AuthZEN Authorization API 1.0: what its certification asks for, and what is ours.

use serde_json::{Value, json};

use crate::{
    face::problem,
    util::{Actor, Answer, World, on_both},
};

const ONE: &str = "/access/v1/evaluation";
const SEVERAL: &str = "/access/v1/evaluations";

/// A question about a record.
fn question(who: &str, action: &str) -> Value {
    json!({
        "subject": { "type": "user", "id": who },
        "action": { "name": action },
        "resource": { "type": "record", "id": "record-1" },
    })
}

/// Alice may read and write, Bob may read, and may delete what is his own. Who asks may ask, and not know why.
async fn people(world: &World) -> (Actor, Actor, Actor, Actor) {
    let admin = world.administrator().await;
    world.role(&admin, "reader", &["record:read", "record:delete:own"], &[]).await;
    world.role(&admin, "writer", &["record:write"], &["reader"]).await;
    world.role(&admin, "asks", &["rolecall.decisions:evaluate"], &[]).await;
    let (alice, bob, proxy) = (world.user("alice").await, world.user("bob").await, world.user("proxy").await);
    for (who, role) in [(&alice, "writer"), (&bob, "reader"), (&proxy, "asks")] {
        world.give(&admin, who, role).await;
    }
    (admin, alice, bob, proxy)
}

async fn decided(who: &Actor, question: Value) -> bool {
    let told = who.post(ONE, question).await.expect(200).json();
    assert_eq!(told.as_object().expect("an object").len(), 1, "nothing but the decision: {told}");
    told["decision"].as_bool().expect("a decision")
}

async fn all(who: &Actor, questions: Value) -> Vec<bool> {
    let told = who.post(SEVERAL, questions).await.expect(200).json();
    assert!(told.get("decision").is_none(), "{told}");
    let told = told["evaluations"].as_array().expect("answers").iter();
    told.map(|one| one["decision"].as_bool().expect("a decision")).collect()
}

fn with(mut question: Value, at: &str, what: Value) -> Value {
    let (parent, name) = at.rsplit_once('/').expect("a pointer");
    question.pointer_mut(parent).expect("a parent")[name] = what;
    question
}

fn without(mut question: Value, at: &str) -> Value {
    let (parent, name) = at.rsplit_once('/').expect("a pointer");
    question.pointer_mut(parent).and_then(Value::as_object_mut).expect("a parent").remove(name);
    question
}

on_both! {
    async fn a_subject_may_what_his_roles_grant(world) {
        let (admin, alice, bob, proxy) = people(world).await;
        for (who, id) in [("alice", alice.id()), ("bob", bob.id())] {
            for (action, may) in [("read", true), ("write", who == "alice"), ("delete", false), ("made-up", false)] {
                // By name in any spelling, and by id.
                for subject in [who, id, &who.to_uppercase()] {
                    assert_eq!(decided(&proxy, question(subject, action)).await, may, "{subject}: {action}");
                }
            }
        }
        // What is unknown, or no permission, is no.
        for subject in ["nobody", "", "a b", "alice@example.org", &alice.id().replace('0', "1"), "01890000-0000-7000-8000-000000000000"] {
            assert!(!decided(&proxy, question(subject, "read")).await, "{subject}");
        }
        for kind in ["group", "User", "", "client"] {
            assert!(!decided(&proxy, with(question("alice", "read"), "/subject/type", json!(kind))).await, "{kind}");
        }
        // Nor is one that no database takes a fault, which would spoil the questions beside it.
        for id in ["a\0b", "\0", "\u{fffd}", &"a".repeat(10_000)] {
            for kind in ["client", "user"] {
                let asked = with(with(question("alice", "read"), "/subject/type", json!(kind)), "/subject/id", json!(id));
                assert!(!decided(&proxy, asked.clone()).await, "{kind} {id:?}");
                assert_eq!(all(&proxy, json!({ "evaluations": [question("alice", "read"), asked] })).await, [true, false]);
            }
        }
        world.role(&admin, "all", &["record:*", "*"], &[]).await;
        world.give(&admin, &bob, "all").await;
        assert!(decided(&proxy, question("bob", "write")).await);
        for action in ["*", "read:own", "", "READ", "read write", "read:", ":read"] {
            assert!(!decided(&proxy, question("bob", action)).await, "{action}");
        }
        for (kind, action) in [("*", "read"), ("*", "*"), ("record:read", "own"), ("rolecall.users", "read"), ("", "")] {
            assert!(!decided(&proxy, with(question("bob", action), "/resource/type", json!(kind))).await, "{kind}");
        }
    }

    async fn his_own_is_what_has_his_id_as_its_owner(world) {
        let (_, alice, bob, proxy) = people(world).await;
        let of = |owner: Value| with(question("bob", "delete"), "/resource/properties", json!({ "ownerID": owner }));
        assert!(decided(&proxy, of(json!(bob.id()))).await);
        let by_id = with(of(json!(bob.id())), "/subject/id", json!(bob.id()));
        assert!(decided(&proxy, by_id).await);
        // Not by name, and what is no text is nobody.
        for owner in [json!(alice.id()), json!("bob"), json!(""), json!(null), json!([bob.id()]), json!({ "id": bob.id() }), json!(7)] {
            assert!(!decided(&proxy, of(owner.clone())).await, "{owner}");
        }
        for name in ["ownerId", "owner", "OwnerID"] {
            assert!(!decided(&proxy, with(question("bob", "delete"), "/resource/properties", json!({ name: bob.id() }))).await, "{name}");
        }
        assert!(!decided(&proxy, with(question("bob", "delete"), "/subject/properties", json!({ "ownerID": bob.id() }))).await);
    }

    async fn what_the_question_says_of_somebody_is_not_believed(world) {
        let (_, _, _, proxy) = people(world).await;
        let claims = json!({ "roles": ["writer", "rolecall.admin"], "role": "admin", "permissions": ["*"], "sub": "alice" });
        for at in ["/subject/properties", "/resource/properties", "/action/properties", "/context"] {
            assert!(!decided(&proxy, with(question("bob", "write"), at, claims.clone())).await, "{at}");
            assert!(decided(&proxy, with(question("bob", "read"), at, claims.clone())).await, "{at}");
        }
        // What is not known is passed over.
        let more = with(with(question("bob", "read"), "/foo", json!("bar")), "/subject/future", json!({ "nested": true }));
        assert!(decided(&proxy, more).await);
    }

    async fn several_are_answered_in_their_order(world) {
        let (_, _, _, proxy) = people(world).await;
        let (yes, no) = (question("alice", "write"), question("bob", "write"));
        let ask = |evaluations: Value| json!({ "evaluations": evaluations });
        assert_eq!(all(&proxy, ask(json!([yes, no, yes]))).await, [true, false, true]);
        for (semantic, expected) in [
            ("execute_all", vec![true, false, true]), ("deny_on_first_deny", vec![true, false]), ("permit_on_first_permit", vec![true]),
        ] {
            let asked = with(ask(json!([yes, no, yes])), "/options", json!({ "evaluations_semantic": semantic, "another": 1 }));
            assert_eq!(all(&proxy, asked).await, expected, "{semantic}");
        }
        let until_yes = with(ask(json!([no, no, yes, no])), "/options", json!({ "evaluations_semantic": "permit_on_first_permit" }));
        assert_eq!(all(&proxy, until_yes).await, [false, false, true]);
        // Defaults: whole entities. One of the question's own takes its place, and is whole itself.
        let defaults = with(question("alice", "write"), "/evaluations", json!([
            {}, { "subject": { "type": "user", "id": "bob" } }, { "action": { "name": "read" } },
            { "resource": { "type": "note", "id": "1" } }, { "context": { "time": "now" } },
        ]));
        assert_eq!(all(&proxy, defaults).await, [true, false, true, false, true]);
        let halves = json!([{ "subject": { "id": "alice" } }, { "subject": { "type": "user" } }, { "action": {} }, { "resource": { "id": "1" } }]);
        let told = proxy.post(SEVERAL, with(question("alice", "write"), "/evaluations", halves)).await.expect(200).json();
        for one in told["evaluations"].as_array().expect("answers") {
            assert!(one["decision"] == false && one["context"]["error"]["status"] == 400, "{told}");
        }
        // The owner belongs to the resource: another resource has another one, or none.
        let bob = proxy.post(ONE, question("bob", "read")).await.expect(200);
        assert_eq!(bob.header("content-type"), "application/json");
        // One that cannot be read is no, and spoils no other.
        let told = proxy.post(SEVERAL, json!({ "subject": yes["subject"], "action": yes["action"], "evaluations": [
            { "resource": yes["resource"] }, {}, { "resource": "record" }, 7, { "resource": { "type": "record" } },
        ] })).await.expect(200).json();
        let answers = told["evaluations"].as_array().expect("answers");
        assert_eq!(answers.iter().map(|one| one["decision"] == true).collect::<Vec<_>>(), [true, false, false, false, false]);
        assert!(answers[1..].iter().all(|one| one["context"]["error"]["status"] == 400), "{told}");
        // Without a list it is one question.
        for one in [yes.clone(), with(yes.clone(), "/evaluations", json!([]))] {
            assert_eq!(proxy.post(SEVERAL, one).await.expect(200).json(), json!({ "decision": true }));
        }
        let many = |number: usize| with(yes.clone(), "/evaluations", json!(vec![json!({}); number]));
        assert_eq!(all(&proxy, many(256)).await.len(), 256);
        for bad in [
            many(257), with(yes.clone(), "/evaluations", json!({})), with(ask(json!([yes])), "/options", json!("execute_all")),
            with(ask(json!([yes])), "/options", json!({ "evaluations_semantic": "deny" })), json!({}), json!({ "evaluations": [] }),
        ] {
            problem(&proxy.post(SEVERAL, bad).await, 400, "invalid");
        }
    }

    async fn what_is_no_question_is_refused(world) {
        let (_, _, _, proxy) = people(world).await;
        let good = question("alice", "read");
        for at in ["/subject", "/action", "/resource", "/subject/type", "/subject/id", "/action/name", "/resource/type", "/resource/id"] {
            problem(&proxy.post(ONE, without(good.clone(), at)).await, 400, "invalid");
            for bad in [json!(null), json!(123), json!(["a"]), json!(true)] {
                problem(&proxy.post(ONE, with(good.clone(), at, bad)).await, 400, "invalid");
            }
        }
        for at in ["/context", "/subject/properties", "/action/properties", "/resource/properties"] {
            problem(&proxy.post(ONE, with(good.clone(), at, json!("text"))).await, 400, "invalid");
        }
        let send = async |kind: &str, body: &str| -> Answer {
            let headers = if kind.is_empty() { vec![] } else { vec![("content-type", kind)] };
            proxy.send("POST", ONE, &headers, body.to_owned()).await
        };
        for kind in ["", "text/plain", "application/x-www-form-urlencoded", "application/json5", "application/jsonx"] {
            problem(&send(kind, &good.to_string()).await, 400, "invalid");
        }
        send("application/json; charset=utf-8", &good.to_string()).await.expect(200);
        let twice = good.to_string().replace("\"action\"", "\"subject\":{\"type\":\"user\",\"id\":\"bob\"},\"action\"");
        for body in ["", "{", "[]", "null", "\"x\"", &format!("{}x", good), &twice, &"[".repeat(40)] {
            problem(&send("application/json", body).await, 400, "invalid");
        }
        problem(&send("application/json", &format!("{{\"a\":\"{}\"}}", "a".repeat(70_000))).await, 413, "too-large");
    }

    async fn who_asks_may_ask_and_who_may_know_is_told_why(world) {
        let (admin, alice, _, proxy) = people(world).await;
        for path in [ONE, SEVERAL, "/access/v1/search/subject", "/access/v1/search/action"] {
            problem(&world.nobody().post(path, question("alice", "read")).await, 401, "unauthenticated");
            let answer = alice.post(path, question("alice", "read")).await;
            problem(&answer, 403, "forbidden");
            assert!(answer.header("www-authenticate").contains("rolecall.decisions:evaluate"));
        }
        let told = admin.post(ONE, question("alice", "read")).await.expect(200).json();
        assert_eq!(told, json!({ "decision": true, "context": { "reason": "role `reader` grants `record:read`" } }));
        let told = admin.post(ONE, question("bob", "write")).await.expect(200).json();
        assert_eq!(told, json!({ "decision": false, "context": { "reason": "no role of the caller grants it" } }));
        let id = [("content-type", "application/json"), ("x-request-id", "bfe9eb29-ab87-4ca3-be83-a1d5d8305716")];
        for body in [question("alice", "read").to_string(), "{".to_owned()] {
            assert_eq!(proxy.send("POST", ONE, &id, body).await.header("x-request-id"), id[1].1);
        }
    }

    async fn it_changes_at_the_next_question(world) {
        let (admin, alice, bob, proxy) = people(world).await;
        admin.delete(&format!("/admin/users/{}/roles/writer", alice.id())).await.expect(200);
        assert!(!decided(&proxy, question("alice", "read")).await);
        world.give(&admin, &bob, "writer").await;
        assert!(decided(&proxy, question("bob", "write")).await);
        admin.delete("/admin/roles/writer/permissions/record:write").await.expect(200);
        assert!(!decided(&proxy, question("bob", "write")).await);
        admin.put_json(&format!("/admin/users/{}/roles/reader", alice.id()), json!({ "until": world.now() + 60 })).await.expect(200);
        assert!(decided(&proxy, question("alice", "read")).await);
        world.wait_for(60).await;
        assert!(!decided(&proxy, question("alice", "read")).await);
        admin.patch(&format!("/admin/users/{}", bob.id()), json!({ "disabled": true })).await.expect(200);
        assert!(!decided(&proxy, question("bob", "read")).await);
        assert!(!decided(&proxy, question(bob.id(), "read")).await);
    }

    async fn a_name_that_is_written_like_an_id_is_nobodys_id(world) {
        let (admin, _, bob, proxy) = people(world).await;
        let id = bob.id().to_owned();
        admin.delete(&format!("/admin/users/{id}")).await.expect(200);
        // Somebody takes the id as a name, and the role with it.
        let mallory = world.user(&id).await;
        world.give(&admin, &mallory, "writer").await;
        assert!(!decided(&proxy, question(&id, "read")).await);
        assert!(decided(&proxy, question(mallory.id(), "read")).await);
    }

    async fn who_may_and_what_may_he_are_found(world) {
        let (admin, alice, bob, proxy) = people(world).await;
        let who = async |question: Value| -> Vec<String> {
            let told = proxy.post("/access/v1/search/subject", question).await.expect(200).json();
            assert_eq!(told["page"], json!({ "next_token": "" }));
            let found = told["results"].as_array().expect("results").iter();
            found.map(|one| { assert_eq!(one["type"], "user"); one["id"].as_str().expect("an id").to_owned() }).collect()
        };
        // The id is passed over. The administrator has `*`.
        assert_eq!(who(question("x", "read")).await, [admin.id(), alice.id(), bob.id()]);
        assert_eq!(who(without(question("x", "write"), "/subject/id")).await, [admin.id(), alice.id()]);
        assert_eq!(who(question("x", "delete")).await, [admin.id()]);
        let of_bob = with(question("x", "delete"), "/resource/properties", json!({ "ownerID": bob.id() }));
        assert_eq!(who(of_bob).await, [admin.id(), bob.id()]);
        for none in [question("x", "*"), with(question("x", "read"), "/subject/type", json!("group"))] {
            assert_eq!(who(none).await, [""; 0]);
        }
        let paged = |page: Value| with(question("x", "read"), "/page", page);
        let page = async |page: Value| proxy.post("/access/v1/search/subject", paged(page)).await;
        let first = page(json!({ "limit": 2 })).await.expect(200).json();
        assert_eq!(first["results"], json!([{ "type": "user", "id": admin.id() }, { "type": "user", "id": alice.id() }]));
        let next = page(json!({ "limit": 2, "token": first["page"]["next_token"] })).await.expect(200).json();
        assert_eq!(next["results"], json!([{ "type": "user", "id": bob.id() }]));
        for bad in [
            json!({ "limit": 0 }),
            json!({ "limit": 1.5 }),
            json!({ "limit": -1 }),
            json!({ "limit": "1" }),
            json!({ "token": "x" }),
            json!({ "token": 1 }),
            json!("x"),
        ] {
            problem(&page(bad).await, 400, "invalid");
        }
        // A page is no longer than we make them.
        for limit in [200, 201, 1_000_000] {
            assert_eq!(page(json!({ "limit": limit })).await.expect(200).json()["results"].as_array().map(Vec::len), Some(3));
        }
        let actions = async |page: Value| {
            let asked = with(without(question("alice", ""), "/action"), "/page", page);
            proxy.post("/access/v1/search/action", asked).await
        };
        let first = actions(json!({ "limit": 1 })).await.expect(200).json();
        assert_eq!(first, json!({ "results": [{ "name": "read" }], "page": { "next_token": "read" } }));
        let rest = actions(json!({ "limit": 1, "token": "read" })).await.expect(200).json();
        assert_eq!(rest, json!({ "results": [{ "name": "write" }], "page": { "next_token": "" } }));
        for bad in [json!(7), json!({ "limit": 0 }), json!({ "token": "a b" }), json!({ "token": 1 }), json!({ "token": "*" })] {
            problem(&actions(bad).await, 400, "invalid");
        }
        let what = async |question: Value| proxy.post("/access/v1/search/action", without(question, "/action")).await.expect(200).json()["results"].clone();
        assert_eq!(what(question("alice", "")).await, json!([{ "name": "read" }, { "name": "write" }]));
        assert_eq!(what(question("bob", "")).await, json!([{ "name": "read" }]));
        assert_eq!(what(with(question("bob", ""), "/resource/properties", json!({ "ownerID": bob.id() }))).await, json!([{ "name": "delete" }, { "name": "read" }]));
        assert_eq!(what(question("nobody", "")).await, json!([]));
        for at in ["/subject", "/resource", "/subject/id", "/resource/id"] {
            problem(&proxy.post("/access/v1/search/action", without(question("alice", "read"), at)).await, 400, "invalid");
        }
        problem(&proxy.post("/access/v1/search/subject", without(question("x", "read"), "/action")).await, 400, "invalid");
        admin.post("/access/v1/search/resource", question("alice", "read")).await.expect(404);
    }

    async fn where_it_is_follows_from_the_issuer(world) {
        let hostile = [("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https")];
        for headers in [&[][..], &hostile] {
            let told = world.nobody().send("GET", "/.well-known/authzen-configuration", headers, "").await.expect(200);
            let at = |path: &str| format!("http://{}{path}", world.address());
            assert_eq!(told.json(), json!({
                "policy_decision_point": at(""),
                "access_evaluation_endpoint": at(ONE),
                "access_evaluations_endpoint": at(SEVERAL),
                "search_subject_endpoint": at("/access/v1/search/subject"),
                "search_action_endpoint": at("/access/v1/search/action"),
            }));
            assert_eq!((told.header("content-type"), told.header("cache-control")), ("application/json", "public, max-age=300"));
        }
    }
}
