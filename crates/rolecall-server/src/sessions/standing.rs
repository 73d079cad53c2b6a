//! How a session stands: whether it goes on, and what it may do as of a version.

use std::sync::Arc;

use rolecall::{Authority, Introspected, Unavailable};
use rolecall_core::{Claims, Policy, Rights, Scope, Version};

use super::access::{active, holding};
use crate::{
    Error,
    app::App,
    store::{StoreError, Tx, assignments, sessions as rows, users, versions},
};

/// Only what is held for that long: until a NumericDate, or without an end.
#[derive(Clone, Copy, Debug)]
pub struct Lasting(pub Option<i64>);

/// What a session may do as of this transaction, by this policy.
///
/// # Errors
/// [`Error::SessionOver`] when it is over, or its account is disabled or gone.
pub async fn rights(
    app: &App,
    tx: &mut Tx,
    policy: &Policy,
    user: &str,
    session: &str,
    scope: Option<Arc<Scope>>,
    lasting: Option<Lasting>,
) -> Result<Rights, Error> {
    let now = app.clock.wall();
    if !goes_on(tx, user, session, now).await? {
        return Err(Error::SessionOver);
    }
    let mut assigned = holding(assignments::of_user(tx, user).await?, now);
    if let Some(Lasting(until)) = lasting {
        let lasts = |end: i64| until.is_some_and(|until| end >= until);
        assigned.retain(|assignment| assignment.until.is_none_or(lasts));
    }
    Ok(policy.activate(assigned.iter().map(|assignment| assignment.role.as_str()), scope))
}

/// What a user holds, whatever his sessions, of assignments that have not ended.
///
/// # Errors
/// [`Error::Store`] when it cannot be read.
pub async fn roles_of(app: &App, tx: &mut Tx, user: &str) -> Result<Vec<String>, Error> {
    let assigned = holding(assignments::of_user(tx, user).await?, app.clock.wall());
    Ok(assigned.into_iter().map(|assignment| assignment.role).collect())
}

/// Whether this is a session of that subject that is not over, and the subject may still act.
async fn goes_on(tx: &mut Tx, subject: &str, session: &str, now: i64) -> Result<bool, StoreError> {
    let session = rows::find(tx, session).await?;
    let Some(session) = session.filter(|session| session.subject() == subject && !session.is_over(now)) else {
        return Ok(false);
    };
    match &session.user {
        Some(user) => Ok(users::find(tx, user).await?.is_some_and(|user| !user.disabled)),
        // No client acts for itself yet.
        None => Ok(false),
    }
}

impl Authority for App {
    fn introspect<'a>(
        &'a self,
        _: &'a str,
        claims: &'a Claims,
        min: Version,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Introspected, Unavailable>> + Send + 'a>> {
        Box::pin(async move {
            look_up(self, claims, min).await.map_err(|error| {
                tracing::warn!(%error, "a session could not be looked up");
                Unavailable
            })
        })
    }
}

/// How a token's session stands: read like a token is minted, roles and version in one snapshot.
async fn look_up(app: &App, claims: &Claims, min: Version) -> Result<Introspected, Error> {
    let now = app.clock.wall();
    let mut tx = app.store.read().await?;
    let as_of = versions::current(&mut tx).await?.version;
    if as_of < min {
        return Err(Error::Unavailable("the database is behind what is in force here".into()));
    }
    if !goes_on(&mut tx, &claims.sub, &claims.sid, now).await? {
        return Ok(Introspected::Inactive { as_of });
    }
    let policy = app.policy_of(&mut tx, as_of).await?;
    let assigned = holding(assignments::of_user(&mut tx, &claims.sub).await?, now);
    // A scope that cannot be read is none of ours.
    if claims.scope.as_deref().is_some_and(|scope| Scope::parse(scope).is_err()) {
        return Ok(Introspected::Inactive { as_of });
    }
    // All of them: whether one leads to a role that the scope names, the policy says, and it may change.
    let active = active(&policy, &assigned, None);
    Ok(Introspected::Active { roles: active.via, as_of, ends: active.ends })
}
