//! The arithmetic of one count: a bucket of guesses that fills up again, steadily (the generic cell rate algorithm).
//!
//! All there is to keep is when it is full. Each guess puts that off by as long as one takes to come back; if it is
//! further off than a whole bucket takes, there was none left.

/// How many guesses a bucket holds, and how fast they come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Limit {
    burst: i64,
    every: i64,
}

/// What became of taking one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// Taken; it is full at this time now.
    Full(i64),
    /// There is none.
    Not {
        /// Seconds until there is one, at least 1.
        wait: i64,
        /// What was kept cannot be, so the clock was set back: it is empty now, and full at this time.
        put_right: Option<i64>,
    },
}

impl Limit {
    /// A bucket of `guesses` x `times`; seconds in which one comes back.
    pub(super) fn new(guesses: u32, times: u32, every: i64) -> Limit {
        Limit { burst: i64::from(guesses) * i64::from(times), every }
    }

    /// Seconds in which one comes back.
    pub(super) fn every(self) -> i64 {
        self.every
    }

    /// Seconds in which all come back.
    pub(super) fn capacity(self) -> i64 {
        self.burst * self.every
    }

    /// Takes one, by the time at which it is full and the time now.
    pub(super) fn take(self, full_at: i64, now: i64) -> Taken {
        let latest = now.saturating_add(self.capacity());
        let next = full_at.clamp(now, latest).saturating_add(self.every);
        match next <= latest {
            true => Taken::Full(next),
            false => Taken::Not { wait: next - latest, put_right: (full_at > latest).then_some(latest) },
        }
    }

    /// How many there are.
    pub(super) fn left(self, full_at: i64, now: i64) -> i64 {
        let missing = full_at.clamp(now, now.saturating_add(self.capacity())) - now;
        self.burst - (missing + self.every - 1) / self.every
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    /// The same cases each time, unless others are asked for (`PROPTEST_RNG_SEED`).
    fn cases() -> ProptestConfig {
        let given = ProptestConfig::default();
        let rng_seed = match given.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            asked => asked,
        };
        ProptestConfig { cases: given.cases.max(1000), rng_seed, failure_persistence: None, ..given }
    }

    /// The same, slowly: every guess by itself comes back, one after the other.
    struct Slow {
        limit: Limit,
        /// When those that are missing are back, the first first.
        back: Vec<i64>,
    }

    impl Slow {
        fn take(&mut self, now: i64) -> Result<(), i64> {
            self.back.retain(|at| *at > now);
            if self.back.len() < usize::try_from(self.limit.burst).expect("a number") {
                self.back.push(self.back.last().copied().unwrap_or(now).max(now) + self.limit.every);
                return Ok(());
            }
            Err(self.back[0] - now)
        }
    }

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn it_is_what_each_guess_by_itself_would_be(
            guesses in 1..30_u32,
            every in 1..40_i64,
            steps in prop::collection::vec((0..200_i64, 0..40_u8), 1..60),
        ) {
            let limit = Limit::new(guesses, 1, every);
            let (mut slow, mut full_at, mut now) = (Slow { limit, back: vec![] }, 0, 1_000_000);
            for (by, times) in steps {
                now += by;
                for _ in 0..times {
                    let before = limit.left(full_at, now);
                    let expected = slow.take(now);
                    match limit.take(full_at, now) {
                        Taken::Full(next) => {
                            prop_assert_eq!(expected, Ok(()));
                            prop_assert_eq!(limit.left(next, now), before - 1);
                            full_at = next;
                        }
                        Taken::Not { wait, put_right } => {
                            prop_assert_eq!(put_right, None);
                            prop_assert_eq!(expected, Err(wait));
                            prop_assert_eq!(before, 0);
                            prop_assert!((1..=every).contains(&wait), "{}", wait);
                            // What was said is true, and not said too late.
                            prop_assert!(matches!(limit.take(full_at, now + wait), Taken::Full(_)));
                            let sooner = limit.take(full_at, now + wait - 1);
                            prop_assert!(!matches!(sooner, Taken::Full(_)));
                        }
                    }
                }
            }
        }

        #[test]
        fn whatever_is_stored_it_answers_and_nobody_waits_long(
            guesses in 1..=u32::MAX,
            every in 1..4000_i64,
            full_at: i64,
            now in 0..i64::from(u32::MAX) * 100,
        ) {
            let limit = Limit::new(guesses, 10, every);
            prop_assert!((0..=limit.burst).contains(&limit.left(full_at, now)));
            if let Taken::Not { wait, put_right } = limit.take(full_at, now) {
                prop_assert!((1..=every).contains(&wait));
                let full_at = put_right.unwrap_or(full_at);
                prop_assert!(matches!(limit.take(full_at, now + wait), Taken::Full(_)));
            }
        }

        #[test]
        fn a_clock_that_goes_back_and_forth_gives_nothing_away(jumps in prop::collection::vec(-5000..5000_i64, 1..40)) {
            let limit = Limit::new(5, 1, 30);
            let (mut full_at, mut now, mut forward, mut taken) = (0, 1_000_000_i64, 0, 0);
            for jump in jumps {
                now += jump;
                forward += jump.max(0);
                for _ in 0..20 {
                    match limit.take(full_at, now) {
                        Taken::Full(next) => (full_at, taken) = (next, taken + 1),
                        Taken::Not { put_right, .. } => full_at = put_right.unwrap_or(full_at),
                    }
                }
            }
            // No more than a bucket, and what came back in the time that seemed to go by.
            prop_assert!(taken <= 5 + forward / 30 + 1, "{} in {}", taken, forward);
        }
    }
}
