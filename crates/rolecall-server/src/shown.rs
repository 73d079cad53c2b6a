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
    /// The API key that opened it; null for a log-in.
    #[schema(required)]
    api_key: Option<String>,
    /// Whether this very call comes in it.
    current: bool,
}

impl Session {
    /// As somebody sees it whose call comes in the session `current`.
    pub fn of(session: crate::sessions::Session, current: &str) -> Self {
        let crate::sessions::Session {
            id,
            client,
            audience,
            scope,
            created_at,
            used_at,
            idle_at,
            expires_at,
            api_key,
            ..
        } = session;
        let current = id == current;
        Session { id, client_id: client, audience, scope, created_at, used_at, idle_at, expires_at, api_key, current }
    }

    /// Its key in a list.
    pub fn id(&self) -> String {
        self.id.clone()
    }
}

/// An API key; what it is, nobody knows but the program that has it.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::ApiKey)]
pub struct ApiKey {
    #[schema(format = "uuid")]
    id: String,
    /// What its owner calls it.
    name: String,
    /// What it is limited to; of that, it may what its owner holds.
    scope: String,
    /// NumericDate: seconds since 1970.
    created_at: i64,
    /// NumericDate from which it counts no more.
    expires_at: i64,
    /// NumericDate at which a token was last had by it; null where none was.
    #[schema(required)]
    used_at: Option<i64>,
}

impl From<crate::api_keys::ApiKey> for ApiKey {
    fn from(key: crate::api_keys::ApiKey) -> Self {
        let crate::api_keys::ApiKey { id, name, scope, created_at, expires_at, used_at, .. } = key;
        ApiKey { id, name, scope, created_at, expires_at, used_at }
    }
}

impl ApiKey {
    /// Its key in a list.
    pub fn id(&self) -> String {
        self.id.clone()
    }
}
