//! Where somebody is who comes without a proxy: wherever he says, it is where he is.

use super::{ACCOUNT_EVERY, HERE, WRONG, is_limited, log_in_with, used_up};
use crate::util::on_both;

on_both! {
    async fn without_trusted_proxies_a_header_says_nothing(world) {
        world.user("alice").await;
        let mut addresses = (0..).map(|n| format!("203.0.113.{n}, 127.0.0.{n}"));
        let count = used_up(world, ACCOUNT_EVERY, async || {
            let address = addresses.next().expect("one");
            let headers = [("x-forwarded-for", &*address), ("x-real-ip", &*address), ("forwarded", "for=192.0.2.9")];
            log_in_with(&world.nobody(), &headers, "alice", WRONG).await
        })
        .await;
        assert_eq!(count, HERE);
        is_limited(&world.nobody().log_in("alice", WRONG).await);
    }
}
