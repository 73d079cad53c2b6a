//! Whoever is asked how a token stands that a change concerns.

use std::{future::Future, pin::Pin};

use rolecall_core::{Claims, Version};

/// What a look-up found out about one token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Introspected {
    /// Its session goes on.
    Active {
        /// The roles that are assigned now; the guard cuts them to the token's scope.
        roles: Vec<String>,
        /// The version by which they were read.
        as_of: Version,
        /// NumericDate at which the first of them ends, if one does.
        ends: Option<i64>,
    },
    /// Its session is over, or its account is disabled or gone.
    Inactive {
        /// The version by which that was read.
        as_of: Version,
    },
}

/// It could not be found out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unavailable;

/// Whoever can say how one token stands now: the service in this process, or elsewhere.
pub trait Authority: Send + Sync + 'static {
    /// Looks up the session of a token whose signature and claims were found good. The answer is of version `min` or
    /// later.
    fn introspect<'a>(
        &'a self,
        token: &'a str,
        claims: &'a Claims,
        min: Version,
    ) -> Pin<Box<dyn Future<Output = Result<Introspected, Unavailable>> + Send + 'a>>;
}
