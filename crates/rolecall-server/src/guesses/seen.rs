//! One guess: what was left for it, whether it is let in, and what becomes of it.

use super::{
    About, Bucket, PLACES,
    bucket::Taken,
    telling::{self, Telling},
};
use crate::{
    Error,
    actor::Origin,
    app::App,
    line::{Place, Who},
    store::{Tx, guesses as rows},
};

/// What there was to see before a guess.
pub struct Seen {
    /// In the order of their names, in which they are taken.
    pub(super) buckets: Vec<Bucket>,
    pub(super) account: Option<String>,
    pub(super) subject: String,
    /// The name of this place, if it is to be noted when the guess is right.
    pub(super) new_place: Option<String>,
    /// How many were left at the account, and from the network.
    pub(super) left: (i64, i64),
    pub(super) refusal: Option<Refusal>,
    pub(super) telling: Telling,
}

/// There is no guess left.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Refusal {
    /// Seconds until there is one.
    wait: i64,
    pub(super) account: bool,
    pub(super) network: bool,
}

impl Refusal {
    pub(super) fn add(refusal: &mut Option<Refusal>, wait: i64, about: About) {
        let refusal = refusal.get_or_insert_default();
        refusal.wait = refusal.wait.max(wait);
        match about {
            About::Account => refusal.account = true,
            About::Network => refusal.network = true,
        }
    }
}

impl Seen {
    pub(super) fn of(mut buckets: Vec<Bucket>, telling: Telling) -> Seen {
        buckets.sort_by(|a, b| a.name.cmp(&b.name));
        Seen {
            buckets,
            account: None,
            subject: String::new(),
            new_place: None,
            left: (i64::MAX, i64::MAX),
            refusal: None,
            telling,
        }
    }

    /// Waits for a place before the hashing threads, and counts the guess.
    ///
    /// Those who are right give back what they used, so as many are let in at once as have a guess left: nobody is
    /// refused for what another one is about to give back.
    ///
    /// # Errors
    /// [`Error::Limited`] when there is no guess left, [`Error::Busy`] when too many wait.
    pub async fn begin(self, app: &App, from: &Origin) -> Result<Attempt, Error> {
        let network = from.address.prefix();
        if let Some(refusal) = self.refusal {
            let (account, same_network) = app.passwords.line().has_inside(&self.subject, network);
            if (refusal.account && !account) || (refusal.network && !same_network) {
                return Err(self.refused(app, refusal, from).await);
            }
        }
        let left = |guesses: i64| usize::try_from(guesses).unwrap_or(0);
        let who = Who::from(network).about(self.subject.as_str().into(), left(self.left.0), left(self.left.1));
        let place = app.passwords.place(who).await?;
        self.count(app, from).await?;
        Ok(Attempt { place, buckets: self.buckets, account: self.account, new_place: self.new_place })
    }

    /// Whether there is a guess left.
    ///
    /// # Errors
    /// [`Error::Limited`] when there is none.
    pub async fn allows(&self, app: &App, from: &Origin) -> Result<(), Error> {
        match self.refusal {
            Some(refusal) => Err(self.refused(app, refusal, from).await),
            None => Ok(()),
        }
    }

    /// Uses up a guess, of each count one, or of none.
    ///
    /// # Errors
    /// [`Error::Limited`] when there is none.
    pub async fn count(&self, app: &App, from: &Origin) -> Result<(), Error> {
        if self.buckets.is_empty() {
            return Ok(());
        }
        let mut tx = app.store.count().await?;
        let now = app.clock.wall();
        let account = |bucket: &Bucket| self.account.as_deref().filter(|_| bucket.about == About::Account);
        let names: Vec<_> = self.buckets.iter().map(|bucket| (bucket.name.as_str(), account(bucket))).collect();
        let found = rows::take(&mut tx, app.store.holder(), &names).await?;
        let (mut taken, mut refusal, mut put_right) = (vec![], None, vec![]);
        for Bucket { name, limit, about } in &self.buckets {
            let full_at = found.iter().find(|(found, _)| found == name).map_or(0, |(_, full_at)| *full_at);
            match limit.take(full_at, now) {
                Taken::Full(full_at) => taken.push((name.as_str(), full_at)),
                Taken::Not { wait, put_right: right } => {
                    Refusal::add(&mut refusal, wait, *about);
                    put_right.extend(right.map(|full_at| (name.as_str(), full_at)));
                }
            }
        }
        if let Some(refusal) = refusal {
            rows::put(&mut tx, &put_right).await?;
            match put_right.is_empty() {
                true => tx.rollback().await?,
                false => tx.commit().await?,
            }
            return Err(self.refused(app, refusal, from).await);
        }
        rows::put(&mut tx, &taken).await?;
        Ok(tx.commit().await?)
    }

    /// The refusal, which the audit log learns of once an hour.
    async fn refused(&self, app: &App, refusal: Refusal, from: &Origin) -> Error {
        telling::tell(app, &self.telling, refusal, self.account.as_deref(), from).await;
        Error::Limited(refusal.wait.unsigned_abs().max(1))
    }
}

/// A guess that is counted, with its place before the hashing threads. Dropped, it stays counted.
pub struct Attempt {
    place: Place,
    buckets: Vec<Bucket>,
    account: Option<String>,
    new_place: Option<String>,
}

impl Attempt {
    /// The place before the hashing threads.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// It was right: what it used is given back, and so is what others before it used at this account here. The account
    /// is known in this place from now on.
    ///
    /// # Errors
    /// [`Error::Store`] when it cannot be written now.
    pub async fn was_right(&self, app: &App, tx: &mut Tx) -> Result<(), Error> {
        let seconds = |Bucket { limit, about, .. }: &Bucket| match about {
            About::Account => limit.capacity(),
            About::Network => limit.every(),
        };
        let used: Vec<_> = self.buckets.iter().map(|bucket| (bucket.name.as_str(), seconds(bucket))).collect();
        rows::give_back(tx, &used).await?;
        if let (Some(account), Some(place)) = (&self.account, &self.new_place) {
            rows::used(tx, account, place, app.clock.wall(), PLACES).await?;
        }
        Ok(())
    }
}
