//! `bench guard`: one route, one constant, and what stands in front of it.

use std::process::Command;

use anyhow::Context as _;

use crate::{
    in_process,
    over_http::{self, Called, Measured},
    program,
    report::{
        Asked::{self, AtLeast, AtMost, GoalAtLeast},
        Report,
    },
};

/// As many as are drawn from where there is more than one.
const TOKENS: usize = 10_000;

/// One line of the table.
struct Row {
    name: &'static str,
    called: Called,
    /// Of its calls over those of bare axum with the same tokens.
    over_bare: &'static [Asked],
    /// Of its calls over those of the check by hand.
    over_by_hand: &'static [Asked],
}

const BARE: Called = Called { candidate: "bare", many: false };
const GUARDED: Called = Called { candidate: "role", many: false };
const BY_HAND: Called = Called { candidate: "by hand", many: false };

const ROWS: &[Row] = &[
    Row { name: "bare axum", called: BARE, over_bare: &[], over_by_hand: &[] },
    Row {
        name: "`public()`",
        called: Called { candidate: "public", many: false },
        over_bare: &[AtLeast(0.98)],
        over_by_hand: &[],
    },
    Row {
        name: "`role(\"user\")`",
        called: GUARDED,
        over_bare: &[AtLeast(0.92), GoalAtLeast(0.97)],
        over_by_hand: &[AtLeast(0.96)],
    },
    Row {
        name: "`permission(\"items:read\")`",
        called: Called { candidate: "permission", many: false },
        over_bare: &[AtLeast(0.92), GoalAtLeast(0.97)],
        over_by_hand: &[AtLeast(0.96)],
    },
    Row {
        name: "`role(\"user\")`, handler takes `Caller`",
        called: Called { candidate: "role, with the caller", many: false },
        over_bare: &[AtLeast(0.92)],
        over_by_hand: &[GoalAtLeast(0.96)],
    },
    Row { name: "by hand, in an extractor", called: BY_HAND, over_bare: &[], over_by_hand: &[] },
    Row {
        name: "bare axum, 10,000 tokens",
        called: Called { candidate: "bare", many: true },
        over_bare: &[],
        over_by_hand: &[],
    },
    Row {
        name: "`role(\"user\")`, 10,000 tokens",
        called: Called { candidate: "role", many: true },
        over_bare: &[AtLeast(0.75)],
        over_by_hand: &[],
    },
];

/// Runs it.
///
/// # Errors
/// When a candidate does not answer as it must.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    over_http(report)?;
    in_memory(report)
}

fn over_http(report: &mut Report) -> anyhow::Result<()> {
    let all: Vec<Called> = ROWS.iter().map(|row| row.called).collect();
    let measured = over_http::run(&all, TOKENS)?;
    let of = |called: Called| -> anyhow::Result<&Measured> {
        let found = all.iter().position(|one| *one == called).and_then(|n| measured.get(n));
        found.with_context(|| format!("{} was not measured", called.candidate))
    };

    let by_hand = of(BY_HAND)?;
    let (mut rows, mut others) = (vec![], vec![]);
    for row in ROWS {
        let (turns, bare) = (of(row.called)?, of(Called { many: row.called.many, ..BARE })?);
        let over_bare = bare.core.over(&turns.core);
        rows.push([
            row.name.to_owned(),
            format!("{:.2}", turns.core.median()),
            over_bare.show(3),
            judge(report, &format!("{} over bare axum", row.name), over_bare.median(), row.over_bare),
        ]);
        if !row.over_by_hand.is_empty() {
            let over_by_hand = by_hand.core.over(&turns.core);
            let what = format!("{} over the check by hand", row.name);
            others.push([
                row.name.to_owned(),
                over_by_hand.show(3),
                judge(report, &what, over_by_hand.median(), row.over_by_hand),
            ]);
        }
    }
    report.line(format!(
        "Over HTTP, 32 connections, {} rounds of {} ms each; medians (quartiles).",
        over_http::ROUNDS,
        over_http::TURN.as_millis()
    ));
    report.table(["one `GET`", "µs of the server's core", "calls over bare axum's", "asked"], &rows);
    report.table(["the same", "calls over the check by hand's", "asked"], &others);
    wall_clock(report, &measured);
    let guarded = of(BARE)?.core.over(&of(GUARDED)?.core);
    report.last = Some(format!("guarded / unguarded = {:.3}", guarded.median()));
    Ok(())
}

/// What a caller sees of the same turns; and whether it was the server that was measured.
fn wall_clock(report: &mut Report, measured: &[Measured]) {
    let bare = |many: bool| ROWS.iter().position(|row| row.called == Called { many, ..BARE }).unwrap_or_default();
    let row = |(row, turns): (&Row, &Measured)| {
        [
            row.name.to_owned(),
            format!("{:.0}", turns.rate.median()),
            turns.rate.over(&measured[bare(row.called.many)].rate).show(3),
            format!("{:.3}, {:.3}", turns.median.median(), turns.late.median()),
            format!("{:.2}", turns.generator.median()),
        ]
    };
    let rows: Vec<_> = ROWS.iter().zip(measured).map(row).collect();
    let head = ["by the wall clock", "calls/s", "over bare axum's", "p50, p99 in ms", "generator's use of its core"];
    report.table(head, &rows);
}

fn in_memory(report: &mut Report) -> anyhow::Result<()> {
    let allocations = count_allocations()?;
    let bare = *allocations.first().context("no allocations were counted")?;
    let mut rows = vec![];
    for (n, (name, over_bare)) in in_process::run(TOKENS)?.iter().enumerate() {
        let count = allocations.get(n);
        let asked = match count {
            Some(count) if name.starts_with("role") || name.starts_with("permission") => {
                judge(report, &format!("allocations of `{name}`, more than bare"), count - bare, &[AtMost(3.0)])
            }
            _ => String::new(),
        };
        let count = count.map(|count| format!("{:+.0}", count - bare)).unwrap_or_default();
        rows.push([name.clone(), over_bare.show(0), count, asked]);
    }
    report.line(format!(
        "In process, without a socket. A call of bare axum, request and all, takes {bare:.0} allocations here."
    ));
    report.table(["a call", "ns more than bare axum", "allocations more", "asked"], &rows);
    Ok(())
}

/// A program of its own counts them, so that counting costs nothing here.
fn count_allocations() -> anyhow::Result<Vec<f64>> {
    let output = Command::new(program::beside("allocations")?).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| line.trim().parse().with_context(|| format!("no number: {line:?}"))).collect()
}

fn judge(report: &mut Report, what: &str, number: f64, asked: &[Asked]) -> String {
    let words: Vec<String> = asked.iter().map(|asked| report.judge(what, number, *asked)).collect();
    words.join("; ")
}
