//! The limits, and the proxies that are believed, are settings.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{WRONG, is_limited, log_in_with, until_limited};
use crate::util::{
    Answer,
    binary::{Service, rolecall, run},
    world::PASSWORD,
};

/// Production in a folder, with an account `alice`.
fn init(settings: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let settings = format!("listen = \"127.0.0.1:0\"\nissuer = \"https://auth.example.org\"\n{settings}");
    fs::write(folder.path().join("rolecall.toml"), settings).expect("a file");
    let said = run(&mut rolecall(folder.path(), &["init", "--username", "alice"]), PASSWORD);
    assert_eq!(said.code, Some(0), "{said:?}");
    folder
}

fn serve(folder: &Path, variables: &[(&str, &str)]) -> Service {
    let mut command = rolecall(folder, &["serve", "--json"]);
    command.envs(variables.iter().copied());
    Service::of(command).unwrap_or_else(|said| panic!("{said:?}"))
}

async fn guess(service: &Service, name: &str, address: &str) -> Answer {
    log_in_with(&service.nobody(), &[("x-forwarded-for", address)], name, WRONG).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_it_is_set_so_many_guesses_are_free_behind_a_proxy() {
    let folder = init("trusted_proxies = [\"10.0.0.0/8\", \"127.0.0.1\"]\nguesses_per_account = 2\n");
    let service = serve(folder.path(), &[]);
    for _ in 0..2 {
        guess(&service, "alice", "203.0.113.9, 10.1.1.1").await.expect(400);
    }
    is_limited(&guess(&service, "alice", "203.0.113.9").await);
    guess(&service, "alice", "203.0.113.10").await.expect(400);
    service.stop();

    // Nobody is believed, so both come from here.
    let variables = [("ROLECALL_TRUSTED_PROXIES", ""), ("ROLECALL_GUESSES_PER_ACCOUNT", "1")];
    let service = serve(folder.path(), &variables);
    guess(&service, "bob", "203.0.113.11").await.expect(400);
    is_limited(&guess(&service, "bob", "203.0.113.12").await);
    service.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nought_turns_a_limit_off() {
    let folder = init("trusted_proxies = [\"127.0.0.1\"]\nguesses_per_account = 0\nguesses_per_address = 3\n");
    let service = serve(folder.path(), &[]);
    for _ in 0..3 {
        guess(&service, "alice", "203.0.113.9").await.expect(400);
    }
    // One comes back every 5 seconds.
    assert!(until_limited(async || guess(&service, "alice", "203.0.113.9").await).await < 20);
    service.stop();
    let service = serve(folder.path(), &[("ROLECALL_GUESSES_PER_ADDRESS", "0")]);
    for _ in 0..30 {
        guess(&service, "alice", "203.0.113.9").await.expect(400);
    }
    service.stop();
}
