//! The refresh tokens of sessions: of each one the hash that counts, and of the one before what it was spent for.

use super::{StoreError, Tx, on};

/// A session's refresh token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshRow {
    /// How many came before.
    pub generation: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// The one before, unless it is the first.
    pub spent: Option<Spent>,
}

/// A refresh token that was used, and what for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spent {
    /// Its hash.
    pub hash: Vec<u8>,
    /// NumericDate.
    pub at: i64,
    /// What its successor was derived with.
    pub nonce: Vec<u8>,
    /// What the access token was cut to that came with the successor.
    pub granted: Option<String>,
}

/// Adds the first one of a session.
pub async fn insert(tx: &mut Tx, session: &str, hash: &[u8]) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("INSERT INTO refresh_tokens (session_id, generation, hash) VALUES ($1, 0, $2)")
        .bind(session)
        .bind(hash)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// A session's, if it has one.
pub async fn find(tx: &mut Tx, session: &str) -> Result<Option<RefreshRow>, StoreError> {
    type Row = (i64, Vec<u8>, Option<Vec<u8>>, Option<i64>, Option<Vec<u8>>, Option<String>);
    let row: Option<Row> = on!(tx, db => sqlx::query_as(
        "SELECT generation, hash, spent_hash, spent_at, nonce, granted FROM refresh_tokens WHERE session_id = $1")
        .bind(session)
        .fetch_optional(db)
        .await?);
    Ok(row.map(|(generation, hash, spent_hash, spent_at, nonce, granted)| {
        let spent = match (spent_hash, spent_at, nonce) {
            (Some(hash), Some(at), Some(nonce)) => Some(Spent { hash, at, nonce, granted }),
            _ => None,
        };
        RefreshRow { generation, hash, spent }
    }))
}

/// Puts the next one in the place of that of a generation; `false` when somebody else has done so already.
pub async fn spend(
    tx: &mut Tx,
    session: &str,
    generation: i64,
    next: &[u8],
    spent: &Spent,
) -> Result<bool, StoreError> {
    let done = on!(tx, db => sqlx::query(
        "UPDATE refresh_tokens SET generation = generation + 1, hash = $3, spent_hash = $4, spent_at = $5, nonce = $6, \
         granted = $7 WHERE session_id = $1 AND generation = $2")
        .bind(session)
        .bind(generation)
        .bind(next)
        .bind(&spent.hash)
        .bind(spent.at)
        .bind(&spent.nonce)
        .bind(&spent.granted)
        .execute(db)
        .await?
        .rows_affected());
    Ok(done > 0)
}
