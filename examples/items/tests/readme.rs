//! The calls of the README, as its reader pastes them, against the application as he starts it: every command in turn, in
//! one shell, and what it says must be what stands below it.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

use items::api;
use tempfile::TempDir;

use crate::access::people;

const README: &str = include_str!("../README.md");

#[test]
fn its_table_is_the_one_that_is_enforced() {
    let table = api().access_matrix().for_callers(&people()).to_string();
    assert!(README.contains(&format!("```text\n{table}```")), "put this into the README:\n{table}");
}

#[test]
fn its_calls_are_answered_as_it_says() {
    let folder = TempDir::new().expect("a folder");
    let sale = Sale::start(&folder);
    // What starts it, and these tests, is not for a test to call.
    let calls: Vec<Call> = calls().into_iter().filter(|call| !call.command.starts_with("cargo ")).collect();
    assert!(calls.len() >= 15, "{} calls were found", calls.len());

    // A line that no answer has ends each of them.
    const END: &str = "<end of an answer>";
    let script: String = calls.iter().map(|call| format!("{}\necho; echo '{END}'\n", call.command)).collect();
    let script = script.replace("http://127.0.0.1:8000", &sale.address).replace("<the password shown>", &sale.password);
    assert!(!script.contains(":8000"), "another address is called");
    let said = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    let said = String::from_utf8(said.stdout).expect("text");
    let answers: Vec<&str> = said.split(END).map(str::trim).collect();
    assert_eq!(answers.len(), calls.len() + 1, "the shell did not come to its end");
    for (Call { command, answer }, said) in calls.iter().zip(answers) {
        assert!(is_like(said, answer), "{command}\n\nis answered\n\n{said}\n\nand the README says\n\n{answer}");
    }
}

/// A command, and what stands below it.
struct Call {
    command: String,
    answer: String,
}

/// Every line that begins with `$` in a block of the console, with those that go on from it.
fn calls() -> Vec<Call> {
    let blocks = README.split("```console").skip(1).filter_map(|rest| rest.split("```").next());
    let commands = blocks.flat_map(|block| block.split("\n$ ").skip(1));
    commands
        .map(|call| {
            let is_last = |line: &&str| !line.ends_with(['\\', '|']);
            let lines = call.lines().position(|line| is_last(&line)).unwrap_or_default() + 1;
            let join = |lines: Vec<&str>| lines.join("\n");
            Call { command: join(call.lines().take(lines).collect()), answer: join(call.lines().skip(lines).collect()) }
        })
        .collect()
}

/// Line by line, with `...` for anything.
fn is_like(said: &str, answer: &str) -> bool {
    let (said, answer): (Vec<_>, Vec<_>) = (said.trim().lines().collect(), answer.trim().lines().collect());
    said.len() == answer.len() && said.iter().zip(answer).all(|(said, answer)| is_like_line(said.trim(), answer.trim()))
}

fn is_like_line(said: &str, answer: &str) -> bool {
    let Some((begins, rest)) = answer.split_once("...") else { return said == answer };
    let Some(said) = said.strip_prefix(begins) else { return false };
    said.char_indices().map(|(at, _)| at).chain([said.len()]).any(|at| is_like_line(&said[at..], rest))
}

/// The application, in a folder of its own.
struct Sale {
    child: Child,
    address: String,
    password: String,
}

impl Sale {
    fn start(folder: &TempDir) -> Sale {
        let mut command = Command::new(env!("CARGO_BIN_EXE_items"));
        command.current_dir(folder).env("ROLECALL_LISTEN", "127.0.0.1:0").env_remove("ROLECALL_DATABASE_URL");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("standard output"));
        let mut lines: Vec<String> = vec![];
        while lines.last().is_none_or(|line| line != "Ctrl-C ends it.") {
            let mut line = String::new();
            assert_ne!(stdout.read_line(&mut line).expect("text"), 0, "it ended: {lines:?}");
            lines.push(line.trim_end().to_owned());
        }
        thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let address = lines[0].split_whitespace().find(|word| word.starts_with("http://")).expect("an address");
        let password = lines.iter().find_map(|line| line.strip_prefix("administrator: admin  password: "));
        let password = password.expect("the password is told").to_owned();
        Sale { child, address: address.trim_end_matches(',').to_owned(), password }
    }
}

impl Drop for Sale {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
