//! `bench guard`: one route, one constant, and what stands in front of it.

use std::{net::SocketAddr, process::Command, thread, time::Duration};

use anyhow::Context as _;

use crate::{
    candidates::PATH,
    client::Client,
    in_process,
    load::{self, Plan},
    machine,
    numbers::Series,
    report::{Asked, Report},
    served::Served,
};

const ROUNDS: usize = 21;
const TURN: Duration = Duration::from_millis(400);
const WARM: Duration = Duration::from_millis(40);
/// Until a server that has nothing more to do sleeps, and what it used is written down.
const SETTLE: Duration = Duration::from_millis(5);
const CONNECTIONS: usize = 32;
/// As many as are drawn from where there is more than one.
const TOKENS: usize = 10_000;

/// One column of numbers for each thing that has a turn.
struct Turn {
    name: String,
    candidate: &'static str,
    requests: Vec<Vec<u8>>,
    rate: Series,
    /// Microseconds of the server's core for each answer.
    cpu: Series,
    /// Milliseconds.
    median: Series,
    late: Series,
    /// The share of its core that the generator used.
    generator: Series,
}

/// Runs it.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    over_http(report)?;
    in_memory(report)
}

fn over_http(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::LOAD_CORE)?;
    let served = Served::start(TOKENS)?;
    let address = |name: &str| -> anyhow::Result<SocketAddr> {
        let found = served.candidates.iter().find(|(candidate, _)| candidate == name);
        Ok(found.with_context(|| format!("no candidate {name}"))?.1)
    };
    let all: Vec<Vec<u8>> = served.tokens.iter().map(|token| load::get(PATH, Some(token))).collect();
    // Every token is seen once, so that what is measured afterwards is a token that was seen before.
    prime(address("role")?, &all)?;
    refuses(address("role")?)?;
    refuses(address("by hand")?)?;

    let turn = |name: &str, candidate: &'static str, requests: &[Vec<u8>]| Turn {
        name: name.to_owned(),
        candidate,
        requests: requests.to_vec(),
        rate: Series::default(),
        cpu: Series::default(),
        median: Series::default(),
        late: Series::default(),
        generator: Series::default(),
    };
    let one = all.get(..1).context("no token")?;
    let mut turns = vec![
        turn("bare axum", "bare", one),
        turn("`public()`", "public", one),
        turn("`role(\"user\")`", "role", one),
        turn("`permission(\"items:read\")`", "permission", one),
        turn("`role(\"user\")`, handler takes `Caller`", "role, with the caller", one),
        turn("by hand, in an extractor", "by hand", one),
        turn("bare axum, 10,000 tokens", "bare", &all),
        turn("`role(\"user\")`, 10,000 tokens", "role", &all),
    ];
    for round in 0..ROUNDS {
        eprint!("\rguard, round {} of {ROUNDS} ", round + 1);
        for turn in &mut turns {
            let to = address(turn.candidate)?;
            turn.take(&served, to)?;
        }
    }
    eprintln!();
    tell(report, &turns);
    Ok(())
}

impl Turn {
    fn take(&mut self, served: &Served, address: SocketAddr) -> anyhow::Result<()> {
        let requests = &self.requests;
        let plan = Plan { address, requests, connections: CONNECTIONS, time: WARM, pause: Duration::ZERO };
        // On a busy machine neither side may get its turn in so short a time.
        let warm = |_| load::run(plan).is_ok_and(|load| load.rate() > 0.0);
        anyhow::ensure!((0..50).any(warm), "{address} is silent");
        thread::sleep(SETTLE);
        let cpu = machine::process_cpu(served.id())?;
        let load = load::run(Plan { time: TURN, ..plan })?.all_good()?;
        thread::sleep(SETTLE);
        let cpu = machine::process_cpu(served.id())?.saturating_sub(cpu);
        self.rate.0.push(load.rate());
        self.cpu.0.push(cpu.as_secs_f64() * 1e6 / load.latencies.len() as f64);
        self.median.0.push(load.within(0.5) * 1e3);
        self.late.0.push(load.within(0.99) * 1e3);
        self.generator.0.push(load.share());
        Ok(())
    }
}

fn tell(report: &mut Report, turns: &[Turn]) {
    let (bare, by_hand, bare_of_many) = (&turns[0], &turns[5], &turns[6]);
    let mut rows = vec![];
    for (n, turn) in turns.iter().enumerate() {
        let bare = if n >= 6 { bare_of_many } else { bare };
        let ratio = bare.cpu.over(&turn.cpu);
        let asked = match n {
            1 => report.judge("public() over bare axum", ratio.median(), Asked::AtLeast(0.98)),
            2..=4 => {
                let asked =
                    report.judge(&format!("{} over bare axum", turn.name), ratio.median(), Asked::AtLeast(0.92));
                format!(
                    "{asked}; {}",
                    report.judge(&format!("{} over bare axum", turn.name), ratio.median(), Asked::GoalAtLeast(0.97))
                )
            }
            7 => report.judge("10,000 tokens over bare axum", ratio.median(), Asked::AtLeast(0.75)),
            _ => String::new(),
        };
        rows.push([
            turn.name.clone(),
            format!("{:.2}", turn.cpu.median()),
            ratio.show(3),
            format!("{:.0}", turn.rate.median()),
            turn.rate.over(&bare.rate).show(3),
            format!("{:.3}, {:.3}", turn.median.median(), turn.late.median()),
            format!("{:.2}", turn.generator.median()),
            asked,
        ]);
    }
    report.line(format!(
        "Over HTTP, {ROUNDS} rounds of {} ms each, medians (quartiles); ratios are of neighbours in one round.",
        TURN.as_millis()
    ));
    let head = [
        "GET, 32 connections",
        "server's core, us a call",
        "calls per core-second over bare",
        "calls/s",
        "over bare",
        "p50, p99 in ms",
        "generator's core",
        "asked",
    ];
    report.table(head, &rows);
    let mut rows = vec![];
    for turn in &turns[2..5] {
        let ratio = by_hand.cpu.over(&turn.cpu);
        let asked =
            report.judge(&format!("{} over the check by hand", turn.name), ratio.median(), Asked::AtLeast(0.96));
        rows.push([turn.name.clone(), ratio.show(3), asked]);
    }
    report.table(["calls/s over the check by hand", "ratio", "asked"], &rows);
    // The last words of a run: what a person or a script looks for.
    report.last = Some(format!("guarded / unguarded = {:.3}", bare.cpu.over(&turns[2].cpu).median()));
}

fn in_memory(report: &mut Report) -> anyhow::Result<()> {
    let allocations = count_allocations()?;
    let found = in_process::run(TOKENS)?;
    let mut rows = vec![];
    let bare = *allocations.first().context("no allocations were counted")?;
    for (n, (name, over_bare)) in found.iter().enumerate() {
        let count = allocations.get(n).copied();
        let more = count.map(|count| count - bare);
        let asked = match more {
            Some(more) if name.starts_with("role") || name.starts_with("permission") => {
                report.judge(&format!("allocations of {name}, more than bare"), more, Asked::AtMost(3.0))
            }
            _ => String::new(),
        };
        rows.push([
            name.clone(),
            over_bare.show(0),
            count.map(|count| format!("{count:.0}")).unwrap_or_default(),
            asked,
        ]);
    }
    report.table(["in process, no socket", "ns over bare", "allocations a call", "asked"], &rows);
    Ok(())
}

/// A program of its own counts them, so that counting costs nothing here.
fn count_allocations() -> anyhow::Result<Vec<f64>> {
    let program = std::env::current_exe()?.with_file_name("allocations");
    let output = Command::new(&program).output().with_context(|| format!("{} cannot be run", program.display()))?;
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| line.trim().parse().with_context(|| format!("no number: {line:?}"))).collect()
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
