//! The version row, whom each change concerns, and who may write.

use rolecall_core::{Stale, Subject, Version};

use super::{Before, StoreError, Tx, on, stored, version};

/// The version row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Current {
    /// The last change.
    pub version: Version,
    /// Random for each change.
    pub tag: String,
    /// Tokens from before are looked up.
    pub floor: Version,
}

/// Reads the version row.
pub async fn current(tx: &mut Tx) -> Result<Current, StoreError> {
    let row: (i64, String, i64) = on!(tx, db => sqlx::query_as("SELECT version, tag, floor FROM policy")
        .fetch_one(db)
        .await?);
    Ok(Current { version: version(row.0), tag: row.1, floor: version(row.2) })
}

/// The version, and who may write.
pub async fn held(tx: &mut Tx) -> Result<(Version, String), StoreError> {
    let row: (i64, String) = on!(tx, db => sqlx::query_as("SELECT version, holder FROM policy").fetch_one(db).await?);
    Ok((version(row.0), row.1))
}

/// Who may write.
pub async fn holder(tx: &mut Tx) -> Result<String, StoreError> {
    Ok(on!(tx, db => sqlx::query_scalar("SELECT holder FROM policy").fetch_one(db).await?))
}

/// Takes the version row for a change, if this process may write.
pub async fn advance(tx: &mut Tx, tag: &str, holder: &str) -> Result<Option<Version>, StoreError> {
    let next: Option<i64> = on!(tx, db => sqlx::query_scalar(
        "UPDATE policy SET version = version + 1, tag = $1 WHERE holder = $2 RETURNING version")
        .bind(tag)
        .bind(holder)
        .fetch_optional(db)
        .await?);
    Ok(next.map(version))
}

/// Takes the version row without a new version, if this process may write.
pub(super) async fn touch(tx: &mut Tx, holder: &str) -> Result<bool, StoreError> {
    let mine = on!(tx, db => sqlx::query("UPDATE policy SET version = version WHERE holder = $1")
        .bind(holder)
        .execute(db)
        .await?
        .rows_affected());
    Ok(mine > 0)
}

/// Gives the version back: what was written concerns no token.
pub async fn restore(tx: &mut Tx, before: Version, tag: &str) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE policy SET version = $1, tag = $2")
        .bind(stored(before))
        .bind(tag)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Writes whom a change concerns.
pub async fn record(tx: &mut Tx, number: Version, tag: &str, at: i64, touched: &[Subject]) -> Result<(), StoreError> {
    for (seq, subject) in touched.iter().enumerate() {
        let (user, session, client) = match subject {
            Subject::User(id) => (Some(id), None, None),
            Subject::Session(id) => (None, Some(id), None),
            Subject::Client(id) => (None, None, Some(id)),
            _ => (None, None, None),
        };
        on!(tx, db => sqlx::query(
            "INSERT INTO changes (version, seq, tag, at, subject, session, client) VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(stored(number))
            .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            .bind(tag)
            .bind(at)
            .bind(user)
            .bind(session)
            .bind(client)
            .execute(db)
            .await
            .map(drop)?);
    }
    Ok(())
}

/// The tag of a change, if it took place.
pub async fn tag_of(tx: &mut Tx, number: Version) -> Result<Option<String>, StoreError> {
    Ok(on!(tx, db => sqlx::query_scalar("SELECT tag FROM changes WHERE version = $1 AND seq = 0")
        .bind(stored(number))
        .fetch_optional(db)
        .await?))
}

/// Whom the changes concern that are still on record.
pub async fn stale(tx: &mut Tx) -> Result<Stale, StoreError> {
    type Row = (i64, Option<String>, Option<String>, Option<String>);
    let rows: Vec<Row> = on!(tx, db => sqlx::query_as(
        "SELECT version, subject, session, client FROM changes ORDER BY version, seq")
        .fetch_all(db)
        .await?);
    let mut stale = Stale::default();
    for (number, user, session, client) in rows {
        let user = user.map(Subject::User);
        let subjects = [user, session.map(Subject::Session), client.map(Subject::Client)];
        for subject in subjects.into_iter().flatten() {
            stale.touch(&subject, version(number));
        }
    }
    Ok(stale)
}

/// Forgets changes from before `at` as soon as there is one from `overdue` seconds before that, and answers the floor that
/// stands for them.
pub async fn forget(tx: &mut Tx, at: i64, overdue: i64) -> Result<Option<Version>, StoreError> {
    // By the time and not by the version, which SQLite would walk down from the last one for a plain `max(version)`.
    let newest: Option<i64> = on!(tx, db => sqlx::query_scalar(
        "SELECT max(version + 0) FROM changes WHERE at < $1 AND EXISTS (SELECT 1 FROM changes WHERE at < $2)")
        .bind(at)
        .bind(at - overdue)
        .fetch_one(db)
        .await?);
    let Some(newest) = newest else { return Ok(None) };
    on!(tx, db => sqlx::query("DELETE FROM changes WHERE version <= $1").bind(newest).execute(db).await.map(drop)?);
    raise_floor(tx, version(newest)).await?;
    Ok(Some(version(newest)))
}

/// Lets tokens from before this version be looked up, whoever they belong to.
pub async fn raise_floor(tx: &mut Tx, to: Version) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE policy SET floor = $1 WHERE floor < $1")
        .bind(stored(to))
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

pub(super) async fn take(tx: &mut Tx, me: &str, lease_ms: i64) -> Result<Before, StoreError> {
    // The update comes first: it waits for whoever is writing now.
    on!(tx, db => sqlx::query("UPDATE policy SET version = version").execute(db).await.map(drop)?);
    let (holder, signed_off, before): (String, bool, i64) = on!(tx, db => sqlx::query_as(
        "SELECT holder, signed_off, lease_ms FROM policy")
        .fetch_one(db)
        .await?);
    // The lease of one that did not sign off stays on record until somebody has outlasted it and signs off himself.
    let longest = if signed_off { lease_ms } else { lease_ms.max(before) };
    on!(tx, db => sqlx::query("UPDATE policy SET holder = $1, signed_off = FALSE, lease_ms = $2")
        .bind(me)
        .bind(longest)
        .execute(db)
        .await
        .map(drop)?);
    Ok(match (holder == me, signed_off) {
        (true, _) => Before::Myself,
        (false, true) => Before::Gone,
        (false, false) => Before::Perhaps { lease_ms: u64::try_from(before).unwrap_or(0) },
    })
}

pub(super) async fn sign_off(tx: &mut Tx) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("UPDATE policy SET signed_off = TRUE").execute(db).await.map(drop)?);
    Ok(())
}
