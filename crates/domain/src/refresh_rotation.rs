//! Rotation of refresh tokens: each is exchanged for the next, and one that comes back later betrays a thief.
//!
//! The tokens of one sign-in are numbered. A number below the newest one was exchanged before: within its grace period
//! that is a client whose answer got lost, later it is somebody who has a copy ("Refresh token rotation",
//! `RefreshTokenRotationType`, API Reference; RFC 9700, section 4.14.2).

use cognate_model::{FeatureType, UserPoolClientType};

/// How many graces are remembered. A client that exchanges more tokens than this within one grace period, and then
/// comes back with the first, is taken for a thief.
const REMEMBERED: usize = 64;

/// Which refresh token of a sign-in is the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The number of the newest token; 0 before the first exchange.
    pub generation: i64,
    /// Until when the tokens before it answer again (microseconds), the last one's last.
    pub graces: Vec<i64>,
}

/// What a refresh token is, among those of its sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The newest.
    Newest,
    /// Exchanged, and still within its grace period.
    InGrace,
    /// Exchanged before.
    Reused,
    /// One that was never given out, as far as is known here: the data are older than the token.
    Unknown,
}

impl Rotation {
    /// What the token with this number is.
    pub fn standing(&self, generation: i64, now: i64) -> Standing {
        if generation == self.generation {
            return Standing::Newest;
        }
        if !(0..self.generation).contains(&generation) {
            return Standing::Unknown;
        }
        let back = usize::try_from(self.generation - generation).ok();
        let until = back.and_then(|back| self.graces.len().checked_sub(back)).and_then(|at| self.graces.get(at));
        if until.is_some_and(|until| now < *until) { Standing::InGrace } else { Standing::Reused }
    }

    /// The state once the newest token is exchanged: it answers again for so many seconds.
    #[must_use]
    pub fn exchanged(&self, now: i64, grace_seconds: i64) -> Self {
        let mut graces: Vec<i64> = self.graces.iter().copied().skip_while(|until| *until <= now).collect();
        // Without a grace period nobody is in it, those included who asked a moment earlier and are judged later.
        let until =
            if grace_seconds == 0 { i64::MIN } else { now.saturating_add(grace_seconds.saturating_mul(1_000_000)) };
        graces.push(until);
        let surplus = graces.len().saturating_sub(REMEMBERED);
        graces.drain(..surplus);
        Self { generation: self.generation.saturating_add(1), graces }
    }
}

/// The grace period of a client whose refresh tokens rotate, in seconds; none where they do not.
pub fn grace_seconds(client: &UserPoolClientType) -> Option<i64> {
    let rotation = client.refresh_token_rotation.as_ref()?;
    let grace = i64::from(rotation.retry_grace_period_seconds.unwrap_or(0));
    (rotation.feature == FeatureType::Enabled).then_some(grace)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn without_a_grace_period_an_earlier_clock_is_no_excuse() {
        let once = Rotation::default().exchanged(1_000, 0);
        assert_eq!([999, 1_000, 1_001].map(|now| once.standing(0, now)), [Standing::Reused; 3]);
        let within = Rotation::default().exchanged(1_000, 1);
        assert_eq!(within.standing(0, 999), Standing::InGrace);
    }

    #[test]
    fn without_a_grace_period_an_exchanged_token_is_a_reused_one_at_once() {
        let after = Rotation::default().exchanged(5 * SECOND, 0);
        assert_eq!(after.standing(1, 5 * SECOND), Standing::Newest);
        assert_eq!(after.standing(0, 5 * SECOND), Standing::Reused);
    }

    #[test]
    fn a_grace_period_ends_to_the_microsecond() {
        let after = Rotation::default().exchanged(5 * SECOND, 10);
        assert_eq!(after.standing(0, 15 * SECOND - 1), Standing::InGrace);
        assert_eq!(after.standing(0, 15 * SECOND), Standing::Reused);
    }

    #[test]
    fn every_exchanged_token_has_a_grace_period_of_its_own() {
        let after = Rotation::default().exchanged(0, 10).exchanged(4 * SECOND, 10).exchanged(8 * SECOND, 10);
        let standings = |now| [0, 1, 2, 3].map(|generation| after.standing(generation, now * SECOND));
        assert_eq!(standings(9), [Standing::InGrace, Standing::InGrace, Standing::InGrace, Standing::Newest]);
        assert_eq!(standings(12), [Standing::Reused, Standing::InGrace, Standing::InGrace, Standing::Newest]);
        assert_eq!(standings(18), [Standing::Reused, Standing::Reused, Standing::Reused, Standing::Newest]);
    }

    #[test]
    fn a_token_from_after_a_restored_backup_is_unknown() {
        let restored = Rotation { generation: 3, graces: Vec::new() };
        assert_eq!(restored.standing(4, 0), Standing::Unknown);
        assert_eq!(restored.standing(-1, 0), Standing::Unknown);
    }

    #[test]
    fn only_a_client_that_rotates_has_a_grace_period() {
        let grace = |config| grace_seconds(&serde_json::from_value(config).unwrap());
        assert_eq!(grace(json!({})), None);
        assert_eq!(grace(json!({"RefreshTokenRotation": {"Feature": "DISABLED"}})), None);
        assert_eq!(grace(json!({"RefreshTokenRotation": {"Feature": "ENABLED"}})), Some(0));
        let rotation = json!({"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}});
        assert_eq!(grace(rotation), Some(60));
    }

    proptest! {
        #[test]
        fn one_token_is_the_newest_and_memory_is_bounded(
            steps in prop::collection::vec((0..20_i64, 0..=60_i64), 0..200),
        ) {
            let (mut rotation, mut now) = (Rotation::default(), 0);
            for (wait, grace) in steps {
                now += wait * SECOND;
                rotation = rotation.exchanged(now, grace);
                prop_assert!(rotation.graces.len() <= REMEMBERED);
            }
            let newest = (0..=rotation.generation)
                .filter(|generation| rotation.standing(*generation, now) == Standing::Newest)
                .count();
            prop_assert_eq!(newest, 1);
        }

        #[test]
        fn no_token_answers_again_after_the_longest_grace_period(
            waits in prop::collection::vec(0..100_i64, 1..50),
            grace in 0..=60_i64,
        ) {
            let (mut rotation, mut now) = (Rotation::default(), 0);
            let mut exchanged = Vec::new();
            for wait in waits {
                now += wait * SECOND;
                exchanged.push(now);
                rotation = rotation.exchanged(now, grace);
            }
            for (generation, moment) in (0..).zip(exchanged) {
                let expected = if now < moment + grace * SECOND { Standing::InGrace } else { Standing::Reused };
                prop_assert_eq!(rotation.standing(generation, now), expected, "token {}", generation);
            }
        }
    }
}
