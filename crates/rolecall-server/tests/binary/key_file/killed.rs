//! `kill -9` at any moment.

use std::{fs, thread, time::Duration};

use rustix::process::Signal;

use super::{SQLITE, Scene};
use crate::util::{
    binary::{rolecall, run, signal_to, wait},
    postgres, until,
};

async fn at_any_moment(url: &str, rounds: u32) {
    let mut scene = Scene::on(url).await;
    let mut whole = Duration::from_millis(300);
    for round in 0..rounds {
        let mut child = rolecall(scene.path(), &["keys", "rotate-file"]).spawn().expect("it starts");
        if round % 2 == 0 {
            // At another moment each time; it does not matter when.
            thread::park_timeout(whole * round / rounds);
        } else {
            // Between the first step and the last, or close behind.
            while !scene.new_key().exists() && child.try_wait().expect("a child of ours").is_none() {
                thread::yield_now();
            }
            thread::park_timeout(Duration::from_millis(1) * (round / 2));
        }
        signal_to(&child, Signal::KILL);
        wait(&mut child);

        let began = std::time::Instant::now();
        let before = fs::read(scene.key()).expect("a key");
        until(async || {
            let said = run(&mut rolecall(scene.path(), &["keys", "list"]), "");
            // PostgreSQL has to notice that the session has gone.
            let held = said.stderr.contains("is in use by ");
            assert!(said.code == Some(0) || held && url.starts_with("postgres"), "round {round}: {said:?}");
            !held
        })
        .await;
        whole = began.elapsed();
        assert!(!before.is_empty(), "round {round}: half a key file has the name");
        scene.goes_on_alone().await;
    }
    assert_eq!(scene.rotate().code, Some(0));
    scene.goes_on_alone().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_moment_on_sqlite() {
    at_any_moment(SQLITE, 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_moment_on_postgres() {
    at_any_moment(&postgres::database().await, 6).await;
}
