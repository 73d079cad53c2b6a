//! Log-ins that go on.

use super::{StoreError, Tx, assignments::Holder, on};

/// One log-in of one subject from one client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// `sid` in its tokens.
    pub id: String,
    /// Whose; without one, the client itself is the subject.
    pub user: Option<String>,
    /// From which client.
    pub client: String,
    /// The API that its tokens are for; without one, the issuer.
    pub audience: Option<String>,
    /// What it was cut to.
    pub scope: Option<String>,
    /// NumericDate.
    pub created_at: i64,
    /// NumericDate at which a token was last made for it.
    pub used_at: i64,
    /// NumericDate at which it is over unless it is used before: at `expires_at` at the latest.
    pub idle_at: i64,
    /// NumericDate at which it is over however often it is used.
    pub expires_at: i64,
    /// The API key that opened it, and with which it ends.
    pub api_key: Option<String>,
}

impl Session {
    /// Whose roles it acts by: the user's, or where there is none the client's own.
    pub fn holder(&self) -> Holder<'_> {
        self.user.as_deref().map_or(Holder::Client(&self.client), Holder::User)
    }

    /// `sub` in its tokens.
    pub fn subject(&self) -> &str {
        self.holder().id()
    }

    /// Whether it is over at this NumericDate.
    pub fn is_over(&self, now: i64) -> bool {
        now >= self.idle_at.min(self.expires_at)
    }
}

/// All of one, in the order of [`Row`].
macro_rules! columns {
    () => {
        "id, user_id, client_id, audience, scope, created_at, used_at, idle_at, expires_at, api_key"
    };
}

macro_rules! select {
    ($which:literal) => {
        concat!("SELECT ", columns!(), " FROM sessions ", $which)
    };
}

type Row = (String, Option<String>, String, Option<String>, Option<String>, i64, i64, i64, i64, Option<String>);

fn session((id, user, client, audience, scope, created_at, used_at, idle_at, expires_at, api_key): Row) -> Session {
    Session { id, user, client, audience, scope, created_at, used_at, idle_at, expires_at, api_key }
}

/// Opens one.
///
/// # Errors
/// [`StoreError::Gone`] when the user was deleted meanwhile.
pub async fn insert(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query(
        concat!("INSERT INTO sessions (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"))
        .bind(&session.id)
        .bind(&session.user)
        .bind(&session.client)
        .bind(&session.audience)
        .bind(&session.scope)
        .bind(session.created_at)
        .bind(session.used_at)
        .bind(session.idle_at)
        .bind(session.expires_at)
        .bind(&session.api_key)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// One session.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Session>, StoreError> {
    let row: Option<Row> = on!(tx, db => sqlx::query_as(select!("WHERE id = $1"))
        .bind(id)
        .fetch_optional(db)
        .await?);
    Ok(row.map(session))
}

/// Those of a user, or those that a client has opened for itself, that are not over at `now`; in the order of their ids,
/// after one.
pub async fn list_of(
    tx: &mut Tx,
    holder: Holder<'_>,
    now: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<Session>, StoreError> {
    let sql = match holder {
        Holder::User(_) => select!("WHERE user_id = $1 AND id > $2 AND idle_at > $3 ORDER BY id LIMIT $4"),
        // Our own opens none for itself, and the index leaves it out.
        Holder::Client(_) => select!(
            "WHERE client_id = $1 AND client_id <> 'rolecall' AND user_id IS NULL AND id > $2 AND idle_at > $3 \
             ORDER BY id LIMIT $4"
        ),
    };
    let rows: Vec<Row> = on!(tx, db => sqlx::query_as(sql)
        .bind(holder.id())
        .bind(after)
        .bind(now)
        .bind(limit)
        .fetch_all(db)
        .await?);
    Ok(rows.into_iter().map(session).collect())
}

/// Notes that one was used, and until when it may stay unused from now on.
pub async fn used(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE sessions SET used_at = $2, idle_at = $3 WHERE id = $1")
        .bind(&session.id)
        .bind(session.used_at)
        .bind(session.idle_at)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Ends one; `false` if it was gone.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool, StoreError> {
    let gone =
        on!(tx, db => sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id).execute(db).await?.rows_affected());
    Ok(gone > 0)
}

/// Ends all of those that [`list_of`] is about but the one of this id; answers how many.
pub async fn delete_of(tx: &mut Tx, holder: Holder<'_>, but: Option<&str>) -> Result<u64, StoreError> {
    let sql = match holder {
        Holder::User(_) => "DELETE FROM sessions WHERE user_id = $1 AND id <> $2",
        Holder::Client(_) => {
            "DELETE FROM sessions WHERE client_id = $1 AND client_id <> 'rolecall' AND user_id IS NULL AND id <> $2"
        }
    };
    Ok(on!(tx, db => sqlx::query(sql)
        .bind(holder.id())
        .bind(but.unwrap_or_default())
        .execute(db)
        .await?
        .rows_affected()))
}

/// Ends all that were opened through a client that is registered: not our own, which the index leaves out.
pub async fn delete_of_client(tx: &mut Tx, client: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM sessions WHERE client_id = $1 AND client_id <> 'rolecall'")
        .bind(client)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Ends all whose tokens are for this API.
pub async fn delete_of_audience(tx: &mut Tx, api: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM sessions WHERE audience = $1").bind(api).execute(db).await.map(drop)?);
    Ok(())
}

/// Forgets some of those that were over before `at`, so many at most; answers how many.
pub async fn forget(tx: &mut Tx, at: i64, most: i64) -> Result<i64, StoreError> {
    let gone = on!(tx, db => sqlx::query(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE idle_at < $1 LIMIT $2)")
        .bind(at)
        .bind(most)
        .execute(db)
        .await?
        .rows_affected());
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}
