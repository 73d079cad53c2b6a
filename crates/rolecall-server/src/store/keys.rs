//! Signing keys, encrypted.

use super::{StoreError, Tx, on};

/// One key as it is stored.
#[derive(Clone)]
pub struct SealedKey {
    /// Its thumbprint.
    pub kid: String,
    /// As in a token's `alg`.
    pub algorithm: String,
    /// PKCS#8, encrypted.
    pub sealed: Vec<u8>,
}

/// All of them, the oldest first.
pub async fn all(tx: &mut Tx) -> Result<Vec<SealedKey>, StoreError> {
    let rows: Vec<(String, String, Vec<u8>)> = on!(tx, db => sqlx::query_as(
        "SELECT kid, algorithm, sealed FROM signing_keys ORDER BY created_at, kid")
        .fetch_all(db)
        .await?);
    Ok(rows.into_iter().map(|(kid, algorithm, sealed)| SealedKey { kid, algorithm, sealed }).collect())
}

/// Adds one.
pub async fn insert(tx: &mut Tx, key: &SealedKey, at: i64) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("INSERT INTO signing_keys (kid, algorithm, sealed, created_at) VALUES ($1, $2, $3, $4)")
        .bind(&key.kid)
        .bind(&key.algorithm)
        .bind(&key.sealed)
        .bind(at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}
