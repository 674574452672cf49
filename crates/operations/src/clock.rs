//! The one clock from which all of Cognate reads time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use cognate_model::Timestamp;

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

    /// Moves the clock forward (or back) by so many seconds.
    pub fn advance(&self, seconds: i64) {
        self.offset.fetch_add(seconds.saturating_mul(1_000_000), Ordering::Relaxed);
    }

    /// Sets the clock; it runs on from there.
    pub fn set(&self, moment: Timestamp) {
        self.offset.store(moment.micros().saturating_sub(self.wall().micros()), Ordering::Relaxed);
    }

    /// Lets the clock show the system's time again.
    pub fn reset(&self) {
        self.offset.store(0, Ordering::Relaxed);
    }
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
}
