//! Refreshes a session: the refresh token is spent, and there is another one, with a new access token (RFC 6749, 6).
//!
//! Alice's reply is lost, or two of her tabs ask at once: within the grace the spent token gets the *same* successor
//! again, as long as nobody has used that. Mallory, who has stolen a token, uses it after Alice or before her; one of the
//! two comes too late, and the session ends for both (RFC 9700, 4.14.2). So there are never two tokens of which each could
//! go on by itself.

use std::sync::Arc;

use rolecall_core::Scope;

use super::{
    access::{Grounds, holding, mint, narrowed},
    ending::{self, Why},
    idle_at,
    open::{Asked, Opened, Refused},
    refresh_token::{NONCE, RefreshToken},
    seconds,
    standing::goes_on,
};
use crate::{
    Error,
    actor::{Actor, Origin},
    app::App,
    change::{Change, Prefer},
    clients::GrantType,
    ids,
    store::{
        Tx, assignments,
        refresh_tokens::{self as rows, RefreshRow, Spent},
        sessions::{self, Session},
    },
};

/// Spends a refresh token, for the client, the API and at most the scope of its session. Everything that would keep
/// somebody from logging in is looked at again.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now, [`Error::Unavailable`]; the token may have been spent then, and is
/// answered with its successor when it comes again within the grace.
pub async fn refresh(app: &Arc<App>, token: &str, asked: Asked) -> Result<Result<Opened, Refused>, Error> {
    let Some(token) = app.refresh_key.read(token) else {
        let may = asked.client.may(GrantType::RefreshToken);
        return Ok(Err(if may { Refused::Token } else { Refused::NotItsGrant }));
    };
    // Before it stands in line for the database: the grace is counted from when it came, and a token must not seem younger
    // than what it says.
    let now = app.clock.wall();
    let (mut tx, version) = app.store.write_as_of().await?;
    let done = Refreshing { app, token: &token, asked: &asked, version, now }.run(&mut tx).await?;
    match done {
        Done::Opened(opened) => {
            tx.commit().await?;
            Ok(Ok(opened))
        }
        Done::Again(opened) => Ok(Ok(opened)),
        Done::Not(why) => Ok(Err(why)),
        Done::Ends(session, why) => {
            tx.rollback().await?;
            end(app, &session, why, asked.origin).await?;
            Ok(Err(Refused::Token))
        }
    }
}

/// What becomes of it.
enum Done {
    /// There is a successor, once this is committed.
    Opened(Opened),
    /// There was one already.
    Again(Opened),
    Not(Refused),
    /// Somebody has the token who should not.
    Ends(Session, Why),
}

struct Refreshing<'a> {
    app: &'a App,
    token: &'a RefreshToken,
    asked: &'a Asked,
    version: u64,
    now: i64,
}

/// What a token is to its session.
enum Counts {
    Now,
    /// It was spent a moment ago, and its successor was not used yet.
    Again(Spent),
    NoMore,
}

impl Refreshing<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Done, Error> {
        let Refreshing { app, token, asked, now, .. } = *self;
        let gone = Done::Not(Refused::Token);
        let Some(client) = asked.client.as_of(tx).await? else { return Ok(Done::Not(Refused::Client)) };
        let found = sessions::find(tx, &token.session()).await?.filter(|session| !session.is_over(now));
        // Whoever has the token of another one ends its session, whatever he may himself.
        if let Some(session) = found.clone().filter(|session| session.client != client.id()) {
            return Ok(Done::Ends(session, Why::AnotherClient));
        }
        if !client.may(GrantType::RefreshToken) {
            return Ok(Done::Not(Refused::NotItsGrant));
        }
        let Some(mut session) = found else { return Ok(gone) };
        if !goes_on(app, tx, &session, now).await? {
            return Ok(gone);
        }
        if asked.resource.as_ref().is_some_and(|asked| asked != session.audience.as_ref().unwrap_or(&app.issuer)) {
            return Ok(Done::Not(Refused::AnotherTarget));
        }
        // Whoever loses the race for it finds what the winner has written.
        loop {
            let Some(row) = rows::find(tx, &session.id).await? else { return Ok(gone) };
            let spent = match self.counts(&row) {
                Counts::Now => None,
                Counts::Again(spent) => Some(spent),
                Counts::NoMore => return Ok(Done::Ends(session, Why::UsedTwice)),
            };
            let again = spent.is_some();
            if !again {
                (session.used_at, session.idle_at) = (now, idle_at(app, now, session.expires_at));
            }
            let limit = spent.as_ref().map_or(&session.scope, |spent| &spent.granted).clone();
            let mut opened = match self.access(tx, &session, limit.as_deref()).await? {
                Ok(opened) => opened,
                Err(why) => return Ok(Done::Not(why)),
            };
            let (generation, nonce) = match &spent {
                Some(spent) => (row.generation, spent.nonce.clone()),
                None => (row.generation + 1, ids::random::<NONCE>()?.to_vec()),
            };
            let successor = app.refresh_key.successor(&session.id, generation, &nonce, token)?;
            opened.refresh_token = Some(successor.to_text());
            if again {
                return match successor.has(&row.hash) {
                    true => Ok(Done::Again(opened)),
                    false => Err(Error::internal("a refresh token is not the one that was derived")),
                };
            }
            let granted = opened.scope.as_ref().map(Scope::to_string);
            let spent = Spent { hash: token.hash(), at: now, nonce, granted };
            if rows::spend(tx, &session.id, row.generation, &successor.hash(), &spent).await? {
                sessions::used(tx, &session).await?;
                return Ok(Done::Opened(opened));
            }
        }
    }

    fn counts(&self, row: &RefreshRow) -> Counts {
        if self.token.has(&row.hash) {
            return Counts::Now;
        }
        let grace = seconds(self.app.config.refresh_grace);
        // It is never shorter than it was set, and may be a second longer. A clock that was set back does not make it
        // as long as that.
        let in_time = |spent: &Spent| grace > 0 && (self.now - spent.at).abs() <= grace;
        match &row.spent {
            Some(spent) if self.token.has(&spent.hash) && in_time(spent) => Counts::Again(spent.clone()),
            _ => Counts::NoMore,
        }
    }

    /// The access token, by what the subject is and holds now.
    async fn access(
        &self,
        tx: &mut Tx,
        session: &Session,
        limit: Option<&str>,
    ) -> Result<Result<Opened, Refused>, Error> {
        let Refreshing { app, asked, version, now, .. } = *self;
        // A client that acts for itself asks anew.
        let Some(user) = &session.user else { return Ok(Err(Refused::Token)) };
        let found = assignments::with_user(tx, user).await?.filter(|(user, _)| !user.disabled);
        let Some((user, assigned)) = found else { return Ok(Err(Refused::Token)) };
        let policy = app.policy_of(tx, version).await?;
        let assigned = holding(assigned, now);
        let limit = limit.map(Scope::parse).transpose().map_err(Error::internal)?.flatten();
        let scope = match narrowed(&policy, &assigned, limit.as_ref(), asked.scope.as_ref()) {
            Ok(scope) => scope,
            Err(why) => return Ok(Err(why)),
        };
        let (assigned, name) = (assigned.as_slice(), Some(user.username.as_str()));
        let grounds = Grounds { version, policy: &policy, assigned, name, scope: scope.as_ref() };
        Ok(match mint(app, session, grounds, now)? {
            Some(minted) => {
                Ok(Opened { token: minted.token, expires_in: minted.exp - now, scope, refresh_token: None })
            }
            None => Err(Refused::TooManyRoles),
        })
    }
}

/// Ends the session, so that its access tokens are refused at the next call.
async fn end(app: &Arc<App>, session: &Session, why: Why, origin: Origin) -> Result<(), Error> {
    tracing::warn!(session = session.id, "{why}; its session was ended");
    let mut change = Change::begin(app, &Actor::Stranger { origin }, None).await?;
    ending::end(&mut change, session, Some(why)).await?;
    change.commit(Prefer::default()).await.map(drop)
}
