//! API keys of people: a hash of each, what it is cut to, and until when it is good.

use super::{StoreError, Tx, on};

/// An API key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKey {
    /// By which it is revoked.
    pub id: String,
    /// Whose.
    pub user: String,
    /// What he calls it.
    pub name: String,
    /// SHA-256 of it.
    pub hash: Vec<u8>,
    /// What it is cut to: never nothing.
    pub scope: String,
    /// NumericDate.
    pub created_at: i64,
    /// NumericDate from which it opens nothing.
    pub expires_at: i64,
    /// NumericDate at which it last opened a session.
    pub used_at: Option<i64>,
}

/// Adds one.
///
/// # Errors
/// [`StoreError::Gone`] when there is no such user.
pub async fn insert(tx: &mut Tx, key: &ApiKey) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query(
        "INSERT INTO api_keys (id, user_id, name, hash, scope, created_at, expires_at, used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(&key.id)
        .bind(&key.user)
        .bind(&key.name)
        .bind(&key.hash)
        .bind(&key.scope)
        .bind(key.created_at)
        .bind(key.expires_at)
        .bind(key.used_at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

type Row = (String, String, String, Vec<u8>, String, i64, i64, Option<i64>);

fn key((id, user, name, hash, scope, created_at, expires_at, used_at): Row) -> ApiKey {
    ApiKey { id, user, name, hash, scope, created_at, expires_at, used_at }
}

/// One that is good at `now`.
pub async fn find(tx: &mut Tx, id: &str, now: i64) -> Result<Option<ApiKey>, StoreError> {
    let row: Option<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, user_id, name, hash, scope, created_at, expires_at, used_at \
         FROM api_keys WHERE id = $1 AND expires_at > $2")
        .bind(id)
        .bind(now)
        .fetch_optional(db)
        .await?);
    Ok(row.map(key))
}

/// Those of a user that are good at `now`, in the order in which they were made, after one.
pub async fn list_of_user(
    tx: &mut Tx,
    user: &str,
    now: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<ApiKey>, StoreError> {
    let rows: Vec<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, user_id, name, hash, scope, created_at, expires_at, used_at \
         FROM api_keys WHERE user_id = $1 AND id > $2 AND expires_at > $3 ORDER BY id LIMIT $4")
        .bind(user)
        .bind(after)
        .bind(now)
        .bind(limit)
        .fetch_all(db)
        .await?);
    Ok(rows.into_iter().map(key).collect())
}

/// How many of a user are good at `now`.
pub async fn count_of_user(tx: &mut Tx, user: &str, now: i64) -> Result<i64, StoreError> {
    Ok(on!(tx, db => sqlx::query_scalar("SELECT count(*) FROM api_keys WHERE user_id = $1 AND expires_at > $2")
        .bind(user)
        .bind(now)
        .fetch_one(db)
        .await?))
}

/// Notes that one has opened a session.
pub async fn used(tx: &mut Tx, id: &str, now: i64) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE api_keys SET used_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Removes one with the sessions that it opened; its name, or `None` if the user has none of this id.
pub async fn delete(tx: &mut Tx, user: &str, id: &str) -> Result<Option<String>, StoreError> {
    Ok(on!(tx, db => sqlx::query_scalar("DELETE FROM api_keys WHERE user_id = $1 AND id = $2 RETURNING name")
        .bind(user)
        .bind(id)
        .fetch_optional(db)
        .await?))
}

/// Removes all of a user with the sessions that they opened; answers how many.
pub async fn delete_of_user(tx: &mut Tx, user: &str) -> Result<u64, StoreError> {
    Ok(on!(tx, db => sqlx::query("DELETE FROM api_keys WHERE user_id = $1")
        .bind(user)
        .execute(db)
        .await?
        .rows_affected()))
}

/// Forgets those that have ended before `at`.
pub async fn forget(tx: &mut Tx, at: i64) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM api_keys WHERE expires_at < $1").bind(at).execute(db).await.map(drop)?);
    Ok(())
}
