//! Who is calling: what a handler gets after the rule of its route was met.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use rolecall_core::{Claims, Decision, Object, Rights, Snapshot};

use crate::{Denied, reach::Net, seen::Seen};

/// The caller. On an [`optional`](crate::optional) route take `Option<Caller>`.
///
/// It keeps the policy that it was admitted by: a handler that asks twice gets one answer.
///
/// ```
/// use rolecall::{Caller, Router, authenticated, optional, routing::get};
///
/// async fn report(caller: Caller) -> String {
///     // The rule has let him in; what he sees may still depend on what he may.
///     match caller.may("reports:read") {
///         true => "the whole report".to_owned(),
///         false => format!("what concerns {}", caller.id()),
///     }
/// }
///
/// async fn hello(caller: Option<Caller>) -> String {
///     caller.map_or("hello, stranger".to_owned(), |caller| format!("hello, {}", caller.name()))
/// }
///
/// let api: Router = Router::new()
///     .route("/report", get(authenticated(), report))
///     .route("/hello", get(optional(), hello));
/// assert_eq!(api.access_matrix().rows().len(), 2);
/// ```
///
/// Under [`public`](crate::public) nobody looks who is calling, so a handler that takes it there answers 500 and says so.
#[derive(Clone)]
pub struct Caller {
    seen: Arc<Seen>,
    snapshot: Arc<Snapshot>,
}

impl Caller {
    /// Only for what [`Seen`] has rights for, worked out for this same snapshot.
    pub(crate) fn new(seen: Arc<Seen>, snapshot: Arc<Snapshot>) -> Self {
        debug_assert!(seen.is_by(&snapshot));
        Caller { seen, snapshot }
    }

    /// Who it is, for good: `sub` in the token. A name can be given to somebody else; an id cannot.
    pub fn id(&self) -> &str {
        &self.seen.verified.claims.sub
    }

    /// What people call him: `preferred_username`, or the client's id for a client that acts for itself. To show, and
    /// never to decide by.
    pub fn name(&self) -> &str {
        let claims = &self.seen.verified.claims;
        claims.preferred_username.as_deref().unwrap_or(&claims.client_id)
    }

    /// Whether it is a client that acts for itself, with no user behind the call: what [`service`](crate::service) asks.
    pub fn is_service(&self) -> bool {
        self.seen.is_service
    }

    /// Whether he has this role, or one that inherits it.
    pub fn has_role(&self, name: &str) -> bool {
        self.rights().is_some_and(|rights| self.snapshot.policy.check_role(rights, name).is_allowed())
    }

    /// Whether he may do this to every object.
    pub fn may(&self, permission: &str) -> bool {
        self.check_access(permission, Object::Any).is_some_and(|decision| decision.is_allowed())
    }

    /// Whether this is the id of his own: of an owner, say.
    pub fn owns(&self, owner: &str) -> bool {
        self.id() == owner
    }

    /// Whether he may do this, and why; `None` where his session holds nothing at all.
    pub fn check_access(&self, permission: &str, object: Object) -> Option<Decision<'_>> {
        self.rights().map(|rights| self.snapshot.policy.check_access(rights, permission, object))
    }

    /// The token as it was minted. Its `roles` may be out of date; [`roles`](Caller::roles) are not.
    pub fn claims(&self) -> &Claims {
        &self.seen.verified.claims
    }

    /// The roles that this session can use now: without inherited ones where it has no scope, and otherwise those that its
    /// scope names. None of a token for permissions only, which is in no role.
    pub fn roles(&self) -> Vec<&str> {
        match self.rights().and_then(Rights::scope) {
            None => self.seen.verified.roles.iter().map(String::as_str).collect(),
            Some(scope) => scope.roles().iter().map(|role| role.as_str()).filter(|role| self.is_in(role)).collect(),
        }
    }

    fn is_in(&self, role: &str) -> bool {
        let authorized = self.rights().map(|rights| self.snapshot.policy.authorized_roles(rights));
        authorized.is_some_and(|roles| roles.iter().any(|name| name.as_str() == role))
    }

    /// The snapshot that he was admitted by.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// What his session holds under that snapshot's policy.
    pub fn rights(&self) -> Option<&Rights> {
        self.seen.rights.as_ref()
    }
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").field("id", &self.id()).field("roles", &self.roles()).finish_non_exhaustive()
    }
}

/// What the guard puts into the request's extensions, on every route whose rule looks at the token.
#[derive(Clone)]
pub(crate) struct Admitted {
    /// `None`: a stranger, on an optional route.
    pub(crate) caller: Option<Caller>,
    /// Under `own(..)`, for a caller who reaches his own objects only.
    pub(crate) net: Option<Net>,
}

impl Admitted {
    pub(crate) const STRANGER: Admitted = Admitted { caller: None, net: None };
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        let admitted = parts.extensions.get::<Admitted>().ok_or(Denied::NOBODY_LOOKED)?;
        admitted.caller.clone().ok_or(Denied::Anonymous)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Denied> {
        let admitted = parts.extensions.get::<Admitted>().ok_or(Denied::NOBODY_LOOKED)?;
        Ok(admitted.caller.clone())
    }
}
