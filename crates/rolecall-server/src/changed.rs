//! What a change is asked and answers over HTTP, whoever makes it.

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::change::InForce;

/// What every change answers.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Changed)]
pub struct Changed {
    /// The version of the policy that it made; the one before, where there was nothing to change.
    version: u64,
    /// Whether every call that comes from now on is decided by it.
    in_force: bool,
}

impl Changed {
    /// By what became of it.
    pub fn by(done: InForce) -> Self {
        Changed { version: done.version, in_force: done.in_force }
    }
}

/// What was made, and what every change answers.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Made)]
pub struct Made<T> {
    #[serde(flatten)]
    what: T,
    #[serde(flatten)]
    changed: Changed,
}

impl<T> Made<T> {
    /// By what was made, and what became of the change.
    pub fn by(what: T, done: InForce) -> Self {
        Made { what, changed: Changed::by(done) }
    }
}

/// What every change may be asked; [`Prefer`](crate::change::Prefer) reads it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes; `Prefer` reads")]
pub struct Waiting {
    /// `wait=SECONDS`: answer when the change is in force everywhere, or after so long. `respond-async`: answer at once.
    /// Without it, a change that takes something away waits (RFC 7240).
    #[param(rename = "Prefer", value_type = String, required = false, example = "wait=10")]
    prefer: Option<String>,
}
