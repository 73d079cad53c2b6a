//! How a session stands: whether it goes on, and what it may do as of a version.

use std::{collections::HashMap, sync::Arc};

use rolecall::{Authority, Introspected, Unavailable};
use rolecall_core::{Claims, Policy, Rights, Scope, Version};

use super::access::{active, holding};
use crate::{
    Error, apis,
    app::{App, OWN_CLIENT},
    store::{
        Tx,
        assignments::{self, Holder},
        clients,
        sessions::{self as rows, Session},
        users, versions,
    },
};

/// Only what is held for that long: until a NumericDate, or without an end.
#[derive(Clone, Copy, Debug)]
pub struct Lasting(pub Option<i64>);

/// What a session may do as of this transaction, by this policy.
///
/// # Errors
/// [`Error::SessionOver`] when it is over, or its account or its client is disabled or gone.
pub async fn rights(
    app: &App,
    tx: &mut Tx,
    policy: &Policy,
    subject: &str,
    session: &str,
    scope: Option<Arc<Scope>>,
    lasting: Option<Lasting>,
) -> Result<Rights, Error> {
    let now = app.clock.wall();
    let session = going_on(app, tx, subject, session, now).await?.ok_or(Error::SessionOver)?;
    let mut assigned = holding(assignments::of(tx, session.holder()).await?, now);
    if let Some(Lasting(until)) = lasting {
        let lasts = |end: i64| until.is_some_and(|until| end >= until);
        assigned.retain(|assignment| assignment.until.is_none_or(lasts));
    }
    Ok(policy.activate(assigned.iter().map(|assignment| assignment.role.as_str()), scope))
}

/// What somebody holds, whatever his sessions, of assignments that have not ended.
///
/// # Errors
/// [`Error::Store`] when it cannot be read.
pub async fn roles_of(app: &App, tx: &mut Tx, holder: Holder<'_>) -> Result<Vec<String>, Error> {
    let assigned = holding(assignments::of(tx, holder).await?, app.clock.wall());
    Ok(assigned.into_iter().map(|assignment| assignment.role).collect())
}

/// The same of all users whose ids come after one and not after another.
///
/// # Errors
/// [`Error::Store`] when it cannot be read.
pub async fn roles_of_users(
    app: &App,
    tx: &mut Tx,
    after: &str,
    last: &str,
) -> Result<HashMap<String, Vec<String>>, Error> {
    let now = app.clock.wall();
    let mut roles: HashMap<String, Vec<String>> = HashMap::new();
    for (user, assignment) in assignments::of_users(tx, after, last).await? {
        let held = holding(vec![assignment], now).into_iter().map(|assignment| assignment.role);
        roles.entry(user).or_default().extend(held);
    }
    Ok(roles)
}

/// The session, if it is one of that subject and goes on.
async fn going_on(app: &App, tx: &mut Tx, subject: &str, session: &str, now: i64) -> Result<Option<Session>, Error> {
    match rows::find(tx, session).await?.filter(|session| session.subject() == subject) {
        Some(session) if goes_on(app, tx, &session, now).await? => Ok(Some(session)),
        _ => Ok(None),
    }
}

/// Whether it is not over, and all that it is about is still there and enabled: the user, the client, the API.
pub(super) async fn goes_on(app: &App, tx: &mut Tx, session: &Session, now: i64) -> Result<bool, Error> {
    if session.is_over(now) {
        return Ok(false);
    }
    let user = match &session.user {
        Some(user) => users::find(tx, user).await?.is_some_and(|user| !user.disabled),
        None => true,
    };
    let client = session.client == OWN_CLIENT || clients::is_enabled(tx, &session.client).await?;
    let api = match &session.audience {
        Some(api) => apis::is_enabled(app, tx, api).await?,
        None => true,
    };
    Ok(user && client && api)
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
    let Some(session) = going_on(app, &mut tx, &claims.sub, &claims.sid, now).await? else {
        return Ok(Introspected::Inactive { as_of });
    };
    let policy = app.policy_of(&mut tx, as_of).await?;
    let assigned = holding(assignments::of(&mut tx, session.holder()).await?, now);
    // A scope that cannot be read is none of ours.
    if claims.scope.as_deref().is_some_and(|scope| Scope::parse(scope).is_err()) {
        return Ok(Introspected::Inactive { as_of });
    }
    // All of them: whether one leads to a role that the scope names, the policy says, and it may change.
    let active = active(&policy, &assigned, None);
    Ok(Introspected::Active { roles: active.via, as_of, ends: active.ends })
}
