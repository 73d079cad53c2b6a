//! `rolecall dev`.

use std::path::Path;

use rolecall::{Router, clock::Clock};

use crate::{Config, Dev, Error, Rolecall, config::USUAL_FILE, greeting, logs};

/// `dev` makes what is not there yet: a database with an account `admin`, whose password it prints, and a key file.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Loopback address and port [env: ROLECALL_LISTEN] [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// `sqlite://FILE`, or `postgres://...`: a database that is empty or that `dev` made [env:
    /// ROLECALL_DATABASE_URL] [default: sqlite://rolecall.db]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// With PostgreSQL: for how long this process may decide without having asked it, 5 to 300 [env: ROLECALL_LEASE]
    /// [default: 30]
    #[arg(long, value_name = "SECONDS")]
    lease: Option<u64>,
    /// Print the first lines as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Error> {
    logs::start();
    logs::tell_panics();
    if Path::new(USUAL_FILE).exists() {
        tracing::warn!("`dev` does not read `{USUAL_FILE}`; `rolecall serve` does");
    }
    let Arguments { listen, database_url, lease, json } = arguments;
    let config = Config::dev(Path::new("."), &Dev { listen, database_url, lease })?;
    let rolecall = Rolecall::start(config, Clock::system()).await?;
    // Before anything is said: whoever reads it may end it at once.
    rolecall.stop_on_signals();
    match json {
        true => greeting::print(&rolecall.greeting().to_json()),
        false => greeting::print(rolecall.greeting()),
    }
    rolecall.serve(Router::new()).await
}
