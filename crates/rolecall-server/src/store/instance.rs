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
    on!(tx, db => find_on(db).await)
}

/// The same on a connection of its own: before anything is opened in earnest.
pub(super) async fn find_on<'c, E, D>(db: E) -> Result<Option<Instance>, StoreError>
where
    D: sqlx::Database,
    E: sqlx::Executor<'c, Database = D>,
    for<'q> D::Arguments: sqlx::IntoArguments<D>,
    (String, String, String): for<'r> sqlx::FromRow<'r, D::Row>,
    D::Row: Send + Unpin,
{
    let row: Option<(String, String, String)> =
        sqlx::query_as("SELECT id, made_by, issuer FROM instance").fetch_optional(db).await?;
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

/// The key file that encrypts what is encrypted here, by its id; `None`: the one that it was made with.
pub async fn key_file(tx: &mut Tx) -> Result<Option<String>, StoreError> {
    let found: Option<Option<String>> =
        on!(tx, db => sqlx::query_scalar("SELECT key_file FROM instance").fetch_optional(db).await?);
    Ok(found.flatten())
}

/// Names another key file.
pub async fn update_key_file(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE instance SET key_file = $1").bind(id).execute(db).await.map(drop)?);
    Ok(())
}
