//! What is asked at a terminal, and what is not seen there. `script` (util-linux) is the terminal.

use std::{
    io::{Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::util::{
    binary::{Service, wait},
    world::PASSWORD,
};

const NEW: &str = "eighteen purple badgers";

struct Terminal {
    child: Child,
    shown: Receiver<Vec<u8>>,
    all: String,
    /// How much of it was waited for already.
    read: usize,
    device: String,
}

impl Terminal {
    fn start(folder: &Path, arguments: &str) -> Terminal {
        let mut command = Command::new("script");
        let typed = format!("tty; exec '{}' {arguments}", env!("CARGO_BIN_EXE_rolecall"));
        command.current_dir(folder).args(["--quiet", "--return", "--command", &typed, "/dev/null"]);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROLECALL_")) {
            command.env_remove(name);
        }
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = piped.expect("`script` is part of util-linux; install that");
        let (send, shown) = mpsc::channel();
        let mut out = child.stdout.take().expect("standard output");
        thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(length @ 1..) = out.read(&mut bytes) {
                let _ = send.send(bytes[..length].to_vec());
            }
        });
        let mut terminal = Terminal { child, shown, all: String::new(), read: 0, device: String::new() };
        terminal.shows("\r\n");
        terminal.device = terminal.all.lines().next().expect("its name").to_owned();
        terminal
    }

    /// Waits until this is shown.
    fn shows(&mut self, words: &str) -> &mut Self {
        loop {
            if let Some(at) = self.all[self.read..].find(words) {
                self.read += at + words.len();
                return self;
            }
            let more = self.shown.recv_timeout(Duration::from_secs(90));
            let more = more.unwrap_or_else(|_| panic!("`{words}` is not shown: {}", self.all));
            self.all.push_str(&String::from_utf8_lossy(&more));
        }
    }

    /// Types what must not be seen: as soon as the terminal does not show what is typed, as a person would, who is slower.
    fn types_unseen(&mut self, line: &str) -> &mut Self {
        for _ in 0..18_000 {
            let said = Command::new("stty").args(["-F", &self.device, "-a"]).output().expect("stty");
            if String::from_utf8_lossy(&said.stdout).contains(" -echo ") {
                return self.types(line);
            }
            thread::park_timeout(Duration::from_millis(5));
        }
        panic!("what is typed would be seen: {}", self.all);
    }

    fn types(&mut self, line: &str) -> &mut Self {
        let stdin = self.child.stdin.as_mut().expect("standard input");
        writeln!(stdin, "{line}").expect("it reads");
        self
    }

    /// How it ended, and all that was to be seen.
    fn ended(mut self) -> (Option<i32>, String) {
        let code = wait(&mut self.child).code();
        while let Ok(more) = self.shown.recv_timeout(Duration::from_secs(90)) {
            self.all.push_str(&String::from_utf8_lossy(&more));
        }
        (code, self.all)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_answers_wrongly_is_told_and_asked_again() {
    let folder = TempDir::new().expect("a folder");
    let mut terminal = Terminal::start(folder.path(), "init");
    terminal.shows("Name of the first administrator: ").types("oliv@ia").shows("`username` has no `@`");
    terminal.shows("Name of the first administrator: ").types("Olivia");
    for (first, second, told) in [("short", "short", "at least 15 characters"), (PASSWORD, NEW, "not the same")] {
        terminal.shows("Password of `olivia` (15 characters or more): ").types_unseen(first);
        terminal.shows("The same again: ").types_unseen(second).shows(told);
    }
    terminal.shows("Password of `olivia` (15 characters or more): ").types_unseen(PASSWORD);
    terminal.shows("The same again: ").types_unseen(PASSWORD).shows("`olivia` administers it");
    let (code, all) = terminal.ended();
    assert_eq!(code, Some(0), "{all}");
    assert!(!all.contains(PASSWORD) && !all.contains(NEW), "a password was seen: {all}");

    let mut terminal = Terminal::start(folder.path(), "users password olivia");
    terminal
        .shows("New password")
        .types_unseen(NEW)
        .shows("The same again: ")
        .types_unseen(NEW)
        .shows("has a new password");
    let (code, all) = terminal.ended();
    assert!(code == Some(0) && !all.contains(NEW), "{all}");

    let service = Service::serve(folder.path(), &["--listen", "127.0.0.1:0", "--issuer", "http://127.0.0.1:8000"]);
    service.nobody().logged_in("olivia", NEW).await.get("/admin/users").await.expect(200);
    service.stop();
}

/// Nobody types a password in vain.
#[test]
fn what_cannot_be_made_is_told_before_anything_is_asked() {
    let folder = TempDir::new().expect("a folder");
    Service::start(folder.path(), &super::ANYWHERE).stop();
    let mut terminal = Terminal::start(folder.path(), "init");
    terminal.shows("error: there is a database already");
    let (code, all) = terminal.ended();
    assert!(code == Some(1) && !all.contains("Name of"), "{all}");
}
