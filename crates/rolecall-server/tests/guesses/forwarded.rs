//! Where somebody is behind a proxy: how much of what the header says is believed, and what is one network.

use super::{ACCOUNT_EVERY, HERE, WRONG, behind_proxy, is_limited, log_in_from, log_in_with, used_up};
use crate::util::on_both;

on_both! {
    with behind_proxy;

    async fn it_is_read_from_its_end_over_all_its_lines(world) {
        world.user("alice").await;
        let nobody = world.nobody();
        let mut n = 0;
        // What stands before the last stranger is his own, however he writes it.
        let count = used_up(world, ACCOUNT_EVERY, async || {
            n += 1;
            let (own, other) = (format!("192.0.2.{n}"), format!("192.0.2.{n}, 203.0.113.9"));
            let headers: &[(&str, &str)] = match n % 5 {
                0 => &[("x-forwarded-for", "203.0.113.9")],
                1 => &[("x-forwarded-for", &own), ("x-forwarded-for", "203.0.113.9")],
                2 => &[("x-forwarded-for", &other), ("x-forwarded-for", "127.0.0.1")],
                3 => &[("X-Forwarded-For", "junk, 203.0.113.9:1234"), ("x-forwarded-for", " , 127.0.0.1:80,")],
                _ => &[("x-forwarded-for", ", , ::ffff:203.0.113.9")],
            };
            log_in_with(&nobody, headers, "alice", WRONG).await
        })
        .await;
        assert_eq!(count, HERE);
    }

    async fn junk_is_the_proxy_itself(world) {
        world.user("alice").await;
        let mut junk = ["unknown", "_x", "203.0.113.9.9", "203.0.113.9, \u{e9}", "0x7f.1", "[::", "for=1.1.1.1"].iter().cycle();
        let count =
            used_up(world, ACCOUNT_EVERY, async || log_in_from(world, junk.next().expect("one"), "alice", WRONG).await).await;
        assert_eq!(count, HERE);
        is_limited(&world.nobody().log_in("alice", WRONG).await);
    }

    async fn a_network_is_a_64_and_mapped_is_ipv4(world) {
        world.user("alice").await;
        let mut one = (0..).map(|n| format!("2001:db8:0:7:{n:x}::{n:x}"));
        let guess = async || log_in_from(world, &one.next().expect("one"), "alice", WRONG).await;
        assert_eq!(used_up(world, ACCOUNT_EVERY, guess).await, HERE);
        log_in_from(world, "2001:db8:0:8::1", "alice", WRONG).await.expect(400);
        let mut mapped = ["203.0.113.9", "::ffff:203.0.113.9", "[::ffff:cb00:7109]:443"].iter().cycle();
        let guess = async || log_in_from(world, mapped.next().expect("one"), "alice", WRONG).await;
        assert_eq!(used_up(world, ACCOUNT_EVERY, guess).await, HERE);
    }
}
