//! People who use the sale: what the table cannot say, since only handlers know whose an item is.

use items::{Items, api};
use rolecall::testing::{Actor, Answer, App, serve};
use serde_json::{Value, json};

use crate::access::people;

/// Alice sells a lamp (1), and Bob a chair (2).
async fn sale() -> (App, Actor, Actor) {
    let app = serve(api().with_state(Items::default()), &people());
    let (alice, bob) = (app.caller("alice"), app.caller("bob"));
    assert_eq!(alice.post("/items/", json!({ "name": "a lamp" })).await.status, 201);
    assert_eq!(bob.post("/items/", json!({ "name": "a chair" })).await.status, 201);
    (app, alice, bob)
}

fn names(list: &Answer) -> Vec<String> {
    let list = list.json();
    list.as_array().into_iter().flatten().filter_map(|item| Some(item["name"].as_str()?.to_owned())).collect()
}

#[tokio::test]
async fn an_item_belongs_to_who_offers_it() {
    let (_, alice, _) = sale().await;
    assert_eq!(alice.get("/items/1").await.json(), json!({ "id": 1, "name": "a lamp", "owner": alice.id() }));
}

#[tokio::test]
async fn alice_changes_her_items_only() {
    let (app, alice, bob) = sale().await;
    let (name, carl) = (json!({ "name": "hers" }), app.caller("carl"));

    assert_eq!(alice.patch("/items/1", name.clone()).await.status, 200);
    assert_eq!(alice.patch("/items/2", name.clone()).await.status, 404);
    assert_eq!(alice.delete("/items/2").await.status, 404);
    assert_eq!(names(&carl.get("/items/").await), ["hers", "a chair"], "his is as it was");
    assert_eq!(bob.delete("/items/2").await.status, 204);
    assert_eq!(bob.delete("/items/2").await.status, 404);

    // Who may update every item may update hers, and who may none, not even one of his own.
    assert_eq!(carl.patch("/items/1", name.clone()).await.status, 200);
    assert_eq!(app.caller("nora").patch("/items/1", name).await.status, 403);
}

#[tokio::test]
async fn what_is_somebody_elses_looks_like_what_is_not_there() {
    let (_, alice, _) = sale().await;
    let name = json!({ "name": "mine" });
    let his =
        [alice.get("/items/2").await, alice.patch("/items/2", name.clone()).await, alice.delete("/items/2").await];
    let none = [alice.get("/items/3").await, alice.patch("/items/3", name).await, alice.delete("/items/3").await];
    for (his, none) in his.into_iter().zip(none) {
        assert_eq!((his.status.as_u16(), his.headers, his.body), (404, none.headers, none.body));
    }
}

#[tokio::test]
async fn a_list_is_of_ones_own_or_of_all() {
    let (app, alice, bob) = sale().await;
    assert_eq!(names(&alice.get("/items/").await), ["a lamp"]);
    assert_eq!(names(&bob.get("/items/").await), ["a chair"]);
    assert_eq!(names(&app.caller("carl").get("/items/").await), ["a lamp", "a chair"]);
    assert_eq!(names(&app.caller("ada").get("/items/").await), ["a lamp", "a chair"]);
}

#[tokio::test]
async fn at_the_desk_a_clerk_gives_an_item_to_somebody_else() {
    let (app, alice, bob) = sale().await;
    let (carl, ada, to_bob) = (app.caller("carl"), app.caller("ada"), json!({ "owner": bob.id() }));

    assert_eq!(alice.put("/desk/items/1/owner", to_bob.clone()).await.status, 403);
    assert_eq!(ada.put("/desk/items/1/owner", to_bob.clone()).await.status, 403, "the permission, but no clerk");
    assert_eq!(carl.put("/desk/items/1/owner", to_bob.clone()).await.status, 200);
    assert_eq!(carl.put("/desk/items/3/owner", to_bob).await.status, 404);

    assert_eq!(alice.get("/items/1").await.status, 404);
    assert_eq!(names(&bob.get("/items/").await), ["a lamp", "a chair"]);
    assert_eq!(carl.get("/desk/owners").await.json(), json!({ bob.id(): 2 }));
    assert_eq!(carl.get("/count").await.json(), json!(2));
    assert_eq!(ada.get("/count").await.status, 403);
}

#[tokio::test]
async fn the_warehouse_asks_for_everybodys_items_and_is_nobody() {
    let (app, alice, bob) = sale().await;
    let depot = app.caller("depot");
    let answer = depot.post("/stock/sync", ()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["asked_by"], depot.id());
    assert_eq!(answer.json()["items"][0]["owner"], alice.id());
    assert_eq!(answer.json()["items"][1]["owner"], bob.id());
    assert_eq!(depot.get("/items/").await.status, 403, "its token is for that alone");
    assert_eq!(app.caller("ada").post("/stock/sync", ()).await.status, 403, "every permission, but a person");
}

#[tokio::test]
async fn a_stranger_is_greeted_too() {
    let (app, alice, _) = sale().await;
    assert_eq!(app.nobody().get("/hello").await.text(), "hello, stranger");
    assert_eq!(alice.get("/hello").await.text(), "hello, alice");
    let forged = app.nobody().with("authorization", "Bearer nonsense");
    assert_eq!(forged.get("/hello").await.status, 401);
    assert_eq!(forged.get("/ping").await.text(), "pong", "where nobody looks, nothing is wrong");
}

#[tokio::test]
async fn a_body_with_more_or_less_is_refused() {
    let (_, alice, bob) = sale().await;
    let bodies: [Value; 3] = [json!({}), json!({ "name": "a lamp", "owner": bob.id() }), json!({ "name": 7 })];
    for body in bodies {
        assert_eq!(alice.post("/items/", body.clone()).await.status, 422);
        assert_eq!(alice.patch("/items/1", body).await.status, 422);
    }
}
