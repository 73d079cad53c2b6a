//! The access matrix: checked in with a column for each kind of caller, probed, and printed by `rolecall matrix`.

use rolecall::{
    clock::Clock,
    testing::{People, probe},
};
use rolecall_server::{Config, Dev, Rolecall};
use serde_json::Value;
use tempfile::TempDir;

use crate::util::binary::{rolecall, run};

/// Whoever may be told apart by a rule of ours: the built-in roles, each permission that is asked for alone, everything
/// that an application can give, and an administrator's token that was cut to one permission.
fn people() -> People {
    People::new()
        .role("everything", &["*"])
        .role("reads-users", &["rolecall.users:read"])
        .role("writes-users", &["rolecall.users:write"])
        .role("reads-roles", &["rolecall.roles:read"])
        .role("writes-roles", &["rolecall.roles:write"])
        .role("grants", &["rolecall.roles:grant"])
        .role("reads-clients", &["rolecall.clients:read"])
        .role("writes-clients", &["rolecall.clients:write"])
        .role("reads-apis", &["rolecall.apis:read"])
        .role("writes-apis", &["rolecall.apis:write"])
        .role("evaluates", &["rolecall.decisions:evaluate"])
        .role("reads-audit", &["rolecall.audit:read"])
        .role("reads-keys", &["rolecall.keys:read"])
        .role("writes-keys", &["rolecall.keys:write"])
        .role("reads-sessions", &["rolecall.sessions:read"])
        .role("ends-sessions", &["rolecall.sessions:write"])
        .person("user", &[])
        .person("everything", &["everything"])
        .person("admin", &["rolecall.admin"])
        .person("auditor", &["rolecall.auditor"])
        .person("users:read", &["reads-users"])
        .person("users:write", &["writes-users"])
        .person("roles:read", &["reads-roles"])
        .person("roles:write", &["writes-roles"])
        .person("roles:grant", &["grants"])
        .person("clients:read", &["reads-clients"])
        .person("clients:write", &["writes-clients"])
        .person("apis:read", &["reads-apis"])
        .person("apis:write", &["writes-apis"])
        .person("decisions:evaluate", &["evaluates"])
        .person("audit:read", &["reads-audit"])
        .person("keys:read", &["reads-keys"])
        .person("keys:write", &["writes-keys"])
        .person("sessions:read", &["reads-sessions"])
        .person("sessions:write", &["ends-sessions"])
        .scoped("admin cut to users:read", &["rolecall.admin"], "rolecall.users:read")
}

/// The service, with all that it serves in `dev`.
async fn service(folder: &TempDir) -> Rolecall {
    let said = Dev { listen: Some("127.0.0.1:0".into()), ..Dev::default() };
    let config = Config::dev(folder.path(), &said).expect("a configuration");
    Rolecall::start(config, Clock::system()).await.expect("the service starts")
}

#[tokio::test]
async fn who_may_call_what_is_checked_in() {
    let folder = TempDir::new().expect("a folder");
    let matrix = service(&folder).await.routes().access_matrix();
    insta::assert_snapshot!("access_matrix", matrix.for_callers(&people()));
}

#[tokio::test]
async fn the_guard_agrees_with_it_for_every_caller_and_every_bad_token() {
    let folder = TempDir::new().expect("a folder");
    assert_eq!(probe(service(&folder).await.routes(), &people()).await, [""; 0]);
}

fn printed(arguments: &[&str]) -> String {
    let folder = TempDir::new().expect("a folder");
    let said = run(&mut rolecall(folder.path(), arguments), "");
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "it needs no database, and makes none");
    said.stdout
}

#[test]
fn it_is_printed_for_a_person_and_for_a_program() {
    let text = printed(&["matrix"]);
    let (head, rows) = text.split_once('\n').expect("lines");
    assert_eq!(head.split_whitespace().collect::<Vec<_>>(), ["METHOD", "PATH", "RULE", "HANDLER", "PLACE"]);

    let json: Value = serde_json::from_str(&printed(&["matrix", "--json"])).expect("JSON");
    let routes = json["routes"].as_array().expect("routes");
    assert_eq!(routes.len(), rows.lines().count());
    for (route, row) in routes.iter().zip(rows.lines()) {
        assert_eq!(route.as_object().expect("an object").len(), 4);
        for member in ["method", "path", "rule", "handler"] {
            assert!(row.contains(route[member].as_str().expect("a text")), "{route} is not {row}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_no_success() {
    let folder = TempDir::new().expect("a folder");
    for command in ["matrix", "openapi"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full");
        let status = rolecall(folder.path(), &[command]).stdout(full).status().expect("it runs");
        assert_eq!(status.code(), Some(1), "{command}");
    }
}
