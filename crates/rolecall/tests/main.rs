//! The tests of the guard, through its public face: one binary, so that they link once.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod admit;
mod audiences;
mod cache;
mod carriage;
mod compile_fail;
#[cfg(feature = "docs")]
mod docs;
mod forged;
mod kit;
mod live;
mod log;
mod look_ups;
mod matrix;
mod openapi;
mod own;
mod own_nets;
mod probe;
mod routes;
mod rules;
mod scopes;
mod services;
mod standing;
mod types;
mod unprotected;
mod util;
