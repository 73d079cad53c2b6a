//! Counts of guesses, and from where accounts were used.
//!
//! A bucket is taken before it is read, so two that count at once do so one after the other. Whoever takes several takes
//! them in the order of their names, and an account with its places after all of them: so nobody waits for one who waits
//! for him.

use super::{StoreError, Tx, on};

/// What there is to see before a guess.
pub struct Found {
    /// When buckets are full; those that have no row are.
    pub full_at: Vec<(String, i64)>,
    /// When the account was last used from the place.
    pub used_at: Option<i64>,
}

/// Looks at buckets, and when an account was last used from a place.
pub async fn look(tx: &mut Tx, buckets: [&str; 7], (account, place): (&str, &str)) -> Result<Found, StoreError> {
    let [a, b, c, d, e, f, g] = buckets;
    let rows: Vec<(Option<String>, i64)> = on!(tx, db => sqlx::query_as(
        "SELECT bucket, full_at FROM guesses WHERE bucket IN ($1, $2, $3, $4, $5, $6, $7) UNION ALL \
         SELECT NULL, used_at FROM places WHERE user_id = $8 AND place = $9")
        .bind(a)
        .bind(b)
        .bind(c)
        .bind(d)
        .bind(e)
        .bind(f)
        .bind(g)
        .bind(account)
        .bind(place)
        .fetch_all(db)
        .await?);
    let mut found = Found { full_at: Vec::with_capacity(rows.len()), used_at: None };
    for (bucket, at) in rows {
        match bucket {
            Some(bucket) => found.full_at.push((bucket, at)),
            None => found.used_at = Some(at),
        }
    }
    Ok(found)
}

/// So many buckets go into one statement: as many as one guess uses up.
const AT_ONCE: usize = 4;

/// Takes buckets, in the order in which they are given, until the transaction ends; answers when each is full. A bucket
/// may be about an account. `holder` is this process, as the version row names whoever may write.
///
/// # Errors
/// [`StoreError::NotHolder`] when another process has taken the database over.
pub async fn take(
    tx: &mut Tx,
    holder: &str,
    buckets: &[(&str, Option<&str>)],
) -> Result<Vec<(String, i64)>, StoreError> {
    let mut taken = vec![];
    for few in buckets.chunks(AT_ONCE) {
        let [a, b, c, d] = padded(few);
        let found: Vec<(String, i64)> = on!(tx, db => sqlx::query_as(
            "INSERT INTO guesses (bucket, account, full_at) SELECT column1, column2, 0 \
             FROM (VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8)) AS given \
             WHERE column1 IS NOT NULL AND EXISTS (SELECT 1 FROM policy WHERE holder = $9) \
             ON CONFLICT (bucket) DO UPDATE SET full_at = guesses.full_at RETURNING bucket, full_at")
            .bind(a.0).bind(a.1.flatten())
            .bind(b.0).bind(b.1.flatten())
            .bind(c.0).bind(c.1.flatten())
            .bind(d.0).bind(d.1.flatten())
            .bind(holder)
            .fetch_all(db)
            .await?);
        if found.is_empty() {
            return Err(StoreError::NotHolder);
        }
        taken.extend(found);
    }
    Ok(taken)
}

/// Writes when buckets that were taken are full.
pub async fn put(tx: &mut Tx, buckets: &[(&str, i64)]) -> Result<(), StoreError> {
    for few in buckets.chunks(AT_ONCE) {
        let [a, b, c, d] = padded(few);
        on!(tx, db => sqlx::query(
            "INSERT INTO guesses (bucket, full_at) SELECT column1, column2 \
             FROM (VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8)) AS given WHERE column1 IS NOT NULL \
             ON CONFLICT (bucket) DO UPDATE SET full_at = excluded.full_at")
            .bind(a.0).bind(a.1).bind(b.0).bind(b.1).bind(c.0).bind(c.1).bind(d.0).bind(d.1)
            .execute(db)
            .await
            .map(drop)?);
    }
    Ok(())
}

/// Makes buckets full earlier, by seconds. One that was forgotten meanwhile is full, and still is.
pub async fn give_back(tx: &mut Tx, buckets: &[(&str, i64)]) -> Result<(), StoreError> {
    for few in buckets.chunks(AT_ONCE) {
        let [a, b, c, d] = padded(few);
        // Not an UPDATE: that would take them in an order of its own.
        on!(tx, db => sqlx::query(
            "INSERT INTO guesses (bucket, full_at) SELECT column1, 0 - column2 \
             FROM (VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8)) AS given WHERE column1 IS NOT NULL \
             ON CONFLICT (bucket) DO UPDATE SET full_at = guesses.full_at + excluded.full_at")
            .bind(a.0).bind(a.1).bind(b.0).bind(b.1).bind(c.0).bind(c.1).bind(d.0).bind(d.1)
            .execute(db)
            .await
            .map(drop)?);
    }
    Ok(())
}

/// What there is, and nothing in the places that are left.
fn padded<'a, T: Copy>(few: &[(&'a str, T)]) -> [(Option<&'a str>, Option<T>); AT_ONCE] {
    std::array::from_fn(|n| few.get(n).copied().unzip())
}

/// The buckets that are about an account.
pub async fn of_account(tx: &mut Tx, account: &str) -> Result<Vec<String>, StoreError> {
    Ok(on!(tx, db => sqlx::query_scalar("SELECT bucket FROM guesses WHERE account = $1")
        .bind(account)
        .fetch_all(db)
        .await?))
}

/// Buckets that are full, so many at most.
pub async fn full(tx: &mut Tx, now: i64, most: i64) -> Result<Vec<String>, StoreError> {
    Ok(on!(tx, db => sqlx::query_scalar("SELECT bucket FROM guesses WHERE full_at <= $1 LIMIT $2")
        .bind(now)
        .bind(most)
        .fetch_all(db)
        .await?))
}

/// Forgets a bucket that is full.
pub async fn forget(tx: &mut Tx, bucket: &str, now: i64) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM guesses WHERE bucket = $1 AND full_at <= $2")
        .bind(bucket)
        .bind(now)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Notes that an account was used from a place, and forgets all but the last of its places.
///
/// # Errors
/// [`StoreError::Gone`] when there is no such account.
pub async fn used(tx: &mut Tx, account: &str, place: &str, now: i64, most: i64) -> Result<(), StoreError> {
    // Takes the account: of two who forget places of one at once, each could wait for the other.
    on!(tx, db => sqlx::query("UPDATE users SET disabled = disabled WHERE id = $1")
        .bind(account)
        .execute(db)
        .await
        .map(drop)?);
    on!(tx, db => sqlx::query(
        "INSERT INTO places (user_id, place, used_at) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id, place) DO UPDATE SET used_at = excluded.used_at")
        .bind(account)
        .bind(place)
        .bind(now)
        .execute(db)
        .await
        .map(drop)?);
    on!(tx, db => sqlx::query(
        "DELETE FROM places WHERE user_id = $1 AND place <> $2 AND place NOT IN \
         (SELECT place FROM places WHERE user_id = $1 AND place <> $2 ORDER BY used_at DESC, place LIMIT $3)")
        .bind(account)
        .bind(place)
        .bind(most - 1)
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Forgets places that were last used before `at`.
pub async fn forget_places(tx: &mut Tx, at: i64) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM places WHERE used_at < $1").bind(at).execute(db).await.map(drop)?);
    Ok(())
}
