//! Moments: microseconds inside, seconds with up to three decimals on the wire.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
///
/// On the wire it is a JSON number of seconds, rounded to milliseconds, without trailing zeros but never without a
/// decimal point (`1547833345.777`, `1715100742.0`), as the live service prints it.
///
/// ```
/// use cognate_model::Timestamp;
/// assert_eq!(serde_json::to_string(&Timestamp::from_micros(1_689_030_181_630_000)).unwrap(), "1689030181.63");
/// assert_eq!(serde_json::to_string(&Timestamp::from_micros(1_715_100_742_000_000)).unwrap(), "1715100742.0");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Milliseconds since the epoch, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This moment and so many seconds more; stays at the end of time rather than wrap.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Milliseconds since the epoch stay far below 2^53, so the division rounds to the shortest decimal.
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 until the year 287396")]
        serializer.serialize_f64(self.millis() as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
        let millis = (seconds * 1000.0).round() as i64;
        Ok(Self(millis.saturating_mul(1000)))
    }
}
