//! Pages of other sites (CORS): which may call, what they may read, and who looks like one of them and is not.

mod clients;
mod origins;

use rolecall_server::Config;

use crate::util::{Actor, Answer};

pub const APP: &str = "https://app.example.org";
pub const LOCAL: &str = "http://localhost:5173";

/// Two origins for everybody.
pub fn two_origins(config: &mut Config) {
    config.cors_origins = vec![APP.into(), LOCAL.into()];
}

/// What a browser asks before it lets a page call.
pub async fn preflight(actor: &Actor, path: &str, origin: &str) -> Answer {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    actor.send("OPTIONS", path, &asked, "").await
}

/// The origin that may read an answer.
pub fn reader(answer: &Answer) -> Option<&str> {
    assert!(answer.headers.get("access-control-allow-credentials").is_none());
    assert_ne!(answer.header("access-control-allow-origin"), "*");
    answer.headers.get("access-control-allow-origin").map(|origin| origin.to_str().expect("text"))
}

/// Whether a cache keeps it for each origin by itself.
pub fn varies(answer: &Answer) -> bool {
    let said = answer.headers.get_all("vary").iter().map(|vary| vary.to_str().expect("text"));
    said.flat_map(|vary| vary.split(',')).any(|name| name.trim().eq_ignore_ascii_case("origin"))
}
