//! The life of a key: published, so that everybody who verifies has it before it is needed; signing; retired, until the
//! last token that it signed is dead; gone. Or revoked, at any time.
//!
//! At which stage a key is, the clock says. Nothing is written, and nobody is asked, when one takes over from another.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

/// Seconds for which others may keep the keys that we publish (`max-age`).
pub const KEPT_BY_OTHERS: i64 = 300;

/// Seconds from the moment when a key is written down until it signs: whoever read the keys just before it was among
/// them has thrown them away by then. The minute is for the answers that were under way, and for clocks.
pub const AHEAD: i64 = KEPT_BY_OTHERS + 60;

/// Seconds for which a key is kept after its last token's end: others allow for clocks that are behind.
const LEEWAY: i64 = 60;

/// The life of one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// It signs for a while, or will, or did.
    Signs {
        /// NumericDate of its first signature.
        from: i64,
        /// NumericDate from when on another one signs, if one is there for that.
        until: Option<i64>,
        /// Seconds that a token of its may be good.
        token_ttl: i64,
    },
    /// It does not sign here, and verifies until somebody revokes it.
    Verifies,
    /// It counts for nothing.
    Revoked {
        /// NumericDate.
        at: i64,
    },
}

/// Where a key stands at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = rolecall::KeyState)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Among the keys to verify with, and signs later.
    Published,
    /// New tokens are its.
    Signing,
    /// Another one signs; tokens of its are still out.
    Retired,
    /// No token of its is left.
    Gone,
    /// It only verifies: it was signed with elsewhere.
    Verifying,
    /// Its tokens are refused.
    Revoked,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Published => "published",
            Stage::Signing => "signing",
            Stage::Retired => "retired",
            Stage::Gone => "gone",
            Stage::Verifying => "verifying",
            Stage::Revoked => "revoked",
        })
    }
}

impl Life {
    /// Where it stands at `now`.
    pub fn stage(self, now: i64) -> Stage {
        match self {
            Life::Revoked { .. } => Stage::Revoked,
            Life::Verifies => Stage::Verifying,
            Life::Signs { from, .. } if now < from => Stage::Published,
            Life::Signs { until, .. } if until.is_none_or(|until| now < until) => Stage::Signing,
            Life::Signs { .. } if self.gone_at().is_none_or(|gone| now < gone) => Stage::Retired,
            Life::Signs { .. } => Stage::Gone,
        }
    }

    /// NumericDate from when on it signs, as far as that is told.
    pub fn from(self) -> Option<i64> {
        match self {
            Life::Signs { from, .. } => Some(from),
            Life::Verifies | Life::Revoked { .. } => None,
        }
    }

    /// NumericDate at which no token of its is left, as far as that is known.
    pub fn gone_at(self) -> Option<i64> {
        match self {
            Life::Signs { until, token_ttl, .. } => until.map(|until| until.saturating_add(token_ttl + LEEWAY)),
            Life::Verifies | Life::Revoked { .. } => None,
        }
    }

    /// Another one signs from `next` on, or none is there for that any more. What has retired stays so.
    #[must_use]
    pub fn followed(self, next: Option<i64>, now: i64) -> Life {
        match self {
            Life::Signs { until: Some(until), .. } if until <= now => self,
            Life::Signs { from, token_ttl, .. } => Life::Signs { from, until: next, token_ttl },
            Life::Verifies | Life::Revoked { .. } => self,
        }
    }

    /// It signs from now on, though it was to do so later: the one before cannot go on.
    #[must_use]
    pub fn called(self, now: i64) -> Life {
        match self {
            Life::Signs { from, until, token_ttl } => Life::Signs { from: from.min(now), until, token_ttl },
            Life::Verifies | Life::Revoked { .. } => self,
        }
    }

    /// Its tokens may be good for so many seconds from now on. Those that are out stay good for as long as they were.
    #[must_use]
    pub fn lasting(self, ttl: i64) -> Life {
        match self {
            Life::Signs { from, until, token_ttl } => Life::Signs { from, until, token_ttl: token_ttl.max(ttl) },
            Life::Verifies | Life::Revoked { .. } => self,
        }
    }

    /// It counts for nothing from now on.
    #[must_use]
    pub fn revoked(self, now: i64) -> Life {
        match self {
            Life::Revoked { .. } => self,
            Life::Signs { .. } | Life::Verifies => Life::Revoked { at: now },
        }
    }
}
