//! That a limit was reached is told: once an hour for each account and each network, or whoever guesses would fill the
//! log and the audit log. An IPv6 /48 is one network here: who has one has 65,536 of them, and is refused in all.

use serde_json::json;

use super::{
    Names,
    bucket::{Limit, Taken},
    seen::Refusal,
};
use crate::{
    Error,
    actor::{Actor, Origin},
    app::App,
    audit::{self, Act},
    client_address::ClientAddress,
    store::guesses as rows,
};

/// Seconds between two lines that say the same.
const EVERY: i64 = 3600;

/// The counts of lines that may be due.
pub struct Telling {
    account: Option<String>,
    network: Option<String>,
}

impl Telling {
    /// About whom it would be.
    pub(super) fn about(names: &Names, subject: Option<&str>, address: ClientAddress) -> Telling {
        let network = address.site().unwrap_or(address.prefix());
        Telling {
            account: subject.map(|subject| names.name("told", &[subject.as_bytes()])),
            network: Some(names.name("told of", &[&network.to_bytes()])),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        [&self.account, &self.network].into_iter().flatten().map(String::as_str)
    }

    /// Keeps those that are due, by when each count is full.
    pub(super) fn keep_due(&mut self, full_at: impl Fn(&str) -> i64, now: i64) {
        for name in [&mut self.account, &mut self.network] {
            name.take_if(|name| matches!(limit().take(full_at(name), now), Taken::Not { put_right: None, .. }));
        }
    }
}

fn limit() -> Limit {
    Limit::new(1, 1, EVERY)
}

/// Tells of a refusal what is due.
pub(super) async fn tell(app: &App, telling: &Telling, refusal: Refusal, account: Option<&str>, from: &Origin) {
    let limits = &app.config.guess_limits;
    let of_account = telling.account.as_deref().filter(|_| refusal.account);
    let of_network = telling.network.as_deref().filter(|_| refusal.network);
    let lines = [
        of_account.map(|count| Line { count, limit: "account", guesses: limits.per_account, subject: account }),
        of_network.map(|count| Line { count, limit: "address", guesses: limits.per_address, subject: None }),
    ];
    let mut lines: Vec<Line<'_>> = lines.into_iter().flatten().collect();
    if lines.is_empty() {
        return;
    }
    // In the order of their names, as all counts are taken.
    lines.sort_by_key(|line| line.count);
    if let Err(error) = write(app, &lines, from).await {
        tracing::warn!(%error, "that a limit was reached could not be written into the audit log");
    }
}

struct Line<'a> {
    count: &'a str,
    limit: &'static str,
    guesses: u32,
    subject: Option<&'a str>,
}

async fn write(app: &App, lines: &[Line<'_>], from: &Origin) -> Result<(), Error> {
    let mut tx = app.store.count().await?;
    for &Line { count, limit: reached, guesses, subject } in lines {
        let taken = rows::take(&mut tx, app.store.holder(), &[(count, subject)]).await?;
        let full_at = taken.first().map_or(0, |(_, full_at)| *full_at);
        match limit().take(full_at, app.clock.wall()) {
            Taken::Full(full_at) | Taken::Not { put_right: Some(full_at), .. } => {
                rows::put(&mut tx, &[(count, full_at)]).await?;
            }
            // Somebody else has told it meanwhile.
            Taken::Not { put_right: None, .. } => continue,
        }
        tracing::warn!(limit = reached, "a limit on guesses was reached");
        // Of a name that nobody has there is nothing to say, and there are too many of them.
        if reached == "account" && subject.is_none() {
            continue;
        }
        let detail = json!({ "limit": reached, "guesses": guesses });
        let act = Act { action: "login.limited", subject: subject.map(str::to_owned), detail };
        audit::write(app, &mut tx, &Actor::Stranger { origin: from.clone() }, act, None).await?;
    }
    Ok(tx.commit().await?)
}
