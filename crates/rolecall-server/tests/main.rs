//! The service through its public face: calls over HTTP by people, on both databases, and the binary by its commands.

mod smoke;
mod util;
