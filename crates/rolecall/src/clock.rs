//! The one place that reads a clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rolecall_core::Moment;

/// The clocks of this machine. Copies read the same clocks.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// The clocks as they are.
    pub fn system() -> Self {
        Clock::default()
    }

    /// Sets this clock, and all copies of it, forward: so that a test need not wait for an expiry.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(i64::try_from(by.as_secs()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// NumericDate (RFC 7519, section 2): whole seconds since 1970, UTC. May be a few milliseconds behind.
    pub fn wall(&self) -> i64 {
        system::wall().saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Milliseconds since 1970, UTC.
    pub fn milliseconds(&self) -> i64 {
        system::milliseconds().saturating_add(self.ahead.load(Ordering::Relaxed).saturating_mul(1000))
    }

    /// Both clocks.
    pub fn moment(&self) -> Moment {
        let ahead = u64::try_from(self.ahead.load(Ordering::Relaxed)).unwrap_or(0);
        Moment { boot: system::boot().saturating_add(ahead.saturating_mul(1_000_000_000)), wall: self.wall() }
    }
}

#[cfg(unix)]
mod system {
    use rustix::time::{ClockId, clock_gettime};

    // The coarse clock is a fifth of the price and, at 4 ms, fine enough for times in whole seconds.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const WALL: ClockId = ClockId::RealtimeCoarse;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const WALL: ClockId = ClockId::Realtime;

    // Rust's `Instant` stops while a Linux machine sleeps; a lease must not.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const BOOT: ClockId = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const BOOT: ClockId = ClockId::Monotonic;

    pub(super) fn wall() -> i64 {
        clock_gettime(WALL).tv_sec
    }

    pub(super) fn milliseconds() -> i64 {
        let time = clock_gettime(ClockId::Realtime);
        time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000)
    }

    pub(super) fn boot() -> u64 {
        let time = clock_gettime(BOOT);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
    }
}

#[cfg(not(unix))]
#[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is told to use")]
mod system {
    use std::{
        sync::LazyLock,
        time::{Instant, SystemTime, UNIX_EPOCH},
    };

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    pub(super) fn wall() -> i64 {
        milliseconds() / 1000
    }

    pub(super) fn milliseconds() -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    pub(super) fn boot() -> u64 {
        // One second on, so that nothing is ever at zero.
        u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX).saturating_add(1_000_000_000)
    }
}
