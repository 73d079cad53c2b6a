//! The service through its public face: calls over HTTP by people, on both databases, and the binary by its commands.

mod access;
mod admin;
mod api_keys;
mod bad_input;
mod binary;
mod clients;
mod disabled;
mod documents;
mod face;
mod fuzz;
mod guesses;
mod keys;
mod pages;
mod promise;
mod sessions;
mod smoke;
mod store;
mod tokens;
mod util;
