//! Since when the server cannot be reached: known to all connections that write, so that they give up together, and
//! whoever comes later does not try for as long again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
pub(super) struct Reach {
    lost: Mutex<Option<Instant>>,
}

impl Reach {
    /// Notes whether a connection could be opened.
    pub(super) fn note(&self, is_reached: bool) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        *lost = if is_reached { None } else { lost.or_else(|| Some(Instant::now())) };
    }

    /// For how long no connection could be opened; none if the last one could.
    pub(super) fn lost_for(&self) -> Option<Duration> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).map(|since| since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_many_failures_counts_and_a_success_ends_them() {
        let reach = Reach::default();
        assert_eq!(reach.lost_for(), None);
        reach.note(false);
        let first = *reach.lost.lock().unwrap();
        reach.note(false);
        assert!(first.is_some() && *reach.lost.lock().unwrap() == first);
        reach.note(true);
        assert_eq!(reach.lost_for(), None);
    }
}
