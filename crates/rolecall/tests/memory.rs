//! Memory stays flat however many good tokens come. A process of its own, since it is the process that is measured.
//!
//! `cargo xtask test --long` sends five million distinct tokens, and otherwise there are as many as ten seconds allow.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[expect(dead_code, reason = "most of it is for the other binary")]
mod util;

use rolecall::{Router, SeenTokens, permission, routing::get};

use crate::util::World;

/// How many tokens are sent, and how many the guard remembers.
struct Extent {
    tokens: u64,
    remembered: usize,
}

fn extent() -> Extent {
    match std::env::var_os("ROLECALL_LONG") {
        Some(_) => Extent { tokens: 5_000_000, remembered: 50_000 },
        None => Extent { tokens: 40_000, remembered: 2_000 },
    }
}

#[tokio::test]
async fn distinct_good_tokens_take_no_more_memory_than_the_cache_may() {
    let Extent { tokens, remembered } = extent();
    // An entry is given two and a half KiB: the count binds, not the bytes.
    let world = World::new().remembering(SeenTokens::new(remembered, (remembered as u64) * 2560));
    let app = world.serve(Router::new().route("/", get(permission("items:read"), async || "")));
    let call = async |number: u64| {
        // Of a person and a session each, as in life.
        let token = world.mint(&format!("person-{number}"), &["user"]);
        assert_eq!(app.caller(token).get("/").await.status, 200);
    };

    // Once it is full, and what the allocator keeps for later is there too.
    let full = 4 * remembered as u64;
    for number in 0..full {
        call(number).await;
    }
    let before = resident();
    for number in full..tokens {
        call(number).await;
    }
    let after = resident();

    assert!(world.seen.len() <= remembered, "{} tokens are remembered", world.seen.len());
    assert!(after < before + 8 * 1024, "{before} KiB when full, {after} KiB after {tokens} tokens");
}

/// What this process holds in memory, in KiB.
fn resident() -> u64 {
    let told = match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap().replace("kB", ""),
        // Where there is no such file, as on macOS.
        Err(_) => {
            let process = std::process::id().to_string();
            let asked = std::process::Command::new("ps").args(["-o", "rss=", "-p", &process]).output().unwrap();
            String::from_utf8(asked.stdout).unwrap()
        }
    };
    told.trim().parse().unwrap()
}
