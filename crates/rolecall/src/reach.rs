//! How far a caller reaches under [`own(..)`](crate::own), and what keeps a handler from forgetting to ask.
//!
//! Three nets, one below the other. A handler that does not take [`Reach`] first does not compile ([`AnswersTo`]). One
//! that takes it and does not use it is warned of by rustc. And when a caller who reaches his own objects only is about
//! to get a success that nobody asked for, the guard answers 500 in its place ([`Net`]).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{
    Caller, Denied,
    caller::Admitted,
    rule::{Limited, Whole},
};

/// What an [`own(..)`](crate::own) rule lets the caller reach: every object, or his own. The first argument of a handler
/// under such a rule.
///
/// ```
/// use axum::extract::Path;
/// use rolecall::{Denied, Reach, Router, own, routing::{get, put}};
///
/// # struct Item { owner: String }
/// # async fn item(_: u64) -> Option<Item> { None }
/// # async fn names(_owner: Option<&str>) -> Vec<String> { vec![] }
/// async fn list(reach: Reach) -> String {
///     names(reach.owner()).await.join("\n") // WHERE $1 IS NULL OR owner = $1
/// }
///
/// async fn rename(reach: Reach, Path(id): Path<u64>) -> Result<&'static str, Denied> {
///     let item = item(id).await.ok_or(Denied::NotFound)?;
///     reach.covers(&item.owner)?; // somebody else's: the same 404
///     Ok("renamed")
/// }
///
/// let api: Router = Router::new()
///     .route("/items/", get(own("items:read"), list))
///     .route("/items/{id}", put(own("items:update"), rename));
/// assert!(api.access_matrix().to_string().contains("items:update or own"));
/// ```
///
/// **Ask before you answer.** A success that was not asked for becomes a 500 for callers who reach their own objects
/// only; so does the upgrade to a WebSocket, which is why a handler asks before it calls `on_upgrade`. Copies may go to
/// other tasks: it counts whichever is asked.
///
/// Under a rule without `own(..)` it reaches every object, since that is what such a rule says.
#[derive(Clone, Debug)]
#[must_use = "nothing was checked yet: call `covers` or `owner`"]
pub struct Reach {
    only: Option<Only>,
}

#[derive(Clone, Debug)]
struct Only {
    caller: Caller,
    net: Net,
}

impl Reach {
    /// Whether the caller may act on an object with this owner, named by his [`id`](Caller::id).
    ///
    /// # Errors
    /// [`Denied::NotFound`] for somebody else's: 404, so that nobody learns what there is. Answer the same for what is
    /// not there.
    pub fn covers(&self, owner: &str) -> Result<(), Denied> {
        match self.owner() {
            Some(only) if only != owner => {
                tracing::debug!("an object of somebody else's was asked for; the answer is that there is none");
                Err(Denied::NotFound)
            }
            _ => Ok(()),
        }
    }

    /// Whose objects the caller reaches, for a query: `None` is everybody's, `Some(id)` only those of that owner.
    ///
    /// In SQL: `WHERE $1 IS NULL OR owner = $1`.
    #[must_use = "a list is not cut by asking alone: filter by it"]
    pub fn owner(&self) -> Option<&str> {
        let only = self.only.as_ref()?;
        only.net.note();
        Some(only.caller.id())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reach {
    type Rejection = Denied;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Denied> {
        let Admitted { caller, net } = parts.extensions.get().ok_or(Denied::NO_REACH)?;
        let only = caller.as_ref().zip(net.as_ref());
        Ok(Reach { only: only.map(|(caller, net)| Only { caller: caller.clone(), net: net.clone() }) })
    }
}

/// The last net: whether anybody asked what a caller reaches who reaches his own objects only.
#[derive(Clone, Default, Debug)]
pub(crate) struct Net(Arc<AtomicBool>);

impl Net {
    fn note(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn was_asked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Which handlers may stand under a rule: any under one that is [`Whole`]; under `own(..)` those that take [`Reach`]
/// first.
#[diagnostic::on_unimplemented(
    message = "the rule is `own(..)`, but its handler never learns how far the caller may reach",
    label = "a handler under this rule takes `Reach` first",
    note = "make `Reach` the first argument, and call `reach.covers(&object.owner)?` before the object is touched",
    note = "or, for a list, filter by `reach.owner()`"
)]
pub trait AnswersTo<K> {}

impl<T> AnswersTo<Whole> for T {}

/// The first argument of a handler under `own(..)`.
#[diagnostic::on_unimplemented(
    message = "the rule is `own(..)`, but its handler never learns how far the caller may reach",
    label = "this handler takes `{Self}` first, not `Reach`",
    note = "make `Reach` the first argument, and call `reach.covers(&object.owner)?` before the object is touched",
    note = "or, for a list, filter by `reach.owner()`"
)]
pub trait Reaching {}

impl Reaching for Reach {}

/// A second implementation, so that the compiler does not guess `Reach` and report functions that do not match.
enum NotGuessed {}

impl Reaching for NotGuessed {}

/// Its only use.
const _: Option<NotGuessed> = None;

macro_rules! takes_reach_first {
    ($($rest:ident)*) => {
        impl<M, First: Reaching, $($rest),*> AnswersTo<Limited> for (M, First, $($rest,)*) {}
    };
}

// As many arguments as a handler of axum's may have.
takes_reach_first!();
takes_reach_first!(A);
takes_reach_first!(A B);
takes_reach_first!(A B C);
takes_reach_first!(A B C D);
takes_reach_first!(A B C D E);
takes_reach_first!(A B C D E F);
takes_reach_first!(A B C D E F G);
takes_reach_first!(A B C D E F G H);
takes_reach_first!(A B C D E F G H I);
takes_reach_first!(A B C D E F G H I J);
takes_reach_first!(A B C D E F G H I J K);
takes_reach_first!(A B C D E F G H I J K L);
takes_reach_first!(A B C D E F G H I J K L N);
takes_reach_first!(A B C D E F G H I J K L N O);
takes_reach_first!(A B C D E F G H I J K L N O P);

/// Which rules may stand where there is no handler to ask [`Reach`]: those that answer the whole question themselves.
#[diagnostic::on_unimplemented(
    message = "`own(..)` stands only beside a handler that takes `Reach`, and here is none",
    label = "nobody here asks whose object it is",
    note = "put `own(..)` beside each handler: `get(own(\"items:read\"), list)`",
    note = "or ask for the right to all of them: `permission(\"items:read\")`"
)]
pub trait Complete {}

impl Complete for Whole {}
