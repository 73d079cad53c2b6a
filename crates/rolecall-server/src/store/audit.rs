//! Who did what to whom. Rows are added, never changed.

use super::{StoreError, Tx, on, stored, version};

/// One line of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// In the order of time.
    pub id: String,
    /// NumericDate.
    pub at: i64,
    /// The id of who did it; `None` for set-up and the command line.
    pub actor: Option<String>,
    /// His name then.
    pub actor_name: String,
    /// As `role.assigned`.
    pub action: String,
    /// The id of the user, the client or the API, or the name of the role, that it was done to.
    pub subject: Option<String>,
    /// The rest, as a JSON object.
    pub detail: String,
    /// The version that it made.
    pub version: Option<u64>,
    /// By which the log knows the request.
    pub request_id: Option<String>,
    /// Where it came from.
    pub address: Option<String>,
}

/// What to look for; all that is given must fit.
#[derive(Clone, Default, Debug)]
pub struct Filter {
    /// To whom.
    pub subject: Option<String>,
    /// By whom.
    pub actor: Option<String>,
    /// What.
    pub action: Option<String>,
    /// NumericDate: not before.
    pub since: Option<i64>,
}

/// Adds a line.
pub async fn insert(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query(
        "INSERT INTO audit (id, at, actor, actor_name, action, subject, detail, version, request_id, address) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(&entry.id)
        .bind(entry.at)
        .bind(&entry.actor)
        .bind(&entry.actor_name)
        .bind(&entry.action)
        .bind(&entry.subject)
        .bind(&entry.detail)
        .bind(entry.version.map(stored))
        .bind(&entry.request_id)
        .bind(&entry.address)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Lines in the order of time, after one.
pub async fn list(tx: &mut Tx, filter: &Filter, after: &str, limit: i64) -> Result<Vec<Entry>, StoreError> {
    type Text = Option<String>;
    type Row = (String, i64, Text, String, String, Text, String, Option<i64>, Text, Text);
    let rows: Vec<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, at, actor, actor_name, action, subject, detail, version, request_id, address FROM audit \
         WHERE id > $1 AND ($2 IS NULL OR subject = $2) AND ($3 IS NULL OR actor = $3) \
         AND ($4 IS NULL OR action = $4) AND at >= $5 ORDER BY id LIMIT $6")
        .bind(after)
        .bind(&filter.subject)
        .bind(&filter.actor)
        .bind(&filter.action)
        .bind(filter.since.unwrap_or(i64::MIN))
        .bind(limit)
        .fetch_all(db)
        .await?);
    let entry = |(id, at, actor, actor_name, action, subject, detail, made, request_id, address): Row| Entry {
        id,
        at,
        actor,
        actor_name,
        action,
        subject,
        detail,
        version: made.map(version),
        request_id,
        address,
    };
    Ok(rows.into_iter().map(entry).collect())
}
