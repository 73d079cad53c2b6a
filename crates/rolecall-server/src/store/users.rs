//! Accounts: names, addresses, hashes.

use super::{StoreError, Tx, on};

/// An account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// For good: a name may be given to somebody else later.
    pub id: String,
    /// As it was normalised.
    pub username: String,
    /// As it was normalised.
    pub email: Option<String>,
    /// Whether nobody can log in, and nothing that was issued counts.
    pub disabled: bool,
    /// NumericDate.
    pub created_at: i64,
}

/// What a log-in needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Whose.
    pub id: String,
    /// To be shown in the token.
    pub username: String,
    /// A PHC string.
    pub password: Option<String>,
    /// Whether nobody can log in.
    pub disabled: bool,
}

type Row = (String, String, Option<String>, bool, i64);

fn user((id, username, email, disabled, created_at): Row) -> User {
    User { id, username, email, disabled, created_at }
}

fn credentials((id, username, password, disabled): (String, String, Option<String>, bool)) -> Credentials {
    Credentials { id, username, password, disabled }
}

/// Adds an account.
///
/// # Errors
/// [`StoreError::Unique`] when its name or its address is taken.
pub async fn insert(tx: &mut Tx, user: &User, password: Option<&str>) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query(
        "INSERT INTO users (id, username, email, password, disabled, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(&user.id)
        .bind(&user.username)
        .bind(&user.email)
        .bind(password)
        .bind(user.disabled)
        .bind(user.created_at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// One account.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<User>, StoreError> {
    let row: Option<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, username, email, disabled, created_at FROM users WHERE id = $1")
        .bind(id)
        .fetch_optional(db)
        .await?);
    Ok(row.map(user))
}

/// Accounts in the order of their ids, after one; only the one of this name if it is given.
pub async fn list(tx: &mut Tx, username: Option<&str>, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
    let rows: Vec<Row> = match username {
        Some(username) => on!(tx, db => sqlx::query_as(
            "SELECT id, username, email, disabled, created_at FROM users WHERE username = $1 AND id > $2 LIMIT $3")
            .bind(username)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await?),
        None => on!(tx, db => sqlx::query_as(
            "SELECT id, username, email, disabled, created_at FROM users WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await?),
    };
    Ok(rows.into_iter().map(user).collect())
}

/// Whether a name is taken.
pub async fn is_taken(tx: &mut Tx, username: &str) -> Result<bool, StoreError> {
    let found: Option<String> = on!(tx, db => sqlx::query_scalar("SELECT id FROM users WHERE username = $1")
        .bind(username)
        .fetch_optional(db)
        .await?);
    Ok(found.is_some())
}

/// What a log-in by name needs.
pub async fn by_username(tx: &mut Tx, username: &str) -> Result<Option<Credentials>, StoreError> {
    let row = on!(tx, db => sqlx::query_as("SELECT id, username, password, disabled FROM users WHERE username = $1")
        .bind(username)
        .fetch_optional(db)
        .await?);
    Ok(row.map(credentials))
}

/// What a log-in by address needs.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<Credentials>, StoreError> {
    let row = on!(tx, db => sqlx::query_as("SELECT id, username, password, disabled FROM users WHERE email = $1")
        .bind(email)
        .fetch_optional(db)
        .await?);
    Ok(row.map(credentials))
}

/// Sets whether an account is disabled; `false` if it was so already.
pub async fn set_disabled(tx: &mut Tx, id: &str, disabled: bool) -> Result<bool, StoreError> {
    let done = on!(tx, db => sqlx::query("UPDATE users SET disabled = $1 WHERE id = $2 AND disabled <> $1")
        .bind(disabled)
        .bind(id)
        .execute(db)
        .await?
        .rows_affected());
    Ok(done > 0)
}

/// Sets or removes an address.
///
/// # Errors
/// [`StoreError::Unique`] when it is another account's.
pub async fn set_email(tx: &mut Tx, id: &str, email: Option<&str>) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE users SET email = $1 WHERE id = $2").bind(email).bind(id).execute(db).await.map(drop)?);
    Ok(())
}

/// Sets a password's hash.
pub async fn set_password(tx: &mut Tx, id: &str, password: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE users SET password = $1 WHERE id = $2")
        .bind(password)
        .bind(id)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Puts another hash in the place of this one; `false` when that is not the one that there is.
pub async fn replace_password(tx: &mut Tx, id: &str, old: Option<&str>, new: &str) -> Result<bool, StoreError> {
    let done = on!(tx, db => sqlx::query("UPDATE users SET password = $3 WHERE id = $1 AND password = $2")
        .bind(id)
        .bind(old)
        .bind(new)
        .execute(db)
        .await?
        .rows_affected());
    Ok(done > 0)
}

/// Removes an account with its sessions and assignments; `false` if there was none.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let gone =
        on!(tx, db => sqlx::query("DELETE FROM users WHERE id = $1").bind(id).execute(db).await?.rows_affected());
    Ok(gone > 0)
}
