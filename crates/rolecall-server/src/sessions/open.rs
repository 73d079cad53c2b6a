//! Opens a session: the end of every log-in.

use rolecall_core::Scope;
use serde_json::json;

use super::{
    access::{Grounds, holding, is_held, mint},
    seconds,
};
use crate::{
    Error,
    accounts::Proved,
    actor::{Actor, Origin},
    app::{App, OWN_CLIENT},
    audit::{self, Act},
    store::{
        StoreError, Tx, assignments,
        sessions::{self as rows, Session},
        users::Credentials,
    },
};

/// A session that was opened.
#[derive(Debug)]
pub struct Opened {
    /// An access token.
    pub token: String,
    /// Seconds until it is no longer good.
    pub expires_in: i64,
    /// What it was cut to.
    pub scope: Option<Scope>,
}

/// Why none was opened.
#[derive(Debug)]
pub enum Refused {
    /// The account is not what it was when the password was checked.
    Grant,
    /// The scope names what the account does not hold.
    Scope,
    /// The account has more roles than a token can name.
    TooManyRoles,
}

/// Opens a session for who has proved to be this user.
///
/// The account, its hash and its roles are read again, in the snapshot that gives the token its version: a log-in that
/// races with a removal gets nothing, or a token from before the removal, which is out of date from its first use.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn open(
    app: &App,
    proved: &Proved,
    scope: Option<Scope>,
    origin: Origin,
) -> Result<Result<Opened, Refused>, Error> {
    // Before the roles are read: a token must not seem younger than what it says.
    let now = app.clock.wall();
    let (mut tx, version) = app.store.write_as_of().await?;
    let again = assignments::with_user(&mut tx, &proved.account.id).await?;
    let unchanged = |user: &Credentials| !user.disabled && user.password == proved.account.password;
    let Some((user, assigned)) = again.filter(|(user, _)| unchanged(user)) else {
        return Ok(Err(Refused::Grant));
    };
    let policy = app.policy_of(&mut tx, version).await?;
    let assigned = holding(assigned, now);
    if scope.as_ref().is_some_and(|scope| !is_held(&policy, &assigned, scope)) {
        return was_right(app, tx, proved, Refused::Scope).await;
    }
    let expires_at = now + seconds(app.config.session_ttl);
    let session = Session {
        id: app.ids.next(&app.clock)?,
        user: Some(user.id.clone()),
        client: OWN_CLIENT.into(),
        audience: None,
        scope: scope.as_ref().map(Scope::to_string),
        created_at: now,
        used_at: now,
        idle_at: expires_at,
        expires_at,
    };
    let (assigned, name) = (assigned.as_slice(), Some(user.username.as_str()));
    let grounds = Grounds { version, policy: &policy, assigned, name, scope: scope.as_ref() };
    let Some(minted) = mint(app, &session, grounds, now)? else {
        return was_right(app, tx, proved, Refused::TooManyRoles).await;
    };

    match rows::insert(&mut tx, &session).await {
        Err(StoreError::Gone) => return Ok(Err(Refused::Grant)),
        done => done?,
    }
    let by = Actor::Visitor { id: user.id.clone(), name: user.username.clone(), origin };
    let detail = json!({ "session": session.id, "client": session.client, "scope": session.scope });
    audit::write(app, &mut tx, &by, Act::new("session.opened", user.id, detail), None).await?;
    proved.attempt.was_right(app, &mut tx).await?;
    match tx.commit().await {
        Err(StoreError::Gone) => return Ok(Err(Refused::Grant)),
        done => done?,
    }
    Ok(Ok(Opened { token: minted.token, expires_in: minted.exp - now, scope }))
}

/// No session is opened, for another reason than the password: that was right, and is not counted.
async fn was_right(app: &App, mut tx: Tx, proved: &Proved, why: Refused) -> Result<Result<Opened, Refused>, Error> {
    proved.attempt.was_right(app, &mut tx).await?;
    tx.commit().await?;
    Ok(Err(why))
}
