//! Row 36 of the security goals: a cursor is a key of its list or it is refused, and never opens another's.

use serde_json::{Value, json};

use super::api_key;
use crate::{
    admin::{items, refused, user},
    clients::client,
    util::{Actor, World, on_both, world::PASSWORD},
};

const FORGED: [&str; 18] = [
    "x",
    "0",
    "-1",
    "%00",
    "%ff",
    "null",
    "%20",
    "'",
    "'%20OR%201=1--",
    "1%3BDROP%20TABLE%20sessions",
    "%25",
    "../..",
    "%E2%80%8B",
    "01890000-0000-7000-8000-00000000000",
    "01890000-0000-7000-8000-0000000000000",
    "01890000-0000-7000-8000-00000000000g",
    "01890000-0000-7000-8000-000000000000'",
    "01890000-0000-7000-8000-000000000000%00",
];

/// After all ids that there are.
const LAST: &str = "ffffffff-ffff-7fff-bfff-ffffffffffff";

/// The lists whose keys are ids, each with who reads it and the member that is its key.
async fn lists(world: &World, admin: &Actor, alice: &Actor) -> Vec<(Actor, String, &'static str)> {
    for number in 0..3 {
        client(admin, json!({})).await;
        let api = json!({ "identifier": format!("urn:items:{number}"), "name": "items" });
        admin.post("/admin/apis", api).await.expect(201);
        for owner in [alice, admin] {
            api_key(owner).await;
            let password = if owner.name() == "admin" { world.password() } else { PASSWORD };
            world.nobody().log_in(owner.name(), password).await.expect(200);
        }
    }
    let of = |what: &str| format!("{}/{what}", user(alice.id()));
    vec![
        (admin.clone(), "/admin/clients".into(), "client_id"),
        (admin.clone(), "/admin/apis".into(), "id"),
        (alice.clone(), "/me/sessions".into(), "id"),
        (alice.clone(), "/me/keys".into(), "id"),
        (admin.clone(), of("sessions"), "id"),
        (admin.clone(), of("keys"), "id"),
    ]
}

on_both! {
    async fn one_that_was_forged_is_refused(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let lists = lists(world, &admin, &alice).await;
        let long = "0".repeat(5000);
        for (reader, list, _) in &lists {
            for forged in FORGED.into_iter().chain([long.as_str()]) {
                refused(reader.get(&format!("{list}?after={forged}")).await, 400, "invalid");
            }
            let twice = format!("{list}?after={LAST}&after={LAST}");
            refused(reader.get(&twice).await, 400, "invalid");
            assert_eq!(reader.get(&format!("{list}?after={LAST}")).await.expect(200).text(), r#"{"items":[],"next":null}"#);
        }
        // Roles and keys have names, which may be any that could be one.
        let shop = client(&admin, json!({})).await;
        for forged in ["%00", "Role", "a:b", "-", "%ff", "'%20OR%20''='", &"a".repeat(65)] {
            refused(admin.get(&format!("{}/roles?after={forged}", shop.path())).await, 400, "invalid");
        }
        for forged in FORGED {
            let answer = admin.get(&format!("/admin/keys?after={forged}")).await;
            assert!(matches!(answer.status, 200 | 400), "{forged}: {}", answer.status);
        }
    }

    /// The id of an entry of another list, or of another's, begins where it would stand in this one.
    async fn anothers_opens_nothing_of_his(world) {
        let (admin, alice, bob) = (world.administrator().await, world.user("alice").await, world.user("bob").await);
        let lists = lists(world, &admin, &alice).await;
        api_key(&bob).await;
        let ids = |items: &[Value], key: &str| items.iter().map(|item| item[key].as_str().expect("an id").to_owned()).collect::<Vec<_>>();
        let mut cursors = vec![bob.id().to_owned(), "00000000-0000-0000-0000-000000000000".to_owned()];
        for path in ["/me/sessions", "/me/keys"] {
            for owner in [&admin, &bob] {
                cursors.extend(ids(&items(owner, path).await, "id"));
            }
        }
        for (reader, list, key) in &lists {
            let whole = ids(&items(reader, list).await, key);
            assert!(whole.len() >= 3, "{list}");
            for cursor in cursors.iter().chain(&whole) {
                let found = ids(&items(reader, &format!("{list}?after={cursor}")).await, key);
                let expected: Vec<String> = whole.iter().filter(|id| *id > cursor).cloned().collect();
                assert_eq!(found, expected, "{list} after {cursor}");
            }
        }
    }
}
