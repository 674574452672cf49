//! Which key signs, and which keys are published, while one follows another.
//!
//! A new key is published before it signs, so that a verifier that meets its id finds it. An old key stays published
//! until the last token that it signed has ended (`OpenID` Connect Core 1.0, section 10.1.1).

/// The longest that an access or ID token lives, in microseconds, and five minutes for clocks that differ.
const LONGEST_TOKEN: i64 = (86_400 + 300) * 1_000_000;

/// How many keys of one purpose a pool may have at once. Past it a rotation has to wait for the oldest to end.
pub const MOST_KEYS: usize = 8;

/// From when a key signs, in microseconds; 0 while no server has published it. Keys are numbered in their order.
pub type SignsFrom = i64;

/// The place of the key that signs at this moment, among keys in their order: the last one whose time has come.
/// On a clock that was set back to before the first key, it is the first.
pub fn signer(keys: &[SignsFrom], now: i64) -> Option<usize> {
    let announced = || keys.iter().enumerate().filter(|(_, from)| **from != 0);
    let come = announced().rfind(|(_, from)| **from <= now);
    come.or_else(|| announced().next()).map(|(place, _)| place)
}

/// Whether every token that the key at this place signed has ended, so that nobody needs it any more.
pub fn is_over(keys: &[SignsFrom], place: usize, now: i64) -> bool {
    // Only the key that follows ends the signing of this one.
    let followers = keys.iter().skip(place.saturating_add(1)).filter(|from| **from != 0);
    followers.min().is_some_and(|from| from.saturating_add(LONGEST_TOKEN) <= now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn a_key_signs_from_its_time_on() {
        let keys = [10, 20, 30];
        assert_eq!([9, 10, 19, 20, 29, 30, 99].map(|now| signer(&keys, now)), [0, 0, 0, 1, 1, 2, 2].map(Some));
        assert_eq!(signer(&[], 5), None);
    }

    #[test]
    fn a_key_that_nobody_has_published_does_not_sign() {
        assert_eq!(signer(&[10, 0], 99), Some(0));
        assert_eq!(signer(&[0], 99), None);
        assert!(!is_over(&[10, 0], 0, i64::MAX));
    }

    #[test]
    fn a_later_key_whose_time_comes_first_stays_the_signer() {
        assert_eq!([15, 20, 35].map(|now| signer(&[10, 30, 20], now)), [0, 2, 2].map(Some));
    }

    #[test]
    fn a_key_is_over_a_day_after_the_next_one_began() {
        let keys = [HOUR, 2 * HOUR];
        assert!(!is_over(&keys, 0, 26 * HOUR));
        assert!(is_over(&keys, 0, 26 * HOUR + HOUR / 12));
        assert!(!is_over(&keys, 1, i64::MAX));
    }

    proptest! {
        /// Whatever is rotated when, a token verifies for as long as it lives.
        #[test]
        fn the_signer_of_a_living_token_is_published(
            waits in prop::collection::vec((0..40_i64, 0..40_i64), 1..6),
            signed in 0..100_i64,
            age in 0..=24_i64,
        ) {
            let mut now = HOUR;
            let mut keys = vec![now];
            for (wait, ahead) in waits {
                now += wait * HOUR;
                keys.push(now + ahead * HOUR);
            }
            let signed = (1 + signed) * HOUR;
            let place = signer(&keys, signed).unwrap();
            prop_assert!(!is_over(&keys, place, signed + age * HOUR));
        }
    }
}
