//! Moments in a file: seconds since 1970 as a number, with up to six decimals, so that nothing is lost.

use cognate_model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

/// The end of the year 9999 in seconds.
const LAST: f64 = 253_402_300_800.0;

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 until the year 2255")]
        serializer.serialize_f64(self.0.micros() as f64 / 1_000_000.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if !(0.0..LAST).contains(&seconds) {
            return Err(serde::de::Error::custom("a moment is a number of seconds since 1970, before the year 10000"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        let micros = (seconds * 1_000_000.0).round() as i64;
        Ok(Self(Timestamp::from_micros(micros)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_survive() {
        for micros in [0, 1, 1_715_100_742_123_457, 4_102_444_799_999_999] {
            let moment = Moment(Timestamp::from_micros(micros));
            let text = serde_json::to_string(&moment).unwrap();
            assert_eq!(serde_json::from_str::<Moment>(&text).unwrap(), moment, "{text}");
        }
    }

    #[test]
    fn milliseconds_taken_for_seconds_are_refused() {
        for text in ["1715100742123", "-1", "\"2024\""] {
            assert!(serde_json::from_str::<Moment>(text).is_err(), "{text}");
        }
    }
}
