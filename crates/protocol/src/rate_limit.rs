//! How often one address, and one user, may ask what needs no signature.
//!
//! Token buckets, in the form of the generic cell rate algorithm: a bucket is one number, the moment at which it is full
//! again. The buckets are a table of fixed size, and a key has its place by a keyed hash: whatever addresses and names are
//! tried, the memory stays the same, and nobody can choose whom they share a bucket with.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::Value;

/// How many buckets there are of each kind: half a megabyte.
const BUCKETS: usize = 1 << 16;

/// A limit: so many requests a second in the long run, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second; 0 is no limit.
    pub per_second: u32,
    /// Requests at once, after a while without any.
    pub burst: u32,
}

/// The limits of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Of an address; of IPv6, of a /64 network.
    pub address: Rate,
    /// Of a user, or of whoever says that they are that user.
    pub user: Rate,
}

impl Rates {
    /// No limits.
    pub const NONE: Self = Self { address: Rate { per_second: 0, burst: 0 }, user: Rate { per_second: 0, burst: 0 } };
}

/// Counts requests.
pub(crate) struct Limiter {
    address: Buckets,
    user: Buckets,
    began: Instant,
}

impl Limiter {
    pub(crate) fn new(rates: Rates) -> Self {
        Self { address: Buckets::new(rates.address), user: Buckets::new(rates.user), began: Instant::now() }
    }

    /// Whether a request from this address may go on.
    pub(crate) fn admits_address(&self, address: Option<IpAddr>) -> bool {
        address.is_none_or(|address| self.address.admits(&network(address), self.now()))
    }

    /// Whether a request about this user may go on. Who that is, is what the request says.
    pub(crate) fn admits_user(&self, input: &Value) -> bool {
        user(input).is_none_or(|user| self.user.admits(&user, self.now()))
    }

    /// Nanoseconds of a clock that nobody moves: what is limited is the work of a machine.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Buckets of one kind.
struct Buckets {
    /// What one request takes out of a bucket, in nanoseconds; none without a limit.
    cost: Option<u64>,
    /// How much a bucket holds.
    capacity: u64,
    /// When each bucket is full again.
    full_at: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Buckets {
    fn new(rate: Rate) -> Self {
        let cost = 1_000_000_000_u64.checked_div(u64::from(rate.per_second));
        Self {
            cost,
            capacity: cost.unwrap_or(0).saturating_mul(u64::from(rate.burst)),
            full_at: if cost.is_some() { (0..BUCKETS).map(|_| AtomicU64::new(0)).collect() } else { Box::default() },
            hasher: RandomState::new(),
        }
    }

    fn admits(&self, key: &impl Hash, now: u64) -> bool {
        let Some(cost) = self.cost else { return true };
        let place = usize::try_from(self.hasher.hash_one(key)).unwrap_or(usize::MAX) % BUCKETS;
        let Some(bucket) = self.full_at.get(place) else { return true };
        let take = |full_at: u64| {
            let then = full_at.max(now).saturating_add(cost);
            (then - now <= self.capacity).then_some(then)
        };
        bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

/// What counts as one address: hosts of an IPv6 network can take any of its addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Where a request says who it is about, the first that it has: a name with an app client or a pool, or what only the
/// user holds.
const SAYS: [&[&str]; 8] = [
    &["AuthParameters", "USERNAME"],
    &["AuthParameters", "REFRESH_TOKEN"],
    &["ChallengeResponses", "USERNAME"],
    &["Username"],
    &["AccessToken"],
    &["RefreshToken"],
    &["Token"],
    &["Session"],
];

fn user(input: &Value) -> Option<(&str, String)> {
    let text = |path: &[&str]| path.iter().try_fold(input, |value, name| value.get(name)).and_then(Value::as_str);
    let name = SAYS.iter().find_map(|path| text(path))?;
    let within = text(&["ClientId"]).or_else(|| text(&["UserPoolId"])).unwrap_or_default();
    // Names may not differ by case; tokens never differ by it alone.
    Some((within, name.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn buckets(per_second: u32, burst: u32) -> Buckets {
        Buckets::new(Rate { per_second, burst })
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let buckets = buckets(10, 3);
        let admitted = |now| (0..9).filter(|_| buckets.admits(&"maria", now)).count();
        assert_eq!(admitted(0), 3);
        assert_eq!(admitted(SECOND / 20), 0, "half a token is none");
        assert_eq!(admitted(SECOND / 10), 1);
        assert_eq!(admitted(SECOND * 60), 3, "it never holds more than its burst");
    }

    #[test]
    fn keys_have_buckets_of_their_own() {
        let buckets = buckets(1, 1);
        let admitted = (0..100).filter(|key| buckets.admits(key, 0)).count();
        assert!(admitted > 95, "a few may share a bucket by chance: {admitted}");
        assert_eq!((0..100).filter(|key| buckets.admits(key, 0)).count(), 0);
    }

    #[test]
    fn without_a_rate_there_is_no_limit_and_no_memory() {
        let buckets = buckets(0, 0);
        assert!((0..10_000).all(|_| buckets.admits(&"maria", 0)));
        assert!(buckets.full_at.is_empty());
    }

    #[test]
    fn without_a_burst_nothing_is_admitted() {
        assert!(!buckets(10, 0).admits(&"maria", SECOND));
    }

    #[test]
    fn however_many_ask_at_once_the_burst_is_exact() {
        let buckets = buckets(1, 100);
        let admitted: usize = std::thread::scope(|scope| {
            let ask = || (0..1_000).filter(|_| buckets.admits(&"maria", 5)).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 100);
    }

    #[test]
    fn the_hosts_of_a_network_are_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn requests_say_who_they_are_about() {
        for (input, expected) in [
            (json!({"ClientId": "c", "AuthParameters": {"USERNAME": "Maria", "PASSWORD": "x"}}), Some(("c", "maria"))),
            (json!({"ClientId": "c", "AuthParameters": {"REFRESH_TOKEN": "T"}}), Some(("c", "t"))),
            (json!({"ClientId": "c", "ChallengeResponses": {"USERNAME": "maria"}}), Some(("c", "maria"))),
            (json!({"ClientId": "c", "Username": "maria"}), Some(("c", "maria"))),
            (json!({"UserPoolId": "p", "Username": "maria"}), Some(("p", "maria"))),
            (json!({"AccessToken": "t"}), Some(("", "t"))),
            (json!({"Session": "s"}), Some(("", "s"))),
            (json!({"ClientId": "c"}), None),
            (json!({"Username": 5}), None),
        ] {
            let found = user(&input);
            assert_eq!(found.as_ref().map(|(within, name)| (*within, name.as_str())), expected, "{input}");
        }
    }
}
