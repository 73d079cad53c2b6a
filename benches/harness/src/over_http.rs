//! The candidates over HTTP, in turn: the server's core on one side, the generator's on the other.
//!
//! What is compared is calls per second of the server's core: the time that the server's process used, by the kernel's
//! account, over the calls that it answered. Where the server has its core for itself and is never idle that is its rate;
//! where others take the core away it still says what a call costs, which the rate then does not.

use std::{net::SocketAddr, thread, time::Duration};

use anyhow::Context as _;

use crate::{
    candidates::PATH,
    client::Client,
    load::{self, Load, Plan},
    machine,
    numbers::Series,
    served::Served,
};

/// How often each has a turn.
pub const ROUNDS: usize = 51;
/// How long a turn is.
pub const TURN: Duration = Duration::from_millis(200);
const WARM: Duration = Duration::from_millis(20);
/// Until a server that has nothing more to do sleeps, and what it used is written down.
const SETTLE: Duration = Duration::from_millis(5);
const CONNECTIONS: usize = 32;

/// What has turns: a candidate, called with one token or with all that there are.
#[derive(Clone, Copy, PartialEq)]
pub struct Called {
    /// Which of [`crate::candidates`].
    pub candidate: &'static str,
    /// Whether each call draws its token out of all.
    pub many: bool,
}

/// What came of it: a number for each round.
#[derive(Default)]
pub struct Measured {
    /// Answers in a second.
    pub rate: Series,
    /// Microseconds of the server's core for each answer.
    pub core: Series,
    /// Milliseconds within which half of the answers came.
    pub median: Series,
    /// Milliseconds within which 99 of 100 came.
    pub late: Series,
    /// The share of its core that the generator used.
    pub generator: Series,
}

/// Gives each its turns. Every token is seen once before, so that what is measured is a token that was seen.
///
/// # Errors
/// When somebody is let in who must not be, or an answer is not 200.
pub fn run(all: &[Called], tokens: usize) -> anyhow::Result<Vec<Measured>> {
    machine::pin(machine::LOAD_CORE)?;
    let served = Served::start(tokens)?;
    let address = |name: &str| -> anyhow::Result<SocketAddr> {
        let found = served.candidates.iter().find(|(candidate, _)| candidate == name);
        Ok(found.with_context(|| format!("no candidate {name}"))?.1)
    };
    let requests: Vec<Vec<u8>> = served.tokens.iter().map(|token| load::get(PATH, Some(token))).collect();
    let one = requests.get(..1).context("no token")?;
    for (name, address) in &served.candidates {
        prime(*address, &requests)?;
        if !["bare", "public"].contains(&name.as_str()) {
            refuses(*address).with_context(|| name.clone())?;
        }
    }

    let mut measured: Vec<Measured> = all.iter().map(|_| Measured::default()).collect();
    for round in 0..ROUNDS {
        eprint!("\rround {} of {ROUNDS} ", round + 1);
        // There and back again: nobody always follows the same one.
        let mut order: Vec<usize> = (0..all.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for n in order {
            let requests = if all[n].many { &requests } else { one };
            measured[n].turn(&served, address(all[n].candidate)?, requests)?;
        }
    }
    eprintln!();
    Ok(measured)
}

impl Measured {
    fn turn(&mut self, served: &Served, address: SocketAddr, requests: &[Vec<u8>]) -> anyhow::Result<()> {
        let plan = Plan { address, requests, connections: CONNECTIONS, time: WARM, pause: Duration::ZERO };
        load::run(plan)?;
        // On a busy machine it happens that neither side gets its core in so short a time; that says nothing.
        for _ in 0..50 {
            thread::sleep(SETTLE);
            let core = machine::process_cpu(served.id())?;
            let load = load::run(Plan { time: TURN, ..plan })?;
            thread::sleep(SETTLE);
            let core = machine::process_cpu(served.id())?.saturating_sub(core);
            if !load.statuses.is_empty() {
                self.keep(&load.all_good()?, core);
                return Ok(());
            }
        }
        anyhow::bail!("{address} is silent")
    }

    fn keep(&mut self, load: &Load, core: Duration) {
        self.rate.0.push(load.rate());
        self.core.0.push(core.as_secs_f64() * 1e6 / load.latencies.len() as f64);
        self.median.0.push(load.within(0.5) * 1e3);
        self.late.0.push(load.within(0.99) * 1e3);
        self.generator.0.push(load.share());
    }
}

fn prime(address: SocketAddr, requests: &[Vec<u8>]) -> anyhow::Result<()> {
    let mut client = Client::connect(address)?;
    for request in requests {
        anyhow::ensure!(client.send(request)?.0 == 200, "a token was refused");
    }
    Ok(())
}

/// What is measured is a check only if it refuses.
fn refuses(address: SocketAddr) -> anyhow::Result<()> {
    let mut client = Client::connect(address)?;
    for request in [load::get(PATH, None), load::get(PATH, Some("bm90.YQ.dG9rZW4"))] {
        anyhow::ensure!(client.send(&request)?.0 == 401, "somebody without a token was let in");
    }
    Ok(())
}
