//! A token that a client shows: how it stands now (RFC 7662), and the end of its session (RFC 7009).
//!
//! Both are told of the session as the database has it, not of what the token says. An access token is seen by the
//! client that it was given to and by those that introspect for its API; a refresh token by the former alone.

use std::sync::Arc;

use rolecall_core::{Claims, Scope, jwt};

use super::{
    access::{Active, active, holding, still_held},
    ending,
    refresh_token::RefreshToken,
    standing::goes_on,
};
use crate::{
    Error,
    actor::{Actor, Origin},
    app::App,
    change::{Change, Prefer},
    clients::Authenticated,
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

/// Why a session is not ended by a token: it was given to another client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnotherClients;

/// How a token stands; `None` for one that does not count, and for one that is none of this client's business.
///
/// # Errors
/// [`Error::Unavailable`] when it cannot be told now; [`Error::Store`].
pub async fn introspect(app: &App, client: &Authenticated, token: &str) -> Result<Option<Standing>, Error> {
    let Some(token) = Shown::read(app, token)? else { return Ok(None) };
    let now = app.clock.wall();
    let mut tx = app.store.read().await?;
    let as_of = versions::current(&mut tx).await?.version;
    if as_of < app.live.snapshot().version {
        return Err(Error::Unavailable("the database is behind what is in force here".into()));
    }
    if !client.stands(&mut tx).await? {
        return Ok(None);
    }
    let Some(session) = token.session(&mut tx).await? else { return Ok(None) };
    if !token.is_for(&session, client) || !goes_on(app, &mut tx, &session, now).await? {
        return Ok(None);
    }
    let told = match &token {
        Shown::Access(claims) => (claims.scope.clone(), claims.iat, claims.exp, Some(claims.jti.clone())),
        Shown::Refresh(refresh) => {
            let row = refresh_tokens::find(&mut tx, &session.id).await?;
            if row.is_none_or(|row| !refresh.has(&row.hash)) {
                return Ok(None);
            }
            (session.scope.clone(), session.used_at, session.idle_at.min(session.expires_at), None)
        }
    };
    let (scope, issued_at, expires_at, id) = told;
    // A scope that cannot be read is none of ours.
    let Ok(cut_to) = scope.as_deref().map_or(Ok(None), Scope::parse) else { return Ok(None) };
    let policy = app.policy_of(&mut tx, as_of).await?;
    let assigned = holding(assignments::of(&mut tx, session.holder()).await?, now);
    // Whoever goes by `scope` must not find a right in it that was taken away, and nothing in it is not everything.
    let held = cut_to.as_ref().map(|scope| still_held(&policy, &assigned, scope));
    let active = match &held {
        Some(None) => Active::default(),
        held => active(&policy, &assigned, held.as_ref().and_then(Option::as_ref)),
    };
    let is_access = matches!(token, Shown::Access(_));
    Ok(Some(Standing {
        is_access,
        subject: session.subject().to_owned(),
        username: username(&mut tx, &session).await?,
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

/// Ends the session that a token belongs to, so that all its tokens are refused from the next call on. One that does not
/// count any more ends nothing, and that is as good (RFC 7009, 2.2).
///
/// # Errors
/// Those of a change.
pub async fn revoke(
    app: &Arc<App>,
    client: &Authenticated,
    token: &str,
    origin: Origin,
) -> Result<Result<(), AnotherClients>, Error> {
    let Some(token) = Shown::read(app, token)? else { return Ok(Ok(())) };
    let mut tx = app.store.read().await?;
    let Some(session) = token.session(&mut tx).await? else { return Ok(Ok(())) };
    if session.client != client.id() {
        return Ok(Err(AnotherClients));
    }
    let by = match client.client() {
        Some(client) => Actor::Visitor { id: client.id.clone(), name: client.name.clone(), origin },
        // Nobody but the person whom the session is of.
        None => {
            let (id, name) = (session.subject().to_owned(), username(&mut tx, &session).await?);
            Actor::Visitor { id, name: name.unwrap_or_default(), origin }
        }
    };
    drop(tx);
    let mut change = Change::begin(app, &by, None).await?;
    ending::end(&mut change, &session, None).await?;
    change.commit(Prefer::default()).await?;
    Ok(Ok(()))
}

/// A token of ours.
enum Shown {
    Access(Box<Claims>),
    Refresh(RefreshToken),
}

impl Shown {
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
