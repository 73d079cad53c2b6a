//! All at once: no guess more than one after the other, and nobody refused who is right.

use tokio::task::JoinSet;

use super::{HERE, STRANGERS, WRONG, behind_proxy, is_limited, log_in_with};
use crate::{
    face::oauth_error,
    util::{World, on_both, world::PASSWORD},
};

/// How many of these got which status.
async fn at_once(world: &World, tries: impl Iterator<Item = (String, &'static str, &'static str)>) -> [usize; 4] {
    let mut all = JoinSet::new();
    for (address, name, password) in tries {
        let nobody = world.nobody();
        all.spawn(async move { log_in_with(&nobody, &[("x-forwarded-for", &address)], name, password).await });
    }
    let mut counts = [0; 4];
    while let Some(answer) = all.join_next().await {
        let answer = answer.expect("no panic");
        counts[match answer.status {
            200 => 0,
            400 => {
                oauth_error(&answer, 400, "invalid_grant");
                1
            }
            429 => {
                is_limited(&answer);
                2
            }
            _ => {
                oauth_error(&answer, 503, "temporarily_unavailable");
                3
            }
        }] += 1;
    }
    counts
}

on_both! {
    with behind_proxy;

    async fn two_hundred_guesses_at_once_are_no_more(world) {
        world.user("alice").await;
        for name in ["alice", "nobody"] {
            let tries = (0..200).map(|_| ("203.0.113.9".to_owned(), name, WRONG));
            let [_, refused, limited, busy] = at_once(world, tries).await;
            // One comes back in half a minute.
            assert!((HERE..HERE + 2).contains(&refused) && refused + limited + busy == 200, "{name}: {refused}");
            assert!(limited > 100, "{busy} were told that it is busy");
        }
    }

    async fn from_many_networks_at_once_neither(world) {
        world.user("alice").await;
        let tries = (0..200).map(|n| (format!("203.0.113.{n}"), "alice", WRONG));
        let [_, refused, limited, busy] = at_once(world, tries).await;
        assert!((STRANGERS..STRANGERS + 2).contains(&refused) && refused + limited + busy == 200, "{refused}");
    }

    async fn the_right_password_is_let_in_beside_itself(world) {
        world.user("alice").await;
        let tries = (0..100).map(|_| ("192.0.2.1".to_owned(), "alice", PASSWORD));
        assert_eq!(at_once(world, tries).await, [100, 0, 0, 0]);
        // Also when there are few guesses left.
        for _ in 0..HERE - 2 {
            log_in_with(&world.nobody(), &[("x-forwarded-for", "192.0.2.1")], "alice", WRONG).await.expect(400);
        }
        let tries = (0..100).map(|_| ("192.0.2.1".to_owned(), "alice", PASSWORD));
        assert_eq!(at_once(world, tries).await, [100, 0, 0, 0]);
    }

    async fn who_comes_alone_is_not_behind_all_of_one_network(world) {
        for name in ["alice", "bob"] {
            world.user(name).await;
        }
        let flood = 0..300 * std::thread::available_parallelism().map_or(1, usize::from);
        let flood = at_once(world, flood.map(|_| ("203.0.113.9".to_owned(), "bob", PASSWORD)));
        let alice = async {
            // The line is long by now, or soon.
            for _ in 0..10 {
                log_in_with(&world.nobody(), &[("x-forwarded-for", "192.0.2.1")], "alice", PASSWORD).await.expect(200);
            }
        };
        let ([admitted, wrong, limited, _], ()) = tokio::join!(flood, alice);
        assert_eq!((wrong, limited), (0, 0));
        assert!(admitted > 100, "{admitted}");
    }
}
