//! Opens a session: the end of every log-in.

use rolecall_core::Scope;
use serde_json::json;

use super::{
    access::{Grounds, holding, is_held, mint},
    idle_at, seconds,
};
use crate::{
    Error,
    accounts::Proved,
    actor::{Actor, Origin},
    apis,
    app::App,
    audit::{self, Act},
    clients::{Authenticated, GrantType},
    config::LONGEST_TOKEN,
    store::{
        StoreError, Tx,
        assignments::{self, Holder},
        refresh_tokens,
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
    /// What the token was cut to.
    pub scope: Option<Scope>,
    /// By which the session goes on.
    pub refresh_token: Option<String>,
}

/// What a session is asked for, whoever's it is to be.
#[derive(Debug)]
pub struct Asked {
    /// By whom.
    pub client: Authenticated,
    /// For which API (RFC 8707); if none is named, for the client's or everybody's.
    pub resource: Option<String>,
    /// Cut to what.
    pub scope: Option<Scope>,
    /// From where.
    pub origin: Origin,
}

/// Why none was opened.
#[derive(Debug)]
pub enum Refused {
    /// The account is not what it was when the password was checked.
    Grant,
    /// The client is not what it was when it proved who it is.
    Client,
    /// The client may not ask by this grant.
    NotItsGrant,
    /// There is no such API.
    Target,
    /// It is not the API of the session.
    AnotherTarget,
    /// The refresh token is none of ours or does not count any more, or its session is over.
    Token,
    /// The API key is none of ours or does not count any more, or its owner is disabled or gone.
    Key,
    /// The scope names what the subject does not hold.
    Scope,
    /// Of what the session or the key is cut to, the subject holds nothing now. It may again.
    NothingHeld,
    /// The subject has more roles than a token can name.
    TooManyRoles,
}

/// Opens a session for who has proved to be this user.
///
/// The client, the account, its hash and its roles are read again, in the snapshot that gives the token its version: a
/// log-in that races with a removal gets nothing, or a token from before the removal, which is out of date from its
/// first use.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn open(app: &App, proved: &Proved, mut asked: Asked) -> Result<Result<Opened, Refused>, Error> {
    // Before the roles are read: a token must not seem younger than what it says.
    let now = app.clock.wall();
    let (mut tx, version) = app.store.write_as_of().await?;
    let audience = match allowed(app, &mut tx, &mut asked, GrantType::Password).await? {
        Ok(audience) => audience,
        Err(why) => return was_right(app, tx, proved, why).await,
    };
    let again = assignments::with_user(&mut tx, &proved.account.id).await?;
    let unchanged = |user: &Credentials| !user.disabled && user.password == proved.account.password;
    let Some((user, assigned)) = again.filter(|(user, _)| unchanged(user)) else {
        return Ok(Err(Refused::Grant));
    };
    let policy = app.policy_of(&mut tx, version).await?;
    let assigned = holding(assigned, now);
    if asked.scope.as_ref().is_some_and(|scope| !is_held(&policy, &assigned, scope)) {
        return was_right(app, tx, proved, Refused::Scope).await;
    }
    // Without a refresh token it ends with its one access token.
    let goes_on = asked.client.may(GrantType::RefreshToken);
    let longest =
        if goes_on { app.config.session_ttl } else { app.config.session_ttl.min(app.config.access_token_ttl) };
    let expires_at = now + seconds(longest);
    let mut session = begun(app, Some(&user.id), audience, &asked, now, expires_at)?;
    session.idle_at = idle_at(app, now, expires_at);
    let (assigned, name, scope) = (assigned.as_slice(), Some(user.username.as_str()), asked.scope.as_ref());
    let Some(minted) = mint(app, &session, Grounds { version, policy: &policy, assigned, name, scope }, now)? else {
        return was_right(app, tx, proved, Refused::TooManyRoles).await;
    };

    match rows::insert(&mut tx, &session).await {
        Err(StoreError::Gone) => return Ok(Err(Refused::Grant)),
        done => done?,
    }
    let refresh_token = match goes_on {
        true => Some(app.refresh_key.first(&session.id)?),
        false => None,
    };
    if let Some(token) = &refresh_token {
        refresh_tokens::insert(&mut tx, &session.id, &token.hash()).await?;
    }
    let by = Actor::Visitor { id: user.id, name: user.username, origin: asked.origin };
    record(app, &mut tx, &by, &session).await?;
    proved.attempt.was_right(app, &mut tx).await?;
    match tx.commit().await {
        Err(StoreError::Gone) => return Ok(Err(Refused::Grant)),
        done => done?,
    }
    let refresh_token = refresh_token.map(|token| token.to_text());
    Ok(Ok(Opened { token: minted.token, expires_in: minted.exp - now, scope: asked.scope, refresh_token }))
}

/// Opens a session of a client for itself (RFC 6749, 4.4), by roles of its own. It ends with its one token: whoever can
/// ask again has no need to refresh.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn open_own(app: &App, mut asked: Asked) -> Result<Result<Opened, Refused>, Error> {
    let now = app.clock.wall();
    let (mut tx, version) = app.store.write_as_of().await?;
    let audience = match allowed(app, &mut tx, &mut asked, GrantType::ClientCredentials).await? {
        Ok(audience) => audience,
        Err(why) => return Ok(Err(why)),
    };
    let Some(client) = asked.client.client() else { return Ok(Err(Refused::NotItsGrant)) };
    let policy = app.policy_of(&mut tx, version).await?;
    let assigned = holding(assignments::of(&mut tx, Holder::Client(&client.id)).await?, now);
    if asked.scope.as_ref().is_some_and(|scope| !is_held(&policy, &assigned, scope)) {
        return Ok(Err(Refused::Scope));
    }
    let expires_at = now + seconds(app.config.access_token_ttl.min(LONGEST_TOKEN));
    let session = begun(app, None, audience, &asked, now, expires_at)?;
    let grounds = Grounds { version, policy: &policy, assigned: &assigned, name: None, scope: asked.scope.as_ref() };
    let Some(minted) = mint(app, &session, grounds, now)? else {
        return Ok(Err(Refused::TooManyRoles));
    };

    rows::insert(&mut tx, &session).await?;
    let by = Actor::Visitor { id: client.id.clone(), name: client.name.clone(), origin: asked.origin };
    record(app, &mut tx, &by, &session).await?;
    tx.commit().await?;
    Ok(Ok(Opened { token: minted.token, expires_in: minted.exp - now, scope: asked.scope, refresh_token: None }))
}

/// For which API, if the client still may. It is asked as it is now.
pub(super) async fn allowed(
    app: &App,
    tx: &mut Tx,
    asked: &mut Asked,
    grant: GrantType,
) -> Result<Result<Option<String>, Refused>, Error> {
    let Some(client) = asked.client.as_of(tx).await? else { return Ok(Err(Refused::Client)) };
    asked.client = client;
    if !asked.client.may(grant) {
        return Ok(Err(Refused::NotItsGrant));
    }
    match apis::audience(app, tx, asked.resource.as_deref(), &asked.client).await {
        Err(Error::NotFound(_)) => Ok(Err(Refused::Target)),
        found => Ok(Ok(found?)),
    }
}

pub(super) fn begun(
    app: &App,
    user: Option<&str>,
    audience: Option<String>,
    asked: &Asked,
    now: i64,
    expires_at: i64,
) -> Result<Session, Error> {
    Ok(Session {
        id: app.ids.next(&app.clock)?,
        user: user.map(str::to_owned),
        client: asked.client.id().to_owned(),
        audience,
        scope: asked.scope.as_ref().map(Scope::to_string),
        created_at: now,
        used_at: now,
        idle_at: expires_at,
        expires_at,
        api_key: None,
    })
}

async fn record(app: &App, tx: &mut Tx, by: &Actor, session: &Session) -> Result<(), Error> {
    let mut detail = json!({ "session": session.id, "client": session.client, "scope": session.scope });
    if let Some(audience) = &session.audience {
        detail["audience"] = audience.as_str().into();
    }
    audit::write(app, tx, by, Act::new("session.opened", session.subject(), detail), None).await
}

/// No session is opened, for another reason than the password: that was right, and is not counted.
async fn was_right(app: &App, mut tx: Tx, proved: &Proved, why: Refused) -> Result<Result<Opened, Refused>, Error> {
    proved.attempt.was_right(app, &mut tx).await?;
    tx.commit().await?;
    Ok(Err(why))
}
