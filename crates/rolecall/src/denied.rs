//! A refusal, and how it is said: RFC 6750 challenges, RFC 9457 bodies.

use std::{fmt, sync::Arc};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use rolecall_core::jwt::Invalid;

use crate::{Problem, rule::Expr};

/// Why a call was refused. A refusal that the guard answered is in the response's extensions too, for layers outside:
/// its text is made for a log.
///
/// A handler has use for it when it asks [`Reach`](crate::Reach): in an error type of its own it is one more case.
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use http::StatusCode;
/// use rolecall::{Denied, Problem};
///
/// enum Error {
///     Denied(Denied),
///     Database,
/// }
///
/// impl From<Denied> for Error {
///     fn from(denied: Denied) -> Self {
///         Error::Denied(denied)
///     }
/// }
///
/// impl IntoResponse for Error {
///     fn into_response(self) -> Response {
///         match self {
///             Error::Denied(denied) => denied.into_response(),
///             Error::Database => {
///                 Problem::new(StatusCode::SERVICE_UNAVAILABLE, "database", "try again in a moment").into_response()
///             }
///         }
///     }
/// }
///
/// let refused = Error::from(Denied::NotFound).into_response();
/// assert_eq!(refused.status(), StatusCode::NOT_FOUND);
/// assert!(refused.extensions().get::<Denied>().is_some(), "a layer outside can log it");
/// assert_eq!(Error::Database.into_response().headers()["retry-after"], "1");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Denied {
    /// No token was sent: 401, without an error code.
    Anonymous,
    /// The token is not good: 401 `invalid_token`.
    BadToken(Invalid),
    /// The token was good; its session has ended, or its account is disabled or gone: 401 `invalid_token`.
    SessionOver,
    /// The token is sent in a way that two readers might read differently: 400 `invalid_request`.
    BadRequest(&'static str),
    /// We know who it is, and he may not: 403 `insufficient_scope`.
    Forbidden(Forbidden),
    /// It is not there, or it is somebody else's, and the caller may not learn which: 404. Answer it for what is not
    /// there too, so that both look alike.
    NotFound,
    /// It can't be told now: 503.
    Unavailable(&'static str),
    /// Too much is being looked up: 503, and so many seconds after which to come again.
    Busy(u64),
    /// The route was never protected, or nobody looked who is calling: 500, and the fault is the application's.
    Unguarded(&'static str),
}

/// What a route asks for, and, where the guard was told to explain, what the caller has.
#[derive(Clone, Debug)]
pub struct Forbidden {
    pub(crate) rule: Arc<Expr>,
    pub(crate) has: Option<String>,
}

impl Denied {
    pub(crate) const UNPROTECTED: Denied = Denied::Unguarded(
        "this route was never protected: serve `guard.protect(router)`, which puts the rules in force",
    );
    pub(crate) const NOBODY_LOOKED: Denied = Denied::Unguarded(
        "the handler takes a `Caller`, but the rule of its route is `public()`, so nobody looked who is calling: use \
         `optional()` or `authenticated()`",
    );
    pub(crate) const NO_REACH: Denied = Denied::Unguarded(
        "the handler takes a `Reach`, but the rule of its route is `public()`, so nobody looked who is calling: use \
         `own(..)`",
    );
    pub(crate) const UNASKED: Denied = Denied::Unguarded(
        "the caller may reach his own objects only, and the handler answered without asking `reach.covers(..)` or \
         `reach.owner()`",
    );

    fn challenge(&self) -> Option<String> {
        match self {
            // RFC 6750, section 3: something must follow the scheme, and without a token no error code.
            Denied::Anonymous => Some(r#"Bearer realm="rolecall""#.into()),
            Denied::BadToken(_) | Denied::SessionOver => Some(r#"Bearer error="invalid_token""#.into()),
            Denied::BadRequest(_) => Some(r#"Bearer error="invalid_request""#.into()),
            Denied::Forbidden(Forbidden { rule, .. }) => {
                // RFC 6750 section 3: `scope` is what the resource needs, which only a plain list can say.
                let word = |expr: &Expr| match expr {
                    Expr::Role(name) => Some(name.to_string()),
                    Expr::Permission(name) | Expr::Own(name) | Expr::Scope(name) => Some(name.to_string()),
                    _ => None,
                };
                // Who calls is no scope, and takes none away from what else is needed.
                let asks = |expr: &&Expr| !matches!(expr, Expr::Service);
                let scope = match &**rule {
                    Expr::All(some) => {
                        let words = some.iter().filter(asks).map(word).collect::<Option<Vec<_>>>();
                        words.filter(|words| !words.is_empty()).map(|words| words.join(" "))
                    }
                    one => word(one),
                };
                let scope = scope.map(|scope| format!(r#", scope="{scope}""#)).unwrap_or_default();
                Some(format!(r#"Bearer error="insufficient_scope", error_description="this needs {rule}"{scope}"#))
            }
            Denied::NotFound | Denied::Unavailable(_) | Denied::Busy(_) | Denied::Unguarded(_) => None,
        }
    }

    fn problem(&self) -> Problem {
        let (status, kind, detail) = match self {
            Denied::Anonymous => (
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "no token was sent; log in at `POST /token` and send `Authorization: Bearer <token>`".to_owned(),
            ),
            Denied::BadToken(why) => {
                // The same log-in would give the same token.
                let how = if *why == Invalid::Audience { " with `resource`, which names this API" } else { "" };
                let detail = format!("the token is not valid ({why}); log in again at `POST /token`{how}");
                (StatusCode::UNAUTHORIZED, "invalid-token", detail)
            }
            Denied::SessionOver => (
                StatusCode::UNAUTHORIZED,
                "invalid-token",
                "the token's session is over; log in again at `POST /token`".to_owned(),
            ),
            Denied::BadRequest(why) => (StatusCode::BAD_REQUEST, "ambiguous-token", (*why).to_owned()),
            Denied::Forbidden(Forbidden { rule, has }) => (
                StatusCode::FORBIDDEN,
                "forbidden",
                match has {
                    Some(has) => format!("this needs {rule}; {has}"),
                    None => format!("this needs {rule}; ask an administrator for it"),
                },
            ),
            Denied::NotFound => {
                (StatusCode::NOT_FOUND, "not-found", "there is nothing here that you may see".to_owned())
            }
            Denied::Unavailable(why) => (StatusCode::SERVICE_UNAVAILABLE, "cannot-tell", (*why).to_owned()),
            Denied::Busy(seconds) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "cannot-tell",
                format!("too many tokens are being looked up; try again in {seconds} s"),
            ),
            Denied::Unguarded(why) => (StatusCode::INTERNAL_SERVER_ERROR, "unguarded", (*why).to_owned()),
        };
        Problem::new(status, kind, detail)
    }
}

impl std::error::Error for Denied {}

/// For a log: without what a caller should do about it, and without what he has.
impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Anonymous => f.write_str("no token was sent"),
            Denied::BadToken(why) => why.fmt(f),
            Denied::SessionOver => f.write_str("the token's session is over"),
            Denied::Forbidden(Forbidden { rule, .. }) => write!(f, "the route needs {rule}"),
            Denied::NotFound => f.write_str("there is nothing here that the caller may see"),
            Denied::Busy(_) => f.write_str("too many tokens are being looked up"),
            Denied::BadRequest(why) | Denied::Unavailable(why) | Denied::Unguarded(why) => f.write_str(why),
        }
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let mut response = self.problem().into_response();
        if let Some(challenge) = self.challenge().and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Denied::Busy(seconds) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}
