//! Keys that sign and verify tokens, and secret keys of our own, encrypted.

use super::{StoreError, Tx, on};

/// One key as it is stored.
#[derive(Clone)]
pub struct SealedKey {
    /// What a token's header calls it.
    pub kid: String,
    /// Which key it is, whatever it is called (RFC 7638); empty for a secret.
    pub thumbprint: String,
    /// As in a token's `alg`.
    pub algorithm: String,
    /// What `sealed` is: `private`, `public` or `secret`.
    pub half: String,
    /// Encrypted. Empty when it was revoked.
    pub sealed: Vec<u8>,
    /// NumericDate since when it is among the keys to verify with.
    pub published_at: i64,
    /// NumericDate from when on it signs; `None`: it only verifies.
    pub signs_from: Option<i64>,
    /// NumericDate from when on another one does.
    pub retires_at: Option<i64>,
    /// Seconds that a token of its may be good.
    pub token_ttl: i64,
    /// NumericDate since when it counts for nothing.
    pub revoked_at: Option<i64>,
}

/// All of them, the oldest first.
pub async fn all(tx: &mut Tx) -> Result<Vec<SealedKey>, StoreError> {
    type Row = (String, String, String, String, Vec<u8>, i64, Option<i64>, Option<i64>, i64, Option<i64>);
    let rows: Vec<Row> = on!(tx, db => sqlx::query_as(
        "SELECT kid, thumbprint, algorithm, half, sealed, published_at, signs_from, retires_at, token_ttl, revoked_at \
         FROM signing_keys ORDER BY published_at, kid")
        .fetch_all(db)
        .await?);
    let key = |row: Row| {
        let (kid, thumbprint, algorithm, half, sealed, published_at, signs_from, retires_at, token_ttl, revoked_at) =
            row;
        SealedKey {
            kid,
            thumbprint,
            algorithm,
            half,
            sealed,
            published_at,
            signs_from,
            retires_at,
            token_ttl,
            revoked_at,
        }
    };
    Ok(rows.into_iter().map(key).collect())
}

/// Adds one, or answers [`StoreError::Unique`].
pub async fn insert(tx: &mut Tx, key: &SealedKey) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query(
        "INSERT INTO signing_keys \
         (kid, thumbprint, algorithm, half, sealed, published_at, signs_from, retires_at, token_ttl, revoked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(&key.kid)
        .bind(&key.thumbprint)
        .bind(&key.algorithm)
        .bind(&key.half)
        .bind(&key.sealed)
        .bind(key.published_at)
        .bind(key.signs_from)
        .bind(key.retires_at)
        .bind(key.token_ttl)
        .bind(key.revoked_at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Writes its times and what is encrypted anew.
pub async fn update(tx: &mut Tx, key: &SealedKey) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query(
        "UPDATE signing_keys SET half = $2, sealed = $3, signs_from = $4, retires_at = $5, token_ttl = $6, \
         revoked_at = $7 WHERE kid = $1")
        .bind(&key.kid)
        .bind(&key.half)
        .bind(&key.sealed)
        .bind(key.signs_from)
        .bind(key.retires_at)
        .bind(key.token_ttl)
        .bind(key.revoked_at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Removes one.
pub async fn delete(tx: &mut Tx, kid: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM signing_keys WHERE kid = $1").bind(kid).execute(db).await.map(drop)?);
    Ok(())
}

/// The secret key of this name, encrypted.
pub async fn find_secret(tx: &mut Tx, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(on!(tx, db => sqlx::query_scalar("SELECT sealed FROM secret_keys WHERE name = $1")
        .bind(name)
        .fetch_optional(db)
        .await?))
}

/// Adds a secret key.
pub async fn insert_secret(tx: &mut Tx, name: &str, sealed: &[u8], at: i64) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("INSERT INTO secret_keys (name, sealed, created_at) VALUES ($1, $2, $3)")
        .bind(name)
        .bind(sealed)
        .bind(at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// All secret keys: the name of each, and what is encrypted.
pub async fn secrets(tx: &mut Tx) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    Ok(on!(tx, db => sqlx::query_as("SELECT name, sealed FROM secret_keys ORDER BY name").fetch_all(db).await?))
}

/// Writes a secret key as another key file encrypts it.
pub async fn update_secret(tx: &mut Tx, name: &str, sealed: &[u8]) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE secret_keys SET sealed = $2 WHERE name = $1")
        .bind(name)
        .bind(sealed)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}
