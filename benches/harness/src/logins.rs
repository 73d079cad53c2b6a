//! `bench logins`: log-ins beside the hash that is in each of them.

use std::{thread, time::Duration};

use crate::{
    argon2id::Bare,
    client::{self, Client},
    load::{self, Plan},
    machine,
    numbers::Series,
    program,
    report::{Asked, Report},
    service::{self, Service},
};

const ROUNDS: usize = 7;
const TURN: Duration = Duration::from_secs(3);
const CONNECTIONS: usize = 16;
/// All from one address, under the limits on guesses as they are by default: who is right gives his guess back.
const ACCOUNTS: u32 = 200;
/// Until the service has noticed who has gone, and rests.
const SETTLE: Duration = Duration::from_millis(250);

/// Runs it.
///
/// # Errors
/// When the service does not start, or a log-in fails.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::LOAD_CORE)?;
    let service = Service::make()?;
    service.seed(ACCOUNTS)?;
    let program = service.start()?;
    let log_in = |n| load::post("/token", &client::log_in(&service::person(n), service::PASSWORD));
    let requests: Vec<Vec<u8>> = (0..ACCOUNTS).map(log_in).collect();
    let plan = |time| Plan {
        address: program.address,
        requests: &requests,
        connections: CONNECTIONS,
        time,
        pause: Duration::ZERO,
    };
    // From where an account is used is noted once a day.
    let mut first = Client::connect(program.address)?;
    for n in 0..ACCOUNTS {
        first.log_in(&service::person(n), service::PASSWORD)?;
    }

    let [mut bare, mut bare_cpu, mut log_ins, mut cpu] = [const { Series(vec![]) }; 4];
    for round in 0..ROUNDS {
        eprint!("\rlogins, round {} of {ROUNDS} ", round + 1);
        thread::sleep(SETTLE);
        let before = machine::process_cpu(program.id())?;
        let (rate, used) = program::on_the_servers_core(|| Bare::new()?.run(TURN))?;
        bare.0.push(rate);
        bare_cpu.0.push(used);
        let between = machine::process_cpu(program.id())?.saturating_sub(before);
        anyhow::ensure!(between < TURN / 20, "the service did not rest meanwhile: it used its core for {between:?}");
        let before = machine::process_cpu(program.id())?;
        let load = load::run(plan(TURN))?.all_good()?;
        let used = machine::process_cpu(program.id())?.saturating_sub(before);
        log_ins.0.push(load.rate());
        cpu.0.push(used.as_secs_f64() * 1e3 / load.latencies.len() as f64);
    }
    eprintln!();

    let (ratio, core) = (log_ins.over(&bare), bare_cpu.over(&cpu));
    let asked = report.judge("log-ins over bare Argon2id", ratio.median(), Asked::AtLeast(0.9));
    // Where others use the core too, this is what still tells.
    let asked_of_core =
        report.judge("the core's time of bare Argon2id over a log-in's", core.median(), Asked::AtLeast(0.9));
    report.line(format!(
        "`POST /token` on {CONNECTIONS} connections, with {ACCOUNTS} accounts that have logged in from there before; beside \
         Argon2id alone (19 MiB, 2 passes, one block that is used again) on the same core; {ROUNDS} rounds of {} s in turn. A \
         log-in also writes twice to disk: the guess, and the session.",
        TURN.as_secs(),
    ));
    report.table(
        ["on one core", "Argon2id alone", "log-ins over HTTP", "ratio", "asked"],
        &[
            ["a second".to_owned(), bare.show(1), log_ins.show(1), ratio.show(3), asked],
            ["the core's time for each, ms".to_owned(), bare_cpu.show(2), cpu.show(2), core.show(3), asked_of_core],
        ],
    );
    Ok(())
}
