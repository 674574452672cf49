//! When a message is tried again.

use cognate_crypto::random::{self, Random};

/// Seconds before the second, third, .. attempt; the last for all that follow.
const DELAYS: [i64; 7] = [1, 5, 30, 120, 600, 1_800, 3_600];

/// How long to wait after so many attempts, in microseconds: up to a tenth longer than the table says, so that messages
/// that failed together do not come back together.
pub(super) fn delay(attempts: i64, random: &dyn Random) -> i64 {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(DELAYS.len() - 1);
    let delay = DELAYS.get(at).copied().unwrap_or_default() * 1_000_000;
    let drawn = i64::from(u16::from_be_bytes(random::bytes(random)));
    delay + delay / 10 * drawn / i64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use cognate_crypto::random::SystemRandom;

    use super::*;

    #[test]
    fn attempts_come_ever_more_seldom_and_never_all_at_once() {
        for (attempts, seconds) in
            [(0, 1), (1, 1), (2, 5), (3, 30), (4, 120), (5, 600), (6, 1_800), (7, 3_600), (99, 3_600)]
        {
            let drawn: Vec<i64> = (0..20).map(|_| delay(attempts, &SystemRandom)).collect();
            let bounds = seconds * 1_000_000..=seconds * 1_100_000;
            assert!(drawn.iter().all(|delay| bounds.contains(delay)), "{attempts}: {drawn:?}");
            assert!(drawn.iter().any(|delay| Some(delay) != drawn.first()), "{attempts}: {drawn:?}");
        }
    }
}
