//! How often may somebody guess at a password? So often that a person never notices, and so slowly that it leads
//! nowhere.
//!
//! Everybody who names an account and a password is counted before anything is hashed, and given back what he used when
//! he was right. Mallory, who guesses at Alice's password from one network, is stopped there after 20; from many networks
//! together after 60. Alice does not notice: her session goes on, and where she was before, a count of its own is hers
//! that strangers cannot use up. Wherever it is used up, there is another guess every 30 seconds: nobody is locked out,
//! only slowed down. A network has 100 for all accounts together, and then one every 5 seconds.
//!
//! At most 100 guesses at an account come without a pause, the limit of NIST SP 800-63B-4, 3.2.2. That wants the account
//! disabled then, which would let anybody lock anybody out. Instead the rest takes its time: 2,880 a day, a million in a
//! year, against passwords that take at least ten thousand times as many (see [`Password::chosen`]).
//!
//! Names that nobody has are counted the same way, so that the answers do not tell them apart.
//!
//! [`Password::chosen`]: crate::passwords::Password::chosen

mod bucket;
mod forgetting;
mod names;
mod seen;
mod telling;

use crate::{
    Error,
    actor::Origin,
    app::App,
    client_address::AddressPrefix,
    store::{Tx, guesses as rows},
};
use bucket::{Limit, Taken};
use seen::Refusal;
use telling::Telling;

pub use forgetting::{forget, forget_account, forget_places};
pub use names::Names;
pub use seen::{Attempt, Seen};

/// How many guesses are free before the next ones have to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GuessLimits {
    /// At one account, over all its names, from one network (an IPv4 address, an IPv6 /64); then one every 30 seconds.
    /// From all networks together it is five times as many, two fifths of them kept for where the account was used
    /// before. More than 20 is more than NIST SP 800-63B-4 allows. 0 turns this limit off.
    pub per_account: u32,
    /// From one network, whatever the account; then one every 5 seconds. An IPv6 /48 has ten times as many. 0 turns this
    /// limit off.
    pub per_address: u32,
}

impl Default for GuessLimits {
    fn default() -> Self {
        GuessLimits { per_account: 20, per_address: 100 }
    }
}

/// Seconds until there is another guess at an account, and from a network.
const ACCOUNT_EVERY: i64 = 30;
const NETWORK_EVERY: i64 = 5;
/// So many places of an account are kept, so many seconds long; when one was used is exact to a day.
const PLACES: i64 = 8;
const PLACE_FOR: i64 = 90 * DAY;
const DAY: i64 = 24 * 3600;

/// At whose password is guessed.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// The account with this id.
    Account(&'a str),
    /// Nobody's, though somebody said this.
    Nobody(&'a str),
}

/// One count that a guess uses up.
#[derive(Clone, Debug)]
struct Bucket {
    name: String,
    limit: Limit,
    about: About,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum About {
    Account,
    Network,
}

/// Looks what is left for a guess at an account.
///
/// # Errors
/// [`Error::Store`] when it cannot be read now.
pub async fn look(app: &App, tx: &mut Tx, whose: Whose<'_>, from: &Origin) -> Result<Seen, Error> {
    let now = app.clock.wall();
    let (per_account, names) = (app.config.guess_limits.per_account, &app.names);
    let subject = names.subject(whose);
    let network = from.address.prefix();
    let account = match whose {
        Whose::Account(id) => Some(id.to_owned()),
        Whose::Nobody(_) => None,
    };
    let place = names.place(&subject, network);
    let here = names.name("here", &[subject.as_bytes(), &network.to_bytes()]);
    let known = names.name("known", &[subject.as_bytes()]);
    let strangers = names.name("strangers", &[subject.as_bytes()]);
    let mut buckets = of_network(app, from);
    let telling = Telling::about(names, Some(&subject), from.address);
    if per_account == 0 && buckets.is_empty() {
        return Ok(Seen { account, subject, ..Seen::of(buckets, telling) });
    }

    let counted = [&here, &known, &strangers].into_iter().map(String::as_str);
    let asked = counted.chain(buckets.iter().map(|bucket| bucket.name.as_str())).chain(telling.names());
    // Asked about nobody, too: it takes the same time.
    let used = (account.as_deref().unwrap_or(&subject), place.as_str());
    let found = rows::look(tx, padded(asked), used).await?;
    let is_known = found.used_at.is_some_and(|at| at > now - PLACE_FOR);
    let is_noted = found.used_at.is_some_and(|at| at > now - DAY);

    if per_account > 0 {
        let all = if is_known { (known, 2) } else { (strangers, 3) };
        for (name, times) in [(here, 1), all] {
            let limit = Limit::new(per_account, times, ACCOUNT_EVERY);
            buckets.push(Bucket { name, limit, about: About::Account });
        }
    }
    let new_place = (per_account > 0 && !is_noted).then_some(place);
    Ok(see(Seen { new_place, account, subject, ..Seen::of(buckets, telling) }, &found, now))
}

/// There are seven at most; the same one twice is found once.
fn padded<'a>(names: impl Iterator<Item = &'a str>) -> [&'a str; 7] {
    let mut asked = [""; 7];
    for (place, name) in asked.iter_mut().zip(names) {
        *place = name;
    }
    asked
}

/// Looks what is left for a guess from somewhere, at nobody's password.
///
/// # Errors
/// [`Error::Store`] when it cannot be read now.
pub async fn look_from(app: &App, tx: &mut Tx, from: &Origin) -> Result<Seen, Error> {
    let telling = Telling::about(&app.names, None, from.address);
    let seen = Seen::of(of_network(app, from), telling);
    if seen.buckets.is_empty() {
        return Ok(seen);
    }
    let asked = seen.buckets.iter().map(|bucket| bucket.name.as_str()).chain(seen.telling.names());
    let found = rows::look(tx, padded(asked), ("", "")).await?;
    Ok(see(seen, &found, app.clock.wall()))
}

/// Notes from where an account was made: its owner is known there.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn made(app: &App, tx: &mut Tx, account: &str, from: &Origin) -> Result<(), Error> {
    let place = app.names.place(&app.names.subject(Whose::Account(account)), from.address.prefix());
    Ok(rows::used(tx, account, &place, app.clock.wall(), PLACES).await?)
}

fn of_network(app: &App, from: &Origin) -> Vec<Bucket> {
    let per_address = app.config.guess_limits.per_address;
    if per_address == 0 {
        return vec![];
    }
    let bucket = |prefix: AddressPrefix, times| Bucket {
        name: app.names.name("network", &[&prefix.to_bytes()]),
        limit: Limit::new(per_address, times, NETWORK_EVERY),
        about: About::Network,
    };
    let site = from.address.site().map(|site| bucket(site, 10));
    [bucket(from.address.prefix(), 1)].into_iter().chain(site).collect()
}

fn see(mut seen: Seen, found: &rows::Found, now: i64) -> Seen {
    let full_at = |name: &str| found.full_at.iter().find(|(found, _)| found == name).map_or(0, |(_, full_at)| *full_at);
    for bucket in &seen.buckets {
        let full_at = full_at(&bucket.name);
        let left = match bucket.about {
            About::Account => &mut seen.left.0,
            About::Network => &mut seen.left.1,
        };
        *left = (*left).min(bucket.limit.left(full_at, now));
        // What was written by a clock that was ahead is put right by whoever takes it.
        if let Taken::Not { wait, put_right: None } = bucket.limit.take(full_at, now) {
            Refusal::add(&mut seen.refusal, wait, bucket.about);
        }
    }
    seen.telling.keep_due(full_at, now);
    seen
}
