//! How often one address, and one user, may ask what needs no signature.
//!
//! Token buckets, in the form of the generic cell rate algorithm: a bucket is one number, the moment at which it is full
//! again. The buckets are a table of fixed size, and a key has its place by a keyed hash: whatever addresses and names are
//! tried, the memory stays the same, and nobody can choose whom they share a bucket with.
//!
//! Servers that share a database tell each other several times a second what they took from which buckets
//! (`sharing.rs`), and each takes it from its own as well. So a burst may be had from each of them until the others have
//! heard, and what was too much is made up for before the next request is admitted.

mod sharing;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use cognate_crypto::seal::DataKey;
use serde_json::Value;

pub(crate) use sharing::Sharing;

/// How many buckets there are of each kind: half a megabyte.
const BUCKETS: usize = 1 << 16;
/// What a server hears from others in between two reports puts a bucket into debt for this long at most, in nanoseconds.
const LONGEST_DEBT: u64 = 10_000_000_000;
/// How many reports a second a bucket's rate is told of that is just used up. What is below goes untold.
const TOLD_FROM: u32 = 16;
/// How many buckets of a kind a report tells of: those of which most was taken.
const MOST_TOLD: usize = 1_024;

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

/// What was taken from a bucket since the last report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spent {
    kind: u8,
    place: u16,
    count: u32,
}

impl Limiter {
    /// With the key that they share if several servers are to count as one.
    pub(crate) fn new(rates: Rates, shared: Option<&DataKey>) -> Self {
        let buckets = |rate, kind| Buckets::new(rate, shared.map(|key| key.derive(kind)));
        Self { address: buckets(rates.address, "address"), user: buckets(rates.user, "user"), began: Instant::now() }
    }

    /// Whether a request from this address may go on.
    pub(crate) fn admits_address(&self, address: Option<IpAddr>) -> bool {
        address.is_none_or(|address| match network(address) {
            IpAddr::V4(address) => self.address.admits(&address.octets(), self.now()),
            IpAddr::V6(address) => self.address.admits(&address.octets(), self.now()),
        })
    }

    /// Whether a request about this user may go on. Who that is, is what the request says.
    pub(crate) fn admits_user(&self, input: &Value) -> bool {
        self.user.has_none() || user(input).is_none_or(|user| self.user.admits(user.as_bytes(), self.now()))
    }

    /// What was taken since this was asked last, as far as it is worth telling.
    fn spent(&self) -> Vec<Spent> {
        self.kinds().flat_map(|(kind, buckets)| buckets.spent(kind)).collect()
    }

    /// Takes what another server took.
    fn spend(&self, spent: &[Spent]) {
        let now = self.now();
        for spent in spent {
            if let Some((_, buckets)) = self.kinds().find(|(kind, _)| *kind == spent.kind) {
                buckets.spend(spent.place, spent.count, now);
            }
        }
    }

    fn kinds(&self) -> impl Iterator<Item = (u8, &Buckets)> {
        [(0, &self.address), (1, &self.user)].into_iter()
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
    places: Places,
    /// How many requests each bucket admitted since the last report; empty if nobody wants to know.
    taken: Box<[AtomicU32]>,
    /// From how many on a report tells of a bucket.
    told_from: u32,
}

/// What gives a key its place.
enum Places {
    Own(RandomState),
    /// The same at every server, and known to nobody else.
    Shared(DataKey),
}

impl Buckets {
    fn new(rate: Rate, shared: Option<DataKey>) -> Self {
        let cost = 1_000_000_000_u64.checked_div(u64::from(rate.per_second));
        let has_taken = cost.is_some() && shared.is_some();
        Self {
            cost,
            capacity: cost.unwrap_or(0).saturating_mul(u64::from(rate.burst)),
            full_at: if cost.is_some() { (0..BUCKETS).map(|_| AtomicU64::new(0)).collect() } else { Box::default() },
            places: shared.map_or_else(|| Places::Own(RandomState::new()), Places::Shared),
            taken: if has_taken { (0..BUCKETS).map(|_| AtomicU32::new(0)).collect() } else { Box::default() },
            told_from: (rate.per_second / TOLD_FROM).max(1),
        }
    }

    fn has_none(&self) -> bool {
        self.cost.is_none()
    }

    fn place(&self, key: &[u8]) -> u16 {
        let hash = match &self.places {
            Places::Own(hasher) => hasher.hash_one(key).to_le_bytes(),
            Places::Shared(secret) => {
                let [a, b, ..] = secret.mac(key);
                [a, b, 0, 0, 0, 0, 0, 0]
            }
        };
        let [a, b, ..] = hash;
        u16::from_le_bytes([a, b])
    }

    fn admits(&self, key: &[u8], now: u64) -> bool {
        let Some(cost) = self.cost else { return true };
        let place = usize::from(self.place(key));
        let Some(bucket) = self.full_at.get(place) else { return true };
        let take = |full_at: u64| {
            let then = full_at.max(now).saturating_add(cost);
            (then - now <= self.capacity).then_some(then)
        };
        let is_admitted = bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if is_admitted && let Some(taken) = self.taken.get(place) {
            taken.fetch_add(1, Ordering::Relaxed);
        }
        is_admitted
    }

    fn spent(&self, kind: u8) -> Vec<Spent> {
        let counts = self.taken.iter().zip(0_u16..=u16::MAX).map(|(taken, place)| {
            // Nearly all are 0, and reading costs less than writing.
            let count = if taken.load(Ordering::Relaxed) == 0 { 0 } else { taken.swap(0, Ordering::Relaxed) };
            Spent { kind, place, count }
        });
        let mut spent: Vec<Spent> = counts.filter(|spent| spent.count >= self.told_from).collect();
        spent.sort_unstable_by_key(|spent| std::cmp::Reverse(spent.count));
        spent.truncate(MOST_TOLD);
        spent
    }

    fn spend(&self, place: u16, count: u32, now: u64) {
        let (Some(cost), Some(bucket)) = (self.cost, self.full_at.get(usize::from(place))) else { return };
        let most = now.saturating_add(self.capacity).saturating_add(LONGEST_DEBT);
        let take = |full_at: u64| {
            let then = full_at.max(now).saturating_add(cost.saturating_mul(count.into())).min(most);
            Some(then.max(full_at))
        };
        // The closure never declines.
        let _ = bucket.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
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

fn user(input: &Value) -> Option<String> {
    let text = |path: &[&str]| path.iter().try_fold(input, |value, name| value.get(name)).and_then(Value::as_str);
    let name = SAYS.iter().find_map(|path| text(path))?;
    let within = text(&["ClientId"]).or_else(|| text(&["UserPoolId"])).unwrap_or_default();
    // Names may not differ by case; tokens never differ by it alone. Ids have no line breaks.
    Some(format!("{within}\n{}", name.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn buckets(per_second: u32, burst: u32) -> Buckets {
        Buckets::new(Rate { per_second, burst }, None)
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let buckets = buckets(10, 3);
        let admitted = |now| (0..9).filter(|_| buckets.admits(b"maria", now)).count();
        assert_eq!(admitted(0), 3);
        assert_eq!(admitted(SECOND / 20), 0, "half a token is none");
        assert_eq!(admitted(SECOND / 10), 1);
        assert_eq!(admitted(SECOND * 60), 3, "it never holds more than its burst");
    }

    #[test]
    fn keys_have_buckets_of_their_own() {
        let buckets = buckets(1, 1);
        let admitted = (0..100).filter(|key: &u8| buckets.admits(&[*key], 0)).count();
        assert!(admitted > 95, "a few may share a bucket by chance: {admitted}");
        assert_eq!((0..100).filter(|key: &u8| buckets.admits(&[*key], 0)).count(), 0);
    }

    #[test]
    fn without_a_rate_there_is_no_limit_and_no_memory() {
        let buckets = buckets(0, 0);
        assert!((0..10_000).all(|_| buckets.admits(b"maria", 0)));
        assert!(buckets.full_at.is_empty());
    }

    #[test]
    fn without_a_burst_nothing_is_admitted() {
        assert!(!buckets(10, 0).admits(b"maria", SECOND));
    }

    #[test]
    fn however_many_ask_at_once_the_burst_is_exact() {
        let buckets = buckets(1, 100);
        let admitted: usize = std::thread::scope(|scope| {
            let ask = || (0..1_000).filter(|_| buckets.admits(b"maria", 5)).count();
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
            let expected = expected.map(|(within, name)| format!("{within}\n{name}"));
            assert_eq!(user(&input), expected, "{input}");
        }
    }

    /// Two servers that share a key.
    fn two(per_second: u32, burst: u32) -> [Limiter; 2] {
        let rate = Rate { per_second, burst };
        let key = DataKey::from_bytes(&[7; 32]);
        [0; 2].map(|_| Limiter::new(Rates { address: rate, user: rate }, Some(&key)))
    }

    fn ask(limiter: &Limiter, times: usize) -> usize {
        (0..times).filter(|_| limiter.admits_user(&json!({"ClientId": "c", "Username": "maria"}))).count()
    }

    #[test]
    fn what_one_server_took_is_missing_at_the_other() {
        let [here, there] = two(1, 40);
        assert_eq!(ask(&here, 50), 40);
        let spent = here.spent();
        assert_eq!(spent.iter().map(|spent| (spent.kind, spent.count)).collect::<Vec<_>>(), [(1, 40)]);
        there.spend(&spent);
        assert_eq!(ask(&there, 50), 0);
        assert!(there.spent().is_empty(), "what was heard is not told again");
        assert!(here.spent().is_empty(), "what was told is not told again");
        assert!(there.admits_address(Some("192.0.2.1".parse().unwrap())), "the other kind has buckets of its own");
    }

    #[test]
    fn what_was_taken_at_both_is_made_up_for() {
        let [here, there] = two(1_000, 100).map(|limiter| limiter.user);
        for limiter in [&here, &there] {
            assert_eq!((0..200).filter(|_| limiter.admits(b"maria", 0)).count(), 100);
        }
        let spent = there.spent(1);
        assert_eq!(spent.iter().map(|spent| spent.count).sum::<u32>(), 100);
        here.spend(spent[0].place, spent[0].count, 0);
        let admitted = |ms: u64| (0..200).filter(|_| here.admits(b"maria", ms * 1_000_000)).count();
        assert_eq!(admitted(99), 0, "a burst too much is a tenth of a second's rate");
        assert_eq!(admitted(150), 50);
    }

    #[test]
    fn what_is_far_below_the_rate_is_not_told() {
        let [here, _] = two(320, 1_000);
        assert_eq!(ask(&here, 19), 19);
        assert!(here.spent().is_empty());
        assert_eq!(ask(&here, 1), 1);
        assert!(here.spent().is_empty(), "it is forgotten, not saved up");
        assert_eq!(ask(&here, 20), 20);
        assert_eq!(here.spent().len(), 1);
    }

    #[test]
    fn a_debt_ends() {
        let buckets = buckets(1, 1);
        let place = buckets.place(b"maria");
        for _ in 0..9 {
            buckets.spend(place, u32::MAX, 0);
        }
        assert!(!buckets.admits(b"maria", 9 * SECOND));
        assert!(buckets.admits(b"maria", 11 * SECOND));
    }
}
