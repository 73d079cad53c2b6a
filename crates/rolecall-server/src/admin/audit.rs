//! `/admin/audit`: who did what to whom.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{Router, permission, routing::get};
use serde::Serialize;
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use crate::{
    Error,
    app::App,
    audit::{self, Entry, Filter},
    request::{Listed, Paging, Query, id_key, page},
};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/audit", get(permission("rolecall.audit:read"), list))
}

/// What they take and answer.
#[derive(OpenApi)]
#[openapi(tags((name = "audit", description = "Who did what to whom.")), paths(list))]
pub(super) struct Described;

/// One line: something that was done.
#[derive(Serialize, ToSchema)]
#[schema(as = rolecall::AuditEntry)]
struct Shown {
    /// In the order of time.
    id: String,
    /// NumericDate: seconds since 1970.
    at: i64,
    /// The id of who did it; null for set-up and the command line.
    #[schema(required)]
    actor: Option<String>,
    /// What he was called then.
    actor_name: String,
    #[schema(example = "role.assigned")]
    action: String,
    /// The id of the user, the client or the API, or the name of the role, that it was done to.
    #[schema(required)]
    subject: Option<String>,
    /// The rest.
    #[schema(value_type = Object)]
    detail: Value,
    /// The version of the policy that it made, if it made one.
    #[schema(required)]
    version: Option<u64>,
    /// By which the log knows the call.
    #[schema(required)]
    request_id: Option<String>,
    /// The address of the client that it came from; null for set-up and the command line.
    #[schema(required)]
    address: Option<String>,
}

impl From<Entry> for Shown {
    fn from(entry: Entry) -> Self {
        Shown {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            actor_name: entry.actor_name,
            action: entry.action,
            subject: entry.subject,
            // We wrote it, and it is an object.
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
            version: entry.version,
            request_id: entry.request_id,
            address: entry.address,
        }
    }
}

/// What was done, in the order of time.
#[utoipa::path(
    get, path = "/admin/audit", operation_id = "list_audit", tag = "audit",
    params(
        ("subject" = Option<String>, Query, description = "Only what was done to this user, client or API (id), or role (name)."),
        ("actor" = Option<String>, Query, description = "Only what this user or client (id) did."),
        ("action" = Option<String>, Query, description = "Only this, as `role.assigned`."),
        ("since" = Option<i64>, Query, description = "Only from this NumericDate on."),
        Paging,
    ),
    responses((status = 200, body = Listed<Shown>), (status = 400, description = "The query is not right.")),
)]
async fn list(State(app): State<Arc<App>>, mut query: Query) -> Result<Answer<Listed<Shown>>, Error> {
    let filter = Filter {
        subject: query.text("subject"),
        actor: query.text("actor"),
        action: query.text("action"),
        since: query.number("since")?,
    };
    let asked = query.page(id_key)?;
    let entries = audit::list(&app, &filter, &asked.after, asked.limit).await?;
    Ok(Answer(page(entries.into_iter().map(Shown::from).collect(), asked.limit, |entry| entry.id.clone())))
}
