//! A log-in that races with a removal (design, section 6): whatever the order, the token carries no more than what is
//! there when both have returned.

use std::future::Future;

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{oauth_error, opened, raw, sql, token::GOOD, without_limits};
use crate::util::{Actor, Answer, Db, World, on_both, world::PASSWORD};

const ROUNDS: usize = 24;

/// Both at once, the removal a little later in each round.
async fn raced(world: &World, name: &str, round: usize, removal: impl Future<Output = Answer>) -> Option<Actor> {
    let nobody = world.nobody();
    let later = async {
        for _ in 0..round {
            nobody.get("/.well-known/jwks.json").await.expect(200);
        }
        removal.await.expect(200)
    };
    let (answer, _) = tokio::join!(nobody.log_in(name, PASSWORD), later);
    if answer.status != 200 {
        oauth_error(&answer, 400, "invalid_grant");
        return None;
    }
    Some(nobody.with_token(answer.json()["access_token"].as_str().expect("a token")))
}

on_both! {
    async fn a_role_taken_away_meanwhile_is_not_in_force(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let path = format!("/admin/users/{}/roles/admin", alice.id());
        for round in 0..ROUNDS {
            admin.put(&path).await.expect(200);
            let alice = raced(world, "alice", 3 * round, admin.delete(&path)).await.expect("an account that is there");
            alice.get("/items/").await.expect(403);
            alice.get("/users/").await.expect(200);
        }
    }

    async fn a_permission_taken_from_a_role_meanwhile_is_not_in_force(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        world.role(&admin, "reader", &[], &[]).await;
        world.give(&admin, &alice, "reader").await;
        let path = "/admin/roles/reader/permissions/notes:read";
        for round in 0..ROUNDS {
            admin.put(path).await.expect(200);
            let alice = raced(world, "alice", 3 * round, admin.delete(path)).await.expect("an account that is there");
            alice.get("/notes/").await.expect(403);
        }
    }

    async fn an_account_disabled_meanwhile_is_not_known(world) {
        let (admin, alice) = (world.administrator().await, world.user("alice").await);
        let path = format!("/admin/users/{}", alice.id());
        for round in 0..ROUNDS {
            let disabled = admin.patch(&path, json!({ "disabled": true }));
            if let Some(alice) = raced(world, "alice", 3 * round, disabled).await {
                alice.get("/me").await.expect(401);
                alice.get("/users/").await.expect(401);
            }
            oauth_error(&world.nobody().log_in("alice", PASSWORD).await, 400, "invalid_grant");
            admin.patch(&path, json!({ "disabled": false })).await.expect(200);
        }
    }

    async fn an_account_deleted_meanwhile_is_not_known(world) {
        let admin = world.administrator().await;
        for round in 0..ROUNDS {
            let name = format!("alice{round}");
            let made = world.nobody().register(&name, PASSWORD).await.expect(201).json();
            let path = format!("/admin/users/{}", made["id"].as_str().expect("an id"));
            if let Some(alice) = raced(world, &name, 3 * round, admin.delete(&path)).await {
                alice.get("/me").await.expect(401);
            }
        }
    }
}

/// On SQLite a log-in waits for whoever writes, after it has checked the password: here that is the test, which changes
/// the account meanwhile. (Without limits: to count a guess it would wait before that, too.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_goes_by_what_the_account_is_when_its_turn_comes() {
    let world = World::with(Db::Sqlite, without_limits).await;
    world.nobody().register("bob", "another good password of otters").await.expect(201);
    let file = SqliteConnectOptions::new().filename(world.folder.path().join("rolecall.db")).foreign_keys(true);
    let mut writer = SqliteConnection::connect_with(&file).await.expect("a connection");
    let bobs = "(SELECT password FROM users WHERE username = 'bob')";
    let changes = [
        (format!("UPDATE users SET password = {bobs} WHERE username = 'alice0'"), None),
        ("UPDATE users SET password = NULL WHERE username = 'alice1'".into(), None),
        ("UPDATE users SET disabled = TRUE WHERE username = 'alice2'".into(), None),
        ("DELETE FROM users WHERE username = 'alice3'".into(), None),
        (
            "DELETE FROM user_assignments WHERE user_id = (SELECT id FROM users WHERE username = 'alice4')".into(),
            Some(json!([])),
        ),
    ];
    for (n, (change, roles)) in changes.into_iter().enumerate() {
        let name = format!("alice{n}");
        world.nobody().register(&name, PASSWORD).await.expect(201);
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.expect("the turn");
        sqlx::query(AssertSqlSafe(change)).execute(&mut *tx).await.expect("a change");

        let form = GOOD.replace("alice", &name);
        let call = raw::request("POST /token", "content-type: application/x-www-form-urlencoded\r\n", &form);
        let log_in = raw::begun(world.address(), call).await;
        // Those that come later have been checked: so has this one, nearly always. If not, it finds what is new.
        for _ in 0..16 {
            world.nobody().log_in("nobody", PASSWORD).await.expect(400);
        }
        tx.commit().await.expect("changed");

        let answer = raw::answered(log_in).await.expect("an answer");
        match roles {
            None => oauth_error(&answer, 400, "invalid_grant"),
            Some(roles) => {
                let token = answer.expect(200).json()["access_token"].as_str().expect("a token").to_owned();
                assert_eq!(opened(&token).1["roles"], roles);
            }
        }
    }
    world.stop().await;
}

/// On PostgreSQL a log-in can be held at the very point between reading the account and being there itself, while
/// somebody removes what it has read: a trigger waits for a lock that the test has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_held_between_reading_and_committing_carries_nothing_that_was_removed() {
    let world = World::on(Db::Postgres).await;
    let (admin, alice) = (world.administrator().await, world.user("alice").await);
    world.give(&admin, &alice, "admin").await;
    for statement in [
        "CREATE FUNCTION held() RETURNS trigger AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NEW; END $$ \
         LANGUAGE plpgsql",
        "CREATE TRIGGER held BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION held()",
    ] {
        sql(&world, statement).await;
    }
    let (user, role) = (format!("/admin/users/{}", alice.id()), format!("/admin/users/{}/roles/admin", alice.id()));
    let mut holder = PgConnection::connect(&world.url).await.expect("a connection");
    for what in ["role", "disabled", "deleted"] {
        sqlx::query("SELECT pg_advisory_lock(42)").execute(&mut holder).await.expect("the lock");
        let nobody = world.nobody();
        let log_in = tokio::spawn(async move { nobody.log_in("alice", PASSWORD).await });
        let waits =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut holder).await.expect("a count") == 0 {}
        let removal = tokio::spawn({
            let (admin, user, role) = (admin.clone(), user.clone(), role.clone());
            async move {
                match what {
                    "role" => admin.delete(&role).await,
                    "disabled" => admin.patch(&user, json!({ "disabled": true })).await,
                    _ => admin.delete(&user).await,
                }
            }
        });
        // It is through, or waits for the log-in: both are right.
        while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut holder).await.expect("a count") < 2
            && !removal.is_finished()
        {}
        sqlx::query("SELECT pg_advisory_unlock(42)").execute(&mut holder).await.expect("the lock");
        let answer = log_in.await.expect("an answer");
        removal.await.expect("an answer").expect(200);
        if answer.status != 200 {
            oauth_error(&answer, 400, "invalid_grant");
            continue;
        }
        let alice = alice.with_token(answer.json()["access_token"].as_str().expect("a token"));
        if what == "role" {
            alice.get("/items/").await.expect(403);
            alice.get("/users/").await.expect(200);
            continue;
        }
        alice.get("/me").await.expect(401);
        if what == "disabled" {
            // Enabled again, he logs in again: that session is over like those before.
            admin.patch(&user, json!({ "disabled": false })).await.expect(200);
            alice.get("/me").await.expect(401);
        }
    }
    world.stop().await;
}
