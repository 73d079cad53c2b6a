//! Sessions that an API key opens: each ends with its one access token, and none outlives its key.

use rolecall_core::{Policy, Scope};

use super::{
    access::{Grounds, holding, mint, narrowed},
    open::{Asked, Opened, Refused, allowed, begun},
    seconds,
};
use crate::{
    Error,
    api_keys::Proved,
    app::App,
    clients::GrantType,
    config::LONGEST_TOKEN,
    store::{
        Tx, api_keys,
        assignments::{self, Holder},
        sessions as rows,
    },
};

/// Opens a session for who has this key: cut to what the key is cut to, or to less. What its owner does not hold any
/// more is not in it; the rest goes on.
///
/// Client, key, account and roles are read again, in the snapshot that gives the token its version. It has no refresh
/// token: the key is one. And no line in the audit log, which would be one for each token; the key says when it was last
/// used.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn open_by_key(app: &App, proved: &Proved, mut asked: Asked) -> Result<Result<Opened, Refused>, Error> {
    let now = app.clock.wall();
    let (mut tx, version) = app.store.write_as_of().await?;
    let audience = match allowed(app, &mut tx, &mut asked, GrantType::ApiKey).await? {
        Ok(audience) => audience,
        Err(why) => return Ok(Err(why)),
    };
    let Some(key) = api_keys::find(&mut tx, proved.id(), now).await? else { return Ok(Err(Refused::Key)) };
    let owner = assignments::with_user(&mut tx, &key.user).await?.filter(|(user, _)| !user.disabled);
    let Some((user, assigned)) = owner else { return Ok(Err(Refused::Key)) };
    let policy = app.policy_of(&mut tx, version).await?;
    let assigned = holding(assigned, now);
    // One that cannot be read, or names nothing, must not stand for everything.
    let limit: Scope = key.scope.parse().map_err(Error::internal)?;
    let scope = match narrowed(&policy, &assigned, Some(&limit), asked.scope.as_ref()) {
        Ok(scope) => scope,
        Err(why) => return Ok(Err(why)),
    };
    let expires_at = (now + seconds(app.config.access_token_ttl.min(LONGEST_TOKEN))).min(key.expires_at);
    let mut session = begun(app, Some(&user.id), audience, &asked, now, expires_at)?;
    session.scope = scope.as_ref().map(Scope::to_string);
    session.api_key = Some(key.id);
    let (assigned, name) = (assigned.as_slice(), Some(user.username.as_str()));
    let grounds = Grounds { version, policy: &policy, assigned, name, scope: scope.as_ref() };
    let Some(minted) = mint(app, &session, grounds, now)? else { return Ok(Err(Refused::TooManyRoles)) };

    rows::insert(&mut tx, &session).await?;
    api_keys::used(&mut tx, proved.id(), now).await?;
    tx.commit().await?;
    Ok(Ok(Opened { token: minted.token, expires_in: minted.exp - now, scope, refresh_token: None }))
}

/// Whether a key has opened this session.
///
/// # Errors
/// [`Error::SessionOver`] when it is over.
pub async fn is_by_key(tx: &mut Tx, session: &str) -> Result<bool, Error> {
    Ok(rows::find(tx, session).await?.ok_or(Error::SessionOver)?.api_key.is_some())
}

/// What a key is cut to that is made in a session of this user, which is cut to `limit`; `None` when what was asked is
/// not within that, or not held. In a session that is cut to nothing it names the roles that the user has, so that
/// those that he gets later are not the key's: who has none can make no key.
///
/// # Errors
/// [`Error::Store`] when it cannot be read.
pub async fn scope_for_key(
    tx: &mut Tx,
    policy: &Policy,
    user: &str,
    now: i64,
    limit: Option<&Scope>,
    asked: Option<&Scope>,
) -> Result<Option<Scope>, Error> {
    let assigned = holding(assignments::of(tx, Holder::User(user)).await?, now);
    let Ok(scope) = narrowed(policy, &assigned, limit, asked) else { return Ok(None) };
    let roles = assigned.iter().map(|assignment| assignment.role.as_str());
    let roles: Vec<&str> = roles.filter(|role| policy.role(role).is_some()).collect();
    match scope {
        Some(scope) => Ok(Some(scope)),
        None => Scope::parse(&roles.join(" ")).map_err(Error::internal),
    }
}
