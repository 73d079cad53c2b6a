//! `bench change`: from the call that gives or takes a role to its answer, beside one bare commit on the same disk.

use std::time::Instant;

use anyhow::Context as _;
use serde_json::json;
use sqlx::{
    Connection as _, Database, Executor, IntoArguments, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::runtime::Runtime;

use crate::{
    client::Client,
    machine,
    numbers::Series,
    postgres::Postgres,
    program,
    report::Report,
    service::{self, Service},
};

const CHANGES: usize = 400;
const WARM: usize = 40;
const ROLE: &str = "rolecall.auditor";

/// Runs it.
///
/// # Errors
/// When a database or the service does not start, or a change is not what it should be.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::LOAD_CORE)?;
    let runtime = service::runtime()?;
    let rows = [on_sqlite(&runtime)?.row("SQLite, `synchronous=FULL`"), on_postgres(&runtime)?.row("PostgreSQL")];
    report.line(format!(
        "An administrator gives somebody a role (`PUT /admin/users/{{id}}/roles/{{role}}`) and takes it away (`DELETE`), {CHANGES} \
         calls on one connection; after each, one `UPDATE` of one row in another database on the same disk, or of the same \
         PostgreSQL server. When the answer is there the change is on disk, in the audit log, and in force."
    ));
    let head = ["a change", "call to answer, ms", "a bare commit, ms", "over it"];
    report.table(head, &rows);
    Ok(())
}

/// Milliseconds, of every one.
#[derive(Default)]
struct Times {
    change: Series,
    bare: Series,
}

impl Times {
    fn row(&self, name: &str) -> [String; 4] {
        [name.to_owned(), self.change.show(2), self.bare.show(2), self.change.over(&self.bare).show(2)]
    }
}

fn on_sqlite(runtime: &Runtime) -> anyhow::Result<Times> {
    let (service, folder) = (Service::make()?, program::folder()?);
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut bare = runtime.block_on(SqliteConnection::connect_with(&options))?;
    measure(runtime, &service, &mut bare)
}

fn on_postgres(runtime: &Runtime) -> anyhow::Result<Times> {
    let postgres = runtime.block_on(Postgres::start())?;
    let service = Service::make_on(Some(runtime.block_on(postgres.database("service"))?))?;
    let mut bare =
        runtime.block_on(async { anyhow::Ok(PgConnection::connect(&postgres.database("bare").await?).await?) })?;
    let times = measure(runtime, &service, &mut bare)?;
    runtime.block_on(bare.close())?;
    Ok(times)
}

fn measure<C, D>(runtime: &Runtime, service: &Service, bare: &mut C) -> anyhow::Result<Times>
where
    D: Database,
    C: sqlx::Connection<Database = D>,
    for<'c> &'c mut C: Executor<'c, Database = D>,
    D::Arguments: IntoArguments<D>,
{
    let _program = service.start()?;
    let mut administrator = service.administrator()?;
    let (path, mut somebody) = somebody(service)?;
    is_in_force(&mut administrator, &path, &mut somebody)?;
    runtime.block_on(async {
        (&mut *bare).execute("CREATE TABLE one (n BIGINT)").await?;
        (&mut *bare).execute("INSERT INTO one VALUES (0)").await
    })?;

    let mut times = Times::default();
    for n in 0..WARM + CHANGES {
        let start = Instant::now();
        change(&mut administrator, ["PUT", "DELETE"][n % 2], &path)?;
        let change = start.elapsed();
        let start = Instant::now();
        let done = runtime.block_on((&mut *bare).execute(sqlx::query("UPDATE one SET n = n + 1")));
        let bare = start.elapsed();
        done?;
        if n >= WARM {
            times.change.0.push(change.as_secs_f64() * 1e3);
            times.bare.0.push(bare.as_secs_f64() * 1e3);
        }
    }
    Ok(times)
}

/// The path of the role that is given and taken, and who gets it, logged in.
fn somebody(service: &Service) -> anyhow::Result<(String, Client)> {
    let mut somebody = Client::connect(service.address)?;
    let (status, body) =
        somebody.post("/register", &json!({ "username": "somebody", "password": service::PASSWORD }))?;
    anyhow::ensure!(status == 201, "nobody can register: {status} {body}");
    somebody.log_in("somebody", service::PASSWORD)?;
    Ok((format!("/admin/users/{}/roles/{ROLE}", body["id"].as_str().context("no id")?), somebody))
}

/// What is measured is a change only if the next call of a token that is out obeys it.
fn is_in_force(administrator: &mut Client, path: &str, somebody: &mut Client) -> anyhow::Result<()> {
    for (method, status) in [("PUT", 200), ("DELETE", 403), ("PUT", 200), ("DELETE", 403)] {
        change(administrator, method, path)?;
        let (answered, body) = somebody.call("GET", "/admin/users")?;
        anyhow::ensure!(answered == status, "after {method}, somebody is answered {answered}: {body}");
    }
    Ok(())
}

fn change(administrator: &mut Client, method: &str, path: &str) -> anyhow::Result<()> {
    let (status, body) = administrator.call(method, path)?;
    anyhow::ensure!(status == 200 && body["in_force"] == true, "{method} {path}: {status} {body}");
    Ok(())
}
