//! The tests of the core, through its public API: one binary, so that they link once.

mod assertions;
mod fuzz;
mod keys;
mod minting;
mod oracle;
mod policy;
mod private_keys;
mod snapshot;
mod tokens;
mod tokens_hostile;
mod vectors;
mod verify;
