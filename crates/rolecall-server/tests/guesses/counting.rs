//! What counts, and for how long: every name of an account, every way in, also after a restart.

use serde_json::json;

use super::{
    ACCOUNT_EVERY, HERE, NETWORK, NETWORK_EVERY, STRANGERS, WRONG, behind_proxy, is_limited, is_limited_problem,
    log_in_from, register_from, until_limited, used_up,
};
use crate::util::{
    Db, World,
    binary::{Service, rolecall, run},
    on_both,
    world::PASSWORD,
};

on_both! {
    with behind_proxy;

    async fn every_spelling_of_every_name_shares_one_count(world) {
        let admin = world.administrator().await;
        let said = json!({ "username": "ålice", "email": "Alice@Example.org", "password": PASSWORD });
        admin.post("/admin/users", said).await.expect(201);
        let spellings = [
            "ålice",
            "ÅLICE",
            "a\u{30a}lice",
            "A\u{30a}LICE",
            "ål\u{ff49}ce",
            "ål\u{ff29}\u{ff23}e",
            "alice@example.org",
            "ALICE@EXAMPLE.ORG",
        ];
        let nobody = world.nobody();
        for spelling in spellings {
            nobody.log_in(spelling, PASSWORD).await.expect(200);
        }
        let mut all = spellings.iter().cycle();
        let count = used_up(world, ACCOUNT_EVERY, async || nobody.log_in(all.next().expect("a spelling"), WRONG).await).await;
        assert_eq!(count, HERE);
        for spelling in spellings {
            is_limited(&nobody.log_in(spelling, WRONG).await);
            // Before anything is hashed, so whatever the password is.
            is_limited(&nobody.log_in(spelling, PASSWORD).await);
        }
        nobody.log_in("admin", world.password()).await.expect(200);
    }

    async fn the_count_is_of_the_account_whatever_it_is_called_now(world) {
        let admin = world.administrator().await;
        let alice = world.user("alice").await;
        let count = used_up(world, ACCOUNT_EVERY, async || log_in_from(world, "198.51.100.7", "alice", WRONG).await).await;
        assert_eq!(count, HERE);
        let path = format!("/admin/users/{}", alice.id());
        admin.patch(&path, json!({ "email": "alice@example.org" })).await.expect(200);
        is_limited(&log_in_from(world, "198.51.100.7", "alice@example.org", WRONG).await);
        // Deleted and made anew, she is somebody else.
        admin.delete(&path).await.expect(200);
        world.nobody().register("alice", PASSWORD).await.expect(201);
        log_in_from(world, "198.51.100.7", "alice", PASSWORD).await.expect(200);
        let mut rows = crate::util::Rows::of(world).await;
        let left = rows.number(&format!("SELECT count(*) FROM guesses WHERE account = '{}'", alice.id())).await;
        assert_eq!(left, 0, "what was counted of a user who is gone");
        let left = rows.number(&format!("SELECT count(*) FROM places WHERE user_id = '{}'", alice.id())).await;
        assert_eq!(left, 0, "where a user was who is gone");
        rows.close().await;
    }

    async fn many_networks_together_have_a_limit_too(world) {
        world.user("alice").await;
        let mut networks = (0..).map(|n| format!("203.0.113.{}", n / 5));
        let guess = async || log_in_from(world, &networks.next().expect("one"), "alice", WRONG).await;
        assert_eq!(used_up(world, ACCOUNT_EVERY, guess).await, STRANGERS);
        is_limited(&log_in_from(world, "192.0.2.200", "alice", PASSWORD).await);
        // Others are not concerned.
        world.nobody().register("bob", PASSWORD).await.expect(201);
        log_in_from(world, "192.0.2.200", "bob", PASSWORD).await.expect(200);
    }

    async fn one_network_has_a_limit_for_all_names_together(world) {
        world.user("alice").await;
        let mut names = (0..).map(|n| format!("name{}", n / 2));
        let guess = async || log_in_from(world, "203.0.113.9", &names.next().expect("one"), WRONG).await;
        assert_eq!(used_up(world, NETWORK_EVERY, guess).await, NETWORK);
        let wait = is_limited(&log_in_from(world, "203.0.113.9", "alice", PASSWORD).await);
        assert!(wait <= NETWORK_EVERY, "{wait}");
        log_in_from(world, "203.0.113.10", "alice", PASSWORD).await.expect(200);
        world.wait(wait);
        log_in_from(world, "203.0.113.9", "alice", PASSWORD).await.expect(200);
    }

    async fn trying_names_out_by_registering_counts_as_guessing(world) {
        world.user("alice").await;
        let mut count = 0;
        while register_from(world, "203.0.113.9", "Alice").await.status == 409 {
            count += 1;
        }
        assert!((NETWORK..NETWORK + 20).contains(&count), "{count}");
        is_limited_problem(&register_from(world, "203.0.113.9", "alice").await);
        // Whether it is taken or not.
        let wait = is_limited_problem(&register_from(world, "203.0.113.9", "nobody").await);
        is_limited(&log_in_from(world, "203.0.113.9", "bob", WRONG).await);
        register_from(world, "203.0.113.10", "nobody").await.expect(201);
        world.wait(wait);
        register_from(world, "203.0.113.9", "carol").await.expect(201);
    }

    async fn registering_itself_is_not_limited(world) {
        for n in 0..2 * NETWORK / 5 {
            register_from(world, "203.0.113.9", &format!("user{n}")).await.expect(201);
        }
        assert_eq!(used_up(world, ACCOUNT_EVERY, async || log_in_from(world, "203.0.113.9", "user1", WRONG).await).await, HERE);
    }

    async fn a_guess_comes_back_when_it_was_said_to(world) {
        world.user("alice").await;
        let guess = async || log_in_from(world, "203.0.113.9", "alice", WRONG).await;
        assert_eq!(used_up(world, ACCOUNT_EVERY, guess).await, HERE);
        for _ in 0..3 {
            let wait = is_limited(&guess().await);
            world.wait(wait);
            guess().await.expect(400);
            until_limited(guess).await;
        }
        world.wait(HERE as u64 * ACCOUNT_EVERY);
        assert_eq!(used_up(world, ACCOUNT_EVERY, guess).await, HERE);
    }

    async fn a_restart_forgets_nothing(world) {
        let other = World::with(world.db, behind_proxy).await;
        other.nobody().register("alice", PASSWORD).await.expect(201);
        used_up(&other, ACCOUNT_EVERY, async || log_in_from(&other, "203.0.113.9", "alice", WRONG).await).await;
        let other = other.restarted().await;
        is_limited(&log_in_from(&other, "203.0.113.9", "alice", WRONG).await);
        log_in_from(&other, "127.0.0.1", "alice", PASSWORD).await.expect(200);
        other.stop().await;
    }

    async fn what_is_full_again_is_forgotten(world) {
        let other = World::with(world.db, behind_proxy).await;
        for n in 0..30 {
            log_in_from(&other, &format!("203.0.113.{n}"), &format!("name{n}"), WRONG).await.expect(400);
        }
        let mut rows = crate::util::Rows::of(&other).await;
        assert!(rows.number("SELECT count(*) FROM guesses").await >= 60);
        rows.close().await;
        other.wait(ACCOUNT_EVERY + 1);
        // The house is kept at each start, and once an hour.
        let other = other.restarted().await;
        crate::util::until(async || {
            let mut rows = crate::util::Rows::of(&other).await;
            let left = rows.number("SELECT count(*) FROM guesses").await;
            rows.close().await;
            left == 0
        })
        .await;
        other.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_forgets_nothing_and_a_new_password_does() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let start = || Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    let service = start();
    service.nobody().register("alice", PASSWORD).await.expect(201);
    assert!(until_limited(async || service.nobody().log_in("alice", WRONG).await).await >= HERE);
    service.kill();
    let service = start();
    is_limited(&service.nobody().log_in("alice", PASSWORD).await);
    service.stop();
    let new = "eighteen violet otters";
    run(&mut rolecall(folder.path(), &["users", "password", "alice"]), new);
    let service = start();
    service.nobody().log_in("alice", new).await.expect(200);
    service.stop();
}

/// Two services never have one database at once; but what one counted, the next one finds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_the_first_release_is_brought_up_to_date() {
    for db in [Db::Sqlite, Db::Postgres] {
        let world = World::with(db, behind_proxy).await;
        let (alice, password) = (world.user("alice").await, world.password().to_owned());
        let down = world.down().await;
        let mut rows = crate::util::Rows::at(&down.url, down.folder.path()).await;
        // As 0001 leaves it.
        for undo in [
            "DROP INDEX sessions_client",
            "DROP INDEX sessions_audience",
            "DROP TABLE refresh_tokens",
            "DROP TABLE secret_keys",
            "DROP TABLE sessions",
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, \
             client_id TEXT NOT NULL, scope TEXT, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL)",
            "DROP TABLE api_keys",
            "ALTER TABLE instance DROP COLUMN key_file",
            "ALTER TABLE signing_keys DROP COLUMN half",
            "ALTER TABLE signing_keys DROP COLUMN thumbprint",
            "ALTER TABLE signing_keys DROP COLUMN signs_from",
            "ALTER TABLE signing_keys DROP COLUMN retires_at",
            "ALTER TABLE signing_keys DROP COLUMN revoked_at",
            "ALTER TABLE signing_keys DROP COLUMN token_ttl",
            "ALTER TABLE signing_keys RENAME COLUMN published_at TO created_at",
            "DROP TABLE client_lists",
            "DROP TABLE client_secrets",
            "DROP TABLE client_assignments",
            "DROP TABLE used_assertions",
            "DROP TABLE clients",
            "DROP TABLE apis",
            "DROP TABLE guesses",
            "DROP TABLE places",
            "ALTER TABLE audit DROP COLUMN address",
            "DELETE FROM _sqlx_migrations WHERE version >= 2",
        ] {
            rows.run(undo).await;
        }
        let of_old =
            format!("INSERT INTO sessions VALUES ('of old', '{}', 'rolecall', NULL, 1, 9999999999)", alice.id());
        rows.run(&of_old).await;
        let lines = rows.number("SELECT count(*) FROM audit").await;
        rows.close().await;
        let world = down.up().await;
        let mut rows = crate::util::Rows::of(&world).await;
        let of_old = "SELECT idle_at FROM sessions WHERE id = 'of old' AND created_at = used_at AND audience IS NULL";
        assert_eq!(rows.numbers(of_old).await, [9999999999]);
        rows.close().await;
        let admin = world.nobody().logged_in("admin", &password).await;
        let told = admin.get("/admin/audit?limit=200").await.expect(200).json();
        let told = told["items"].as_array().expect("lines");
        assert_eq!(told.len() as i64, lines + 1);
        assert!(told[0]["address"].is_null(), "{}", told[0]);
        assert_eq!(told.last().expect("a line")["address"], "127.0.0.1");
        let count =
            used_up(&world, ACCOUNT_EVERY, async || log_in_from(&world, "203.0.113.9", "alice", WRONG).await).await;
        assert_eq!(count, HERE);
        log_in_from(&world, "203.0.113.10", alice.name(), PASSWORD).await.expect(200);
        world.stop().await;
    }
}
