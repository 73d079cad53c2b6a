//! The decision for others: `/forward-auth`, alone and behind real proxies.

mod forward_auth;
mod forwarded;
mod proxies;
