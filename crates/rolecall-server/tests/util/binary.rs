//! The binary `rolecall`: started, asked, signalled, killed.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU16, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::Actor;

/// Nothing here takes so long, unless it never ends.
const AT_MOST: Duration = Duration::from_secs(90);

/// What a command said before it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// Fails the test unless the command refused: nothing for a program to read, code 1, and a message with these
    /// words.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.stdout, "", "a refusal is no data");
        let message = self.stderr.lines().find(|line| line.starts_with("error: "));
        let message = message.unwrap_or_else(|| panic!("no message: {}", self.stderr)).to_owned();
        for word in words {
            assert!(message.contains(word), "`{word}` is not in: {message}");
        }
        message
    }
}

/// The command, in a folder, without the settings of whoever runs the tests.
pub fn rolecall(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("ROLECALL_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it to its end.
pub fn run(command: &mut Command, stdin: &str) -> Said {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary starts");
    // One that does not read has said why.
    let _ = child.stdin.take().expect("standard input").write_all(stdin.as_bytes());
    let [out, err] = [all(child.stdout.take()), all(child.stderr.take())];
    let status = wait(&mut child);
    let text = |from: Receiver<String>| from.recv_timeout(AT_MOST).unwrap_or_default();
    Said { code: status.code(), stdout: text(out), stderr: text(err) }
}

/// Runs what is expected to refuse: one that begins to say something to a program is ended.
pub fn refuses(command: &mut Command) -> Said {
    let mut child = command.spawn().expect("the binary starts");
    let (first, stderr) = (first_line(&mut child), all(child.stderr.take()));
    let line = first.recv_timeout(AT_MOST).expect("it says something, or ends");
    if !line.is_empty() {
        let _ = child.kill();
    }
    let code = wait(&mut child).code();
    Said { code, stdout: line, stderr: stderr.recv_timeout(AT_MOST).unwrap_or_default() }
}

/// A service that runs.
pub struct Service {
    child: Child,
    /// What it said first, as a program reads it.
    pub told: Value,
    stderr: Receiver<String>,
}

impl Service {
    /// Starts `dev --json` in a folder, with more arguments.
    pub fn start(folder: &Path, arguments: &[&str]) -> Service {
        Service::try_start(folder, arguments).unwrap_or_else(|said| panic!("{said:?}"))
    }

    /// The same, of which it is not known whether it can.
    pub fn try_start(folder: &Path, arguments: &[&str]) -> Result<Service, Said> {
        let mut command = rolecall(folder, &["dev", "--json"]);
        command.args(arguments);
        Service::of(command)
    }

    /// Starts `serve --json` in a folder, with more arguments.
    pub fn serve(folder: &Path, arguments: &[&str]) -> Service {
        let mut command = rolecall(folder, &["serve", "--json"]);
        command.args(arguments);
        Service::of(command).unwrap_or_else(|said| panic!("{said:?}"))
    }

    /// Of a command that says its first line as JSON.
    pub fn of(mut command: Command) -> Result<Service, Said> {
        let mut child = command.spawn().expect("the binary starts");
        let stderr = all(child.stderr.take());
        let first = first_line(&mut child);
        let line = first.recv_timeout(AT_MOST).expect("it says something, or ends");
        match serde_json::from_str(&line) {
            Ok(told) => Ok(Service { child, told, stderr }),
            Err(_) => {
                let code = wait(&mut child).code();
                Err(Said { code, stdout: line, stderr: stderr.recv_timeout(AT_MOST).unwrap_or_default() })
            }
        }
    }

    pub fn address(&self) -> SocketAddr {
        let address = self.told["address"].as_str().expect("an address");
        address.strip_prefix("http://").expect("http").parse().expect("an address")
    }

    pub fn nobody(&self) -> Actor {
        Actor::nobody(self.address())
    }

    /// The password of `admin`, if this start made it.
    pub fn password(&self) -> Option<&str> {
        self.told["administrator"]["password"].as_str()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        signal_to(&self.child, signal);
    }

    /// `kill -9`, at once and whatever it does.
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        wait(&mut self.child);
    }

    /// Until it ends; what it wrote to the log.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child);
        (status, self.stderr.recv_timeout(AT_MOST).unwrap_or_default())
    }

    /// Stops it in order.
    pub fn stop(self) -> String {
        self.signal(Signal::TERM);
        let (status, log) = self.ended();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a child of ours.
pub fn signal_to(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
    // It may have ended.
    let _ = kill_process(id, signal);
}

/// Waits for its end, and fails the test when that does not come.
pub fn wait(child: &mut Child) -> ExitStatus {
    for _ in 0..AT_MOST.as_millis() / 5 {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status;
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    let _ = child.kill();
    panic!("it did not end");
}

/// The first line of what a program reads.
fn first_line(child: &mut Child) -> Receiver<String> {
    let (send, first) = mpsc::channel();
    let mut stdout = BufReader::new(child.stdout.take().expect("standard output"));
    thread::spawn(move || {
        let mut line = String::new();
        let _ = stdout.read_line(&mut line);
        let _ = send.send(line);
        // Read on, so that nobody writes into a closed pipe.
        let _ = stdout.read_to_end(&mut vec![]);
    });
    first
}

/// All that comes, when it is over.
fn all(from: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    let mut from = from.expect("a pipe");
    thread::spawn(move || {
        let mut bytes = vec![];
        let _ = from.read_to_end(&mut bytes);
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}

static NEXT_PORT: LazyLock<AtomicU16> = LazyLock::new(|| {
    let spread = u16::try_from(std::process::id() % 9000).expect("small");
    AtomicU16::new(15_000 + spread)
});

/// A loopback address for a service that is started again and again: nobody gets its port meanwhile, since it is not
/// one of those that the system gives to whoever does not name one.
pub fn address() -> String {
    loop {
        let port = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return format!("127.0.0.1:{port}");
        }
    }
}
