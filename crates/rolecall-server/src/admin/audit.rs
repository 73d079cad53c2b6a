//! `/admin/audit`: who did what to whom.

use std::sync::Arc;

use axum::{Json as Answer, extract::State};
use rolecall::{Router, permission, routing::get};
use serde_json::{Value, json};

use crate::{
    Error,
    app::App,
    audit::{self, Entry, Filter},
    request::{Query, id_key, page},
};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/audit", get(permission("rolecall.audit:read"), list))
}

async fn list(State(app): State<Arc<App>>, mut query: Query) -> Result<Answer<Value>, Error> {
    let filter = Filter {
        subject: query.text("subject"),
        actor: query.text("actor"),
        action: query.text("action"),
        since: query.number("since")?,
    };
    let asked = query.page(id_key)?;
    let entries = audit::list(&app, &filter, &asked.after, asked.limit).await?;
    Ok(Answer(page(entries.iter().map(shown).collect(), asked.limit, |entry| {
        entry["id"].as_str().unwrap_or_default().to_owned()
    })))
}

fn shown(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "at": entry.at,
        "actor": entry.actor,
        "actor_name": entry.actor_name,
        "action": entry.action,
        "subject": entry.subject,
        // We wrote it, and it is an object.
        "detail": serde_json::from_str::<Value>(&entry.detail).unwrap_or_default(),
        "version": entry.version,
        "request_id": entry.request_id,
    })
}
