//! `rolecall serve`: the service for production.

use rolecall::Router;
use serde_json::json;

use super::flags;
use crate::{Config, Error, Rolecall, greeting, logs, version};

/// Starts the service on a database that `rolecall init` made. It makes nothing, and says what to do where it cannot
/// start. SIGTERM or Ctrl-C lets calls under way finish.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  rolecall serve                                  what `rolecall config check` shows
  rolecall serve --config /etc/rolecall/rolecall.toml
  ROLECALL_DATABASE_URL_FILE=/run/secrets/database-url rolecall serve --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    flags: flags::Shared,
    /// Print one JSON object on standard output when it is ready
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Error> {
    let config = Config::load(&arguments.flags.into())?;
    logs::start_as(&config);
    logs::tell_panics();
    let rolecall = Rolecall::open(config).await?;
    rolecall.stop_on_signals();
    let told = rolecall.greeting();
    let (address, issuer, database) = (format!("http://{}", told.address), &told.issuer, &told.database);
    let (version, commit) = (version::NUMBER, version::commit());
    tracing::info!(address, issuer, database, version, commit, "Rolecall {version} is ready and listens on {address}");
    if arguments.json {
        greeting::print(&json!({ "address": address, "issuer": issuer, "database": database }));
    }
    rolecall.serve(Router::new()).await
}
