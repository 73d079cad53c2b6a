//! `rolecall config`: what the settings come to, and where each was said.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::flags;
use crate::{
    Config, Flags,
    config::{Line, Resolved},
    greeting,
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Show every setting with where it was said, and what is wrong or worth a second look. Touches no database
    #[command(after_help = "Examples:
  rolecall config check
  rolecall config check --config /etc/rolecall/rolecall.toml --json

It ends with 0 when the service could start with these settings, else with 1.")]
    Check {
        #[command(flatten)]
        flags: flags::Shared,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Command) -> ExitCode {
    let Command::Check { flags, json } = command;
    let resolved = Config::resolve(&Flags::from(flags));
    let (errors, notes) = (resolved.errors(), resolved.notes());
    match json {
        true => greeting::print(&to_json(&resolved, &errors, &notes)),
        false => say(&resolved, &errors, &notes),
    }
    match errors.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn to_json(resolved: &Resolved, errors: &[String], notes: &[String]) -> Value {
    let line = |line: &Line| json!({ "name": line.name, "value": line.value, "from": line.origin.to_string() });
    let settings: Vec<Value> = resolved.lines.iter().map(line).collect();
    json!({ "ok": errors.is_empty(), "settings": settings, "errors": errors, "warnings": notes })
}

#[expect(clippy::print_stderr, reason = "words to whoever typed the command")]
fn say(resolved: &Resolved, errors: &[String], notes: &[String]) {
    let widest = |of: fn(&Line) -> usize| resolved.lines.iter().map(of).max().unwrap_or(0);
    let (name, value) = (widest(|line| line.name.len()), widest(|line| line.value.chars().count()).min(48));
    let shown = |line: &Line| if line.value.is_empty() { "(none)".to_owned() } else { line.value.clone() };
    let table: Vec<String> = resolved
        .lines
        .iter()
        .map(|line| format!("{:name$}  {:value$}  {}", line.name, shown(line), line.origin))
        .collect();
    greeting::print(&table.join("\n"));
    for note in notes {
        eprintln!("warning: {note}");
    }
    for error in errors {
        eprintln!("error: {error}");
    }
}
