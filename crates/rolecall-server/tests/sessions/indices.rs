//! No look at a session reads more than a few rows, however many there are.

use super::alice;
use crate::util::{Db, Rows, World};

/// As the service asks; `$n` is anything.
const ASKED: [&str; 16] = [
    "SELECT id FROM sessions WHERE id = 'x'",
    "SELECT generation FROM refresh_tokens WHERE session_id = 'x'",
    "UPDATE refresh_tokens SET generation = generation + 1 WHERE session_id = 'x' AND generation = 1",
    "SELECT id FROM sessions WHERE user_id = 'x' AND idle_at > 1 AND id > 'y' ORDER BY id LIMIT 50",
    "DELETE FROM sessions WHERE user_id = 'x' AND id <> 'y'",
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE idle_at < 1 LIMIT 1000)",
    "DELETE FROM sessions WHERE client_id = 'x' AND client_id <> 'rolecall'",
    "DELETE FROM sessions WHERE client_id = 'x' AND client_id <> 'rolecall' AND user_id IS NULL AND id <> 'y'",
    "DELETE FROM sessions WHERE audience = 'x'",
    "SELECT max(version + 0) FROM changes WHERE at < 1 AND EXISTS (SELECT 1 FROM changes WHERE at < 0)",
    "DELETE FROM used_assertions WHERE (client_id, jti) IN \
     (SELECT client_id, jti FROM used_assertions WHERE expires_at < 1 LIMIT 1000)",
    "DELETE FROM sessions WHERE api_key = 'x'",
    "SELECT id FROM api_keys WHERE id = 'x' AND expires_at > 1",
    "SELECT id FROM api_keys WHERE user_id = 'x' AND id > 'y' AND expires_at > 1 ORDER BY id LIMIT 50",
    "DELETE FROM api_keys WHERE user_id = 'x' AND id = 'y'",
    "DELETE FROM api_keys WHERE expires_at < 1",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_statement_has_an_index() {
    for db in [Db::Sqlite, Db::Postgres] {
        let world = World::on(db).await;
        alice(&world).await;
        let mut rows = Rows::of(&world).await;
        if db == Db::Postgres {
            // So few rows are read faster without.
            rows.run("SET enable_seqscan = off").await;
        }
        for asked in ASKED {
            let plan = match db {
                Db::Sqlite => rows.plan(&format!("EXPLAIN QUERY PLAN {asked}"), 3).await,
                Db::Postgres => rows.plan(&format!("EXPLAIN {asked}"), 0).await,
            };
            let has_index = |line: &String| line.contains("SEARCH") || line.contains("Index");
            assert!(plan.iter().any(has_index), "{asked}: {plan:?}");
            for slow in ["SCAN", "Seq Scan", "B-TREE", "Sort"] {
                assert!(!plan.iter().any(|line| line.contains(slow)), "{asked}: {plan:?}");
            }
        }
        rows.close().await;
        world.stop().await;
    }
}
