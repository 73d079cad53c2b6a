//! APIs that tokens can be for.

use super::{StoreError, Tx, on};

/// An API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Api {
    /// For good.
    pub id: String,
    /// What it is called in `resource` and `aud`. For good, too.
    pub identifier: String,
    /// What people call it.
    pub name: String,
    /// Whether there are no tokens for it, and those that are out do not count.
    pub disabled: bool,
    /// NumericDate.
    pub created_at: i64,
}

type Row = (String, String, String, bool, i64);

fn api((id, identifier, name, disabled, created_at): Row) -> Api {
    Api { id, identifier, name, disabled, created_at }
}

/// Adds one.
///
/// # Errors
/// [`StoreError::Unique`] when there is one of this identifier.
pub async fn insert(tx: &mut Tx, api: &Api) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("INSERT INTO apis (id, identifier, name, disabled, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(&api.id)
        .bind(&api.identifier)
        .bind(&api.name)
        .bind(api.disabled)
        .bind(api.created_at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Writes all that can be different about one.
pub async fn update(tx: &mut Tx, api: &Api) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE apis SET name = $2, disabled = $3 WHERE id = $1")
        .bind(&api.id)
        .bind(&api.name)
        .bind(api.disabled)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// One API.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Api>, StoreError> {
    let row: Option<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, identifier, name, disabled, created_at FROM apis WHERE id = $1")
        .bind(id)
        .fetch_optional(db)
        .await?);
    Ok(row.map(api))
}

/// The API that is called so.
pub async fn by_identifier(tx: &mut Tx, identifier: &str) -> Result<Option<Api>, StoreError> {
    let row: Option<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, identifier, name, disabled, created_at FROM apis WHERE identifier = $1")
        .bind(identifier)
        .fetch_optional(db)
        .await?);
    Ok(row.map(api))
}

/// APIs in the order of their ids, after one.
pub async fn list(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<Api>, StoreError> {
    let rows: Vec<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, identifier, name, disabled, created_at FROM apis WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(db)
        .await?);
    Ok(rows.into_iter().map(api).collect())
}

/// Removes one; `false` if there was none.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let gone = on!(tx, db => sqlx::query("DELETE FROM apis WHERE id = $1").bind(id).execute(db).await?.rows_affected());
    Ok(gone > 0)
}
