//! `rolecall dev`.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ANYWHERE, files};
use crate::util::{
    Actor, Rows,
    binary::{self, Said, Service, refuses, rolecall, run},
    postgres,
    world::PASSWORD,
};

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

/// Starts it as a person does, and reads what he reads, up to the last line.
fn as_a_person(folder: &Path, arguments: &[&str]) -> (Child, Vec<String>) {
    let mut command = rolecall(folder, &["dev"]);
    let mut child = command.args(arguments).stderr(Stdio::null()).spawn().expect("the binary starts");
    let mut lines = vec![];
    for line in BufReader::new(child.stdout.take().expect("standard output")).lines() {
        lines.push(line.expect("text"));
        if lines.last().is_some_and(|line| line == "Ctrl-C ends it.") {
            return (child, lines);
        }
    }
    panic!("it ended with {:?}: {lines:?}", child.wait());
}

fn stop(mut child: Child) {
    binary::signal_to(&child, Signal::INT);
    assert!(binary::wait(&mut child).success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_one_json_object_to_a_program() {
    let folder = folder();
    let said = Service::start(folder.path(), &ANYWHERE);
    let address = format!("http://{}", said.address());
    let password = said.password().expect("a password");
    assert!(is_password(password), "{password}");
    let database = "./rolecall.db";
    assert_eq!(
        said.told,
        json!({
            "address": address, "issuer": address, "database": database, "created": true,
            "administrator": { "username": "admin", "password": password },
        })
    );
    let admin = said.nobody().logged_in("admin", password).await;
    assert_eq!(admin.get("/me").await.json()["roles"], json!(["admin", "rolecall.admin"]));
    said.stop();

    let again = Service::start(folder.path(), &["--listen", address.trim_start_matches("http://")]);
    assert_eq!(again.told, json!({ "address": address, "issuer": address, "database": database, "created": false }));
    // The same address is the same issuer.
    admin.get("/me").await.expect(200);
    again.stop();
}

fn is_password(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[test]
fn tells_a_person_what_to_do_at_the_first_start_and_at_the_second() {
    let folder = folder();
    let (child, lines) = as_a_person(folder.path(), &ANYWHERE);
    let told: Vec<&String> = lines.iter().filter(|line| line.contains("administrator: ")).collect();
    let password = told[0].strip_prefix("administrator: admin  password: ").expect("alone on its line");
    assert!(told.len() == 1 && is_password(password), "{told:?}");
    let begin = lines.iter().position(|line| line.starts_with("To try it, paste this")).expect("calls to paste");
    let calls = lines[begin + 1..lines.len() - 1].join("\n");

    // Pasted into a shell, all at once.
    let mut shell = Command::new("sh")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    shell.stdin.take().expect("standard input").write_all(calls.as_bytes()).expect("pasted");
    let answers = shell.wait_with_output().expect("it ends").stdout;
    let answers = String::from_utf8(answers).expect("text");
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{answers}"))).collect();
    let [registered, before, given, after] = answers.as_slice() else { panic!("four answers: {answers:?}") };
    assert_eq!(registered["username"], "alice");
    assert_eq!((&before["username"], &before["roles"]), (&json!("alice"), &json!(["user"])));
    assert_eq!(given["in_force"], true);
    assert_eq!((&after["username"], &after["roles"]), (&json!("alice"), &json!(["admin", "user"])));
    stop(child);

    let (child, lines) = as_a_person(folder.path(), &ANYWHERE);
    let text = lines.join("\n");
    for words in ["The database was there", "rolecall users password admin", "tokens from then are void"] {
        assert!(text.contains(words), "`{words}` is not in: {text}");
    }
    assert!(!text.contains("password: "), "{text}");
    stop(child);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_issuer_follows_the_address_and_old_tokens_are_void() {
    let folder = folder();
    let first = Service::start(folder.path(), &ANYWHERE);
    let (before, password) = (first.told["address"].clone(), first.password().expect("a password").to_owned());
    let admin = first.nobody().logged_in("admin", &password).await;
    first.stop();

    let second = Service::start(folder.path(), &ANYWHERE);
    let now = second.told["address"].clone();
    assert_ne!(before, now);
    assert_eq!((&second.told["issuer_before"], &second.told["issuer"]), (&before, &now));
    let metadata = second.nobody().get("/.well-known/oauth-authorization-server").await.expect(200).json();
    assert_eq!(metadata["issuer"], now);
    let old = second.nobody().with_token(admin.token());
    assert!(old.get("/me").await.expect(401).header("www-authenticate").contains("invalid_token"));
    second.nobody().logged_in("admin", &password).await.get("/me").await.expect(200);
    second.stop();

    // It is told once, not at each start from then on.
    let third = Service::start(folder.path(), &["--listen", now.as_str().expect("text").trim_start_matches("http://")]);
    assert_eq!(third.told.get("issuer_before"), None);
    third.stop();
}

#[test]
fn a_taken_port_is_told_before_anything_is_made() {
    let (folder, taken) = (folder(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let address = taken.local_addr().expect("an address").to_string();
    let said = refuses(&mut rolecall(folder.path(), &["dev", "--listen", &address]));
    said.refused(&[&address, "in use by another program", "--listen", "ROLECALL_LISTEN"]);
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn it_listens_on_this_machine_only() {
    let folder = folder();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8000", "example.org:8000", "8000", "", "127.0.0.1", "localhost:x"]
    {
        let said = refuses(&mut rolecall(folder.path(), &["dev", "--listen", address]));
        said.refused(&["address to listen at", "127.0.0.1:8000"]);
        let said = refuses(rolecall(folder.path(), &["dev"]).env("ROLECALL_LISTEN", address));
        said.refused(&["address to listen at", "127.0.0.1:8000"]);
    }
    assert_eq!(files(folder.path()), [""; 0]);
    let service = Service::start(folder.path(), &["--listen", "localhost:0"]);
    assert!(service.address().ip().is_loopback());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_obeys_the_environment_and_a_flag_wins() {
    let (folder, address, url) = (folder(), binary::address(), postgres::database().await);
    let environment = |arguments: &[&str]| {
        let mut command = rolecall(folder.path(), &["dev", "--json"]);
        command.args(arguments).env("ROLECALL_LISTEN", &address).env("ROLECALL_DATABASE_URL", &url);
        Service::of(command).unwrap_or_else(|said| panic!("{said:?}"))
    };
    let service = environment(&[]);
    assert_eq!(service.address().to_string(), address);
    assert!(
        service.told["database"].as_str().is_some_and(|database| database.starts_with("PostgreSQL database `test_"))
    );
    assert_eq!(files(folder.path()), ["rolecall.key"]);
    let mut rows = Rows::at(&url, folder.path()).await;
    assert_eq!(rows.texts("SELECT username FROM users").await, ["admin"]);

    let flags = environment(&["--listen", "127.0.0.1:0", "--database-url", "sqlite://other.db"]);
    assert_ne!(flags.address().to_string(), address);
    assert_eq!(flags.told["created"], true);
    assert!(files(folder.path()).contains(&"other.db".to_owned()));
    flags.stop();
    service.stop();
}

#[test]
fn settings_that_it_does_not_read_are_told() {
    let folder = folder();
    std::fs::write(folder.path().join("rolecall.toml"), "registration = \"closed\"\n").expect("a file");
    let log = Service::start(folder.path(), &ANYWHERE).stop();
    assert!(log.contains("`dev` does not read `rolecall.toml`"), "{log}");
}

#[test]
fn a_database_address_that_is_none_is_told() {
    let folder = folder();
    for url in ["mysql://localhost/x", "rolecall.db", "", "sqlite://", "sqlite://a?mode=memory", "postgres://%zz@/"] {
        let said = refuses(&mut rolecall(folder.path(), &["dev", "--listen", "127.0.0.1:0", "--database-url", url]));
        said.refused(&["://"]);
    }
    let leases = [("ROLECALL_LEASE", "4"), ("ROLECALL_LEASE", "soon"), ("ROLECALL_LEASE", "301")];
    for (name, value) in leases {
        refuses(rolecall(folder.path(), &["dev", "--listen", "127.0.0.1:0"]).env(name, value)).refused(&["5 to 300"]);
    }
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn of_two_at_once_in_one_folder_one_starts() {
    for _ in 0..4 {
        let folder = folder();
        let start = || thread::scope(|_| Service::try_start(folder.path(), &ANYWHERE));
        let both =
            thread::scope(|scope| [scope.spawn(start), scope.spawn(start)].map(|one| one.join().expect("no panic")));
        let (started, refused): (Vec<_>, Vec<_>) = both.into_iter().partition(Result::is_ok);
        assert_eq!((started.len(), refused.len()), (1, 1));
        let [Err(said)] = <[Result<Service, Said>; 1]>::try_from(refused).unwrap_or_else(|_| panic!("one")) else {
            panic!("refused")
        };
        // Whoever came so early that the other one had not said who it is yet is told at least what to do.
        said.refused(&["is in use by ", "stop that process first, or start this one in another folder"]);
        let [Ok(service)] = <[Result<Service, Said>; 1]>::try_from(started).unwrap_or_else(|_| panic!("one")) else {
            panic!("started")
        };
        assert_eq!(service.told["created"], true);
        let said = refuses(&mut rolecall(folder.path(), &["dev", "--listen", "127.0.0.1:0"]));
        said.refused(&[&format!("is in use by process {} (listening on {})", service.id(), service.address())]);
        service.stop();
    }
}

#[test]
fn help_and_no_arguments() {
    let folder = folder();
    let said = run(&mut rolecall(folder.path(), &["--help"]), "");
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert!(said.stdout.contains("dev") && said.stdout.contains("users"), "{}", said.stdout);
    let said = run(&mut rolecall(folder.path(), &["dev", "--help"]), "");
    for words in ["--listen", "--database-url", "--json", "ROLECALL_LISTEN", "ROLECALL_DATABASE_URL", "127.0.0.1:8000"]
    {
        assert!(said.stdout.contains(words), "`{words}` is not in: {}", said.stdout);
    }
    for wrong in [&[][..], &["serve-me"], &["dev", "--listne", "127.0.0.1:0"], &["dev", "here"], &["users"]] {
        let said = run(&mut rolecall(folder.path(), wrong), "");
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(said.stderr.contains("Usage: rolecall"), "{}", said.stderr);
    }
    assert_eq!(files(folder.path()), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_stops_reading_ends_it() {
    let folder = folder();
    let mut child = rolecall(folder.path(), &["dev", "--listen"]).arg(binary::address()).spawn().expect("it starts");
    // Both ends of what it says are closed before it says anything.
    drop((child.stdout.take(), child.stderr.take()));
    let lock = folder.path().join("rolecall.db.lock");
    let mut address = None;
    crate::util::until(async || {
        let holder = std::fs::read_to_string(&lock).unwrap_or_default();
        address = holder.rsplit_once("listening on ").and_then(|(_, rest)| rest.trim_end_matches(')').parse().ok());
        address.is_some()
    })
    .await;
    let nobody = Actor::nobody(address.expect("an address"));
    nobody.register("alice", PASSWORD).await.expect(201);
    binary::signal_to(&child, Signal::TERM);
    assert!(binary::wait(&mut child).success());
}
