//! `rolecall matrix`.

use serde_json::Value;
use tempfile::TempDir;

use crate::util::binary::{rolecall, run};

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
