//! `docs/deploying.md` and the unit of systemd: what they tell somebody to do can be done.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, net::UnixDatagram},
    path::Path,
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::util::{
    binary::{Said, Service, rolecall, run},
    world::PASSWORD,
};

const PAGE: &str = include_str!("../../../../docs/deploying.md");
const UNIT: &str = include_str!("../../../../deploy/rolecall.service");

/// The settings that the page shows, as they stand in a folder of ours.
fn settings(folder: &Path) -> String {
    let (_, after) = PAGE.split_once("```toml\n").expect("settings");
    let (settings, _) = after.split_once("```").expect("their end");
    moved(settings, folder).replace("127.0.0.1:8000", "127.0.0.1:0")
}

/// What is somewhere on the machine, in a folder of ours.
fn moved(text: &str, folder: &Path) -> String {
    ["/etc/rolecall", "/var/lib/rolecall"]
        .iter()
        .fold(text.to_owned(), |text, place| text.replace(place, &folder.join(&place[1..]).display().to_string()))
}

/// All that the unit says by this name.
fn unit(name: &str) -> Vec<&'static str> {
    let lines = UNIT.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).filter(|(key, _)| *key == name).map(|(_, value)| value).collect()
}

/// The folders and the settings that the page has somebody make.
fn installed() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for place in ["etc/rolecall/keys", "var/lib/rolecall"] {
        fs::create_dir_all(folder.path().join(place)).expect("a folder");
    }
    fs::write(folder.path().join("etc/rolecall/rolecall.toml"), settings(folder.path())).expect("a file");
    folder
}

/// A command as the page or the unit writes it, in a folder of ours.
fn command(line: &str, folder: &Path) -> Command {
    let line = moved(line, folder);
    rolecall(&folder.join("var/lib/rolecall"), &line.split_whitespace().collect::<Vec<_>>())
}

/// The whole command that begins like this, as the page has it.
fn on_the_page(what: &str) -> String {
    let line = PAGE.lines().find_map(|line| line.strip_prefix(&format!("$ sudo -u rolecall rolecall {what}")));
    format!("{what}{}", line.unwrap_or_else(|| panic!("no `{what}` on the page")))
}

/// Fails the test unless the words on the page are those that were said.
fn is_on_the_page(said: &Said, folder: &Path) {
    for line in said.stderr.lines() {
        let line = line.replace(&folder.display().to_string(), "");
        assert!(PAGE.contains(&line), "not on the page: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_page_installs_is_what_the_unit_starts() {
    let folder = installed();
    let said = run(command(&on_the_page("config check"), folder.path()).arg("--json"), "");
    let told: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!((said.code, &told["errors"]), (Some(0), &serde_json::json!([])));
    let warnings = told["warnings"].as_array().expect("warnings");
    assert!(warnings.iter().all(|text| text.to_string().contains("`password_grant` is on")), "{warnings:?}");

    let said = run(command(&on_the_page("init"), folder.path()).args(["--username", "olivia"]), PASSWORD);
    assert_eq!(said.code, Some(0), "{said:?}");
    is_on_the_page(&said, folder.path());
    for place in ["var/lib/rolecall/rolecall.db", "etc/rolecall/keys/rolecall.key"] {
        let mode = fs::metadata(folder.path().join(place)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{place}");
    }

    let [start] = unit("ExecStart")[..] else { panic!("one command") };
    let start = start.strip_prefix("/usr/local/bin/rolecall ").expect("where the page puts it");
    assert!(PAGE.contains("target/dist/rolecall /usr/local/bin/rolecall"));
    let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
    let mut command = command(start, folder.path());
    command.arg("--json").env("NOTIFY_SOCKET", folder.path().join("notify"));
    let service = Service::of(command).unwrap_or_else(|said| panic!("{said:?}"));
    let mut state = [0; 32];
    let length = socket.recv(&mut state).expect("it is told");
    assert_eq!((unit("Type"), &state[..length]), (vec!["notify"], &b"READY=1"[..]));
    service.nobody().logged_in("olivia", PASSWORD).await.get("/admin/users").await.expect(200);
    assert_eq!(service.told["issuer"], "https://auth.example.org");
    service.stop();
}

/// A backup that is made while the service runs is a database, and brings back what was there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_can_be_brought_back() {
    use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
    let folder = installed();
    let config = ["--config", "/etc/rolecall/rolecall.toml"].join(" ");
    let init = format!("init --username olivia {config}");
    assert_eq!(run(&mut command(&init, folder.path()), PASSWORD).code, Some(0));
    let service = Service::of(command(&format!("serve --json {config}"), folder.path())).expect("it starts");
    let olivia = service.nobody().logged_in("olivia", PASSWORD).await;
    let add = async |name: &str| olivia.post("/admin/users", serde_json::json!({ "username": name })).await.expect(201);
    add("before").await;
    let (_, after) = PAGE.split_once("\"VACUUM INTO '\"'\"'").expect("the command");
    let (backup, _) = after.split_once('\'').expect("its end");
    let (database, backup) = (folder.path().join("var/lib/rolecall/rolecall.db"), moved(backup, folder.path()));
    let options = SqliteConnectOptions::new().filename(&database);
    let mut reader = SqliteConnection::connect_with(&options).await.expect("a connection");
    let sql = sqlx::AssertSqlSafe(format!("VACUUM INTO '{backup}'"));
    sqlx::query(sql).execute(&mut reader).await.expect("a backup");
    reader.close().await.expect("closed");
    add("after").await;
    service.kill();

    for ending in ["", "-wal", "-shm"] {
        let path = folder.path().join(format!("var/lib/rolecall/rolecall.db{ending}"));
        fs::remove_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    fs::copy(&backup, &database).expect("brought back");
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).expect("a mode");
    let service = Service::of(command(&format!("serve --json {config}"), folder.path())).expect("it starts");
    let olivia = service.nobody().logged_in("olivia", PASSWORD).await;
    let users = olivia.get("/admin/users").await.expect(200).text();
    assert!(users.contains("\"before\"") && !users.contains("\"after\""), "{users}");
    service.stop();
}

#[test]
fn the_key_file_is_rotated() {
    let folder = installed();
    let init = format!("{} --username olivia", on_the_page("init"));
    assert_eq!(run(&mut command(&init, folder.path()), PASSWORD).code, Some(0));
    let said = run(&mut command(&on_the_page("keys rotate-file"), folder.path()), "");
    assert_eq!(said.code, Some(0), "{said:?}");
    is_on_the_page(&said, folder.path());
}

#[test]
fn the_unit_gives_no_more_than_is_needed() {
    for (name, value) in [
        ("User", "rolecall"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateDevices", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("IPAddressDeny", "any"),
        ("UMask", "0077"),
        ("StateDirectory", "rolecall"),
        ("StateDirectoryMode", "0700"),
    ] {
        assert_eq!(unit(name), [value], "{name}");
    }
    // Longer than calls have to finish, or they are cut off.
    let stop = unit("TimeoutStopSec")[0].trim_end_matches('s').parse::<u64>().expect("seconds");
    assert!(stop > 30, "{stop}");
}

#[test]
fn the_page_has_every_setting_with_its_default() {
    let folder = TempDir::new().expect("a folder");
    let said = run(&mut rolecall(folder.path(), &["config", "check", "--json"]), "");
    let told: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let settings = told["settings"].as_array().expect("settings").iter();
    let settings = settings.map(|line| {
        let (name, value) = (line["name"].as_str().expect("a name"), line["value"].as_str().expect("a value"));
        // What follows from something else is told in words.
        let default = match (name, value) {
            ("issuer", _) => "from `listen`".to_owned(),
            ("audience", _) => "the issuer".to_owned(),
            ("hashing_threads", _) => "one for each core".to_owned(),
            (_, "") => "(none)".to_owned(),
            _ => format!("`{value}`"),
        };
        (format!("`{name}`"), default)
    });
    let (_, table) = PAGE.split_once("| setting | default | |\n|---|---|---|\n").expect("the table");
    let rows = table.lines().take_while(|line| line.starts_with('|')).map(|line| {
        let mut cells = line.split(" | ");
        let mut cell = || cells.next().expect("a cell").trim_start_matches("| ").to_owned();
        (cell(), cell())
    });
    assert_eq!(rows.collect::<Vec<_>>(), settings.collect::<Vec<_>>());
}
