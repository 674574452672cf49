//! How failed password attempts slow the next ones down.
//!
//! "Lockout behavior for failed sign-in attempts" of the developer guide: the fifth failure in a row locks for one
//! second, each further one doubles that, up to about fifteen minutes. Attempts during the lock neither succeed nor
//! count. A success ends the row of failures, and so do fifteen minutes without one; the longest lock therefore ends
//! with a clean slate.

use cognate_model::{Exception, Timestamp};

use crate::Refusal;
use crate::user::Lockout;

/// The failure that begins the locking.
const FIRST_LOCK: u32 = 5;

/// The longest lock, and the quiet time after which failures are forgotten (seconds).
const FORGET_AFTER: i64 = 15 * 60;

/// Refuses an attempt that comes during a lock, before the password is looked at.
pub fn check(lockout: &Lockout, now: Timestamp) -> Result<(), Refusal> {
    if is_locked(lockout, now) {
        return Err(exceeded());
    }
    Ok(())
}

/// What is said of an attempt that came too soon.
pub fn exceeded() -> Refusal {
    Refusal::new(Exception::NotAuthorized, "Password attempts exceeded")
}

/// The state after a failed attempt.
#[must_use]
pub fn failed(lockout: &Lockout, now: Timestamp) -> Lockout {
    if is_locked(lockout, now) {
        return *lockout;
    }
    let forgotten = now >= Timestamp::from_micros(lockout.last_failure).plus_seconds(FORGET_AFTER);
    let failures = if forgotten { 1 } else { lockout.failures.saturating_add(1) };
    after(failures, now.micros())
}

/// The state after so many failures in a row, the last of them at this moment (microseconds).
#[must_use]
pub fn after(failures: u32, last_failure: i64) -> Lockout {
    let locked_until = match failures.checked_sub(FIRST_LOCK) {
        None => 0,
        Some(beyond) => Timestamp::from_micros(last_failure).plus_seconds(lock_seconds(beyond)).micros(),
    };
    Lockout { failures, last_failure, locked_until }
}

/// The state after a successful attempt.
#[must_use]
pub fn succeeded() -> Lockout {
    Lockout::default()
}

fn is_locked(lockout: &Lockout, now: Timestamp) -> bool {
    now.micros() < lockout.locked_until
}

fn lock_seconds(beyond: u32) -> i64 {
    1_i64.checked_shl(beyond).filter(|seconds| (1..FORGET_AFTER).contains(seconds)).unwrap_or(FORGET_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    /// Fails so often, each time at the first moment that is not locked.
    fn after_failures(count: u32) -> Lockout {
        (0..count).fold(Lockout::default(), |lockout, _| failed(&lockout, unlocked(&lockout)))
    }

    fn unlocked(lockout: &Lockout) -> Timestamp {
        START.max(Timestamp::from_micros(lockout.locked_until))
    }

    fn lock_length(lockout: &Lockout) -> i64 {
        (lockout.locked_until - lockout.last_failure) / 1_000_000
    }

    #[test]
    fn four_failures_lock_nothing() {
        assert_eq!(check(&after_failures(4), START), Ok(()));
    }

    #[test]
    fn the_fifth_failure_locks_for_a_second_and_each_further_one_doubles_it() {
        let lengths: Vec<i64> = (5..=15).map(|count| lock_length(&after_failures(count))).collect();
        assert_eq!(lengths, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
        assert_eq!(
            check(&after_failures(5), START).unwrap_err().to_string(),
            "NotAuthorizedException: Password attempts exceeded"
        );
    }

    #[test]
    fn fifteen_quiet_minutes_forget_the_failures() {
        let lockout = after_failures(9);
        let quiet = Timestamp::from_micros(lockout.last_failure).plus_seconds(FORGET_AFTER);
        assert_eq!(failed(&lockout, quiet).failures, 1);
        assert_eq!(failed(&lockout, Timestamp::from_micros(quiet.micros() - 1)).failures, 10);
    }

    #[test]
    fn the_longest_lock_ends_with_a_clean_slate() {
        assert_eq!(after_failures(16).failures, 1);
    }

    #[test]
    fn a_success_starts_over() {
        assert_eq!(failed(&succeeded(), START).failures, 1);
    }

    proptest! {
        #[test]
        fn attempts_during_a_lock_do_not_count(count in 5_u32..=15, part in 0.0..1.0_f64) {
            let lockout = after_failures(count);
            let length = lockout.locked_until - lockout.last_failure;
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a moment in the lock")]
            let now = Timestamp::from_micros(lockout.last_failure + (length as f64 * part) as i64);
            prop_assert_eq!(failed(&lockout, now), lockout);
            prop_assert!(check(&lockout, now).is_err());
        }

        #[test]
        fn a_lock_ends_and_never_lasts_longer_than_fifteen_minutes(
            failures in any::<u32>(), last_failure in any::<i64>(), now in any::<i64>(),
        ) {
            let before = Lockout { failures, last_failure, locked_until: 0 };
            let now = Timestamp::from_micros(now.max(0));
            let after = failed(&before, now);
            prop_assert!(after.failures >= 1);
            prop_assert!(after.locked_until <= now.plus_seconds(FORGET_AFTER).micros());
            prop_assert!(check(&after, now.plus_seconds(FORGET_AFTER)).is_ok());
        }

        #[test]
        fn locks_never_get_shorter_while_failures_follow_each_other(count in 5_u32..14) {
            prop_assert!(lock_length(&after_failures(count + 1)) > lock_length(&after_failures(count)));
        }
    }
}
