//! Who may hold which role, and who may say so: user assignment (of clients too), permission assignment and role inheritance (ANSI
//! INCITS 359, 6.1 and 6.2), and the laws of administration: hand out only what you hold, act on nobody who holds more,
//! keep one administrator.

use rolecall_core::{ADMINISTRATOR, Beyond, Grant, Policy, PolicyError, Rights, Role, RoleName, Subject};
use serde_json::json;

use crate::{
    Error,
    actor::Actor,
    app::App,
    audit::Act,
    change::Change,
    error::What,
    sessions,
    store::{StoreError, Tx, assignments, clients, roles, users},
};

pub use assignments::{Assignment, Holder};

const TAKES_AWAY: bool = true;
const GIVES: bool = false;

/// `AddRole` (ANSI INCITS 359, 6.1.1), with what it holds and whom it inherits.
///
/// # Errors
/// [`Error::Invalid`] for a name that is the service's; [`Error::Taken`]; [`Error::NotFound`] for an unknown junior;
/// [`Error::Beyond`] for what the actor does not hold.
pub async fn add_role(
    change: &mut Change,
    name: &RoleName,
    grants: &[Grant],
    inherits: &[RoleName],
) -> Result<(), Error> {
    if name.is_reserved() {
        return Err(Error::Invalid("`name`: names that begin with `rolecall.` belong to the service".into()));
    }
    let policy = change.policy();
    if policy.role(name.as_str()).is_some() {
        return Err(Error::Taken("role"));
    }
    if inherits.contains(name) {
        return Err(PolicyError::Cycle(vec![name.clone(), name.clone()]).into());
    }
    for junior in inherits {
        find(&policy, junior)?;
    }
    if let Some(rights) = change.rights() {
        holds_all(&policy, &rights, grants)?;
        for junior in inherits {
            policy.may_hand_out(&rights, junior.as_str()).map_err(Error::Beyond)?;
        }
    }
    let born = change.version();
    match roles::insert(change.tx(), name.as_str(), born).await {
        Err(StoreError::Unique) => return Err(Error::Taken("role")),
        done => done?,
    }
    for grant in grants {
        roles::grant(change.tx(), name.as_str(), &grant.to_string()).await?;
    }
    for junior in inherits {
        roles::inherit(change.tx(), name.as_str(), junior.as_str()).await?;
    }
    change.touch(Subject::Policy, GIVES);
    change.record(Act::new("role.added", name.to_string(), json!({ "permissions": grants, "inherits": inherits })));
    Ok(())
}

/// `DeleteRole` (6.1.1): nobody has it afterwards, and no role inherits it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Beyond`] for a role that holds more than the actor,
/// [`Error::LastAdministrator`].
pub async fn delete_role(change: &mut Change, name: &RoleName) -> Result<(), Error> {
    change.waits();
    edits(change, name)?;
    let before = keeps_administrator(change, &change.policy()).await?;
    assignments::delete_role(change.tx(), name.as_str()).await?;
    roles::delete(change.tx(), name.as_str()).await?;
    let after = App::read_policy(change.tx()).await?;
    one_administrator_stays(change, &after, before).await?;
    change.touch(Subject::Policy, TAKES_AWAY);
    change.record(Act::new("role.deleted", name.to_string(), json!({})));
    Ok(())
}

/// `GrantPermission` (6.1.1).
///
/// # Errors
/// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Beyond`] for what the actor does not hold.
pub async fn grant_permission(change: &mut Change, name: &RoleName, grant: &Grant) -> Result<(), Error> {
    edits(change, name)?;
    let policy = change.policy();
    if let Some(rights) = change.rights() {
        holds_all(&policy, &rights, std::slice::from_ref(grant))?;
    }
    if roles::grant(change.tx(), name.as_str(), &grant.to_string()).await? {
        change.touch(Subject::Policy, GIVES);
        change.record(Act::new("role.permission_granted", name.to_string(), json!({ "permission": grant })));
    }
    Ok(())
}

/// `RevokePermission` (6.1.1). Taking away what is not there is no change.
///
/// # Errors
/// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Beyond`] for a role that holds more than the actor.
pub async fn revoke_permission(change: &mut Change, name: &RoleName, grant: &Grant) -> Result<(), Error> {
    change.waits();
    edits(change, name)?;
    if roles::revoke(change.tx(), name.as_str(), &grant.to_string()).await? {
        change.touch(Subject::Policy, TAKES_AWAY);
        change.record(Act::new("role.permission_revoked", name.to_string(), json!({ "permission": grant })));
    }
    Ok(())
}

/// `AddInheritance` (6.2.1): whoever has `senior` has all that `junior` has.
///
/// # Errors
/// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Policy`] for a circle, with its path; [`Error::Beyond`] for what
/// the actor does not hold.
pub async fn add_inheritance(change: &mut Change, senior: &RoleName, junior: &RoleName) -> Result<(), Error> {
    let policy = change.policy();
    find(&policy, junior)?;
    edits(change, senior)?;
    if let Some(path) = policy.path(junior.as_str(), senior.as_str()) {
        let around = std::iter::once(senior).chain(path).cloned().collect();
        return Err(PolicyError::Cycle(around).into());
    }
    if let Some(rights) = change.rights() {
        policy.may_hand_out(&rights, junior.as_str()).map_err(Error::Beyond)?;
    }
    if roles::inherit(change.tx(), senior.as_str(), junior.as_str()).await? {
        change.touch(Subject::Policy, GIVES);
        change.record(Act::new("role.inheritance_added", senior.to_string(), json!({ "junior": junior })));
    }
    Ok(())
}

/// `DeleteInheritance` (6.2.1). Taking away what is not there is no change.
///
/// # Errors
/// [`Error::NotFound`], [`Error::BuiltIn`], [`Error::Beyond`] for a role that holds more than the actor,
/// [`Error::LastAdministrator`].
pub async fn delete_inheritance(change: &mut Change, senior: &RoleName, junior: &RoleName) -> Result<(), Error> {
    change.waits();
    find(&change.policy(), junior)?;
    edits(change, senior)?;
    let before = keeps_administrator(change, &change.policy()).await?;
    if roles::disinherit(change.tx(), senior.as_str(), junior.as_str()).await? {
        let after = App::read_policy(change.tx()).await?;
        one_administrator_stays(change, &after, before).await?;
        change.touch(Subject::Policy, TAKES_AWAY);
        change.record(Act::new("role.inheritance_deleted", senior.to_string(), json!({ "junior": junior })));
    }
    Ok(())
}

/// `AssignUser` (6.1.1), until a NumericDate or without an end, to a user or to a client that acts for itself. Assigned
/// again, it gets the new end.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] for an end in the past, [`Error::Oneself`], [`Error::Stronger`],
/// [`Error::Beyond`] for what the actor does not hold, [`Error::LastAdministrator`] when the end would leave nobody.
pub async fn assign(change: &mut Change, to: Holder<'_>, role: &RoleName, until: Option<i64>) -> Result<(), Error> {
    let policy = change.policy();
    exists(change.tx(), to).await?;
    find(&policy, role)?;
    if until.is_some_and(|until| until <= change.app().clock.wall()) {
        return Err(Error::Invalid("`until` is in the past; it is a NumericDate, seconds since 1970".into()));
    }
    if matches!(change.by(), Actor::Person { id, .. } if id == to.id()) {
        return Err(Error::Oneself);
    }
    outranks(change, to).await?;
    // What the actor holds only until a time, he can give only until then.
    if let Some(rights) = change.rights_until(until).await? {
        policy.may_hand_out(&rights, role.as_str()).map_err(Error::Beyond)?;
    }
    let had = assignments::of(change.tx(), to).await?.into_iter().find(|had| had.role == role.as_str());
    if had.as_ref().is_some_and(|had| had.until == until) {
        return Ok(());
    }
    // An end where there was none, or an earlier one, takes away.
    let shortens = had.is_some_and(|had| until.is_some_and(|until| had.until.is_none_or(|before| until < before)));
    let before = keeps_administrator(change, &policy).await?;
    assignments::put(change.tx(), to, role.as_str(), until).await?;
    one_administrator_stays(change, &policy, before).await?;
    change.touch(Subject::User(to.id().into()), shortens);
    change.record(Act::new("role.assigned", to.id(), json!({ "role": role, "until": until })));
    Ok(())
}

/// `DeassignUser` (6.1.1), from a user or a client. Taking away what is not there is no change.
///
/// # Errors
/// [`Error::NotFound`] for who or what is unknown; [`Error::Stronger`] when `from` holds more than the actor;
/// [`Error::LastAdministrator`] when nobody could administer afterwards.
pub async fn deassign(change: &mut Change, from: Holder<'_>, role: &RoleName) -> Result<(), Error> {
    change.waits();
    let policy = change.policy();
    exists(change.tx(), from).await?;
    find(&policy, role)?;
    outranks(change, from).await?;
    let before = keeps_administrator(change, &policy).await?;
    if assignments::delete(change.tx(), from, role.as_str()).await? {
        one_administrator_stays(change, &policy, before).await?;
        change.touch(Subject::User(from.id().into()), TAKES_AWAY);
        change.record(Act::new("role.deassigned", from.id(), json!({ "role": role })));
    }
    Ok(())
}

/// `AssignedRoles` (6.1.3), those that have ended included.
///
/// # Errors
/// [`Error::NotFound`] for an unknown user or client.
pub async fn assigned_roles(app: &App, of: Holder<'_>) -> Result<Vec<Assignment>, Error> {
    let mut tx = app.store.read().await?;
    exists(&mut tx, of).await?;
    Ok(assignments::of(&mut tx, of).await?)
}

/// Sees that there is such a user or client.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn exists(tx: &mut Tx, holder: Holder<'_>) -> Result<(), Error> {
    let (is_there, what) = match holder {
        Holder::User(id) => (users::find(tx, id).await?.is_some(), What::User),
        Holder::Client(id) => (clients::find(tx, id).await?.is_some(), What::Client),
    };
    if is_there { Ok(()) } else { Err(Error::NotFound(what)) }
}

/// Nobody acts on a user or a client that holds more than he does himself: who sets a client's secret is the client.
///
/// # Errors
/// [`Error::Stronger`] names what he lacks.
pub async fn outranks(change: &mut Change, other: Holder<'_>) -> Result<(), Error> {
    let Some(rights) = change.rights() else { return Ok(()) };
    let (app, policy) = (change.app().clone(), change.policy());
    for role in sessions::roles_of(&app, change.tx(), other).await? {
        policy.may_hand_out(&rights, &role).map_err(Error::Stronger)?;
    }
    Ok(())
}

/// Whoever brings in a key that verifies can sign a token of anybody's with it: that takes holding all there is, and
/// without an end.
///
/// # Errors
/// [`Error::Beyond`] names what the actor lacks.
pub async fn may_be_anybody(change: &mut Change) -> Result<(), Error> {
    match change.rights_until(None).await? {
        Some(rights) => change.policy().may_hand_out(&rights, ADMINISTRATOR).map_err(Error::Beyond),
        None => Ok(()),
    }
}

/// Whether some account can administer by this policy: it is enabled and authorized for `rolecall.admin` without an end.
/// What is asked before something is taken away, for [`one_administrator_stays`].
///
/// # Errors
/// [`Error::Store`] when it cannot be read.
pub async fn keeps_administrator(change: &mut Change, policy: &Policy) -> Result<bool, Error> {
    for role in policy.seniors(ADMINISTRATOR) {
        if assignments::is_held_for_good(change.tx(), role.as_str()).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The last account that can administer cannot be lost, on whatever path.
///
/// # Errors
/// [`Error::LastAdministrator`] when there was one before, and now there is none.
pub async fn one_administrator_stays(change: &mut Change, policy: &Policy, before: bool) -> Result<(), Error> {
    match before && !keeps_administrator(change, policy).await? {
        true => Err(Error::LastAdministrator),
        false => Ok(()),
    }
}

/// Whether this role may be edited: it exists, it is not built in, and it holds nothing that the actor does not hold;
/// else somebody could weaken those who hold more than he does.
fn edits(change: &Change, name: &RoleName) -> Result<(), Error> {
    let policy = change.policy();
    find(&policy, name)?;
    if name.is_reserved() {
        return Err(Error::BuiltIn(name.clone()));
    }
    let Some(rights) = change.rights() else { return Ok(()) };
    policy.inherited(name.as_str()).iter().try_for_each(|role| holds_all(&policy, &rights, &role.grants))
}

fn holds_all(policy: &Policy, rights: &Rights, grants: &[Grant]) -> Result<(), Error> {
    match grants.iter().find(|grant| !policy.holds(rights, grant)) {
        Some(missing) => Err(Error::Beyond(Beyond::Grant(missing.clone()))),
        None => Ok(()),
    }
}

fn find<'p>(policy: &'p Policy, name: &RoleName) -> Result<&'p Role, Error> {
    policy.role(name.as_str()).ok_or(Error::NotFound(What::Role))
}
