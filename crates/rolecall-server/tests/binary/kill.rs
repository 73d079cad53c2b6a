//! `kill -9` while changes are made: what was acknowledged is there, and nothing by half.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::body::Body;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::util::{
    Actor, Rows,
    binary::{self, Service},
    postgres, until,
};

const CYCLES: usize = 20;
const PEOPLE: usize = 4;

/// What a client knows of one user: it is the only one who changes him.
#[derive(Clone)]
struct Known {
    id: String,
    /// Whether he has the role, by the last answer.
    has: bool,
    /// What was sent without an answer.
    sent: Option<bool>,
    /// The newest version that was acknowledged.
    version: i64,
}

/// Gives and takes until the service has gone; counts the answers.
async fn changes(admin: Actor, mut known: Known, answers: Arc<AtomicUsize>) -> Known {
    loop {
        let (method, next) = if known.has { ("DELETE", false) } else { ("PUT", true) };
        known.sent = Some(next);
        let path = format!("/admin/users/{}/roles/admin", known.id);
        // Who took over from a process that was killed would wait for its lease.
        let call = admin.try_send(method, &path, &[("prefer", "respond-async")], Body::empty()).await;
        let Ok(answer) = call else { return known };
        known.version = answer.expect(200).json()["version"].as_i64().expect("a version");
        (known.has, known.sent) = (next, None);
        answers.fetch_add(1, Ordering::SeqCst);
    }
}

async fn cycles(url: &str) {
    let (folder, listen) = (TempDir::new().expect("a folder"), binary::address());
    let arguments = ["--listen", &listen, "--database-url", url, "--lease", "5"];
    let mut service = Service::start(folder.path(), &arguments);
    let admin = service.nobody().logged_in("admin", service.password().expect("a password")).await;
    let mut people = vec![];
    for n in 0..PEOPLE {
        let made = admin.post("/admin/users", json!({ "username": format!("user{n}") })).await.expect(201).json();
        let id = made["id"].as_str().expect("an id").to_owned();
        people.push(Known { id, has: false, sent: None, version: 0 });
    }
    let mut acknowledged = 0;
    for cycle in 0..CYCLES {
        let (mut clients, answers) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
        for known in people.drain(..) {
            clients.spawn(changes(admin.with_new_connections(), known, answers.clone()));
        }
        // Not at the same place each time.
        let enough = 1 + cycle * 7 % 11;
        while answers.load(Ordering::SeqCst) < enough {
            tokio::task::yield_now().await;
        }
        service.kill();
        while let Some(known) = clients.join_next().await {
            people.push(known.expect("no fault"));
        }
        acknowledged += answers.load(Ordering::SeqCst);

        let mut started = None;
        until(async || {
            started = match Service::try_start(folder.path(), &arguments) {
                Ok(service) => Some(service),
                // The PostgreSQL server has to notice that the session has gone.
                Err(said) => {
                    assert!(url.starts_with("postgres") && said.stderr.contains("is in use by "), "{said:?}");
                    None
                }
            };
            started.is_some()
        })
        .await;
        service = started.expect("it starts");
        let mut rows = Rows::at(url, folder.path()).await;
        for known in &mut people {
            let answer = admin.with_new_connections().get(&format!("/admin/users/{}/roles", known.id)).await;
            let has = answer.expect(200).json()["items"] != json!([]);
            assert!(has == known.has || Some(has) == known.sent, "cycle {cycle}: what was acknowledged is gone");
            (known.has, known.sent) = (has, None);
            assert!(rows.version().await >= known.version, "cycle {cycle}: a version is gone");
        }
        let version = rows.version().await;
        let whole = "SELECT count(DISTINCT version) FROM changes";
        assert_eq!(rows.number(whole).await, version, "cycle {cycle}: each version has its row");
        let halves =
            "SELECT count(*) FROM changes c WHERE (SELECT count(*) FROM audit a WHERE a.version = c.version) <> 1";
        assert_eq!(rows.number(halves).await, 0, "cycle {cycle}: a change without its audit row");
        rows.close().await;
    }
    assert!(acknowledged >= CYCLES, "nothing was tried");
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_on_sqlite() {
    cycles("sqlite://rolecall.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_on_postgres() {
    cycles(&postgres::database().await).await;
}
