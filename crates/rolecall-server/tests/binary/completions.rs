//! `rolecall completions`: what a shell completes.

use std::{fs, process::Command};

use tempfile::TempDir;

use crate::util::binary::{rolecall, run};

fn script(shell: &str) -> String {
    let folder = TempDir::new().expect("a folder");
    let said = run(&mut rolecall(folder.path(), &["completions", shell]), "");
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    said.stdout
}

#[test]
fn bash_completes_commands_and_flags() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("script");
    fs::write(&path, script("bash")).expect("a file");
    for (words, current, expected) in [
        ("rolecall con", 1, "config"),
        ("rolecall config ch", 2, "check"),
        ("rolecall serve --iss", 2, "--issuer"),
        ("rolecall completions zs", 2, "zsh"),
    ] {
        let last = words.split(' ').next_back().expect("a word");
        let before = words.split(' ').nth(current - 1).expect("a word");
        let asked = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD={current}; _rolecall rolecall '{last}' '{before}'; \
             echo \"${{COMPREPLY[@]}}\"",
            path.display()
        );
        let said = Command::new("bash").args(["--norc", "-c", &asked]).output().expect("bash");
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), expected, "{said:?}");
    }
}

#[test]
fn others_are_known_too() {
    for (shell, begins) in [("zsh", "#compdef rolecall"), ("fish", "# Print an optspec")] {
        let script = script(shell);
        assert!(script.starts_with(begins) && script.contains("completions"), "{script}");
    }
    let folder = TempDir::new().expect("a folder");
    let said = run(&mut rolecall(folder.path(), &["completions", "tea"]), "");
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    assert!(said.stderr.contains("bash") && said.stderr.contains("fish"), "{}", said.stderr);
}
