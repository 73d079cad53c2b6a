//! `bench token`: the first sight of a token, beside the bare signature check that is in it.

use std::{hint::black_box, time::Duration};

use anyhow::Context as _;
use axum::{Router, routing};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall::role;
use rolecall_core::Algorithm;

use crate::{
    candidates::PATH,
    in_process::answer,
    machine,
    numbers::Series,
    report::{Asked, Report},
    world::World,
};

const TOKENS: usize = 500;
const ROUNDS: usize = 41;

/// A token taken apart: what was signed, and the signature.
type Apart = (Vec<u8>, Vec<u8>);

/// Runs it.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::SERVER_CORE)?;
    let mut rows = vec![];
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Hs256] {
        let (bare, guard) = measure(algorithm)?;
        let ratio = guard.over(&bare);
        let name = algorithm.as_str();
        let asked = match algorithm {
            Algorithm::Es256 | Algorithm::EdDsa => {
                report.judge(&format!("first sight of {name}"), ratio.median(), Asked::AtMost(1.15))
            }
            _ => "reported".to_owned(),
        };
        let length = World::new(algorithm)?.token(0)?.len();
        let size = if algorithm == Algorithm::Rs256 { ", 3072 bits" } else { "" };
        rows.push([format!("{name}{size}, {length} bytes"), bare.show(2), guard.show(2), ratio.show(3), asked]);
    }
    report.line(format!(
        "{TOKENS} tokens, {ROUNDS} rounds in turn, thread's CPU time. The guard's number is a guarded call in process less a \
         bare one: it reads the header, verifies, works out rights and standing, remembers the token, and judges the rule."
    ));
    report.table(["a token seen for the first time", "signature alone, µs", "guard, µs", "ratio", "asked"], &rows);
    Ok(())
}

/// Microseconds a token, in each round: its signature alone; a guarded call less a bare one.
fn measure(algorithm: Algorithm) -> anyhow::Result<(Series, Series)> {
    let mut world = World::new(algorithm)?;
    let tokens: Vec<String> = (0..TOKENS).map(|person| world.token(person)).collect::<Result<_, _>>()?;
    let apart: Vec<Apart> = tokens.iter().map(|token| take_apart(token)).collect::<Result<_, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut bare = Router::new().route(PATH, routing::get(async || "items"));
    let (mut alone, mut first) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        let start = machine::thread_cpu();
        for (message, signature) in &apart {
            anyhow::ensure!(black_box(world.issuer.is_signed(message, signature)), "a signature does not fit");
        }
        alone.0.push(each(machine::thread_cpu() - start));

        world.forget();
        let mut guarded = world
            .guard()?
            .protect(rolecall::Router::new().route(PATH, rolecall::routing::get(role("user"), async || "items")));
        let guarded = runtime.block_on(calls(&mut guarded, &tokens))?;
        let bare = runtime.block_on(calls(&mut bare, &tokens))?;
        first.0.push(each(guarded) - each(bare));
    }
    Ok((alone, first))
}

async fn calls(app: &mut Router, tokens: &[String]) -> anyhow::Result<Duration> {
    let start = machine::thread_cpu();
    for token in tokens {
        let status = answer(app, token).await;
        anyhow::ensure!(status == 200, "a token was refused: {status}");
    }
    Ok(machine::thread_cpu() - start)
}

fn each(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6 / TOKENS as f64
}

fn take_apart(token: &str) -> anyhow::Result<Apart> {
    let (message, signature) = token.rsplit_once('.').context("no token")?;
    Ok((message.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature)?))
}
