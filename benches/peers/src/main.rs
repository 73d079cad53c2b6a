//! One policy, decided by Rolecall, casbin and Cedar in turn, and what a decision takes of this thread's time.
//!
//! Prints one JSON object a line for `cargo xtask bench peers`. Every decision is compared with what it must be; a
//! wrong one ends the run.

mod by_casbin;
mod by_cedar;
mod by_rolecall;
mod rules;

use std::time::Duration;

use anyhow::Context as _;
use rules::{Question, Rules};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

const SIZES: [usize; 3] = [10, 1_000, 100_000];
const ROUNDS: usize = 7;
/// How long a turn takes, if one pass over the questions is not longer.
const TURN: Duration = Duration::from_millis(10);

/// Whoever decides. What is asked is known to it beforehand, in the form in which it wants to be asked.
type Decides = Box<dyn Fn(&Question) -> anyhow::Result<bool>>;

fn main() -> anyhow::Result<()> {
    for size in SIZES {
        let rules = Rules::new(size);
        let deciders: Vec<(&str, Decides)> = vec![
            ("Rolecall", by_rolecall::held(&rules)?),
            ("Rolecall, and what the role holds", by_rolecall::anew(&rules)?),
            ("casbin", by_casbin::each_time(&rules)?),
            ("casbin, cached answer", by_casbin::cached(&rules)?),
            ("Cedar, a policy for each rule", by_cedar::policies(&rules)?),
            ("Cedar, one policy, rules as entities", by_cedar::entities(&rules)?),
        ];
        for allowed in [true, false] {
            let questions: Vec<Question> = rules.questions().filter(|question| question.allowed == allowed).collect();
            let mut columns = vec![];
            for (name, decides) in &deciders {
                // The first time, answers are not in any cache.
                turn(decides, &questions, 1).with_context(|| format!("{name}, {size} rules"))?;
                let once = turn(decides, &questions, 1)?;
                let passes = TURN.as_nanos() / once.as_nanos().max(1);
                columns.push((name, decides, usize::try_from(passes)?.max(1), Vec::with_capacity(ROUNDS)));
            }
            for _ in 0..ROUNDS {
                for (_, decides, passes, times) in &mut columns {
                    let time = turn(decides, &questions, *passes)?;
                    times.push(time.as_nanos() as f64 / (*passes * questions.len()) as f64);
                }
            }
            for (name, _, _, times) in columns {
                println!("{}", json!({ "who": name, "rules": size, "allowed": allowed, "nanoseconds": times }));
            }
        }
    }
    Ok(())
}

/// Asks everything so often.
fn turn(decides: &Decides, questions: &[Question], passes: usize) -> anyhow::Result<Duration> {
    let start = thread_cpu();
    for _ in 0..passes {
        for question in questions {
            anyhow::ensure!(decides(question)? == question.allowed, "decided wrongly: {question:?}");
        }
    }
    Ok(thread_cpu() - start)
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
