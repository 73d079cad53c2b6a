//! `bench start`: from the start of the process to its first answer, what it holds when nothing happens, and how large
//! its file is.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    applications::PEOPLE,
    client::Client,
    machine,
    numbers::{Series, grouped},
    program::Program,
    report::{Asked, Report},
    service::{self, Service},
};

const ROUNDS: usize = 15;
/// Until what a start leaves to be done is done.
const SETTLE: Duration = Duration::from_millis(500);

/// Runs it.
///
/// # Errors
/// When the service does not start, or answers anything but 200.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::LOAD_CORE)?;
    let service = Service::make()?;
    service.seed(PEOPLE)?;
    let mut times = Series::default();
    for _ in 0..ROUNDS {
        times.0.push(first_answer(&service)?.1);
    }
    let (program, _) = first_answer(&service)?;
    thread::sleep(SETTLE);
    let (resident, _) = machine::memory(program.id())?;
    let own = machine::proportional(program.id())?;
    service.administrator()?;
    let (logged_in, _) = machine::memory(program.id())?;
    let size = service::program_size()? as f64 / 1e6;

    let asked = [
        report.judge("ms to the first answer", times.median(), Asked::GoalAtMost(100.0)),
        report.judge("MiB when idle", resident, Asked::GoalAtMost(35.0)),
        report.judge("MB of the program's file", size, Asked::GoalAtMost(18.0)),
    ];
    let [time, memory, small] = asked;
    report.line(format!(
        "`rolecall`, built with `--profile dist`, on one core and on a SQLite database with {} accounts; {ROUNDS} starts. The \
         file is in the system's cache.",
        grouped(PEOPLE.into()),
    ));
    report.table(
        ["the service", "measured", "asked"],
        &[
            ["from the start of the process to the answer of `GET /health`, ms".to_owned(), times.show(1), time],
            ["memory when idle: resident, MiB".to_owned(), format!("{resident:.1}"), memory],
            ["its share of what it shares with others (PSS), MiB".to_owned(), format!("{own:.1}"), String::new()],
            [
                "resident after the first log-in, which keeps a block to hash in, MiB".to_owned(),
                format!("{logged_in:.1}"),
                String::new(),
            ],
            ["size of its file, MB".to_owned(), format!("{size:.1}"), small],
        ],
    );
    Ok(())
}

/// Starts it on what is there; milliseconds to the first answer.
///
/// # Errors
/// When it does not start, or is not healthy.
pub fn first_answer(service: &Service) -> anyhow::Result<(Program, f64)> {
    let start = Instant::now();
    let program = service.start()?;
    let (status, body) = Client::connect(service.address)?.call("GET", "/health")?;
    let time = start.elapsed().as_secs_f64() * 1e3;
    anyhow::ensure!(status == 200, "the service is not healthy: {status} {body}");
    Ok((program, time))
}
