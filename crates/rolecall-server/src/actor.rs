//! Who acts: a person with a session, or somebody with the database in hand.

use std::sync::Arc;

use rolecall::Caller;
use rolecall_core::{InvalidScope, Scope};

/// Who changes something.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A caller whom the guard admitted.
    Person {
        /// His id.
        id: String,
        /// His name, for the audit log.
        name: String,
        /// The session that he acts in.
        session: String,
        /// What it was cut to: he holds no more than it does.
        scope: Option<Arc<Scope>>,
        /// By which the log knows his request.
        request_id: Option<String>,
    },
    /// Whoever has the database and the key file in hand (break-glass).
    CommandLine,
    /// Somebody who registers or logs in: he acts on himself alone.
    Visitor {
        /// His id.
        id: String,
        /// His name.
        name: String,
        /// By which the log knows his request.
        request_id: Option<String>,
    },
}

impl Actor {
    /// The caller of a guarded route.
    ///
    /// # Errors
    /// [`InvalidScope`] when it cannot be told how far his token reaches.
    pub fn of(caller: &Caller, request_id: Option<String>) -> Result<Actor, InvalidScope> {
        let claims = caller.claims();
        let scope = claims.scope.as_deref().map_or(Ok(None), Scope::parse)?;
        Ok(Actor::Person {
            id: claims.sub.clone(),
            name: caller.name().to_owned(),
            session: claims.sid.clone(),
            scope: scope.map(Arc::new),
            request_id,
        })
    }

    /// His id, if he has an account.
    pub fn id(&self) -> Option<&str> {
        match self {
            Actor::Person { id, .. } | Actor::Visitor { id, .. } => Some(id),
            Actor::CommandLine => None,
        }
    }

    /// What the audit log calls him.
    pub fn name(&self) -> &str {
        match self {
            Actor::Person { name, .. } | Actor::Visitor { name, .. } => name,
            Actor::CommandLine => "command line",
        }
    }

    /// By which the log knows his request.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Actor::Person { request_id, .. } | Actor::Visitor { request_id, .. } => request_id.as_deref(),
            Actor::CommandLine => None,
        }
    }
}
