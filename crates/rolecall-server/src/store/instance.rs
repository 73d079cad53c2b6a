//! Whose database this is: one row, written when set-up is complete.

use super::{StoreError, Tx, on};

/// The row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instance {
    /// Random, for good.
    pub id: String,
    /// `dev` or `init`.
    pub made_by: String,
    /// `iss` of its tokens.
    pub issuer: String,
}

/// Reads it; `None` while set-up is not complete.
pub async fn find(tx: &mut Tx) -> Result<Option<Instance>, StoreError> {
    let row: Option<(String, String, String)> = on!(tx, db => sqlx::query_as("SELECT id, made_by, issuer FROM instance")
        .fetch_optional(db)
        .await?);
    Ok(row.map(|(id, made_by, issuer)| Instance { id, made_by, issuer }))
}

/// Writes it.
pub async fn insert(tx: &mut Tx, instance: &Instance, at: i64) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("INSERT INTO instance (one, id, made_by, issuer, created_at) VALUES (1, $1, $2, $3, $4)")
        .bind(&instance.id)
        .bind(&instance.made_by)
        .bind(&instance.issuer)
        .bind(at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Writes another issuer.
pub async fn update_issuer(tx: &mut Tx, issuer: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE instance SET issuer = $1").bind(issuer).execute(db).await.map(drop)?);
    Ok(())
}
