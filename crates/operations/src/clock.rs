//! The one clock from which all of Cognate reads time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cognate_model::Timestamp;

/// The moments that a clock shows: the years that dates are written with.
const EARLIEST: Timestamp = Timestamp::from_micros(0);
const LATEST: Timestamp = Timestamp::from_micros(253_402_300_799_999_999);

/// The system's time, moved by an offset that only `dev` and tests change.
#[derive(Debug, Default)]
pub struct Clock {
    offset: AtomicI64,
}

impl Clock {
    /// The moment that every rule, token and row sees.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.wall().micros().saturating_add(self.offset.load(Ordering::Relaxed)))
    }

    /// The system's own time. Only the front door asks for it: whether a request is fresh is a matter between two
    /// machines, and moving the clock of the pools must not make every client's signature stale.
    pub fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// Moves the clock forward (or back) by so many seconds. It stays within the years 1970 to 9999.
    pub fn advance(&self, seconds: i64) {
        self.advance_micros(seconds.saturating_mul(1_000_000));
    }

    /// Moves the clock forward (or back) by so many microseconds. It stays within the years 1970 to 9999.
    pub fn advance_micros(&self, micros: i64) {
        let wall = self.wall().micros();
        let moved = |offset: i64| Some(offset_to(wall.saturating_add(offset).saturating_add(micros), wall));
        let _ = self.offset.fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved);
    }

    /// Sets the clock; it runs on from there. It stays within the years 1970 to 9999.
    pub fn set(&self, moment: Timestamp) {
        self.offset.store(offset_to(moment.micros(), self.wall().micros()), Ordering::Relaxed);
    }

    /// Lets the clock show the system's time again.
    pub fn reset(&self) {
        self.offset.store(0, Ordering::Relaxed);
    }
}

fn offset_to(moment: i64, wall: i64) -> i64 {
    moment.clamp(EARLIEST.micros(), LATEST.micros()).saturating_sub(wall)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_clock_runs_on() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(600);
        let moved = clock.now().micros() - before.micros();
        assert!((600_000_000..601_000_000).contains(&moved), "{moved}");
        clock.set(Timestamp::from_micros(1_000_000));
        assert_eq!(clock.now().seconds(), 1);
        clock.reset();
        assert!(clock.now() >= before);
    }

    #[test]
    fn a_clock_stays_within_the_years_that_have_dates() {
        let clock = Clock::default();
        for _ in 0..3 {
            clock.advance(i64::MAX);
            assert_eq!(clock.now().seconds() / 1_000, LATEST.seconds() / 1_000);
        }
        clock.advance(i64::MIN);
        assert!(clock.now().seconds() < 10);
        clock.set(Timestamp::from_micros(i64::MIN));
        assert!((0..10).contains(&clock.now().seconds()));
    }
}
