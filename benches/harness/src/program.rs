//! Programs that are measured: each a process on a core of its own, ended with its value.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::machine;

/// A program that serves.
pub struct Program {
    child: Child,
    /// Where.
    pub address: SocketAddr,
    /// What it said until it did.
    pub said: Vec<String>,
    /// Kept open: whoever prints into a pipe that is closed may end.
    _stdout: Option<BufReader<std::process::ChildStdout>>,
}

impl Program {
    /// Starts it on the server's core, and waits until it says `http://` and an address, and then a line with `until`.
    pub fn start(command: &mut Command, until: &str) -> anyhow::Result<Program> {
        let mut child = spawn(command.stdout(Stdio::piped()))?;
        let mut stdout = BufReader::new(child.stdout.take().context("no stdout")?);
        let (mut said, mut address) = (vec![], None);
        loop {
            let mut line = String::new();
            if stdout.read_line(&mut line)? == 0 {
                let _ = child.wait();
                anyhow::bail!("{} ended before it served; it said: {said:?}", command.get_program().display());
            }
            address = address.or_else(|| address_in(&line));
            let last = line.contains(until);
            said.push(line);
            if let (Some(address), true) = (address, last) {
                return Ok(Program { child, address, said, _stdout: Some(stdout) });
            }
        }
    }

    /// Starts one that says nothing, and waits until it answers there.
    pub fn start_at(command: &mut Command, address: SocketAddr) -> anyhow::Result<Program> {
        let child = spawn(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
        let mut program = Program { child, address, said: vec![], _stdout: None };
        let start = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            anyhow::ensure!(program.child.try_wait()?.is_none(), "{} ended", command.get_program().display());
            anyhow::ensure!(start.elapsed() < Duration::from_secs(30), "{address} does not answer");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(program)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, whatever it was asked before.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn spawn(command: &mut Command) -> anyhow::Result<Child> {
    command.stdin(Stdio::null());
    on_the_servers_core(|| {
        command.spawn().with_context(|| format!("{} cannot be run", command.get_program().display()))
    })
}

/// What a thread starts runs where the thread runs.
///
/// # Errors
/// Those of what is run.
pub fn on_the_servers_core<T: Send>(run: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    let pinned = || machine::pin(machine::SERVER_CORE).and_then(|()| run());
    thread::scope(|scope| scope.spawn(pinned).join()).map_err(|_| anyhow::anyhow!("a thread panicked"))?
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// A port of loopback that nobody has.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Ends a process that we started: asks first.
pub fn end(child: &mut Child) {
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(10) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// What the task that started this built, or where it is.
pub fn named(variable: &str) -> anyhow::Result<PathBuf> {
    let value =
        std::env::var_os(variable).with_context(|| format!("{variable} is not set: run `cargo xtask bench`"))?;
    Ok(PathBuf::from(value))
}

/// A program that was built beside this one.
pub fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(path.exists(), "{} is not there: run `cargo xtask bench`", path.display());
    Ok(path)
}

/// A folder on the disk that this program is on; it goes with its value.
///
/// # Errors
/// When none can be made there.
pub fn folder() -> anyhow::Result<TempDir> {
    let program = std::env::current_exe()?;
    Ok(tempfile::Builder::new().prefix("bench-").tempdir_in(program.parent().unwrap_or(Path::new(".")))?)
}
