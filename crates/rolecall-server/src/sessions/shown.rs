//! A token that a client shows: how it stands now (RFC 7662), and the end of its session (RFC 7009).
//!
//! Both are told of the session as the database has it, not of what the token says. An access token is seen by the
//! client that it was given to and by those that introspect for its API; a refresh token by the former alone.

use std::sync::Arc;

use rolecall_core::{Claims, Scope, Version, jwt};

use super::{
    access::{Active, active, holding, still_held},
    ending,
    refresh_token::RefreshToken,
    standing::goes_on,
};
use crate::{
    Error,
    actor::{Actor, Origin},
    api_keys::{self, Proved},
    app::App,
    change::{Change, Prefer},
    clients::{Authenticated, GrantType},
    store::{
        Tx, assignments, refresh_tokens,
        sessions::{self as rows, Session},
        users, versions,
    },
};

/// What is told of a token that counts.
#[derive(Debug)]
pub struct Standing {
    /// Whether it is an access token; otherwise it is a refresh token.
    pub is_access: bool,
    /// `sub`.
    pub subject: String,
    /// What the user is called now; a client that acts for itself has no such name.
    pub username: Option<String>,
    /// To which client it was given.
    pub client: String,
    /// For which API; `None`: the issuer.
    pub audience: Option<String>,
    /// Its session.
    pub session: String,
    /// `jti`, of an access token.
    pub id: Option<String>,
    /// What it was cut to, as far as that is held now: the empty text when nothing of it is.
    pub scope: Option<String>,
    /// The roles that are active in it now.
    pub roles: Vec<String>,
    /// NumericDate at which it was made, or last used.
    pub issued_at: i64,
    /// NumericDate from which on it does not count any more.
    pub expires_at: i64,
}

/// The client is not what it was when it proved who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoLonger;

/// Why what was given back goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotGivenBack {
    /// The token was given to another client.
    AnotherClients,
    /// It is an API key, and the client may not use one.
    NotItsGrant,
}

/// How a token stands; `None` for one that does not count, and for one that is none of this client's business.
///
/// # Errors
/// [`Error::Unavailable`] when it cannot be told now; [`Error::Store`].
pub async fn introspect(
    app: &App,
    client: &Authenticated,
    token: &str,
) -> Result<Result<Option<Standing>, NoLonger>, Error> {
    let Some(token) = Shown::read(app, token)? else { return Ok(Ok(None)) };
    let now = app.clock.wall();
    let mut tx = app.store.read().await?;
    let as_of = versions::current(&mut tx).await?.version;
    if as_of < app.live.snapshot().version {
        return Err(Error::Unavailable("the database is behind what is in force here".into()));
    }
    let Some(client) = client.as_of(&mut tx).await? else { return Ok(Err(NoLonger)) };
    let standing = match token.session(&mut tx).await? {
        Some(session) if token.is_for(&session, &client) => token.standing(app, &mut tx, as_of, session, now).await?,
        _ => None,
    };
    Ok(Ok(standing))
}

/// Ends the session that a token belongs to, so that all its tokens are refused from the next call on; an API key is
/// revoked. What does not count any more ends nothing, and that is as good (RFC 7009, 2.2).
///
/// # Errors
/// Those of a change.
pub async fn revoke(
    app: &Arc<App>,
    client: &Authenticated,
    token: &str,
    origin: Origin,
) -> Result<Result<(), NotGivenBack>, Error> {
    if let Some(key) = api_keys::prove(app, token).await? {
        return revoke_key(app, client, &key, origin).await;
    }
    let Some(token) = Shown::read(app, token)? else { return Ok(Ok(())) };
    let mut tx = app.store.read().await?;
    let Some(session) = token.session(&mut tx).await? else { return Ok(Ok(())) };
    if session.client != client.id() {
        return Ok(Err(NotGivenBack::AnotherClients));
    }
    let by = giver(&mut tx, client, session.subject(), origin).await?;
    drop(tx);
    let mut change = Change::begin(app, &by, None).await?;
    ending::end(&mut change, &session, None).await?;
    change.commit(Prefer::default()).await?;
    Ok(Ok(()))
}

/// Whoever has it may end it, as he may use it.
async fn revoke_key(
    app: &Arc<App>,
    client: &Authenticated,
    key: &Proved,
    origin: Origin,
) -> Result<Result<(), NotGivenBack>, Error> {
    if !client.may(GrantType::ApiKey) {
        return Ok(Err(NotGivenBack::NotItsGrant));
    }
    let by = giver(&mut app.store.read().await?, client, key.owner(), origin).await?;
    let mut change = Change::begin(app, &by, None).await?;
    api_keys::revoke_shown(&mut change, key).await?;
    change.commit(Prefer::default()).await?;
    Ok(Ok(()))
}

/// Who gives something back: the client, and where that is the built-in one, whom it is of.
async fn giver(tx: &mut Tx, client: &Authenticated, subject: &str, origin: Origin) -> Result<Actor, Error> {
    let (id, name) = match client.client() {
        Some(client) => (client.id.clone(), Some(client.name.clone())),
        None => (subject.to_owned(), users::find(tx, subject).await?.map(|user| user.username)),
    };
    Ok(Actor::Visitor { id, name: name.unwrap_or_default(), origin })
}

/// A token of ours.
enum Shown {
    Access(Box<Claims>),
    Refresh(RefreshToken),
}

impl Shown {
    /// How it stands, in its session.
    async fn standing(
        &self,
        app: &App,
        tx: &mut Tx,
        as_of: Version,
        session: Session,
        now: i64,
    ) -> Result<Option<Standing>, Error> {
        if !goes_on(app, tx, &session, now).await? {
            return Ok(None);
        }
        let told = match self {
            Shown::Access(claims) => (claims.scope.clone(), claims.iat, claims.exp, Some(claims.jti.clone())),
            Shown::Refresh(refresh) => {
                let row = refresh_tokens::find(tx, &session.id).await?;
                if row.is_none_or(|row| !refresh.has(&row.hash)) {
                    return Ok(None);
                }
                (session.scope.clone(), session.used_at, session.idle_at.min(session.expires_at), None)
            }
        };
        let (scope, issued_at, expires_at, id) = told;
        // A scope that cannot be read is none of ours.
        let Ok(cut_to) = scope.as_deref().map_or(Ok(None), Scope::parse) else { return Ok(None) };
        let policy = app.policy_of(tx, as_of).await?;
        let assigned = holding(assignments::of(tx, session.holder()).await?, now);
        // Whoever goes by `scope` must not find a right in it that was taken away, and nothing in it is not everything.
        let held = cut_to.as_ref().map(|scope| still_held(&policy, &assigned, scope));
        let mut active = match &held {
            Some(None) => Active::default(),
            held => active(&policy, &assigned, held.as_ref().and_then(Option::as_ref)),
        };
        // For permissions only, it is in no role: whoever goes by roles would take it for more than it is.
        if cut_to.is_some_and(|scope| scope.roles().is_empty()) {
            active.roles.clear();
        }
        let is_access = matches!(self, Shown::Access(_));
        Ok(Some(Standing {
            is_access,
            subject: session.subject().to_owned(),
            username: username(tx, &session).await?,
            // A refresh token outlives a role that it gives.
            expires_at: active.ends.filter(|_| is_access).map_or(expires_at, |ends| ends.min(expires_at)),
            client: session.client,
            audience: session.audience,
            session: session.id,
            id,
            scope: held.map(|scope| scope.map(|scope| scope.to_string()).unwrap_or_default()),
            roles: active.roles,
            issued_at,
        }))
    }

    /// Reads one that we made and that is not over by itself.
    fn read(app: &App, token: &str) -> Result<Option<Shown>, Error> {
        if let Some(refresh) = app.refresh_key.read(token) {
            return Ok(Some(Shown::Refresh(refresh)));
        }
        if !app.live.may_decide() {
            return Err(Error::Unavailable("it is not known what is in force; try again in a moment".into()));
        }
        let (keys, now) = (&app.live.snapshot().keys, app.clock.wall());
        let claims = jwt::verify_for_any(token, keys, &app.issuer, now, app.live.max_lifetime());
        Ok(claims.ok().map(|claims| Shown::Access(Box::new(claims))))
    }

    /// The session that it belongs to, if that is still there.
    async fn session(&self, tx: &mut Tx) -> Result<Option<Session>, Error> {
        let id = match self {
            Shown::Access(claims) => &claims.sid,
            Shown::Refresh(refresh) => &refresh.session(),
        };
        let found = rows::find(tx, id).await?;
        Ok(found.filter(|session| match self {
            Shown::Access(claims) => session.subject() == claims.sub && session.client == claims.client_id,
            Shown::Refresh(_) => true,
        }))
    }

    /// Whether a client may know of it.
    fn is_for(&self, session: &Session, client: &Authenticated) -> bool {
        if session.client == client.id() {
            return true;
        }
        let may_see = |audience: &String| client.client().is_some_and(|client| client.apis.contains(audience));
        match self {
            Shown::Access(claims) => may_see(&claims.aud),
            Shown::Refresh(_) => false,
        }
    }
}

async fn username(tx: &mut Tx, session: &Session) -> Result<Option<String>, Error> {
    let Some(user) = &session.user else { return Ok(None) };
    Ok(users::find(tx, user).await?.map(|user| user.username))
}
