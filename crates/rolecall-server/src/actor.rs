//! Who acts: a person or a client with a session, or somebody with the database in hand; and where his request came from.

use std::sync::Arc;

use rolecall::Caller;
use rolecall_core::{InvalidScope, Scope};

use crate::{Error, client_address::ClientAddress, rbac::Holder};

/// Where a request came from.
#[derive(Clone, Default, Debug)]
pub struct Origin {
    /// The client.
    pub address: ClientAddress,
    /// By which the log knows the request.
    pub request_id: Option<String>,
}

/// Who changes something.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A caller whom the guard admitted.
    Person {
        /// His id.
        id: String,
        /// His name, for the audit log.
        name: String,
        /// Whether it is a client that acts for itself. Its token does not say what it is called.
        is_client: bool,
        /// The session that he acts in.
        session: String,
        /// What it was cut to: he holds no more than it does.
        scope: Option<Arc<Scope>>,
        /// From where.
        origin: Origin,
    },
    /// Whoever has the database and the key file in hand (break-glass).
    CommandLine,
    /// The service itself, by the clock.
    Schedule,
    /// Somebody who registers or logs in: he acts on himself alone.
    Visitor {
        /// His id.
        id: String,
        /// His name.
        name: String,
        /// From where.
        origin: Origin,
    },
    /// Somebody of whom nothing is known but where he is.
    Stranger {
        /// From where.
        origin: Origin,
    },
}

impl Actor {
    /// The caller of a guarded route.
    ///
    /// # Errors
    /// [`InvalidScope`] when it cannot be told how far his token reaches.
    pub fn of(caller: &Caller, origin: Origin) -> Result<Actor, InvalidScope> {
        let claims = caller.claims();
        let scope = claims.scope.as_deref().map_or(Ok(None), Scope::parse)?;
        Ok(Actor::Person {
            id: claims.sub.clone(),
            name: caller.name().to_owned(),
            is_client: claims.sub == claims.client_id,
            session: claims.sid.clone(),
            scope: scope.map(Arc::new),
            origin,
        })
    }

    /// The same under another name.
    pub fn called(mut self, other: String) -> Actor {
        if let Actor::Person { name, .. } | Actor::Visitor { name, .. } = &mut self {
            *name = other;
        }
        self
    }

    /// Whose the session is that he acts in, and its id.
    ///
    /// # Errors
    /// [`Error::SessionOver`] for whoever has none.
    pub fn session(&self) -> Result<(Holder<'_>, &str), Error> {
        match self {
            Actor::Person { id, is_client: false, session, .. } => Ok((Holder::User(id), session)),
            Actor::Person { id, is_client: true, session, .. } => Ok((Holder::Client(id), session)),
            _ => Err(Error::SessionOver),
        }
    }

    /// The same where he acts for all that the account is, or the client: nobody does with a token that is cut to a scope.
    ///
    /// # Errors
    /// [`Error::Cut`]; [`Error::SessionOver`].
    pub fn account(&self) -> Result<(Holder<'_>, &str), Error> {
        match self {
            Actor::Person { scope: Some(_), .. } => Err(Error::Cut),
            _ => self.session(),
        }
    }

    /// His id, if he has an account or is a client.
    pub fn id(&self) -> Option<&str> {
        match self {
            Actor::Person { id, .. } | Actor::Visitor { id, .. } => Some(id),
            Actor::Stranger { .. } | Actor::CommandLine | Actor::Schedule => None,
        }
    }

    /// What the audit log calls him.
    pub fn name(&self) -> &str {
        match self {
            Actor::Person { name, .. } | Actor::Visitor { name, .. } => name,
            // No name has a space.
            Actor::Stranger { .. } => "a stranger",
            Actor::CommandLine => "command line",
            Actor::Schedule => "the schedule",
        }
    }

    /// Where his request came from, if it was one.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Actor::Person { origin, .. } | Actor::Visitor { origin, .. } | Actor::Stranger { origin } => Some(origin),
            Actor::CommandLine | Actor::Schedule => None,
        }
    }
}
