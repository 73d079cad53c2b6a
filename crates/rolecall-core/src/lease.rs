//! The arithmetic of leases: the right to decide by what is held, until a moment on the holder's own clocks.
//!
//! Two clocks, since each misses something: one that counts while the machine sleeps and is never set
//! (`CLOCK_BOOTTIME`), and the wall clock, which catches a virtual machine that was paused and has had its time set.

use std::time::Duration;

/// A moment on both clocks of this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// Nanoseconds since the machine started, its sleep included.
    pub boot: u64,
    /// NumericDate (RFC 7519, section 2), in seconds.
    pub wall: i64,
}

/// Until when its holder may decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    boot: u64,
    wall: i64,
}

impl Lease {
    /// Nothing may be decided.
    pub const NONE: Lease = Lease { boot: 0, wall: i64::MIN };

    /// Without an end: for a process that holds its database by a lock of the operating system, which ends with it.
    pub const ENDLESS: Lease = Lease { boot: u64::MAX, wall: i64::MAX };

    /// A lease of this length. It counts from when it was asked for, not from when the answer came.
    pub fn from_asking(asked: Moment, length: Duration) -> Lease {
        let nanoseconds = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        // A wall clock read in whole seconds is up to one behind; the other clock is exact.
        let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX).saturating_add(1);
        Lease { boot: asked.boot.saturating_add(nanoseconds), wall: asked.wall.saturating_add(seconds) }
    }

    /// The later of two: a lease never ends earlier because another one came.
    #[must_use]
    pub fn or_later(self, other: Lease) -> Lease {
        if other.boot > self.boot { other } else { self }
    }

    /// Whether it still holds.
    pub fn holds(&self, now: Moment) -> bool {
        now.boot < self.boot && now.wall < self.wall
    }

    /// Whether it has no end, so that no clock need be read.
    pub fn is_endless(&self) -> bool {
        *self == Lease::ENDLESS
    }

    /// How much longer everybody must wait until no lease of this length, given before now, can still hold: clocks
    /// that run up to 11 % apart are covered.
    pub fn outlasting(length: Duration) -> Duration {
        length + length / 4
    }
}
