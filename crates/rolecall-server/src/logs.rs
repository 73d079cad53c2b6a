//! The log: to stderr, as text for a person at a terminal and as JSON for everything else.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// Starts the log, unless the application has one already. `RUST_LOG` says how much; without it, `info`, and of the database's driver only warnings.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    // A line that cannot be written is lost: where nobody reads stderr any more, saying so there would end the process.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).log_internal_errors(false);
    // An application that has a log of its own keeps it.
    let _ = match stderr().is_terminal() {
        true => log.with_target(false).try_init(),
        false => log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
}

/// Tells panics to the log too. For a program of our own: an application may have a hook of its own.
pub fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("a panic");
        tracing::error!(at, what, "a panic");
    }));
}
