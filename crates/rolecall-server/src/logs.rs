//! The log: to stderr, as text for a person at a terminal and as JSON for everything else.

use std::{
    env,
    io::{IsTerminal, stderr},
};

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat, USUAL_LOG};

/// Starts the log, unless the application has one already. `RUST_LOG` says how much; without it, `info`, and of the
/// database's driver only warnings.
pub fn start() {
    let filter = env::var("RUST_LOG").ok().and_then(|text| EnvFilter::try_new(text).ok());
    start_with(filter.unwrap_or_else(|| EnvFilter::new(USUAL_LOG)), LogFormat::Auto);
}

/// The same, as it is configured.
pub fn start_as(config: &Config) {
    start_with(EnvFilter::new(&config.log), config.log_format);
}

fn start_with(filter: EnvFilter, format: LogFormat) {
    // A line that cannot be written is lost: where nobody reads stderr any more, saying so there would end the process.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).log_internal_errors(false);
    let is_text = match format {
        LogFormat::Auto => stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    // An application that has a log of its own keeps it.
    let _ = match is_text {
        true => log.with_target(false).with_ansi(stderr().is_terminal() && !is_set("NO_COLOR")).try_init(),
        false => log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
}

/// <https://no-color.org>: set, and not empty.
fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Tells panics to the log too. For a program of our own: an application may have a hook of its own.
pub fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("a panic");
        tracing::error!(at, what, "a panic");
    }));
}
