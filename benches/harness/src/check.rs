//! `bench check`: one decision, in policies of three sizes; and a token that was seen, found among ten thousand.

use std::hint::black_box;

use rolecall_core::{Object, Policy};

use crate::{
    in_process, machine,
    numbers::Series,
    report::{Asked, Report},
    world,
};

const ROUNDS: usize = 31;
const CHECKS: usize = 100_000;
const SIZES: [usize; 3] = [10, 1_000, 100_000];
const TOKENS: usize = 10_000;

/// Runs it.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::SERVER_CORE)?;
    decisions(report)?;
    found(report)
}

/// One thing that is asked, of one policy.
struct Case {
    caller: &'static str,
    answer: &'static str,
    /// One series for each size.
    times: Vec<Series>,
}

fn decisions(report: &mut Report) -> anyhow::Result<()> {
    let policies: Vec<Policy> =
        SIZES.iter().map(|size| Ok(Policy::new(world::roles(*size)?)?)).collect::<anyhow::Result<_>>()?;
    let mut cases: Vec<Case> = vec![];
    for (caller, roles) in [("1 role", 1), ("8 roles", 8)] {
        for answer in ["allowed", "denied"] {
            let times = vec![Series::default(); SIZES.len()];
            cases.push(Case { caller, answer, times });
            let case = cases.len() - 1;
            for _ in 0..ROUNDS {
                for (n, policy) in policies.iter().enumerate() {
                    let time = turn(policy, SIZES[n], roles, answer == "allowed")?;
                    cases[case].times[n].0.push(time);
                }
            }
        }
    }
    let mut rows = vec![];
    for case in &cases {
        let worst = case.times.iter().map(Series::median).fold(0.0, f64::max);
        let flat = case.times[2].over(&case.times[0]).median();
        let what = format!("{}, {}", case.caller, case.answer);
        // Flat: a search through roles would be thousands of times slower in the largest.
        let is_flat = report.judge(&format!("check_access, {what}, largest over smallest"), flat, Asked::AtMost(2.0));
        let goal = report.judge(&format!("check_access, {what}, ns"), worst, Asked::GoalAtMost(20.0));
        let [small, middle, large] = [0, 1, 2].map(|n| case.times[n].show(1));
        rows.push([what, small, middle, large, format!("{flat:.2}, {is_flat}"), goal]);
    }
    report.line(format!("{ROUNDS} rounds of {CHECKS} checks, the sizes in turn, thread's CPU time; eight permissions are asked for in turn."));
    let head = [
        "`check_access` by name",
        "10 roles, ns",
        "1,000 roles, ns",
        "100,000 roles, ns",
        "largest over smallest",
        "asked",
    ];
    report.table(head, &rows);
    Ok(())
}

/// Nanoseconds a check.
fn turn(policy: &Policy, size: usize, roles: usize, allowed: bool) -> anyhow::Result<f64> {
    // Spread over the policy, so that what is asked for does not lie together.
    let held: Vec<usize> = (0..roles).map(|n| n * size / 8).collect();
    let names: Vec<String> = held.iter().map(|n| world::role_name(*n)).collect();
    let rights = policy.activate(names.iter().map(String::as_str), None);
    let asked: Vec<String> = match allowed {
        true => held.iter().map(|n| world::permission(*n)).cycle().take(8).collect(),
        false => (0..8).map(|n| world::permission(not_held(n * size / 8, size, &held))).collect(),
    };
    let start = machine::thread_cpu();
    let mut yes = 0;
    for n in 0..CHECKS {
        let decision = policy.check_access(black_box(&rights), black_box(asked[n % 8].as_str()), Object::Any);
        yes += usize::from(decision.is_allowed());
    }
    let time = (machine::thread_cpu() - start).as_nanos() as f64 / CHECKS as f64;
    anyhow::ensure!(yes == if allowed { CHECKS } else { 0 }, "not what was expected: {yes} of {CHECKS}");
    Ok(time)
}

/// The next role that is not held.
fn not_held(from: usize, size: usize, held: &[usize]) -> usize {
    (from..from + size).map(|n| n % size).find(|n| !held.contains(n)).unwrap_or(size)
}

fn found(report: &mut Report) -> anyhow::Result<()> {
    let found = in_process::run(TOKENS)?;
    let Some((_, many)) = found.last() else { anyhow::bail!("nothing was measured") };
    let one = found.iter().find(|(name, _)| name == "role").map(|(_, series)| series.show(0)).unwrap_or_default();
    let asked = report.judge("a token found among 10,000", many.median(), Asked::GoalAtMost(250.0));
    report.table(
        ["a token that was seen, found and judged, handed over", "ns over a bare call", "asked"],
        &[
            ["the one that came before".to_owned(), one, String::new()],
            ["one of 10,000, at random".to_owned(), many.show(0), asked],
        ],
    );
    Ok(())
}
