//! An account that is there, one that is not, and one that is disabled: nobody can tell them apart by the limit.

use serde_json::json;

use super::{
    ACCOUNT_EVERY, HERE, NETWORK_EVERY, STRANGERS, WRONG, behind_proxy, is_limited, log_in_from, log_in_with,
    until_limited, used_up,
};
use crate::util::{Answer, Rows, on_both, world::PASSWORD};

type Seen = (u16, Vec<u8>, Vec<(String, Vec<u8>)>);

/// All that a caller sees, but for what differs each time.
fn seen(answer: &Answer) -> Seen {
    // Seconds may have gone by, too.
    let differs = ["date", "x-request-id", "retry-after"];
    let headers = answer.headers.iter().filter(|(name, _)| !differs.contains(&name.as_str()));
    let mut headers: Vec<_> = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    headers.sort();
    (answer.status, answer.body.clone(), headers)
}

on_both! {
    with behind_proxy;

    async fn known_and_unknown_and_disabled_are_limited_alike(world) {
        let admin = world.administrator().await;
        world.user("alice").await;
        let disabled = world.user("disabled").await;
        admin.patch(&format!("/admin/users/{}", disabled.id()), json!({ "disabled": true })).await.expect(200);
        admin.post("/admin/users", json!({ "username": "nopassword" })).await.expect(201);
        let said = json!({ "username": "byaddress", "email": "a@example.org", "password": PASSWORD });
        admin.post("/admin/users", said).await.expect(201);
        let names = ["alice", "disabled", "nopassword", "a@example.org", "nobody", "n@example.org", "not a name", "@@"];
        // From where somebody was before, and from where nobody was.
        for (n, address) in ["127.0.0.1", "203.0.113.9"].into_iter().enumerate() {
            let mut all = vec![];
            for name in names {
                // So that the limit of the network stays out of it.
                world.wait_for(500 * NETWORK_EVERY).await;
                let mut one = vec![];
                let count = used_up(world, ACCOUNT_EVERY, async || {
                    let answer = log_in_from(world, address, name, WRONG).await;
                    one.push(seen(&answer));
                    answer
                })
                .await;
                assert_eq!(count, HERE, "{name} from {address}");
                one.dedup();
                all.push((one, name));
            }
            for (one, name) in &all {
                assert!(*one == all[0].0, "{name} is told from {} ({n})", all[0].1);
            }
        }
    }

    async fn from_many_networks_too(world) {
        world.user("alice").await;
        let mut counts = vec![];
        for name in ["alice", "nobody", "not a name"] {
            let mut networks = (0..).map(|n| format!("203.0.113.{}", n / 7));
            let guess = async || log_in_from(world, &networks.next().expect("one"), name, WRONG).await;
            counts.push(used_up(world, ACCOUNT_EVERY, guess).await);
            world.wait(1000 * NETWORK_EVERY);
        }
        assert_eq!(counts, [STRANGERS; 3]);
    }

    async fn the_database_learns_no_name_and_no_address(world) {
        world.user("alice").await;
        let secret = "correct horse battery";
        for name in [secret, "alice"] {
            until_limited(async || log_in_from(world, "203.0.113.9", name, WRONG).await).await;
        }
        let mut rows = Rows::of(world).await;
        let mut texts = rows.texts("SELECT bucket || ' ' || coalesce(account, '') FROM guesses").await;
        texts.extend(rows.texts("SELECT user_id || ' ' || place FROM places").await);
        texts.extend(rows.texts("SELECT detail || ' ' || actor_name || ' ' || coalesce(subject, '') FROM audit").await);
        rows.close().await;
        for text in texts {
            for word in ["correct", "horse", "203.0", WRONG, "127.0"] {
                assert!(!text.contains(word), "{word} in {text}");
            }
        }
    }

    async fn a_live_session_is_not_concerned(world) {
        let alice = world.user("alice").await;
        used_up(world, ACCOUNT_EVERY, async || world.nobody().log_in("alice", WRONG).await).await;
        let mut names = (0..).map(|n| format!("name{}", n / 2));
        used_up(world, NETWORK_EVERY, async || world.nobody().log_in(&names.next().expect("one"), WRONG).await).await;
        is_limited(&world.nobody().log_in("alice", PASSWORD).await);
        for _ in 0..50 {
            alice.get("/me").await.expect(200);
            alice.get("/users/").await.expect(200);
        }
        // Calls that are no log-in, neither.
        world.nobody().get("/health").await.expect(200);
        world.nobody().get("/.well-known/jwks.json").await.expect(200);
        let no_password = [("x-forwarded-for", "127.0.0.1"), ("authorization", "Basic Og==")];
        log_in_with(&world.nobody(), &no_password, "", "").await.expect(400);
    }
}
