//! The access tokens of a session: which roles are active in one, by which assignments, and until when.

use std::sync::Arc;

use rolecall_core::{Claims, Grant, Policy, RoleName, Scope, Version, jwk::KeyError, jwt};

use super::{open::Refused, seconds};
use crate::{
    Error,
    app::App,
    config::LONGEST_TOKEN,
    ids,
    store::{assignments::Assignment, sessions::Session},
};

/// The longest scope that is asked for, in bytes. A token has room for about twice that, and for the roles besides.
pub const MOST_SCOPE: usize = 1024;

/// An access token.
#[derive(Debug)]
pub(super) struct Minted {
    pub(super) token: String,
    /// NumericDate at which it is no longer good.
    pub(super) exp: i64,
}

/// What a token is made from beside its session: all of it as of one version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grounds<'a> {
    pub(super) version: Version,
    pub(super) policy: &'a Policy,
    /// What the subject holds.
    pub(super) assigned: &'a [Assignment],
    /// What the subject is called.
    pub(super) name: Option<&'a str>,
    /// What this token is cut to.
    pub(super) scope: Option<&'a Scope>,
}

/// Makes an access token, which outlives neither its session nor an assignment that it comes from; `None` when it would
/// be longer than a guard reads.
///
/// # Errors
/// [`Error::Internal`] when it cannot be signed.
pub(super) fn mint(app: &App, session: &Session, grounds: Grounds<'_>, now: i64) -> Result<Option<Minted>, Error> {
    let active = active(grounds.policy, grounds.assigned, grounds.scope);
    let inherited = active.roles.iter().any(|role| !active.via.contains(role));
    let longest = now + seconds(app.config.access_token_ttl.min(LONGEST_TOKEN));
    let exp = active.ends.map_or(longest, |ends| ends.min(longest)).min(session.idle_at).min(session.expires_at);
    let claims = Claims {
        iss: app.issuer.clone(),
        sub: session.subject().to_owned(),
        aud: session.audience.clone().unwrap_or_else(|| app.issuer.clone()),
        client_id: session.client.clone(),
        exp,
        iat: now,
        nbf: None,
        jti: ids::secret::<16>()?,
        sid: session.id.clone(),
        scope: grounds.scope.map(Scope::to_string),
        roles: active.roles,
        via: inherited.then_some(active.via),
        preferred_username: grounds.name.map(str::to_owned),
        pv: grounds.version,
    };
    match jwt::sign(&*app.signer(now)?, jwt::ACCESS_TOKEN, &claims) {
        Err(KeyError::TokenTooLong) => Ok(None),
        signed => Ok(Some(Minted { token: signed.map_err(Error::internal)?, exp })),
    }
}

/// The roles that are active in a session, by which assigned ones, and when the first of them ends.
#[derive(Default)]
pub(super) struct Active {
    pub(super) roles: Vec<String>,
    pub(super) via: Vec<String>,
    pub(super) ends: Option<i64>,
}

pub(super) fn active(policy: &Policy, assigned: &[Assignment], scope: Option<&Scope>) -> Active {
    let named = scope.map(Scope::roles).unwrap_or_default();
    if named.is_empty() {
        let known = assigned.iter().filter(|assignment| policy.role(&assignment.role).is_some());
        let ends = known.clone().filter_map(|assignment| assignment.until).min();
        let roles: Vec<String> = known.map(|assignment| assignment.role.clone()).collect();
        return Active { via: roles.clone(), roles, ends };
    }
    // A role that is named may come through another one that is assigned. It may last longer than the first of those,
    // but from then on that one is no way to it, whatever the policy says.
    let mut active = Active::default();
    for role in named {
        let gives = |assignment: &&Assignment| {
            policy.inherited(&assignment.role).iter().any(|inherited| inherited.name == *role)
        };
        let given: Vec<&Assignment> = assigned.iter().filter(gives).collect();
        if given.is_empty() {
            continue;
        }
        active.roles.push(role.to_string());
        let new = given.iter().map(|assignment| &assignment.role).filter(|role| !active.via.contains(role));
        let new: Vec<String> = new.cloned().collect();
        active.via.extend(new);
        let first = given.iter().filter_map(|assignment| assignment.until).min();
        active.ends = [active.ends, first].into_iter().flatten().min();
    }
    active
}

/// Those of these assignments that have not ended.
pub(super) fn holding(assigned: Vec<Assignment>, now: i64) -> Vec<Assignment> {
    assigned.into_iter().filter(|assignment| assignment.until.is_none_or(|until| until > now)).collect()
}

/// Whether an account holds all that a scope names.
pub(super) fn is_held(policy: &Policy, assigned: &[Assignment], scope: &Scope) -> bool {
    still_held(policy, assigned, scope).as_ref() == Some(scope)
}

/// What a token is cut to whose session or key is cut to `limit`, when it is asked to be cut to less. Of roles and
/// permissions, whichever is not asked for stays as the limit has it; and of all that, what is held now.
///
/// # Errors
/// [`Refused::Scope`] for what is not less, or not held; [`Refused::NothingHeld`] when nothing of the limit is.
pub(super) fn narrowed(
    policy: &Policy,
    assigned: &[Assignment],
    limit: Option<&Scope>,
    asked: Option<&Scope>,
) -> Result<Option<Scope>, Refused> {
    let scope = match (limit, asked) {
        (None, None) => return Ok(None),
        (None, Some(asked)) if is_held(policy, assigned, asked) => return Ok(Some(asked.clone())),
        (None, Some(_)) => None,
        (Some(limit), None) => Some(limit.clone()),
        (Some(limit), Some(asked)) => less(policy, assigned, limit, asked),
    };
    still_held(policy, assigned, &scope.ok_or(Refused::Scope)?).map(Some).ok_or(Refused::NothingHeld)
}

/// The limit with what is asked for in place of it, if that is less.
fn less(policy: &Policy, assigned: &[Assignment], limit: &Scope, asked: &Scope) -> Option<Scope> {
    let roles = if asked.roles().is_empty() { limit.roles() } else { asked.roles() };
    let grants = if asked.grants().is_empty() { limit.grants() } else { asked.grants() };
    let held = |scope: Scope| policy.activate(names(assigned), Some(Arc::new(scope)));
    let within = held(limit.clone());
    let has_role = |role: &RoleName| policy.check_role(&within, role.as_str()).is_allowed();
    // Of what these roles hold, and of what the limit leaves of that.
    let cut = held(Scope::of(roles, limit.grants())?);
    let is_less = asked.roles().iter().all(has_role) && asked.grants().iter().all(|grant| policy.holds(&cut, grant));
    if is_less { Scope::of(roles, grants) } else { None }
}

/// What is left of a scope: the roles and permissions in it that are held now, each as a whole. `None` when that is
/// nothing; and also when it named roles, or permissions, and none of these is left, since it would be more without.
pub(super) fn still_held(policy: &Policy, assigned: &[Assignment], scope: &Scope) -> Option<Scope> {
    let all = policy.activate(names(assigned), None);
    let has_role = |role: &&RoleName| policy.check_role(&all, role.as_str()).is_allowed();
    let roles: Vec<RoleName> = scope.roles().iter().filter(has_role).cloned().collect();
    let cut = match scope.roles() {
        [] => all,
        _ => policy.activate(roles.iter().map(RoleName::as_str), None),
    };
    let grants: Vec<Grant> = scope.grants().iter().filter(|grant| policy.holds(&cut, grant)).cloned().collect();
    let is_more = roles.is_empty() != scope.roles().is_empty() || grants.is_empty() != scope.grants().is_empty();
    if is_more { None } else { Scope::of(&roles, &grants) }
}

fn names(assigned: &[Assignment]) -> impl Iterator<Item = &str> {
    assigned.iter().map(|assignment| assignment.role.as_str())
}
