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
        let earned = now.saturating_duration_since(state.since).as_secs() / EVERY.as_secs();
        if earned > 0 {
            state.left = state.left.saturating_add(u32::try_from(earned).unwrap_or(BURST)).min(BURST);
            state.since = now;
        }
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
}
