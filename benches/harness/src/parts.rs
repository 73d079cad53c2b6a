//! The parts of a run, and running them: one after the other, each on a thread of its own, so that the core that one
//! binds itself to is not the next one's.

use std::{path::Path, thread, time::Instant};

use crate::{
    change, check, flood, guard, logins, machine, million, oauth, page::Page, peers, proxied, report::Report, start,
    token,
};

/// A part: it can be run alone, and has a place of its own in the page.
pub struct Part {
    /// What `cargo xtask bench` calls it.
    pub name: &'static str,
    /// Measures, and tells.
    pub run: fn(&mut Report) -> anyhow::Result<()>,
}

/// Every part, in the order of the page.
pub const PARTS: &[Part] = &[
    Part { name: "guard", run: guard::run },
    Part { name: "check", run: check::run },
    Part { name: "token", run: token::run },
    Part { name: "peers", run: peers::run },
    Part { name: "logins", run: logins::run },
    Part { name: "flood", run: flood::run },
    Part { name: "oauth", run: oauth::run },
    Part { name: "proxied", run: proxied::run },
    Part { name: "change", run: change::run },
    Part { name: "million", run: million::run },
    Part { name: "start", run: start::run },
];

/// Cores that others may use before a part says so.
const QUIET: f64 = 0.25;

/// What is named: a part, or `all` of them.
///
/// # Errors
/// When there is no such part.
pub fn named(name: &str) -> anyhow::Result<Vec<&'static Part>> {
    let found: Vec<&Part> = PARTS.iter().filter(|part| name == "all" || part.name == name).collect();
    let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
    anyhow::ensure!(!found.is_empty(), "there is no part `{name}`; there are {}, and all", names.join(", "));
    Ok(found)
}

/// Runs parts, prints what they tell, and writes it into a page; answers whether all that must hold does. A part that
/// cannot be measured does not keep the others from it.
///
/// # Errors
/// When the page cannot be written.
pub fn run(parts: &[&Part], page: Option<&Path>) -> anyhow::Result<bool> {
    let machine = machine::describe();
    let mut page = page.map(|path| Page::read(path, &machine, parts)).transpose()?;
    println!("{machine}");
    let (mut failed, mut short, mut last) = (vec![], vec![], None);
    for part in parts {
        let report = match run_one(part) {
            Ok(report) => report,
            Err(error) => {
                eprintln!("error: `{}` could not be measured: {error:#}", part.name);
                failed.push(format!("{}: not measured", part.name));
                continue;
            }
        };
        println!("\n## {}\n\n{}", part.name, report.text);
        if let Some(page) = &mut page {
            page.put(part.name, &report.text)?;
        }
        failed.extend(report.failed);
        short.extend(report.short);
        last = report.last.or(last);
    }
    short.iter().for_each(|what| println!("goal not reached: {what}"));
    failed.iter().for_each(|what| println!("DOES NOT HOLD: {what}"));
    last.iter().for_each(|line| println!("{line}"));
    Ok(failed.is_empty())
}

fn run_one(part: &Part) -> anyhow::Result<Report> {
    let (start, busy, ours) = (Instant::now(), machine::busy()?, machine::ours()?);
    let mut report = Report::default();
    let outcome = thread::scope(|scope| scope.spawn(|| (part.run)(&mut report)).join());
    outcome.map_err(|_| anyhow::anyhow!("it panicked"))??;
    let elapsed = start.elapsed();
    let others =
        (machine::busy()? - busy).saturating_sub(machine::ours()? - ours).as_secs_f64() / elapsed.as_secs_f64();
    report.line(format!(
        "`cargo xtask bench {}`, {}, {:.0} s; everything else on the machine used {others:.2} cores meanwhile.{}",
        part.name,
        machine::today(),
        elapsed.as_secs_f64(),
        if others > QUIET {
            " **The machine was not quiet: these numbers are for finding one's way only.**"
        } else {
            ""
        }
    ));
    Ok(report)
}
