//! `bench flood`: what becomes of guarded calls, and of memory, while log-ins flood a server.

use std::{thread, time::Duration};

use crate::{
    applications::{Application, PEOPLE, Running},
    client::{self, Client},
    load::{self, Load, Plan},
    machine,
    numbers::{Series, grouped},
    report::{Asked, Report},
    service,
};

const ROUNDS: usize = 3;
/// As many log-ins are always under way.
const FLOOD: usize = 16;
/// Others, who call a guarded route, and wait so long between two calls.
const CALLERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(4);
const IDLE: Duration = Duration::from_secs(2);
/// From the first log-in until the flood is one.
const RISING: Duration = Duration::from_millis(500);
/// How long the callers call in the flood. At 16 log-ins of a quarter of a second, some are answered by everybody.
const FLOODED: Duration = Duration::from_secs(10);
/// Memory for each thread that hashes, over what the server has when nothing happens: a block of 19 MiB, and 1 for the
/// rest.
const MIB_A_THREAD: f64 = 20.0;
/// The server has one core, and so one thread that hashes.
const THREADS: f64 = 1.0;

/// One application, and what was found out; one number for each round.
struct Found {
    application: Application,
    /// Milliseconds of a guarded call, half of them.
    idle: Series,
    flooded: Series,
    /// 99 of 100.
    late: Series,
    /// A second.
    log_ins: Series,
    /// MiB.
    resting: Series,
    most: Series,
}

/// Runs it: one after the other, round by round.
///
/// # Errors
/// When one does not start, or answers anything but 200.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::LOAD_CORE)?;
    let mut found = Application::all()?.map(Found::none_yet);
    for round in 0..ROUNDS {
        for found in &mut found {
            eprint!("\rflood, round {} of {ROUNDS}: {:<30}", round + 1, found.application.name);
            found.turn()?;
        }
    }
    eprintln!();
    report.line(format!(
        "A flood: {FLOOD} connections log in without a pause, always with the right password, while {CALLERS} others call a \
         guarded route and wait {} ms after each answer. {ROUNDS} rounds in turn, each server started anew; {} s idle, {} s in the \
         flood, after ordinary use without a log-in. Rolecall is `GET /admin/roles` of the service, the others `GET /users/`. Rolecall's {} accounts log in from \
         one address under the limits on guesses as they are by default: whoever is right gives his guess back.",
        PAUSE.as_millis(),
        IDLE.as_secs(),
        FLOODED.as_secs(),
        grouped(PEOPLE.into()),
    ));
    let rows: Vec<[String; 7]> = found.iter().enumerate().map(|(n, found)| found.row(report, n == 0)).collect();
    let head = [
        "while log-ins flood it",
        "guarded call idle, p50 ms",
        "in the flood, p50 ms (p99)",
        "flood over idle",
        "log-ins/s",
        "memory idle, most, MiB",
        "asked",
    ];
    report.table(head, &rows);
    Ok(())
}

impl Found {
    fn none_yet(application: Application) -> Found {
        let [idle, flooded, late, log_ins, resting, most] = [const { Series(vec![]) }; 6];
        Found { application, idle, flooded, late, log_ins, resting, most }
    }

    fn turn(&mut self) -> anyhow::Result<()> {
        let application = &self.application;
        let running = application.start()?;
        let address = running.program.address;
        refuses(&running, application.path)?;
        ordinary_use(&running, application)?;
        let call = [load::get(application.path, Some(&running.token))];
        let calls = |time| Plan { address, requests: &call, connections: CALLERS, time, pause: PAUSE };
        load::run(calls(IDLE / 4))?.all_good()?;
        let idle = load::run(calls(IDLE))?.all_good()?;
        let (resting, _) = machine::memory(running.program.id())?;

        let log_in = |name: &String| load::post("/token", &client::log_in(name, service::PASSWORD));
        let log_ins: Vec<Vec<u8>> = application.people.iter().map(log_in).collect();
        let time = RISING + FLOODED + RISING;
        let flood = Plan { address, requests: &log_ins, connections: FLOOD, time, pause: Duration::ZERO };
        let (flood, called) = thread::scope(|scope| {
            let flood = scope.spawn(|| load::run(flood)?.all_good());
            thread::sleep(RISING);
            let called = load::run(calls(FLOODED))?;
            let flood = flood.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??;
            anyhow::Ok((flood, called))
        })?;
        let (_, most) = machine::memory(running.program.id())?;
        // Whoever hashes on the loop that answers would first finish all that was asked of it.
        running.program.kill();

        anyhow::ensure!(called.statuses.keys().all(|status| *status == 200), "calls failed: {:?}", called.statuses);
        self.idle.0.push(idle.within(0.5) * 1e3);
        self.flooded.0.push(median(&called));
        if !called.latencies.is_empty() {
            self.late.0.push(called.within(0.99) * 1e3);
        }
        self.log_ins.0.push(flood.rate());
        self.resting.0.push(resting);
        self.most.0.push(most);
        Ok(())
    }

    fn row(&self, report: &mut Report, ours: bool) -> [String; 7] {
        let ratio = self.flooded.over(&self.idle);
        let more = self.most.less(&self.resting).at(1.0);
        let asked = match ours {
            true => {
                let median = report.judge("guarded calls, flood over idle", ratio.median(), Asked::AtMost(1.5));
                let memory = report.judge("MiB more in a flood", more, Asked::AtMost(MIB_A_THREAD * THREADS));
                format!("{median}; {more:.1} MiB more, {memory}")
            }
            false => String::new(),
        };
        let (flooded, times) = match self.late.0.is_empty() {
            true => (format!("nobody answered in {} s", FLOODED.as_secs()), format!("over {:.0}", ratio.median())),
            false => (format!("{:.3} ({:.3})", self.flooded.median(), self.late.median()), ratio.show(2)),
        };
        [
            self.application.name.to_owned(),
            format!("{:.3}", self.idle.median()),
            flooded,
            times,
            format!("{:.1}", self.log_ins.median()),
            format!("{:.1}, {:.1}", self.resting.median(), self.most.at(1.0)),
            asked,
        ]
    }
}

/// Milliseconds; where nobody was answered, as long as they waited.
fn median(called: &Load) -> f64 {
    match called.latencies.is_empty() {
        true => called.elapsed.as_secs_f64() * 1e3,
        false => called.within(0.5) * 1e3,
    }
}

/// A server is idle when it has worked before: what it keeps for that is not the flood's.
fn ordinary_use(running: &Running, application: &Application) -> anyhow::Result<()> {
    let paths = application.look_ups.iter().map(String::as_str).chain([application.path]);
    let requests: Vec<Vec<u8>> = paths.map(|path| load::get(path, Some(&running.token))).collect();
    let (address, pause) = (running.program.address, Duration::ZERO);
    load::run(Plan { address, requests: &requests, connections: FLOOD, time: IDLE / 2, pause })?.all_good()?;
    let mut somebody = Client::with_token(address, &running.token)?;
    for (method, path) in &application.changes {
        let (status, body) = somebody.call(method, path)?;
        anyhow::ensure!(status == 200, "{method} {path}: {status} {body}");
    }
    Ok(())
}

/// What is called is guarded only if it refuses.
fn refuses(running: &Running, path: &str) -> anyhow::Result<()> {
    let mut nobody = Client::connect(running.program.address)?;
    let (status, _) = nobody.send(&load::get(path, None))?;
    anyhow::ensure!(status == 401, "{path} answers {status} to nobody");
    Ok(())
}
