//! Stands between a service and PostgreSQL, on a Unix socket of its own: forwards, and when told to, holds an answer,
//! cuts connections, or goes silent.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

use super::postgres;

/// What happens to the next COMMIT of a change, or of a rotation of the key file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtCommit {
    Forward,
    /// The server makes it, and its answer waits for [`Proxy::release`].
    HoldAnswer,
    /// The server makes it; its answer is thrown away, and everything is cut until [`Proxy::heal`]; but for the
    /// connection that has the lock, so that the lease goes on.
    CutAfter,
    /// The server never hears of it, and everything is cut like that.
    CutBefore,
}

#[derive(Clone, Copy, Debug)]
struct State {
    at_commit: AtCommit,
    /// What was planned for a COMMIT took place.
    happened: bool,
    /// Nothing comes through, but nothing is closed.
    silent: bool,
    /// Everything but the lock's connection is closed, and whoever comes anew too.
    cut: bool,
    /// The same for the connection that has the lock, and for whoever asks for it.
    without_lock: bool,
}

struct Shared {
    state: watch::Sender<State>,
    look_ups: AtomicUsize,
    statements: AtomicUsize,
    taken: watch::Sender<usize>,
}

/// The proxy; it ends when it is dropped.
pub struct Proxy {
    folder: TempDir,
    shared: Arc<Shared>,
    _connections: JoinSet<()>,
}

impl Proxy {
    /// Begins to stand in front of the test server.
    pub fn start() -> Proxy {
        let folder = TempDir::new().expect("a folder for the proxy's socket");
        let socket = postgres::socket();
        let name = socket.file_name().expect("the socket has a name");
        let listener = UnixListener::bind(folder.path().join(name)).expect("a socket");
        let state = watch::Sender::new(State {
            at_commit: AtCommit::Forward,
            happened: false,
            silent: false,
            cut: false,
            without_lock: false,
        });
        let shared = Arc::new(Shared {
            state,
            look_ups: AtomicUsize::new(0),
            statements: AtomicUsize::new(0),
            taken: watch::Sender::new(0),
        });
        let mut connections = JoinSet::new();
        let for_each = shared.clone();
        connections.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.expect("a connection");
                for_each.taken.send_modify(|taken| *taken += 1);
                if !for_each.state.borrow().cut {
                    open.spawn(connection(client, for_each.clone()));
                }
            }
        });
        Proxy { folder, shared, _connections: connections }
    }

    /// The address of a database of the test server, through the proxy.
    pub fn url(&self, direct: &str) -> String {
        let folder = postgres::socket().parent().map(Path::to_path_buf).expect("the socket is in a folder");
        direct.replace(&*folder.to_string_lossy(), &self.folder.path().to_string_lossy())
    }

    /// Plans what happens to the next COMMIT of a change.
    pub fn at_next_commit(&self, plan: AtCommit) {
        self.change(|state| (state.at_commit, state.happened) = (plan, false));
    }

    /// Until what was planned has happened.
    pub async fn happened(&self) {
        self.until(|state| state.happened).await;
    }

    /// Lets go of the answer that is held.
    pub fn release(&self) {
        self.change(|state| state.at_commit = AtCommit::Forward);
    }

    /// Nothing comes through from now on, and nobody is told.
    pub fn go_silent(&self) {
        self.change(|state| state.silent = true);
    }

    /// Takes the lock away from whoever has it, and lets nobody ask for it.
    pub fn keep_from_lock(&self) {
        self.change(|state| state.without_lock = true);
    }

    /// Everything comes through again.
    pub fn heal(&self) {
        self.change(|state| {
            state.at_commit = AtCommit::Forward;
            (state.silent, state.cut, state.without_lock) = (false, false, false);
        });
    }

    /// Until somebody comes anew.
    pub async fn somebody_comes(&self) {
        let mut taken = self.shared.taken.subscribe();
        taken.borrow_and_update();
        taken.changed().await.expect("the proxy lives");
    }

    /// How often a session was looked up.
    pub fn look_ups(&self) -> usize {
        self.shared.look_ups.load(Ordering::SeqCst)
    }

    /// How many statements there were, of whatever kind, but for those that keep the lock.
    pub fn statements(&self) -> usize {
        self.shared.statements.load(Ordering::SeqCst)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.shared.state.send_modify(change);
    }

    async fn until(&self, is: impl FnMut(&State) -> bool) {
        self.shared.state.subscribe().wait_for(is).await.expect("the proxy lives");
    }
}

/// One connection, as far as both directions know it.
struct Connection {
    shared: Arc<Shared>,
    /// It asked for the lock.
    has_lock: watch::Sender<bool>,
    /// The next answer is that to the COMMIT that something was planned for.
    committing: AtomicBool,
}

async fn connection(client: UnixStream, shared: Arc<Shared>) {
    let Ok(server) = UnixStream::connect(postgres::socket()).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let connection = Connection { shared, has_lock: watch::Sender::new(false), committing: AtomicBool::new(false) };
    tokio::select! {
        () = connection.asks(from_client, to_server) => {}
        () = connection.answers(from_server, to_client) => {}
        () = connection.is_cut() => {}
    }
}

impl Connection {
    async fn is_cut(&self) {
        let cut = self.until(|state| state.cut && !*self.has_lock.borrow());
        let without_lock = async {
            let _ = self.has_lock.subscribe().wait_for(|has| *has).await;
            self.until(|state| state.without_lock).await;
        };
        tokio::select! {
            () = cut => {}
            () = without_lock => {}
        }
    }

    async fn until(&self, is: impl FnMut(&State) -> bool) {
        let _ = self.shared.state.subscribe().wait_for(is).await;
    }

    /// From the service to the server, message by message.
    async fn asks(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let (mut bytes, mut started) = (vec![], false);
        let mut statements: HashMap<Vec<u8>, String> = HashMap::new();
        let mut changes = false;
        loop {
            while let Some(length) = whole_message(&bytes, started) {
                let message: Vec<u8> = bytes.drain(..length).collect();
                if !started {
                    // Before the start message there may be questions about encryption.
                    started = message[4..8] == 196_608_u32.to_be_bytes();
                    if to.write_all(&message).await.is_err() {
                        return;
                    }
                    continue;
                }
                if matches!(message[0], b'B' | b'Q') && !*self.has_lock.borrow() {
                    self.shared.statements.fetch_add(1, Ordering::SeqCst);
                }
                let mut texts = message[5..].split(|byte| *byte == 0);
                let mut text = || texts.next().unwrap_or_default().to_vec();
                match message[0] {
                    b'P' => {
                        let (name, sql) = (text(), String::from_utf8_lossy(&text()).into_owned());
                        if sql.contains("pg_try_advisory_lock") {
                            self.has_lock.send_replace(true);
                            if self.shared.state.borrow().without_lock {
                                return;
                            }
                        }
                        statements.insert(name, sql);
                    }
                    b'B' => {
                        let (_portal, name) = (text(), text());
                        let sql = statements.get(&name).map(String::as_str).unwrap_or_default();
                        changes |= sql.contains("INSERT INTO changes") || sql.contains("SET key_file");
                        if sql.contains("FROM sessions WHERE id") {
                            self.shared.look_ups.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    b'Q' if message[5..].starts_with(b"COMMIT") && std::mem::take(&mut changes) => {
                        let plan = self.shared.state.borrow().at_commit;
                        match plan {
                            AtCommit::Forward => {}
                            AtCommit::HoldAnswer | AtCommit::CutAfter => self.committing.store(true, Ordering::SeqCst),
                            AtCommit::CutBefore => {
                                return self.cut_all();
                            }
                        }
                    }
                    _ => {}
                }
                self.until(|state| !state.silent).await;
                if to.write_all(&message).await.is_err() {
                    return;
                }
            }
            match from.read_buf(&mut bytes).await {
                Ok(1..) => {}
                _ => return,
            }
        }
    }

    /// From the server to the service, as it comes.
    async fn answers(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut bytes = vec![0; 16 << 10];
        while let Ok(read @ 1..) = from.read(&mut bytes).await {
            if self.committing.swap(false, Ordering::SeqCst) {
                let plan = self.shared.state.borrow().at_commit;
                if plan == AtCommit::CutAfter {
                    return self.cut_all();
                }
                self.shared.state.send_modify(|state| state.happened = true);
                self.until(|state| state.at_commit != AtCommit::HoldAnswer).await;
            }
            self.until(|state| !state.silent).await;
            if to.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    }

    fn cut_all(&self) {
        self.shared.state.send_modify(|state| {
            state.at_commit = AtCommit::Forward;
            (state.cut, state.happened) = (true, true);
        });
    }
}

/// The length of the first message, if all of it is there: a type (not in the first), and a length that counts itself.
fn whole_message(bytes: &[u8], started: bool) -> Option<usize> {
    let of_type = usize::from(started);
    let length = bytes.get(of_type..of_type + 4)?;
    let length = of_type + u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
    (bytes.len() >= length).then_some(length)
}
