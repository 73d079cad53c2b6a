//! The decision for others: `/forward-auth`, alone and behind real proxies, and AuthZEN.

mod agreement;
mod clients;
mod evaluation;
mod forward_auth;
mod forwarded;
mod proxies;
mod request_ids;
