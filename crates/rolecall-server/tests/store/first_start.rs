//! A first start that does not come to its end leaves nothing in the way of the next one.

use std::{fs, thread, time::Duration};

use rustix::process::Signal;

use super::folder;
use crate::util::{
    binary::{Service, rolecall, run, signal_to, wait},
    postgres,
    world::PASSWORD,
};

async fn killed_at_any_moment(url: &str, rounds: u32, wiped: impl AsyncFn()) {
    let mut whole = Duration::from_millis(400);
    for round in 0..rounds {
        let folder = folder();
        let arguments = ["--json", "--listen", "127.0.0.1:0", "--database-url", url, "--lease", "5"];
        let mut child = rolecall(folder.path(), &["dev"]).args(arguments).spawn().expect("it starts");
        // At another moment each time; it does not matter when.
        thread::park_timeout(whole * round / rounds);
        signal_to(&child, Signal::KILL);
        wait(&mut child);

        let began = std::time::Instant::now();
        let mut service = None;
        crate::util::until(async || {
            // PostgreSQL has to notice that the session has gone.
            service = match Service::try_start(folder.path(), &arguments[1..]) {
                Ok(service) => Some(service),
                Err(said) => {
                    assert!(said.stderr.contains("is in use by "), "round {round}: {said:?}");
                    assert!(url.starts_with("postgres"), "round {round}: {said:?}");
                    None
                }
            };
            service.is_some()
        })
        .await;
        let service = service.expect("it starts");
        whole = began.elapsed();
        let password = match service.password() {
            Some(password) => password.to_owned(),
            None => PASSWORD.to_owned(),
        };
        service.nobody().register("alice", PASSWORD).await.expect(201);
        if service.password().is_none() {
            // The first start had made it, and nobody read the password.
            service.stop();
            let users = ["users", "password", "admin", "--database-url", url];
            // Who was killed may still decide, as far as PostgreSQL knows: what the command does waits for its lease.
            let said = run(rolecall(folder.path(), &users).env("ROLECALL_LEASE", "5"), PASSWORD);
            assert_eq!(said.code, Some(0), "round {round}: {said:?}");
            let service = Service::start(folder.path(), &arguments[1..]);
            service.nobody().logged_in("admin", &password).await.get("/admin/users").await.expect(200);
            service.stop();
        } else {
            service.nobody().logged_in("admin", &password).await.get("/admin/users").await.expect(200);
            service.stop();
        }
        wiped().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_on_sqlite() {
    killed_at_any_moment(super::SQLITE, 20, async || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_on_postgres() {
    let url = postgres::database().await;
    killed_at_any_moment(&url, 8, async || postgres::wipe(&url).await).await;
}

#[test]
fn what_it_left_half_made_is_swept_away() {
    let folder = folder();
    for name in ["rolecall.db.making", "rolecall.db.making-journal", "rolecall.db.lock"] {
        fs::write(folder.path().join(name), b"half").expect("a file");
    }
    let service = Service::start(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(service.told["created"], true);
    service.stop();
    assert!(!folder.path().join("rolecall.db.making").exists());
    assert!(!folder.path().join("rolecall.db.making-journal").exists());
}
