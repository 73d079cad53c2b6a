//! What is for sale. In memory, since this is an example: it is gone when the process ends. A database would do the
//! same, and the comments say how.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rolecall::Denied;
use serde::Serialize;
use tokio::sync::broadcast;

/// One thing that somebody sells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Item {
    /// Its number.
    pub id: u64,
    /// What it is.
    pub name: String,
    /// Whose it is: the id of an account.
    pub owner: String,
}

/// All items. Copies are the same ones.
#[derive(Clone)]
pub struct Items {
    held: Arc<Mutex<Held>>,
    changes: broadcast::Sender<Item>,
}

#[derive(Default)]
struct Held {
    last: u64,
    items: BTreeMap<u64, Item>,
}

/// How many changes somebody who follows them may be behind.
const BACKLOG: usize = 64;

impl Items {
    /// The items of this owner, or everybody's: `WHERE $1 IS NULL OR owner = $1`.
    pub fn of(&self, owner: Option<&str>) -> Vec<Item> {
        self.lock().items.values().filter(|item| is_of(item, owner)).cloned().collect()
    }

    /// One item.
    pub fn find(&self, id: u64) -> Option<Item> {
        self.lock().items.get(&id).cloned()
    }

    /// Adds an item.
    pub fn add(&self, name: String, owner: String) -> Item {
        let mut held = self.lock();
        held.last += 1;
        let item = Item { id: held.last, name, owner };
        self.put(held, item)
    }

    /// Changes an item, unless `change` refuses. Nobody else changes it meanwhile: a transaction with `SELECT .. FOR
    /// UPDATE`.
    ///
    /// # Errors
    /// That of `change`, and [`Denied::NotFound`].
    pub fn change(&self, id: u64, change: impl FnOnce(&mut Item) -> Result<(), Denied>) -> Result<Item, Denied> {
        let held = self.lock();
        let mut item = held.items.get(&id).cloned().ok_or(Denied::NotFound)?;
        change(&mut item)?;
        Ok(self.put(held, item))
    }

    /// Takes an item out, if it is of this owner, or whoever's it is; `false` where there is none: `DELETE .. WHERE
    /// id = $1 AND ($2 IS NULL OR owner = $2)`.
    pub fn remove(&self, id: u64, owner: Option<&str>) -> bool {
        let mut held = self.lock();
        let found = held.items.get(&id).is_some_and(|item| is_of(item, owner));
        found && held.items.remove(&id).is_some()
    }

    /// Every item that is added or changed from now on.
    pub fn changes(&self) -> broadcast::Receiver<Item> {
        self.changes.subscribe()
    }

    fn put(&self, mut held: MutexGuard<'_, Held>, item: Item) -> Item {
        held.items.insert(item.id, item.clone());
        // An error says that nobody follows.
        let _ = self.changes.send(item.clone());
        item
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_of(item: &Item, owner: Option<&str>) -> bool {
    owner.is_none_or(|owner| item.owner == owner)
}

impl Default for Items {
    fn default() -> Self {
        Items { held: Arc::default(), changes: broadcast::Sender::new(BACKLOG) }
    }
}
