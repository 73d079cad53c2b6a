//! `bench peers`: one policy of three sizes, decided by Rolecall, casbin and Cedar. The program beside this one measures;
//! it is built apart, so that nothing in the tree of the others changes what the guard is built from.

use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use crate::{machine, numbers::Series, program, report::Report};

/// One line of the program: who decided, among how many rules, whether the answer was yes, and how long it took.
struct Measured {
    who: String,
    allowed: bool,
    rules: u64,
    nanoseconds: Series,
}

/// Runs it.
///
/// # Errors
/// When the program is not there, or one of them decided wrongly.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::SERVER_CORE)?;
    let program = program::beside("peers")?;
    let output = Command::new(&program).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    let text = String::from_utf8(output.stdout)?;
    let measured: Vec<Measured> = text.lines().map(read).collect::<anyhow::Result<_>>()?;

    let of = |who: &str, allowed: bool, rules: u64| {
        let found = measured.iter().find(|one| (one.who.as_str(), one.allowed, one.rules) == (who, allowed, rules));
        found.map(|one| &one.nanoseconds).with_context(|| format!("{who} said nothing of {rules} rules"))
    };
    let mut rows = vec![];
    for one in measured.iter().filter(|one| one.rules == 10) {
        let (who, allowed) = (one.who.as_str(), one.allowed);
        let large = of(who, allowed, 100_000)?;
        let ours = of("Rolecall", allowed, 100_000)?;
        rows.push([
            who.to_owned(),
            if allowed { "allowed" } else { "denied" }.to_owned(),
            time(&one.nanoseconds),
            time(of(who, allowed, 1_000)?),
            time(large),
            factor(large.over(ours).median()),
        ]);
    }
    report.line(format!(
        "{} rounds in turn, medians (quartiles) of the thread's CPU time for one decision.",
        measured.first().map_or(0, |one| one.nanoseconds.0.len())
    ));
    report.table(["who decides", "answer", "10 rules", "1,000 rules", "100,000 rules", "there, over Rolecall"], &rows);
    Ok(())
}

fn read(line: &str) -> anyhow::Result<Measured> {
    let line: Value = serde_json::from_str(line)?;
    let found = || {
        Some(Measured {
            who: line["who"].as_str()?.to_owned(),
            allowed: line["allowed"].as_bool()?,
            rules: line["rules"].as_u64()?,
            nanoseconds: Series(line["nanoseconds"].as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?),
        })
    };
    found().with_context(|| format!("not as expected: {line}"))
}

/// Nanoseconds, in the unit that suits them.
fn time(series: &Series) -> String {
    let (unit, name, digits) = match series.median() {
        median if median < 1e3 => (1.0, "ns", 1),
        median if median < 1e6 => (1e3, "µs", 2),
        _ => (1e6, "ms", 1),
    };
    let scaled = Series(series.0.iter().map(|nanoseconds| nanoseconds / unit).collect());
    format!("{} {name}", scaled.show(digits))
}

/// Two digits that count, thousands apart: more would be noise.
fn factor(number: f64) -> String {
    if number < 10.0 {
        return format!("{number:.1}");
    }
    let unit = 10_f64.powf(number.log10().floor() - 1.0);
    let digits = format!("{:.0}", (number / unit).round() * unit);
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_to_be_read() {
        assert_eq!([1.0, 20.84, 1234.5, 7_654_321.0].map(factor), ["1.0", "21", "1,200", "7,700,000"]);
        assert_eq!(time(&Series(vec![1500.0; 3])), "1.50 (1.50 to 1.50) µs");
    }
}
