//! The line in front of what is slow: who may come in next, and how many at once.
//!
//! Networks take turns, so that one that sends many does not make the others wait for all of them, and one account has
//! half of the places at most, wherever it is used from. When the line is full, the longest queue loses its last: never
//! somebody who came alone. Who has gone is passed over.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::client_address::AddressPrefix;

/// So many of one account are inside at once, and so many of one network.
const OF_ACCOUNT: usize = 8;
const OF_NETWORK: usize = 48;

/// The line.
pub struct Line {
    places: usize,
    longest: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    inside: usize,
    accounts: HashMap<Arc<str>, usize>,
    networks: HashMap<AddressPrefix, usize>,
    waiting: VecDeque<Queue>,
}

struct Queue {
    network: AddressPrefix,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    who: Who,
    enter: oneshot::Sender<Place>,
}

/// Who wants to come in.
#[derive(Clone, Debug)]
pub struct Who {
    /// Whom it is about, if that is to be counted.
    pub account: Option<Arc<str>>,
    /// From where.
    pub network: AddressPrefix,
    /// With how many of this account, himself included, he may be inside.
    pub of_account: usize,
    /// With how many of this network.
    pub of_network: usize,
}

impl Default for Who {
    /// Somebody on this machine.
    fn default() -> Self {
        Who::from(AddressPrefix::default())
    }
}

impl Who {
    /// Somebody from there, about nobody.
    pub fn from(network: AddressPrefix) -> Who {
        Who { account: None, network, of_account: OF_ACCOUNT, of_network: OF_NETWORK }
    }

    /// The same about an account, when no more of either should be inside than they have guesses left.
    pub fn about(self, account: Arc<str>, of_account: usize, of_network: usize) -> Who {
        Who {
            account: Some(account),
            of_account: of_account.clamp(1, OF_ACCOUNT),
            of_network: of_network.clamp(1, OF_NETWORK),
            ..self
        }
    }
}

/// A place inside. Dropped, the next one comes in.
pub struct Place {
    line: Option<Arc<Line>>,
    account: Option<Arc<str>>,
    network: AddressPrefix,
}

/// The line is too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLong;

impl Line {
    /// A line with so many places inside, in which so many wait.
    pub fn new(places: usize, longest: usize) -> Line {
        Line { places, longest, state: Mutex::default() }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// [`TooLong`] at once, or when others who came alone took the room.
    pub async fn enter(self: &Arc<Self>, who: Who) -> Result<Place, TooLong> {
        let (enter, entered) = oneshot::channel();
        {
            let mut state = self.lock();
            state.forget_the_gone();
            if state.waiting.iter().map(|queue| queue.waiting.len()).sum::<usize>() >= self.longest {
                state.make_room(&who)?;
            }
            state.queue(who.network).waiting.push_back(Waiting { who, enter });
            self.admit(&mut state);
        }
        entered.await.map_err(|_| TooLong)
    }

    /// Whether somebody of this account, or of this network, is inside.
    pub fn has_inside(&self, account: &str, network: AddressPrefix) -> (bool, bool) {
        let state = self.lock();
        (state.accounts.contains_key(account), state.networks.contains_key(&network))
    }

    fn admit(self: &Arc<Self>, state: &mut State) {
        while state.inside < self.places {
            let Some(Waiting { who, enter }) = state.next((self.places / 2).max(1)) else { return };
            state.count(who.account.as_ref(), who.network);
            let place = Place { line: Some(self.clone()), account: who.account, network: who.network };
            if let Err(mut place) = enter.send(place) {
                // He has gone this moment. We have the lock that its `Drop` would take.
                place.line = None;
                state.discount(place.account.as_ref(), place.network);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            let mut state = line.lock();
            state.discount(self.account.as_ref(), self.network);
            line.admit(&mut state);
        }
    }
}

impl State {
    /// The next one who may come in: of the first network in turn that has one.
    fn next(&mut self, of_account: usize) -> Option<Waiting> {
        for _ in 0..self.waiting.len() {
            let mut queue = self.waiting.pop_front()?;
            let next = self.of(&queue, of_account).and_then(|n| queue.waiting.remove(n));
            if !queue.waiting.is_empty() {
                self.waiting.push_back(queue);
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }

    /// The first one of a network who may come in. Nobody overtakes another one of the same account, nor one who waits
    /// for the network.
    fn of(&self, queue: &Queue, of_account: usize) -> Option<usize> {
        let inside = self.networks.get(&queue.network).copied().unwrap_or(0);
        let mut passed: Vec<&str> = vec![];
        for (n, Waiting { who, .. }) in queue.waiting.iter().enumerate() {
            if inside >= who.of_network {
                return None;
            }
            match who.account.as_deref() {
                Some(account) if passed.contains(&account) => {}
                Some(account)
                    if self.accounts.get(account).is_some_and(|same| *same >= who.of_account.min(of_account)) =>
                {
                    passed.push(account);
                }
                _ => return Some(n),
            }
        }
        None
    }

    fn queue(&mut self, network: AddressPrefix) -> &mut Queue {
        let found = self.waiting.iter().position(|queue| queue.network == network);
        let n = found.unwrap_or_else(|| {
            self.waiting.push_back(Queue { network, waiting: VecDeque::new() });
            self.waiting.len() - 1
        });
        &mut self.waiting[n]
    }

    /// The longest queue loses its last, if it is longer than this network's would be; else the account of which the
    /// most wait, if they are more than this one's.
    fn make_room(&mut self, for_whom: &Who) -> Result<(), TooLong> {
        let own = self.waiting.iter().find(|queue| queue.network == for_whom.network);
        let own = own.map_or(0, |queue| queue.waiting.len());
        let longest = self.waiting.iter_mut().max_by_key(|queue| queue.waiting.len()).ok_or(TooLong)?;
        if longest.waiting.len() > own + 1 {
            // Dropped, its sender tells him.
            return longest.waiting.pop_back().map(drop).ok_or(TooLong);
        }
        let mut accounts: HashMap<&str, usize> = HashMap::new();
        for waiting in self.waiting.iter().flat_map(|queue| &queue.waiting) {
            *accounts.entry(waiting.who.account.as_deref().unwrap_or_default()).or_default() += 1;
        }
        let own = accounts.get(for_whom.account.as_deref().unwrap_or_default()).copied().unwrap_or(0);
        let (most, count) = accounts.into_iter().max_by_key(|(_, count)| *count).ok_or(TooLong)?;
        if count <= own + 1 {
            return Err(TooLong);
        }
        let most = most.to_owned();
        let is_last = |waiting: &Waiting| waiting.who.account.as_deref().unwrap_or_default() == most;
        for queue in self.waiting.iter_mut().rev() {
            if let Some(n) = queue.waiting.iter().rposition(is_last) {
                queue.waiting.remove(n);
                break;
            }
        }
        self.waiting.retain(|queue| !queue.waiting.is_empty());
        Ok(())
    }

    fn forget_the_gone(&mut self) {
        for queue in &mut self.waiting {
            queue.waiting.retain(|waiting| !waiting.enter.is_closed());
        }
        self.waiting.retain(|queue| !queue.waiting.is_empty());
    }

    fn count(&mut self, account: Option<&Arc<str>>, network: AddressPrefix) {
        self.inside += 1;
        *self.networks.entry(network).or_default() += 1;
        if let Some(account) = account {
            *self.accounts.entry(account.clone()).or_default() += 1;
        }
    }

    fn discount(&mut self, account: Option<&Arc<str>>, network: AddressPrefix) {
        self.inside = self.inside.saturating_sub(1);
        less(&mut self.networks, &network);
        if let Some(account) = account {
            less(&mut self.accounts, account);
        }
    }
}

/// One less; what is at none is forgotten.
fn less<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, net::IpAddr, pin::Pin, task::Poll};

    use super::*;
    use crate::client_address::{ClientAddress, TrustedProxies};

    type Entering = Pin<Box<dyn Future<Output = Result<Place, TooLong>>>>;

    fn network(n: u8) -> AddressPrefix {
        let peer = IpAddr::from([192, 0, 2, n]);
        ClientAddress::of(Some(peer), [].into_iter(), &TrustedProxies::default()).prefix()
    }

    fn who(account: &str, n: u8) -> Who {
        Who::from(network(n)).about(account.into(), usize::MAX, usize::MAX)
    }

    /// Joins the line; what becomes of it is asked later.
    async fn joined(line: &Arc<Line>, who: Who) -> Entering {
        let line = line.clone();
        let mut entering: Entering = Box::pin(async move { line.enter(who).await });
        match now(&mut entering).await {
            Some(done) => Box::pin(async move { done }),
            None => entering,
        }
    }

    /// What has become of it by now.
    async fn now(entering: &mut Entering) -> Option<Result<Place, TooLong>> {
        std::future::poll_fn(|context| {
            Poll::Ready(match entering.as_mut().poll(context) {
                Poll::Ready(done) => Some(done),
                Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test]
    async fn networks_take_turns() {
        let line = Arc::new(Line::new(1, 10));
        let first = joined(&line, who("a", 1)).await.await.expect("a place");
        let mut many = vec![];
        for n in 0..5 {
            many.push(joined(&line, who(&format!("m{n}"), 1)).await);
        }
        let mut alone = joined(&line, who("b", 2)).await;
        drop(first);
        // One of the many was first in turn, and then it is the other network's.
        drop(now(&mut many[0]).await.expect("in turn").expect("a place"));
        assert!(now(&mut many[1]).await.is_none());
        now(&mut alone).await.expect("in turn").expect("a place");
        now(&mut many[1]).await.expect("in turn").expect("a place");
    }

    #[tokio::test]
    async fn an_account_has_half_of_the_places_wherever_it_is() {
        let line = Arc::new(Line::new(4, 10));
        let (mut places, mut waiting) = (vec![], vec![]);
        for n in 0..2 {
            places.push(joined(&line, who("m", n)).await.await.expect("a place"));
        }
        for n in 2..8 {
            waiting.push(joined(&line, who("m", n)).await);
        }
        for one in &mut waiting {
            assert!(now(one).await.is_none());
        }
        let alice = joined(&line, who("alice", 200)).await.await.expect("a place at once");
        drop((alice, places));
        now(&mut waiting[0]).await.expect("in turn").expect("a place");
    }

    #[tokio::test]
    async fn as_many_as_have_a_guess_left() {
        let line = Arc::new(Line::new(16, 10));
        let about = |left| Who::from(network(1)).about("a".into(), left, usize::MAX);
        let first = joined(&line, about(1)).await.await.expect("a place");
        let mut second = joined(&line, about(1)).await;
        // Who comes later does not overtake him.
        let mut third = joined(&line, about(8)).await;
        assert!(now(&mut second).await.is_none() && now(&mut third).await.is_none());
        assert_eq!(line.has_inside("a", network(1)), (true, true));
        assert_eq!(line.has_inside("b", network(2)), (false, false));
        drop(first);
        let _second = now(&mut second).await.expect("in turn").expect("a place");
        now(&mut third).await.expect("in turn").expect("a place");
    }

    #[tokio::test]
    async fn a_line_that_is_full_has_room_for_who_comes_alone() {
        let line = Arc::new(Line::new(2, 4));
        let _inside = [joined(&line, who("m", 1)).await.await, joined(&line, who("n", 1)).await.await];
        let mut waiting = vec![];
        for n in 0..4 {
            waiting.push(joined(&line, who(&format!("m{n}"), 1)).await);
        }
        assert!(joined(&line, who("m5", 1)).await.await.is_err());
        let mut alone = joined(&line, who("alice", 2)).await;
        assert!(now(&mut alone).await.is_none());
        assert!(now(&mut waiting[3]).await.expect("told").is_err());
        // And so if the many come from many networks.
        let line = Arc::new(Line::new(2, 4));
        let _inside = [joined(&line, who("m", 1)).await.await, joined(&line, who("n", 1)).await.await];
        let mut waiting = vec![];
        for n in 0..4 {
            waiting.push(joined(&line, who("m", 10 + n)).await);
        }
        assert!(joined(&line, who("m", 20)).await.await.is_err());
        let mut alone = joined(&line, who("alice", 2)).await;
        assert!(now(&mut alone).await.is_none());
        assert!(now(&mut waiting[3]).await.expect("told").is_err());
        assert!(now(&mut waiting[0]).await.is_none());
    }

    #[tokio::test]
    async fn who_has_gone_leaves_his_place() {
        let line = Arc::new(Line::new(1, 2));
        let first = joined(&line, who("a", 1)).await.await.expect("a place");
        let gone = joined(&line, who("b", 1)).await;
        let called = joined(&line, who("c", 1)).await;
        drop(gone);
        let mut last = joined(&line, who("d", 1)).await;
        drop(first);
        // It was his turn, and he did not look.
        drop(called);
        now(&mut last).await.expect("in turn").expect("a place");
    }
}
