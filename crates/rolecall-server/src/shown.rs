//! How over HTTP looks what more than one resource shows.

use serde::Serialize;
use utoipa::ToSchema;

/// A log-in that goes on.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::Session)]
pub struct Session {
    #[schema(format = "uuid")]
    id: String,
    /// The client that it was opened from.
    client_id: String,
    /// The API that its tokens are for; null for the service itself.
    #[schema(required)]
    audience: Option<String>,
    /// What it is cut to; null where it is not.
    #[schema(required)]
    scope: Option<String>,
    /// NumericDate: seconds since 1970.
    created_at: i64,
    /// NumericDate of the last refresh, or of the log-in.
    used_at: i64,
    /// NumericDate at which it ends unless it is refreshed before.
    idle_at: i64,
    /// NumericDate at which it ends in any case.
    expires_at: i64,
    /// Whether this very call comes in it.
    current: bool,
}

impl Session {
    /// As somebody sees it whose call comes in the session `current`.
    pub fn of(session: crate::sessions::Session, current: &str) -> Self {
        let crate::sessions::Session { id, client, audience, scope, created_at, used_at, idle_at, expires_at, .. } =
            session;
        let current = id == current;
        Session { id, client_id: client, audience, scope, created_at, used_at, idle_at, expires_at, current }
    }

    /// Its key in a list.
    pub fn id(&self) -> String {
        self.id.clone()
    }
}
