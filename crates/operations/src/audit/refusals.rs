//! How many refused attempts get an entry: whoever knocks without end must not fill the disk.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many at once.
const BURST: u32 = 200;
/// How long one more takes: some eight thousand a day.
const EVERY: Duration = Duration::from_secs(10);

/// What is left of the allowance, since when, and how many had none.
#[derive(Debug)]
struct State {
    left: u32,
    since: Instant,
    omitted: u64,
}

/// The allowance of a process.
#[derive(Debug)]
pub struct Refusals(Mutex<State>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Mutex::new(State { left: BURST, since: Instant::now(), omitted: 0 }))
    }
}

impl Refusals {
    /// Whether one more gets an entry, and how many did not since the last one that did.
    pub(super) fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    /// How many had no entry since the last one that had.
    pub fn omitted(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).omitted
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(state.since);
        let earned = u32::try_from(passed.as_millis() / EVERY.as_millis()).unwrap_or(BURST).min(BURST);
        state.left = state.left.saturating_add(earned).min(BURST);
        // What has passed towards the next one stays, but for a full allowance, which earns nothing.
        state.since = if state.left == BURST { now } else { state.since + EVERY * earned };
        let Some(left) = state.left.checked_sub(1) else {
            state.omitted += 1;
            return None;
        };
        state.left = left;
        Some(std::mem::take(&mut state.omitted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_refusals_some_are_admitted_and_the_others_counted() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        for _ in 0..BURST {
            assert_eq!(refusals.admit_at(now), Some(0));
        }
        for _ in 0..3 {
            assert_eq!(refusals.admit_at(now), None);
        }
        assert_eq!(refusals.omitted(), 3);
        assert_eq!(refusals.admit_at(now + EVERY), Some(3));
        assert_eq!(refusals.admit_at(now + EVERY), None);
    }

    #[test]
    fn whoever_knocks_all_the_time_gets_an_entry_for_each_ten_seconds() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        let admitted = |from: u64, to: u64, every: u64| {
            let moments = (from..to).step_by(usize::try_from(every).unwrap());
            moments.filter(|ms| refusals.admit_at(now + Duration::from_millis(*ms)).is_some()).count()
        };
        assert_eq!(admitted(0, 1_000, 1), BURST as usize, "at once");
        // None of these is a whole number of ten seconds behind the one before it.
        assert_eq!(admitted(1_000, 1_001_000, 7_000), 99, "a thousand seconds");
        assert_eq!(admitted(1_001_000, 2_001_000, 19_000), 53, "fewer than are earned");
        assert_eq!(admitted(2_001_000, 2_002_000, 1), 48, "and what they left");
    }

    #[test]
    fn a_full_allowance_earns_nothing() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        let later = now + EVERY * 1_000 + Duration::from_secs(9);
        for _ in 0..BURST {
            assert!(refusals.admit_at(later).is_some());
        }
        assert!(refusals.admit_at(later + Duration::from_secs(9)).is_none());
        assert!(refusals.admit_at(later + EVERY).is_some());
    }
}
