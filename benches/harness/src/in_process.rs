//! The candidates without sockets: what a call costs in nanoseconds of this thread, and in allocations.

use std::{hint::black_box, time::Duration};

use anyhow::Context as _;
use axum::{Router, body::Body, extract::Request};
use http::{HeaderValue, header};
use rolecall_core::Algorithm;
use tower::Service as _;

use crate::{
    candidates::{self, Candidate, PATH},
    machine,
    numbers::Series,
    world::World,
};

const ROUNDS: usize = 41;
/// Calls of one turn.
const CALLS: usize = 10_000;

/// Nanoseconds of each candidate, less those of bare axum in the same round; the last two with as many tokens at
/// random.
pub fn run(tokens: usize) -> anyhow::Result<Vec<(String, Series)>> {
    machine::pin(machine::SERVER_CORE)?;
    let mut bench = Bench::new(tokens)?;
    let mut turns: Vec<(String, usize, bool, Series)> = vec![];
    for (n, (name, _)) in bench.candidates.iter().enumerate() {
        turns.push(((*name).to_owned(), n, false, Series::default()));
    }
    for n in [0, 2] {
        let name = format!("{}, {tokens} tokens", bench.candidates[n].0);
        turns.push((name, n, true, Series::default()));
    }
    for _ in 0..ROUNDS {
        for (_, candidate, many, series) in &mut turns {
            let time = bench.turn(*candidate, *many, CALLS)?;
            series.0.push(time.as_nanos() as f64 / CALLS as f64);
        }
    }
    let bare = [turns[0].3.clone(), turns[turns.len() - 2].3.clone()];
    Ok(turns.into_iter().map(|(name, _, many, series)| (name, series.less(&bare[usize::from(many)]))).collect())
}

/// Candidates, and tokens that they have all seen.
pub struct Bench {
    runtime: tokio::runtime::Runtime,
    /// What has turns.
    pub candidates: Vec<Candidate>,
    tokens: Vec<String>,
    order: usize,
}

impl Bench {
    /// With so many tokens.
    pub fn new(tokens: usize) -> anyhow::Result<Bench> {
        let world = World::new(Algorithm::Es256)?;
        let tokens: Vec<String> = (0..tokens).map(|person| world.token(person)).collect::<Result<_, _>>()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let mut bench = Bench { runtime, candidates: candidates::all(&world, &tokens)?, tokens, order: 0 };
        for n in 0..bench.tokens.len() {
            bench.call(2, n)?;
        }
        Ok(bench)
    }

    fn call(&mut self, candidate: usize, token: usize) -> anyhow::Result<()> {
        let app = &mut self.candidates.get_mut(candidate).context("no such candidate")?.1;
        let token = self.tokens.get(token).context("no such token")?;
        let status = self.runtime.block_on(answer(app, token));
        anyhow::ensure!(status == 200, "a token was refused: {status}");
        Ok(())
    }

    /// Calls one candidate so often, with one token or with all of them in an order that jumps; the time that this
    /// thread took.
    pub fn turn(&mut self, candidate: usize, many: bool, calls: usize) -> anyhow::Result<Duration> {
        let app = &mut self.candidates.get_mut(candidate).context("no such candidate")?.1;
        let (tokens, order) = (&self.tokens, &mut self.order);
        self.runtime.block_on(async {
            let start = machine::thread_cpu();
            for _ in 0..calls {
                let token = match many {
                    true => {
                        // A step that no count of tokens divides.
                        *order = (*order + 7919) % tokens.len();
                        &tokens[*order]
                    }
                    false => &tokens[0],
                };
                let status = answer(app, token).await;
                anyhow::ensure!(status == 200, "a token was refused: {status}");
            }
            Ok(machine::thread_cpu() - start)
        })
    }
}

pub(crate) async fn answer(app: &mut Router, token: &str) -> u16 {
    // The header is made anew, as it is read anew from a socket.
    let header = HeaderValue::from_maybe_shared(axum::body::Bytes::from([b"Bearer ", token.as_bytes()].concat()));
    let mut request = Request::builder().uri(PATH).body(Body::empty()).unwrap_or_default();
    if let Ok(header) = header {
        request.headers_mut().insert(header::AUTHORIZATION, header);
    }
    let Ok(response) = app.call(request).await;
    black_box(response).status().as_u16()
}
