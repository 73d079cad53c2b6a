//! From where pages of other sites may call (CORS): the origins of the setting `cors_origins`, and those of the clients
//! that are not disabled. In memory, so that a question about one, which anybody can ask, touches no database.

use std::collections::BTreeSet;

use arc_swap::ArcSwap;

use crate::{
    Error,
    store::{Tx, clients},
};

/// The origins that may. Each is compared whole, byte by byte, with what a browser sends: there are no patterns.
#[derive(Default, Debug)]
pub struct Origins {
    set: BTreeSet<String>,
    of_clients: ArcSwap<BTreeSet<String>>,
}

impl Origins {
    /// Those of the setting, and as yet of no client.
    pub fn new(set: &[String]) -> Origins {
        Origins { set: set.iter().cloned().collect(), of_clients: ArcSwap::default() }
    }

    /// Whether pages of this one may call.
    pub fn has(&self, origin: &str) -> bool {
        self.set.contains(origin) || self.of_clients.load().contains(origin)
    }

    /// Puts those of the clients in the place of the ones before: see [`of_clients`].
    pub fn replace(&self, of_clients: BTreeSet<String>) {
        self.of_clients.store(of_clients.into());
    }
}

/// What clients have, as of this transaction.
///
/// # Errors
/// [`Error::Store`] when it cannot be read.
pub async fn of_clients(tx: &mut Tx) -> Result<BTreeSet<String>, Error> {
    Ok(clients::cors_origins(tx).await?.into_iter().collect())
}
