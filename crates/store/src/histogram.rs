//! How long things take, for `/metrics`: two atomic additions each time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many bounds a histogram has.
pub const BOUNDS: usize = 13;
/// Its upper bounds, in microseconds.
const MICROS: [u64; BOUNDS] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// A histogram.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS],
    beyond: AtomicU64,
    micros: AtomicU64,
}

/// What a histogram held at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// How many took no longer than each bound.
    pub within: [u64; BOUNDS],
    /// How many there were.
    pub count: u64,
    /// How long all of them took.
    pub total: Duration,
}

impl Histogram {
    /// Counts one more.
    pub fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = MICROS.partition_point(|bound| *bound < micros);
        self.buckets.get(place).unwrap_or(&self.beyond).fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What it holds.
    pub fn counts(&self) -> Counts {
        let mut counts =
            Counts { total: Duration::from_micros(self.micros.load(Ordering::Relaxed)), ..Counts::default() };
        for (within, bucket) in counts.within.iter_mut().zip(&self.buckets) {
            counts.count += bucket.load(Ordering::Relaxed);
            *within = counts.count;
        }
        counts.count += self.beyond.load(Ordering::Relaxed);
        counts
    }
}

impl Counts {
    /// Each bound, in seconds, with how many took no longer.
    pub fn by_bound(&self) -> impl Iterator<Item = (f64, u64)> {
        MICROS.iter().map(|micros| Duration::from_micros(*micros).as_secs_f64()).zip(self.within)
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        for (within, more) in self.within.iter_mut().zip(other.within) {
            *within += more;
        }
        self.count += other.count;
        self.total += other.total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_as_long_as_a_bound_is_within_it() {
        let histogram = Histogram::default();
        for micros in [0, 100, 101, 5_000_000, 5_000_001] {
            histogram.record(Duration::from_micros(micros));
        }
        let counts = histogram.counts();
        assert_eq!((counts.within[0], counts.within[1]), (2, 3));
        assert_eq!((counts.within[BOUNDS - 1], counts.count), (4, 5));
        assert_eq!(counts.total, Duration::from_micros(10_000_202));
        let mut twice = counts;
        twice += counts;
        assert_eq!((twice.within[0], twice.count), (4, 10));
    }
}
