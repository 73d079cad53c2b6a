//! What does not compile, and what rustc says then.
//!
//! Its words differ between versions, so they are compared with the one that they were written down with.

use std::{env, io::Write, process::Command};

const WRITTEN_WITH: &str = "rustc 1.95.";

#[test]
fn what_would_be_unguarded_does_not_compile() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    if !version.starts_with(WRITTEN_WITH) {
        // Not by `eprintln!`, which a test that passes does not show.
        let note = format!("note: compile_fail NOT checked: it needs {WRITTEN_WITH}x, and this is {version}");
        std::io::stderr().write_all(note.as_bytes()).unwrap();
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
