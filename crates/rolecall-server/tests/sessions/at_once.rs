//! Row 17 of the security goals: one refresh token, 64 times at once.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::{Tokens, alice, is_over, is_refused, refresh, without_grace};
use crate::util::{Answer, World, on_both};

const TIMES: usize = 64;

async fn at_once(world: &World, token: &str) -> Vec<Answer> {
    let mut calls = JoinSet::new();
    for _ in 0..TIMES {
        let (nobody, token) = (world.nobody(), token.to_owned());
        calls.spawn(async move { refresh(&nobody, &token).await });
    }
    calls.join_all().await
}

mod with_a_grace {
    use super::*;

    on_both! {
        async fn there_is_one_successor(world) {
            let mut tokens = alice(world).await;
            for _ in 0..3 {
                let answers: Vec<Tokens> = at_once(world, &tokens.refresh).await.into_iter().map(Tokens::of).collect();
                let successors: BTreeSet<&str> = answers.iter().map(|tokens| tokens.refresh.as_str()).collect();
                assert_eq!(successors.len(), 1);
                let access: BTreeSet<&str> = answers.iter().map(|tokens| tokens.access.as_str()).collect();
                assert_eq!(access.len(), TIMES);
                tokens = answers.into_iter().next_back().expect("a successor");
                tokens.bearer(world).get("/me").await.expect(200);
            }
            Tokens::of(refresh(&world.nobody(), &tokens.refresh).await);
        }
    }
}

on_both! {
    with without_grace;

    async fn without_a_grace_one_succeeds_and_the_session_ends(world) {
        let tokens = alice(world).await;
        let (mut won, mut lost) = (vec![], 0);
        for answer in at_once(world, &tokens.refresh).await {
            match answer.status {
                200 => won.push(Tokens::of(answer)),
                _ => {
                    is_refused(&answer);
                    lost += 1;
                }
            }
        }
        assert_eq!((won.len(), lost), (1, TIMES - 1));
        is_over(world, &won[0]).await;
        tokens.bearer(world).get("/me").await.expect(401);
    }
}
