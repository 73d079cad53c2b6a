//! Who has which role, in which organisation, until when: users, and clients that act for themselves.

use super::{StoreError, Tx, on, users::Credentials};

/// Everywhere: the only organisation there is yet.
const EVERYWHERE: &str = "";

/// One assignment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// The name of the role.
    pub role: String,
    /// NumericDate at which it ends.
    pub until: Option<i64>,
}

/// Who can have roles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder<'a> {
    /// A user, by id.
    User(&'a str),
    /// A client, by id.
    Client(&'a str),
}

impl<'a> Holder<'a> {
    /// The id: `sub` in his tokens. No user has a client's.
    pub fn id(self) -> &'a str {
        match self {
            Holder::User(id) | Holder::Client(id) => id,
        }
    }
}

/// The assignments of one, those that have ended included, by role.
pub async fn of(tx: &mut Tx, holder: Holder<'_>) -> Result<Vec<Assignment>, StoreError> {
    let sql = match holder {
        Holder::User(_) => {
            "SELECT role, until FROM user_assignments WHERE user_id = $1 AND organisation = $2 ORDER BY role"
        }
        Holder::Client(_) => {
            "SELECT role, until FROM client_assignments WHERE client_id = $1 AND organisation = $2 ORDER BY role"
        }
    };
    let rows: Vec<(String, Option<i64>)> =
        on!(tx, db => sqlx::query_as(sql).bind(holder.id()).bind(EVERYWHERE).fetch_all(db).await?);
    Ok(rows.into_iter().map(|(role, until)| Assignment { role, until }).collect())
}

/// The assignments of all users whose ids come after one and not after another, with whose each is; those that have ended
/// included.
pub async fn of_users(tx: &mut Tx, after: &str, last: &str) -> Result<Vec<(String, Assignment)>, StoreError> {
    let rows: Vec<(String, String, Option<i64>)> = on!(tx, db => sqlx::query_as(
        "SELECT user_id, role, until FROM user_assignments WHERE user_id > $1 AND user_id <= $2 AND organisation = $3")
        .bind(after)
        .bind(last)
        .bind(EVERYWHERE)
        .fetch_all(db)
        .await?);
    Ok(rows.into_iter().map(|(user, role, until)| (user, Assignment { role, until })).collect())
}

/// What a log-in needs of a user, with his assignments as [`of`] has them: one look instead of two.
pub async fn with_user(tx: &mut Tx, user: &str) -> Result<Option<(Credentials, Vec<Assignment>)>, StoreError> {
    type Row = (String, String, Option<String>, bool, Option<String>, Option<i64>);
    let rows: Vec<Row> = on!(tx, db => sqlx::query_as(
        "SELECT id, username, password, disabled, role, until FROM users \
         LEFT JOIN user_assignments ON user_id = id AND organisation = $2 WHERE id = $1 ORDER BY role")
        .bind(user)
        .bind(EVERYWHERE)
        .fetch_all(db)
        .await?);
    let mut found = None;
    for (id, username, password, disabled, role, until) in rows {
        let (_, assigned) = found.get_or_insert_with(|| (Credentials { id, username, password, disabled }, Vec::new()));
        // Who has none is a row without a role.
        assigned.extend(role.map(|role| Assignment { role, until }));
    }
    Ok(found)
}

/// Adds one, or gives it another end.
///
/// # Errors
/// [`StoreError::Gone`] when there is no such user or client.
pub async fn put(tx: &mut Tx, holder: Holder<'_>, role: &str, until: Option<i64>) -> Result<(), StoreError> {
    let sql = match holder {
        Holder::User(_) => {
            "INSERT INTO user_assignments (user_id, role, organisation, until) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (user_id, role, organisation) DO UPDATE SET until = excluded.until"
        }
        Holder::Client(_) => {
            "INSERT INTO client_assignments (client_id, role, organisation, until) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (client_id, role, organisation) DO UPDATE SET until = excluded.until"
        }
    };
    on!(tx, db => sqlx::query(sql)
        .bind(holder.id())
        .bind(role)
        .bind(EVERYWHERE)
        .bind(until)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Removes one; `false` if there was none.
pub async fn delete(tx: &mut Tx, holder: Holder<'_>, role: &str) -> Result<bool, StoreError> {
    let sql = match holder {
        Holder::User(_) => "DELETE FROM user_assignments WHERE user_id = $1 AND role = $2 AND organisation = $3",
        Holder::Client(_) => "DELETE FROM client_assignments WHERE client_id = $1 AND role = $2 AND organisation = $3",
    };
    let gone = on!(tx, db => sqlx::query(sql)
        .bind(holder.id())
        .bind(role)
        .bind(EVERYWHERE)
        .execute(db)
        .await?
        .rows_affected());
    Ok(gone > 0)
}

/// Removes a role from everybody.
pub async fn delete_role(tx: &mut Tx, role: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM user_assignments WHERE role = $1").bind(role).execute(db).await.map(drop)?);
    on!(tx, db => sqlx::query("DELETE FROM client_assignments WHERE role = $1").bind(role).execute(db).await.map(drop)?);
    Ok(())
}

/// Whether an account that is enabled has this role everywhere and without an end.
pub async fn is_held_for_good(tx: &mut Tx, role: &str) -> Result<bool, StoreError> {
    let found: Option<String> = on!(tx, db => sqlx::query_scalar(
        "SELECT u.id FROM user_assignments a JOIN users u ON u.id = a.user_id \
         WHERE a.role = $1 AND a.organisation = $2 AND a.until IS NULL AND NOT u.disabled LIMIT 1")
        .bind(role)
        .bind(EVERYWHERE)
        .fetch_optional(db)
        .await?);
    Ok(found.is_some())
}
