//! The load: keep-alive connections over loopback, each with one request under way, from one thread.
//!
//! Requests are bytes that were made before, so that ten thousand tokens cost the generator no more than one. It says
//! how much of its core it used: near 1, it is the generator that was measured.

use std::{
    collections::BTreeMap,
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::machine;

/// What to send, and how.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// Where to. Loopback only.
    pub address: SocketAddr,
    /// What may be sent, whole requests; which one is next is drawn.
    pub requests: &'a [Vec<u8>],
    /// How many at once.
    pub connections: usize,
    /// For how long.
    pub time: Duration,
    /// The time from one answer to the next request of a connection.
    pub pause: Duration,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Load {
    /// How many answers of each status.
    pub statuses: BTreeMap<u16, u64>,
    /// From the first request to the last answer that counts.
    pub elapsed: Duration,
    /// What the generator used of its core.
    pub cpu: Duration,
    /// Seconds from request to answer, of every answer of the status 200.
    pub latencies: Vec<f32>,
}

impl Load {
    /// Answers of the status 200 in a second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The share of its core that the generator used.
    pub fn share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }

    /// Seconds within which this share of the answers came.
    pub fn within(&self, share: f64) -> f64 {
        let mut latencies = self.latencies.clone();
        if latencies.is_empty() {
            return f64::NAN;
        }
        let place = ((latencies.len() - 1) as f64 * share) as usize;
        let (_, found, _) = latencies.select_nth_unstable_by(place, f32::total_cmp);
        f64::from(*found)
    }

    /// Fails unless every answer was 200.
    pub fn all_good(self) -> anyhow::Result<Load> {
        ensure!(self.statuses.keys().eq([&200]), "not all answers were 200: {:?}", self.statuses);
        Ok(self)
    }
}

/// A GET with a bearer token.
pub fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{authorization}\r\n").into_bytes()
}

/// A POST of a form.
pub fn post(path: &str, form: &str) -> Vec<u8> {
    let length = form.len();
    let kind = "application/x-www-form-urlencoded";
    format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{form}")
        .into_bytes()
}

/// A POST of JSON with a bearer token.
pub fn post_json(path: &str, token: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    let head = format!("host: 127.0.0.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json");
    format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

struct Connection {
    stream: TcpStream,
    sent: Instant,
    /// When the next request is due, where there is a pause.
    due: Option<Instant>,
    /// What came of an answer that is not whole yet.
    partial: Vec<u8>,
}

/// Sends until the time is over; answers that are under way then do not count.
///
/// # Errors
/// When the server cannot be reached, or what it says is no HTTP/1.1.
pub fn run(plan: Plan<'_>) -> anyhow::Result<Load> {
    ensure!(plan.address.ip().is_loopback(), "no request leaves this machine");
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(plan.connections);
    let mut connections = connect(&poll, &plan)?;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut load = Load { latencies: Vec::with_capacity(1 << 20), ..Load::default() };
    let mut buffer = vec![0; 64 << 10];
    let (cpu, start) = (machine::thread_cpu(), Instant::now());
    for connection in &mut connections {
        connection.send(dice.pick(plan.requests))?;
    }
    loop {
        let now = Instant::now();
        if now - start >= plan.time {
            break;
        }
        let mut wait = plan.time - (now - start);
        if !plan.pause.is_zero() {
            for connection in &mut connections {
                match connection.due {
                    Some(due) if due <= now => connection.send(dice.pick(plan.requests))?,
                    Some(due) => wait = wait.min(due - now),
                    None => {}
                }
            }
        }
        match poll.poll(&mut events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            done => done?,
        }
        for event in &events {
            let Some(connection) = connections.get_mut(event.token().0) else { continue };
            if let Some(status) = connection.receive(&mut buffer)? {
                *load.statuses.entry(status).or_default() += 1;
                let now = Instant::now();
                if status == 200 {
                    load.latencies.push((now - connection.sent).as_secs_f32());
                }
                match plan.pause.is_zero() {
                    true => connection.send(dice.pick(plan.requests))?,
                    false => connection.due = Some(now + plan.pause),
                }
            }
        }
    }
    (load.elapsed, load.cpu) = (start.elapsed(), machine::thread_cpu() - cpu);
    Ok(load)
}

fn connect(poll: &Poll, plan: &Plan<'_>) -> anyhow::Result<Vec<Connection>> {
    let one = |n: usize| {
        let stream =
            std::net::TcpStream::connect(plan.address).with_context(|| format!("{} does not answer", plan.address))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(n), Interest::READABLE)?;
        Ok(Connection { stream, sent: Instant::now(), due: None, partial: vec![] })
    };
    (0..plan.connections).map(one).collect()
}

impl Connection {
    fn send(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.due = None;
        self.sent = Instant::now();
        let written = self.stream.write(request)?;
        ensure!(written == request.len(), "a request did not fit into the socket");
        Ok(())
    }

    /// The status of the answer, once it is whole. More comes with another event.
    fn receive(&mut self, buffer: &mut [u8]) -> anyhow::Result<Option<u16>> {
        let read = match self.stream.read(buffer) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if self.partial.is_empty()
            && let Some(status) = whole(&buffer[..read])?
        {
            return Ok(Some(status));
        }
        self.partial.extend_from_slice(&buffer[..read]);
        let status = whole(&self.partial)?;
        if status.is_some() {
            self.partial.clear();
        }
        Ok(status)
    }
}

/// The status, if this is one whole answer with a length.
pub fn whole(bytes: &[u8]) -> anyhow::Result<Option<u16>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.with_context(|| format!("no status in {head:?}"))?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    // 204 has none, and needs none.
    let length = if status == 204 { 0 } else { length.with_context(|| format!("no length in {head:?}"))? };
    match bytes.len().cmp(&(end + 4 + length)) {
        std::cmp::Ordering::Less => Ok(None),
        std::cmp::Ordering::Equal => Ok(Some(status)),
        std::cmp::Ordering::Greater => bail!("more came than was asked for"),
    }
}

/// xorshift64: which request is next.
struct Dice(u64);

impl Dice {
    fn pick<'a>(&mut self, requests: &'a [Vec<u8>]) -> &'a [u8] {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        &requests[(self.0 % requests.len() as u64) as usize]
    }
}
