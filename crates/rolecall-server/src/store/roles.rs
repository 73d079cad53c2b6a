//! Roles, what they hold and whom they inherit, as they are written down.

use std::collections::BTreeMap;

use rolecall_core::{Grant, Role, RoleName};

use super::{StoreError, Tx, on, stored, version};

/// All roles but the built-in ones, in the order of their names.
///
/// # Errors
/// [`StoreError::Strange`] for a name or a permission that we would not have written.
pub async fn all(tx: &mut Tx) -> Result<Vec<Role>, StoreError> {
    let names: Vec<(String, i64)> = on!(tx, db => sqlx::query_as("SELECT name, born FROM roles").fetch_all(db).await?);
    let permissions: Vec<(String, String)> = on!(tx, db => sqlx::query_as(
        "SELECT role, permission FROM role_permissions ORDER BY role, permission")
        .fetch_all(db)
        .await?);
    let inherits: Vec<(String, String)> = on!(tx, db => sqlx::query_as(
        "SELECT role, junior FROM role_inherits ORDER BY role, junior")
        .fetch_all(db)
        .await?);
    let strange = |text: &str| StoreError::Strange(format!("`{text}` in a role"));
    let mut roles = BTreeMap::new();
    for (name, born) in names {
        let parsed: RoleName = name.parse().map_err(|_| strange(&name))?;
        roles.insert(name, Role { name: parsed, grants: vec![], inherits: vec![], born: version(born) });
    }
    for (role, permission) in permissions {
        let grant: Grant = permission.parse().map_err(|_| strange(&permission))?;
        roles.get_mut(&role).ok_or_else(|| strange(&role))?.grants.push(grant);
    }
    for (role, junior) in inherits {
        let junior = junior.parse().map_err(|_| strange(&junior))?;
        roles.get_mut(&role).ok_or_else(|| strange(&role))?.inherits.push(junior);
    }
    Ok(roles.into_values().collect())
}

/// Adds a role that holds nothing yet.
///
/// # Errors
/// [`StoreError::Unique`] when its name is taken.
pub async fn insert(tx: &mut Tx, name: &str, born: u64) -> Result<(), StoreError> {
    on!(tx, db => sqlx::query("INSERT INTO roles (name, born) VALUES ($1, $2)")
        .bind(name)
        .bind(stored(born))
        .execute(db)
        .await
        .map(drop)?);
    Ok(())
}

/// Removes a role, what it holds, and its place among others; `false` if there was none.
pub async fn delete(tx: &mut Tx, name: &str) -> Result<bool, StoreError> {
    on!(tx, db => sqlx::query("DELETE FROM role_inherits WHERE junior = $1").bind(name).execute(db).await.map(drop)?);
    let gone =
        on!(tx, db => sqlx::query("DELETE FROM roles WHERE name = $1").bind(name).execute(db).await?.rows_affected());
    Ok(gone > 0)
}

/// Adds a permission; `false` if the role has it already.
pub async fn grant(tx: &mut Tx, role: &str, permission: &str) -> Result<bool, StoreError> {
    let added = on!(tx, db => sqlx::query(
        "INSERT INTO role_permissions (role, permission) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(role)
        .bind(permission)
        .execute(db)
        .await?
        .rows_affected());
    Ok(added > 0)
}

/// Takes a permission away; `false` if the role does not have it.
pub async fn revoke(tx: &mut Tx, role: &str, permission: &str) -> Result<bool, StoreError> {
    let gone = on!(tx, db => sqlx::query("DELETE FROM role_permissions WHERE role = $1 AND permission = $2")
        .bind(role)
        .bind(permission)
        .execute(db)
        .await?
        .rows_affected());
    Ok(gone > 0)
}

/// Lets a role inherit another; `false` if it does already.
pub async fn inherit(tx: &mut Tx, role: &str, junior: &str) -> Result<bool, StoreError> {
    let added = on!(tx, db => sqlx::query(
        "INSERT INTO role_inherits (role, junior) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(role)
        .bind(junior)
        .execute(db)
        .await?
        .rows_affected());
    Ok(added > 0)
}

/// Ends that; `false` if it does not.
pub async fn disinherit(tx: &mut Tx, role: &str, junior: &str) -> Result<bool, StoreError> {
    let gone = on!(tx, db => sqlx::query("DELETE FROM role_inherits WHERE role = $1 AND junior = $2")
        .bind(role)
        .bind(junior)
        .execute(db)
        .await?
        .rows_affected());
    Ok(gone > 0)
}
