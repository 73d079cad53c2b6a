//! The one error of this crate: what went wrong, in the words of the rules. [`problem`](crate::problem) says how it
//! looks over HTTP.

use rolecall_core::{Beyond, PolicyError, RoleName};

use crate::store::StoreError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was sent is not right; the text says what to send.
    #[error("{0}")]
    Invalid(String),
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(What),
    /// The name is somebody else's already.
    #[error("the {0} is taken; choose another one")]
    Taken(&'static str),
    /// Handing this out takes holding it.
    #[error("you can hand out only what you hold, and you do not hold {0}")]
    Beyond(Beyond),
    /// The account or the client that would be acted on holds more than the actor.
    #[error("the other one holds more than you do ({0}); ask a stronger administrator")]
    Stronger(Beyond),
    /// The token is cut to a scope, and speaks for less than the account.
    #[error("this token is cut to a scope, and this is for the whole account; log in without `scope`")]
    Cut,
    /// The password that was to be the one in use is not.
    #[error("`current_password` is wrong")]
    WrongPassword,
    /// A key that makes keys would never have to end.
    #[error("an API key has opened this session, and makes no keys; log in to make one")]
    ByKey,
    /// More keys than somebody keeps an eye on: this many.
    #[error("the account has {0} API keys already; revoke one that is no longer used first")]
    TooManyApiKeys(i64),
    /// The API is the one of the setting, and would be there again.
    #[error(
        "the setting `audience` names this API, so it counts without being registered; disable it, or name another there"
    )]
    DefaultAudience,
    /// Nobody assigns to himself.
    #[error("nobody can give a role to himself; ask another administrator")]
    Oneself,
    /// Nobody could administer any more.
    #[error(
        "this would leave no enabled account with role `rolecall.admin` and without an end; give it to another one first"
    )]
    LastAdministrator,
    /// A third secret would be one that nobody remembers.
    #[error("the client has two secrets already; delete the one that is no longer used first")]
    TwoSecrets,
    /// More keys than anybody wants to read.
    #[error("there are too many keys; wait until some are gone, or revoke those that are not needed")]
    TooManyKeys,
    /// Two keys of one name, or one key under two, could not be told apart.
    #[error(
        "this key, or another one with its `kid`, is here already (`/admin/keys`, `rolecall keys list`); one that was revoked \
         does not come back"
    )]
    KeyKnown,
    /// The role is built in.
    #[error("role `{0}` is built in and cannot be changed; make a role of your own")]
    BuiltIn(RoleName),
    /// The roles would not make a policy.
    #[error("{0}")]
    Policy(PolicyError),
    /// Who asks is not, or no longer, allowed to.
    #[error("your session has ended; log in again")]
    SessionOver,
    /// Registration is closed.
    #[error("registration is closed; ask an administrator for an account")]
    RegistrationClosed,
    /// Too many guesses were made; seconds after which there is another one. It never says at whose password.
    #[error("too many failed attempts; try again in {0} s")]
    Limited(u64),
    /// More is being hashed than can wait; seconds after which to come again.
    #[error("too many log-ins at once; try again in {0} s")]
    Busy(u64),
    /// It cannot be told or done now.
    #[error("{0}")]
    Unavailable(String),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
    /// It cannot start; the text says what to do.
    #[error("{0}")]
    Start(String),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

/// What there can be none of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum What {
    /// A user.
    User,
    /// A role.
    Role,
    /// A client.
    Client,
    /// A secret of a client.
    Secret,
    /// An API.
    Api,
    /// A signing key.
    Key,
    /// A session.
    Session,
    /// An API key.
    ApiKey,
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            What::User => "user",
            What::Role => "role",
            What::Client => "client",
            What::Secret => "secret",
            What::Api => "API",
            What::Key => "key",
            What::Session => "session",
            What::ApiKey => "API key",
        })
    }
}

impl Error {
    /// Whether it is a fault of ours, which trying again does not mend.
    pub(crate) fn is_fault(&self) -> bool {
        match self {
            Error::Start(_) | Error::Internal(_) => true,
            Error::Store(error) => matches!(error, StoreError::Strange(_) | StoreError::Other(_)),
            _ => false,
        }
    }

    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Error::Internal(error.to_string())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotHolder => {
                Error::Unavailable("another process has taken the database over; this one decides nothing".into())
            }
            error => Error::Store(error),
        }
    }
}

impl From<PolicyError> for Error {
    fn from(error: PolicyError) -> Self {
        Error::Policy(error)
    }
}
