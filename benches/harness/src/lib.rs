//! What `cargo xtask bench` measures, and how.

pub mod candidates;
pub mod check;
pub mod client;
pub mod guard;
pub mod in_process;
pub mod issuer;
pub mod load;
pub mod machine;
pub mod numbers;
pub mod over_http;
pub mod page;
pub mod parts;
pub mod peers;
pub mod program;
pub mod report;
pub mod served;
pub mod token;
pub mod world;
