//! The candidates behind sockets, in a process of their own on a core of its own.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use rolecall_core::Algorithm;
use tokio::net::TcpListener;

use crate::{candidates, machine, program, world::World};

/// Serves every candidate on a port of its own, with `axum::serve`, until the process is ended. Says on stdout which
/// ports these are, and then the tokens, one on each line.
pub fn serve(tokens: usize) -> anyhow::Result<()> {
    machine::pin(machine::SERVER_CORE)?;
    // As `#[tokio::main]` makes it: one worker on one core.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let world = World::new(Algorithm::Es256)?;
        let tokens: Vec<String> = (0..tokens).map(|person| world.token(person)).collect::<Result<_, _>>()?;
        for (name, app) in candidates::all(&world, &tokens)? {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            println!("{name}\t{}", listener.local_addr()?);
            tokio::spawn(async move { axum::serve(listener, app).await });
        }
        println!();
        for token in tokens {
            println!("{token}");
        }
        println!();
        // Whoever started this ends it.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        Ok(())
    })
}

/// A process that serves; it ends with this value.
pub struct Served {
    child: Child,
    /// Name and address of each candidate.
    pub candidates: Vec<(String, SocketAddr)>,
    /// Tokens to call them with.
    pub tokens: Vec<String>,
}

impl Served {
    /// Starts this same program as a server.
    pub fn start(tokens: usize) -> anyhow::Result<Served> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", &tokens.to_string()]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("no stdout")?;
        let mut served = Served { child, candidates: vec![], tokens: vec![] };
        let mut lines = BufReader::new(stdout).lines();
        for line in lines.by_ref() {
            let line = line?;
            let Some((name, address)) = line.split_once('\t') else { break };
            served.candidates.push((name.to_owned(), address.parse()?));
        }
        for line in lines {
            let line = line?;
            if line.is_empty() {
                return Ok(served);
            }
            served.tokens.push(line);
        }
        anyhow::bail!("the server ended early")
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        program::end(&mut self.child);
    }
}
