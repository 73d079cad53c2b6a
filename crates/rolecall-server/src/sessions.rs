//! Sessions: one log-in of one subject from one client, what it may do, and its access tokens (RFC 9068).

use std::sync::Arc;

use rolecall::{Authority, Introspected, Unavailable};
use rolecall_core::{Claims, Policy, Rights, Scope, Version, jwk::KeyError, jwt};

use serde_json::json;

use crate::{
    Error,
    accounts::Proved,
    actor::{Actor, Origin},
    app::{App, OWN_CLIENT},
    audit::{self, Act},
    config::LONGEST_TOKEN,
    ids,
    store::{
        StoreError, Tx,
        assignments::{self, Assignment},
        sessions as rows,
        users::{self, Credentials},
        versions,
    },
};

/// A session that was opened.
#[derive(Debug)]
pub struct Opened {
    /// An access token.
    pub token: String,
    /// Seconds until it is no longer good.
    pub expires_in: i64,
    /// What the session was cut to.
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

    let ttl = seconds(app.config.access_token_ttl.min(LONGEST_TOKEN));
    let active = active(&policy, &assigned, scope.as_ref());
    let inherited = active.roles.iter().any(|role| !active.via.contains(role));
    let exp = active.ends.map_or(now + ttl, |ends| ends.min(now + ttl));
    let session = rows::Session {
        id: app.ids.next(&app.clock)?,
        user: user.id.clone(),
        client: OWN_CLIENT.into(),
        scope: scope.as_ref().map(Scope::to_string),
        created_at: now,
        // Nothing prolongs it yet, so it is over when its token is.
        expires_at: exp.min(now + seconds(app.config.session_ttl)),
    };
    match rows::insert(&mut tx, &session).await {
        Err(StoreError::Gone) => return Ok(Err(Refused::Grant)),
        done => done?,
    }
    let by = Actor::Visitor { id: user.id.clone(), name: user.username.clone(), origin };
    let detail = json!({ "session": session.id, "client": session.client, "scope": session.scope });
    audit::write(app, &mut tx, &by, Act::new("session.opened", user.id.clone(), detail), None).await?;
    let claims = Claims {
        iss: app.issuer.clone(),
        sub: user.id,
        aud: app.issuer.clone(),
        client_id: session.client.clone(),
        exp: session.expires_at,
        iat: now,
        nbf: None,
        jti: ids::secret::<16>()?,
        sid: session.id.clone(),
        scope: session.scope.clone(),
        roles: active.roles,
        via: inherited.then_some(active.via),
        preferred_username: Some(user.username),
        pv: version,
    };
    let token = match jwt::sign(&app.signing, jwt::ACCESS_TOKEN, &claims) {
        Err(KeyError::TokenTooLong) => {
            tx.rollback().await?;
            let tx = app.store.write().await?;
            return was_right(app, tx, proved, Refused::TooManyRoles).await;
        }
        signed => signed.map_err(Error::internal)?,
    };
    proved.attempt.was_right(app, &mut tx).await?;
    match tx.commit().await {
        Err(StoreError::Gone) => return Ok(Err(Refused::Grant)),
        done => done?,
    }
    Ok(Ok(Opened { token, expires_in: session.expires_at - now, scope }))
}

/// No session is opened, for another reason than the password: that was right, and is not counted.
async fn was_right(app: &App, mut tx: Tx, proved: &Proved, why: Refused) -> Result<Result<Opened, Refused>, Error> {
    proved.attempt.was_right(app, &mut tx).await?;
    tx.commit().await?;
    Ok(Err(why))
}

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

async fn goes_on(tx: &mut Tx, user: &str, session: &str, now: i64) -> Result<bool, StoreError> {
    let session = rows::find(tx, session).await?;
    if session.is_none_or(|session| session.user != user || now >= session.expires_at) {
        return Ok(false);
    }
    Ok(users::find(tx, user).await?.is_some_and(|user| !user.disabled))
}

fn holding(assigned: Vec<Assignment>, now: i64) -> Vec<Assignment> {
    assigned.into_iter().filter(|assignment| assignment.until.is_none_or(|until| until > now)).collect()
}

/// The roles that are active in a session, by which assigned ones, and when the first of them ends.
struct Active {
    roles: Vec<String>,
    via: Vec<String>,
    ends: Option<i64>,
}

fn active(policy: &Policy, assigned: &[Assignment], scope: Option<&Scope>) -> Active {
    let named = scope.map(Scope::roles).unwrap_or_default();
    if named.is_empty() {
        let known = assigned.iter().filter(|assignment| policy.role(&assignment.role).is_some());
        let ends = known.clone().filter_map(|assignment| assignment.until).min();
        let roles: Vec<String> = known.map(|assignment| assignment.role.clone()).collect();
        return Active { via: roles.clone(), roles, ends };
    }
    // A role that is named may come through another one that is assigned. It may last longer than the first of those,
    // but from then on that one is no way to it, whatever the policy says.
    let mut active = Active { roles: vec![], via: vec![], ends: None };
    for role in named {
        let gives = |assignment: &&Assignment| {
            policy.inherited(&assignment.role).iter().any(|inherited| inherited.name == *role)
        };
        let given: Vec<&Assignment> = assigned.iter().filter(gives).collect();
        if given.is_empty() {
            continue;
        }
        active.roles.push(role.to_string());
        let new = given.iter().map(|assignment| &assignment.role).filter(|role| !active.via.contains(role));
        let new: Vec<String> = new.cloned().collect();
        active.via.extend(new);
        let first = given.iter().filter_map(|assignment| assignment.until).min();
        active.ends = [active.ends, first].into_iter().flatten().min();
    }
    active
}

/// Whether an account holds all that a scope names.
fn is_held(policy: &Policy, assigned: &[Assignment], scope: &Scope) -> bool {
    let roles = || assigned.iter().map(|assignment| assignment.role.as_str());
    let all = policy.activate(roles(), None);
    let has_role = |role: &rolecall_core::RoleName| policy.check_role(&all, role.as_str()).is_allowed();
    if !scope.roles().iter().all(has_role) {
        return false;
    }
    let cut = match scope.roles() {
        [] => all,
        named => policy.activate(named.iter().map(|role| role.as_str()), None),
    };
    scope.grants().iter().all(|grant| policy.holds(&cut, grant))
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

/// Forgets sessions that have long been over.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn forget(app: &App) -> Result<(), Error> {
    let mut tx = app.store.write().await?;
    rows::forget(&mut tx, app.clock.wall() - 3600).await?;
    Ok(tx.commit().await?)
}

fn seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
