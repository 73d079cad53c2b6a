//! `bench oauth`: what machines ask the service for, beside a route of bare axum on the same core.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::json;

use crate::{
    candidates::PATH,
    client::{self, Client},
    load::{self, Plan},
    machine,
    numbers::Series,
    report::Report,
    served::Served,
    service::{self, Machine, Service},
};

const ROUNDS: usize = 9;
const TURN: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 16;
/// Until a server that has nothing more to do sleeps, and what it used is written down.
const SETTLE: Duration = Duration::from_millis(50);

/// What has turns.
struct Called {
    name: &'static str,
    address: SocketAddr,
    process: u32,
    /// `None`: each connection renews a session of its own, again and again.
    request: Option<Vec<u8>>,
    rate: Series,
    core: Series,
}

/// Runs it.
///
/// # Errors
/// When the service does not start, or does not answer as it must.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::LOAD_CORE)?;
    let bare = Served::start(1)?;
    let service = Service::make()?;
    service.seed(u32::try_from(CONNECTIONS)?)?;
    let program = service.start()?;
    let machine = Machine::make(&mut service.administrator()?)?;
    let token = machine.token(&mut Client::connect(program.address)?)?;
    let mut people = (0..CONNECTIONS as u32)
        .map(|n| Renewing::log_in(program.address, &service::person(n)))
        .collect::<anyhow::Result<Vec<_>>>()?;

    let (_, address) = bare.candidates.iter().find(|(name, _)| name == "bare").context("no bare axum")?;
    let of_bare = load::get(PATH, bare.tokens.first().map(String::as_str));
    let ours = |name, request| Called::new(name, program.address, program.id(), request);
    let mut all = [
        Called::new("`GET`, bare axum", *address, bare.id(), Some(of_bare)),
        ours("`POST /access/v1/evaluation`", Some(evaluation(&token))),
        ours("`POST /introspect`", Some(machine.form("/introspect", &format!("token={token}")))),
        ours("`POST /token`, `client_credentials`", Some(machine.form("/token", Machine::GRANT))),
        ours("`POST /token`, `refresh_token`", None),
    ];
    for round in 0..ROUNDS {
        eprint!("\roauth, round {} of {ROUNDS} ", round + 1);
        for called in &mut all {
            called.turn(&mut people)?;
        }
    }
    eprintln!();

    let bare = (all[0].rate.clone(), all[0].core.clone());
    let row = |called: &Called| {
        [
            called.name.to_owned(),
            called.rate.show(0),
            called.rate.over(&bare.0).show(4),
            called.core.show(1),
            bare.1.over(&called.core).show(4),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    report.line(format!(
        "{CONNECTIONS} connections, {ROUNDS} rounds of {} s each in turn, on SQLite. A client authenticates with its secret \
         (`client_secret_basic`); an evaluation asks whether one of {CONNECTIONS} accounts may; a refresh spends a token that \
         nobody spent before. The two grants write to disk before they answer; the others read.",
        TURN.as_secs()
    ));
    let head = [
        "on one core",
        "a second",
        "over bare axum",
        "µs of the core for each",
        "calls by the core's time over bare's",
    ];
    report.table(head, &rows);
    Ok(())
}

impl Called {
    fn new(name: &'static str, address: SocketAddr, process: u32, request: Option<Vec<u8>>) -> Called {
        Called { name, address, process, request, rate: Series::default(), core: Series::default() }
    }

    fn turn(&mut self, people: &mut [Renewing]) -> anyhow::Result<()> {
        thread::sleep(SETTLE);
        let core = machine::process_cpu(self.process)?;
        let (answers, elapsed) = match &self.request {
            Some(request) => {
                let requests = std::slice::from_ref(request);
                let (address, pause) = (self.address, Duration::ZERO);
                let plan = Plan { address, requests, connections: CONNECTIONS, time: TURN, pause };
                let load = load::run(plan)?.all_good()?;
                (load.latencies.len() as u64, load.elapsed)
            }
            None => renew(people)?,
        };
        thread::sleep(SETTLE);
        let core = machine::process_cpu(self.process)?.saturating_sub(core);
        self.rate.0.push(answers as f64 / elapsed.as_secs_f64());
        self.core.0.push(core.as_secs_f64() * 1e6 / answers as f64);
        Ok(())
    }
}

/// Somebody who renews one session again and again.
struct Renewing {
    client: Client,
    refresh_token: String,
}

impl Renewing {
    fn log_in(address: SocketAddr, username: &str) -> anyhow::Result<Renewing> {
        let mut one = Renewing { client: Client::connect(address)?, refresh_token: String::new() };
        one.ask(&client::log_in(username, service::PASSWORD))?;
        Ok(one)
    }

    fn renew(&mut self) -> anyhow::Result<()> {
        self.ask(&format!("grant_type=refresh_token&refresh_token={}", self.refresh_token))
    }

    fn ask(&mut self, form: &str) -> anyhow::Result<()> {
        let (status, body) = self.client.send(&load::post("/token", form))?;
        anyhow::ensure!(status == 200, "no token: {status} {body}");
        self.refresh_token = body["refresh_token"].as_str().context("no refresh token")?.to_owned();
        Ok(())
    }
}

/// All of them at once, each on a thread: what is sent next is in the answer before.
fn renew(people: &mut [Renewing]) -> anyhow::Result<(u64, Duration)> {
    let start = Instant::now();
    let one = |person: &mut Renewing| {
        let mut renewed = 0;
        while start.elapsed() < TURN {
            person.renew()?;
            renewed += 1;
        }
        anyhow::Ok(renewed)
    };
    let renewed: anyhow::Result<u64> = thread::scope(|scope| {
        let all: Vec<_> = people.iter_mut().map(|person| scope.spawn(|| one(person))).collect();
        all.into_iter().map(|one| one.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?).sum()
    });
    Ok((renewed?, start.elapsed()))
}

/// Whether the first of the accounts may.
fn evaluation(token: &str) -> Vec<u8> {
    let body = json!({
        "subject": { "type": "user", "id": service::id(0) },
        "action": { "name": "read" },
        "resource": { "type": "items", "id": "1" },
    });
    load::post_json("/access/v1/evaluation", token, &body)
}
