//! Hashing is slow on purpose: what waits is bounded, who has gone is passed over, and other calls go on.

use std::thread;

use tokio::task::{JoinHandle, JoinSet};

use super::{oauth_error, problem, raw, sql, token::GOOD, without_limits};
use crate::util::{Actor, Answer, World, on_both, world::PASSWORD};

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How many log-ins can be on their way: at work, and waiting.
fn room() -> usize {
    132 * threads()
}

/// Argon2id with 64 MiB and 8 passes: some thirteen times the work of ours.
const SLOW: &str = "$argon2id$v=19$m=65536,t=8,p=1$c29tZXNhbHRzb21lc2FsdA$\
                    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

on_both! {
    // What is tried here is what comes behind the limit.
    with without_limits;

    async fn too_many_log_ins_are_told_so_and_other_calls_go_on(world) {
        let alice = world.user("alice").await;
        let mut log_ins = JoinSet::new();
        for _ in 0..3 * room() {
            let nobody = world.nobody();
            log_ins.spawn(async move { nobody.log_in("alice", PASSWORD).await });
        }
        let (mut admitted, mut refused) = (0, 0);
        while let Some(answer) = log_ins.join_next().await {
            let answer = answer.expect("an answer");
            alice.get("/users/").await.expect(200);
            match answer.status {
                200 => admitted += 1,
                _ => {
                    oauth_error(&answer, 503, "temporarily_unavailable");
                    assert_eq!(answer.header("retry-after"), "4");
                    refused += 1;
                }
            }
        }
        assert!(admitted >= 128 * threads() && refused > 0, "{admitted} admitted, {refused} refused");
        alice.get("/users/").await.expect(200);
        world.nobody().log_in("alice", PASSWORD).await.expect(200);
    }

    async fn a_queue_that_is_full_is_told_on_every_way_in(world) {
        let stuck = stuck(world, 0).await;
        let register = async |nobody: Actor, n: usize| nobody.register(&format!("bob{n}"), PASSWORD).await;
        let busy = first(world, register).await;
        problem(&busy, 503, "busy");
        assert_eq!(busy.header("retry-after"), "4");
        // Known or unknown, the same.
        let known = first(world, async |nobody, _| nobody.log_in("alice", PASSWORD).await).await;
        let unknown = first(world, async |nobody, _| nobody.log_in("nobody", PASSWORD).await).await;
        for answer in [&known, &unknown] {
            oauth_error(answer, 503, "temporarily_unavailable");
            assert_eq!(answer.header("retry-after"), "4");
        }
        assert_eq!(known.body, unknown.body);
        for path in ["/health", "/ready", "/.well-known/jwks.json"] {
            world.nobody().get(path).await.expect(200);
        }
        drop(stuck);
    }

    async fn who_has_gone_is_passed_over(world) {
        let Stuck { slow, waiting } = stuck(world, 3 * threads()).await;
        // They hang up while the slow ones are still at it.
        drop(waiting);
        // So there is room for as many again before those are done.
        'all: loop {
            let mut others = JoinSet::new();
            for _ in 0..50 * threads() {
                let nobody = world.nobody();
                others.spawn(async move { nobody.log_in("alice", PASSWORD).await });
            }
            while let Some(answer) = others.join_next().await {
                let answer = answer.expect("an answer");
                if answer.status == 503 {
                    assert!(!slow.iter().all(JoinHandle::is_finished), "those who had gone were still waited for");
                    continue 'all;
                }
                answer.expect(200);
            }
            break;
        }
        for call in slow {
            oauth_error(&call.await.expect("no panic").expect("an answer"), 400, "invalid_grant");
        }
    }

    async fn a_stored_hash_that_is_none_is_a_failed_log_in(world) {
        let alice = world.user("alice").await;
        let good = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let huge = format!("$argon2id$v=19$m=19456,t=2,p=1${}$AAAA", "A".repeat(100_000));
        let garbage = [
            "",
            "x",
            "$",
            "$argon2id$",
            "$argon2id$v=19$m=19456,t=2,p=1$$",
            "é$\u{1f980}",
            "$2b$12$é",
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            PASSWORD,
            &good.replace("argon2id", "argon2i"),
            &good.replace("v=19", "v=16"),
            &good.replace("v=19$", ""),
            &good.replace("m=19456", "m=4294967295"),
            &good.replace("m=19456", "m=65537"),
            &good.replace("m=19456", "m=8"),
            &good.replace("m=19456", "m=1"),
            &good.replace("m=19456", "m=-1"),
            &good.replace("t=2", "t=4294967295"),
            &good.replace("t=2", "t=17"),
            &good.replace("t=2", "t=0"),
            &good.replace("p=1", "p=16777215"),
            &good.replace("p=1", "p=255"),
            &good.replace("p=1", "p=0"),
            &good.replace("p=1", "p=1,x=1"),
            &good.replace("p=1", "p=1,keyid=AAAA,data=AAAA"),
            &good.replace("c29tZXNhbHRzb21lc2FsdA", "AA"),
            &good.replace("c29tZXNhbHRzb21lc2FsdA", "a"),
            &good[..good.len() - 43],
            &good[..good.len() - 40],
            &good[..good.len() - 1],
            good,
            &huge,
        ];
        for stored in garbage {
            sql(world, &format!("UPDATE users SET password = '{stored}' WHERE username = 'alice'")).await;
            for password in [PASSWORD, stored].iter().filter(|password| (1..30_000).contains(&password.len())) {
                oauth_error(&world.nobody().log_in("alice", password).await, 400, "invalid_grant");
            }
        }
        // No thread has died of it.
        for n in 0..4 {
            world.nobody().register(&format!("bob{n}"), PASSWORD).await.expect(201);
        }
        alice.get("/me").await.expect(200);
    }
}

/// Every hashing thread at work on something slow, more of that to come, and the queue full: of people each of whom
/// comes once, so that none of them makes room.
struct Stuck {
    slow: Vec<JoinHandle<Option<Answer>>>,
    waiting: JoinSet<Option<Answer>>,
}

async fn stuck(world: &World, stay: usize) -> Stuck {
    world.nobody().register("alice", PASSWORD).await.expect(201);
    let people = stay + 2 * room();
    let make = format!(
        "INSERT INTO users (id, username, password, disabled, created_at) \
         WITH RECURSIVE people (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM people WHERE n < {people}) \
         SELECT 'slow' || n, 'slow' || n, '{SLOW}', FALSE, 0 FROM people"
    );
    sql(world, &make).await;
    let begun = async |n: usize| {
        let form = GOOD.replace("alice", &format!("slow{n}"));
        let call = raw::request("POST /token", "content-type: application/x-www-form-urlencoded\r\n", &form);
        raw::begun(world.address(), &call).await
    };
    let (mut slow, mut waiting) = (vec![], JoinSet::new());
    for n in 1..=stay {
        slow.push(tokio::spawn(raw::answered(begun(n).await)));
    }
    for n in stay + 1..=people {
        waiting.spawn(raw::answered(begun(n).await));
    }
    // Whoever is sent away says that it is full.
    while waiting.join_next().await.expect("one is sent away").expect("no panic").expect("an answer").status != 503 {}
    Stuck { slow, waiting }
}

/// The first answer to three such calls at once: if a place has become free meanwhile, one of them has it, and waits.
async fn first(world: &World, call: impl AsyncFn(Actor, usize) -> Answer) -> Answer {
    let [one, two, three] = [0, 1, 2].map(|n| call(world.nobody(), n));
    tokio::select! {
        answer = one => answer,
        answer = two => answer,
        answer = three => answer,
    }
}
