//! Ends sessions: their access tokens are refused at the next call, and their refresh tokens are gone.

use std::fmt;

use rolecall_core::Subject;
use serde_json::json;

use crate::{
    Error,
    audit::Act,
    change::Change,
    error::What,
    rbac::{self, Holder},
    store::sessions::{self as rows, Session},
};

/// Why a session is ended that nobody asked to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Why {
    /// Its refresh token was used again, after its successor or after the grace.
    UsedTwice,
    /// A client came with the refresh token of another one.
    AnotherClient,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::UsedTwice => "a refresh token was used twice",
            Why::AnotherClient => "a refresh token came from another client",
        })
    }
}

/// Which of one's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Own<'a> {
    /// The one of this id.
    One(&'a str),
    /// All but the one that the call comes in.
    Others,
    /// All, and so that one too.
    All,
}

/// Ends sessions of the actor's own. With a token that is cut to a scope he ends the one that he acts in, and no other.
///
/// # Errors
/// [`Error::Cut`]; [`Error::NotFound`] for an id that is none of his.
pub async fn end_own(change: &mut Change, which: Own<'_>) -> Result<(), Error> {
    let by = change.by().clone();
    let (own, current) = by.session()?;
    if which != Own::One(current) {
        by.account()?;
    }
    match which {
        Own::One(id) => end_one(change, own, id).await,
        Own::Others => end_all(change, own, Some(current)).await,
        Own::All => end_all(change, own, None).await,
    }
}

/// Ends one session of a user, for an administrator.
///
/// # Errors
/// [`Error::NotFound`] for an unknown user or an id that is none of his; [`Error::Stronger`].
pub async fn end_of(change: &mut Change, user: &str, id: &str) -> Result<(), Error> {
    rbac::exists(change.tx(), Holder::User(user)).await?;
    rbac::outranks(change, Holder::User(user)).await?;
    end_one(change, Holder::User(user), id).await
}

/// Ends all sessions of a user, for an administrator.
///
/// # Errors
/// [`Error::NotFound`] for an unknown user; [`Error::Stronger`].
pub async fn end_all_of(change: &mut Change, user: &str) -> Result<(), Error> {
    rbac::exists(change.tx(), Holder::User(user)).await?;
    rbac::outranks(change, Holder::User(user)).await?;
    end_all(change, Holder::User(user), None).await
}

/// Ends all sessions of a user, or those that a client has opened for itself, but this one. Where there is none it is no
/// change.
///
/// # Errors
/// [`Error::Store`] when it cannot be written now.
pub async fn end_all(change: &mut Change, holder: Holder<'_>, but: Option<&str>) -> Result<(), Error> {
    change.waits();
    let ended = rows::delete_of(change.tx(), holder, but).await?;
    if ended > 0 {
        // All of his: the one that stays is looked up once.
        change.touch(Subject::User(holder.id().into()), true);
        change.record(Act::new("sessions.ended", holder.id(), json!({ "ended": ended, "but": but })));
    }
    Ok(())
}

async fn end_one(change: &mut Change, holder: Holder<'_>, id: &str) -> Result<(), Error> {
    let none = || Error::NotFound(What::Session);
    // PostgreSQL does not even compare some texts that are no id.
    uuid::Uuid::try_parse(id).map_err(|_| none())?;
    let session = rows::find(change.tx(), id).await?.filter(|session| session.holder() == holder);
    end(change, &session.ok_or_else(none)?, None).await
}

/// Ends this one. If it is gone already it is no change.
pub(super) async fn end(change: &mut Change, session: &Session, why: Option<Why>) -> Result<(), Error> {
    change.waits();
    if rows::delete(change.tx(), &session.id).await? {
        change.touch(Subject::Session(session.id.clone()), true);
        let mut detail = json!({ "session": session.id, "client": session.client });
        if let Some(why) = why {
            detail["why"] = why.to_string().into();
        }
        change.record(Act::new("session.ended", session.subject(), detail));
    }
    Ok(())
}
