//! By what clients prove who they are: hashes of secrets, and which assertions were used.

use super::{StoreError, Tx, on};

/// A secret of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Secret {
    /// By which it is deleted.
    pub id: String,
    /// SHA-256 of it.
    pub hash: Vec<u8>,
    /// NumericDate.
    pub created_at: i64,
}

/// Adds one.
///
/// # Errors
/// [`StoreError::Gone`] when there is no such client.
pub async fn insert(tx: &mut Tx, client: &str, secret: &Secret) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("INSERT INTO client_secrets (id, client_id, hash, created_at) VALUES ($1, $2, $3, $4)")
        .bind(&secret.id)
        .bind(client)
        .bind(&secret.hash)
        .bind(secret.created_at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Those of a client, in the order in which they were made.
pub async fn of_client(tx: &mut Tx, client: &str) -> Result<Vec<Secret>, StoreError> {
    let rows: Vec<(String, Vec<u8>, i64)> = on!(tx, db => sqlx::query_as(
        "SELECT id, hash, created_at FROM client_secrets WHERE client_id = $1 ORDER BY id")
        .bind(client)
        .fetch_all(db)
        .await?);
    Ok(rows.into_iter().map(|(id, hash, created_at)| Secret { id, hash, created_at }).collect())
}

/// Removes one; `false` if the client has none of this id.
pub async fn delete(tx: &mut Tx, client: &str, id: &str) -> Result<bool, StoreError> {
    let gone = on!(tx, db => sqlx::query("DELETE FROM client_secrets WHERE client_id = $1 AND id = $2")
        .bind(client)
        .bind(id)
        .execute(db)
        .await?
        .rows_affected());
    Ok(gone > 0)
}

/// Notes that an assertion was used; `false` if it was before.
///
/// # Errors
/// [`StoreError::Gone`] when the client was deleted meanwhile.
pub async fn use_assertion(tx: &mut Tx, client: &str, jti: &str, expires_at: i64) -> Result<bool, StoreError> {
    let first = on!(tx, db => sqlx::query(
        "INSERT INTO used_assertions (client_id, jti, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(client)
        .bind(jti)
        .bind(expires_at)
        .execute(db)
        .await?
        .rows_affected());
    Ok(first > 0)
}

/// Forgets some of those that ended before `at`, so many at most; answers how many.
pub async fn forget_assertions(tx: &mut Tx, at: i64, most: i64) -> Result<i64, StoreError> {
    let gone = on!(tx, db => sqlx::query(
        "DELETE FROM used_assertions WHERE (client_id, jti) IN \
         (SELECT client_id, jti FROM used_assertions WHERE expires_at < $1 LIMIT $2)")
        .bind(at)
        .bind(most)
        .execute(db)
        .await?
        .rows_affected());
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}

/// Removes all of a client.
pub async fn delete_all(tx: &mut Tx, client: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM client_secrets WHERE client_id = $1")
        .bind(client)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}
