//! `bench million`: what a million accounts cost, beside a thousand: time to find one, time to start, disk and memory.

use std::{fs, path::Path, time::Instant};

use anyhow::Context as _;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    client::Client,
    machine,
    numbers::{Series, grouped},
    report::Report,
    service::{self, Service},
    start,
};

const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];
const STARTS: usize = 7;
/// Rounds, and in each of them so many log-ins and look-ups.
const ROUNDS: usize = 5;
const LOG_INS: u32 = 8;
const LOOK_UPS: u32 = 400;

/// What was found out about one size.
struct Found {
    people: u32,
    service: Service,
    /// Bytes.
    file: u64,
    /// Milliseconds.
    starts: Series,
    log_in: Series,
    /// Microseconds.
    by_name: Series,
    row: Series,
    /// MiB, after all of it.
    memory: f64,
}

/// Runs it.
///
/// # Errors
/// When the service does not start, or does not find somebody.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::LOAD_CORE)?;
    let mut found: Vec<Found> = SIZES.iter().map(|people| Found::make(*people)).collect::<Result<_, _>>()?;
    for _ in 0..STARTS {
        for found in &mut found {
            found.starts.0.push(start::first_answer(&found.service)?.1);
        }
    }
    let programs = found.iter().map(|found| found.service.start()).collect::<Result<Vec<_>, _>>()?;
    for round in 0..ROUNDS as u32 {
        eprint!("\rmillion, round {} of {ROUNDS} ", round + 1);
        for found in &mut found {
            found.look(round)?;
        }
    }
    eprintln!();
    for (found, program) in found.iter_mut().zip(&programs) {
        found.memory = machine::memory(program.id())?.0;
    }
    tell(report, &found);
    Ok(())
}

impl Found {
    fn make(people: u32) -> anyhow::Result<Found> {
        eprintln!("million, making {people} accounts");
        let service = Service::make()?;
        service.seed(people)?;
        let file = fs::metadata(service.database())?.len();
        let [starts, log_in, by_name, row] = [const { Series(vec![]) }; 4];
        Ok(Found { people, service, file, starts, log_in, by_name, row, memory: 0.0 })
    }

    /// Each time other people, from all over the table.
    fn look(&mut self, round: u32) -> anyhow::Result<()> {
        let step = self.people / (LOOK_UPS * ROUNDS as u32).min(self.people);
        let names: Vec<String> =
            (0..LOOK_UPS).map(|n| service::person((round * LOOK_UPS + n) * step % self.people)).collect();
        let mut client = Client::connect(self.service.address)?;
        for name in names.iter().take(LOG_INS as usize) {
            let start = Instant::now();
            client.log_in(name, service::PASSWORD)?;
            self.log_in.0.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let mut administrator = self.service.administrator()?;
        for name in &names {
            let start = Instant::now();
            let (status, body) = administrator.call("GET", &format!("/admin/users?username={name}"))?;
            self.by_name.0.push(start.elapsed().as_secs_f64() * 1e6);
            let only = body["items"].as_array().context("no list")?;
            anyhow::ensure!(status == 200 && only.len() == 1, "{name} was not found: {status} {body}");
            anyhow::ensure!(only[0]["username"] == name.as_str(), "somebody else was found for {name}: {body}");
        }
        self.row.0.extend(service::runtime()?.block_on(rows(&self.service.database(), &names))?);
        Ok(())
    }
}

/// Microseconds for the row that a log-in reads, each, by a connection of our own.
async fn rows(database: &Path, names: &[String]) -> anyhow::Result<Vec<f64>> {
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let mut times = vec![];
    for name in names {
        let start = Instant::now();
        let found: Option<(String, String, bool)> =
            sqlx::query_as("SELECT id, password, disabled FROM users WHERE username = $1")
                .bind(name)
                .fetch_optional(&mut connection)
                .await?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        anyhow::ensure!(found.is_some(), "{name} was not found");
    }
    connection.close().await?;
    Ok(times)
}

fn tell(report: &mut Report, found: &[Found]) {
    report.line(format!(
        "Databases on SQLite with accounts of one role each, their files in the system's cache. {} log-ins, {} look-ups of other \
         people, and {STARTS} starts of each, in turn. A log-in hashes too; the row alone is what it reads first.",
        LOG_INS * ROUNDS as u32,
        LOOK_UPS * ROUNDS as u32,
    ));
    let row = |found: &Found| {
        [
            grouped(found.people.into()),
            found.log_in.show(1),
            found.row.show(0),
            found.by_name.show(0),
            found.starts.show(1),
            format!("{:.1}", found.file as f64 / 1e6),
            format!("{:.1}", found.memory),
        ]
    };
    let head = [
        "accounts",
        "log-in, ms",
        "its row alone, us",
        "`GET /admin/users?username=`, us",
        "start to first answer, ms",
        "file, MB",
        "memory, MiB",
    ];
    report.table(head, &found.iter().map(row).collect::<Vec<_>>());
    if let [few, .., many] = found {
        let more = f64::from(many.people - few.people);
        let disk = (many.file - few.file) as f64 / more;
        let memory = (many.memory - few.memory).max(0.0) * 1_048_576.0 / more;
        report.line(format!("An account costs {disk:.0} bytes on disk and {memory:.1} bytes of memory."));
    }
}
