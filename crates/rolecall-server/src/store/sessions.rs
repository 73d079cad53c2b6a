//! Log-ins that go on.

use super::{StoreError, Tx, on};

/// One log-in of one subject from one client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// `sid` in its tokens.
    pub id: String,
    /// Whose.
    pub user: String,
    /// From which client.
    pub client: String,
    /// What it was cut to.
    pub scope: Option<String>,
    /// NumericDate.
    pub created_at: i64,
    /// NumericDate at which it is over.
    pub expires_at: i64,
}

/// Opens one.
///
/// # Errors
/// [`StoreError::Gone`] when the user was deleted meanwhile.
pub async fn insert(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query(
        "INSERT INTO sessions (id, user_id, client_id, scope, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(&session.id)
        .bind(&session.user)
        .bind(&session.client)
        .bind(&session.scope)
        .bind(session.created_at)
        .bind(session.expires_at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// One session.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Session>, StoreError> {
    let row: Option<(String, String, String, Option<String>, i64, i64)> = on!(tx, db => sqlx::query_as(
        "SELECT id, user_id, client_id, scope, created_at, expires_at FROM sessions WHERE id = $1")
        .bind(id)
        .fetch_optional(db)
        .await?);
    Ok(row.map(|(id, user, client, scope, created_at, expires_at)| Session {
        id,
        user,
        client,
        scope,
        created_at,
        expires_at,
    }))
}

/// Ends all of a user's; answers how many.
pub async fn delete_of_user(tx: &mut Tx, user: &str) -> Result<u64, StoreError> {
    Ok(on!(tx, db => sqlx::query("DELETE FROM sessions WHERE user_id = $1")
        .bind(user)
        .execute(db)
        .await?
        .rows_affected()))
}

/// Forgets those that were over before `at`.
pub async fn forget(tx: &mut Tx, at: i64) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM sessions WHERE expires_at < $1").bind(at).execute(db).await.map(drop)?);
    Ok(())
}
