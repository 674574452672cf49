//! Whom a proxy speaks for.
//!
//! A proxy that is trusted says in `X-Forwarded-For` which address it was called from; each proxy of a chain appends the
//! one that it saw. So the last address that is no trusted proxy's is the one that somebody trusted has seen; what stands
//! before it anybody may have made up.

use std::net::{IpAddr, SocketAddr};

use cognate_domain::risk::address::Range;
use hyper::HeaderMap;
use serde::Deserialize;
use serde::de::Error;

/// Which addresses are trusted proxies.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<Range>);

impl Proxies {
    /// Reads ranges such as `10.0.0.0/8`.
    pub fn parse(ranges: &[impl AsRef<str>]) -> Result<Self, String> {
        let read = |range: &str| {
            Range::parse(range).ok_or_else(|| format!("{range:?} is not a range of addresses, such as 10.0.0.0/8"))
        };
        ranges.iter().map(|range| read(range.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// The address that a request comes from, where its connection comes from `peer`.
    pub(crate) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let said = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let mut last = peer;
        for address in said.map(read) {
            let Some(address) = address else { break };
            last = address.to_canonical();
            if !self.trusts(last) {
                break;
            }
        }
        last
    }

    /// Whether every address is a trusted proxy's.
    pub(crate) fn trusts_everybody(&self) -> bool {
        ["192.0.2.1", "203.0.113.254", "2001:db8::1"]
            .iter()
            .any(|nobody| nobody.parse().is_ok_and(|address: IpAddr| self.trusts(address)))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(address))
    }
}

/// An address, of some proxies with a port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

impl<'de> Deserialize<'de> for Proxies {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ranges: Vec<String> = Deserialize::deserialize(deserializer)?;
        Self::parse(&ranges).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        Proxies::parse(trusted).unwrap().caller(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(caller(&[], "127.0.0.1", &["192.0.2.1"]), "127.0.0.1");
        assert_eq!(caller(&["10.0.0.0/8"], "198.51.100.1", &["192.0.2.1"]), "198.51.100.1");
    }

    #[test]
    fn a_trusted_proxy_says_whom_it_saw() {
        assert_eq!(caller(&["127.0.0.0/8"], "127.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(caller(&["127.0.0.0/8"], "127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(caller(&["127.0.0.0/8"], "127.0.0.1", &["::ffff:192.0.2.1"]), "192.0.2.1");
        assert_eq!(caller(&["127.0.0.0/8"], "127.0.0.1", &["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(caller(&["127.0.0.0/8"], "127.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(caller(&["127.0.0.0/8"], "127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn what_stands_before_it_may_be_made_up() {
        let trusted = ["127.0.0.0/8", "10.0.0.0/8"];
        assert_eq!(caller(&trusted, "127.0.0.1", &["1.1.1.1, 192.0.2.1, 10.0.0.7"]), "192.0.2.1");
        assert_eq!(caller(&trusted, "127.0.0.1", &["1.1.1.1", "192.0.2.1,10.0.0.7"]), "192.0.2.1");
        assert_eq!(caller(&trusted, "127.0.0.1", &["192.0.2.1, nonsense, 10.0.0.7"]), "10.0.0.7");
        assert_eq!(caller(&trusted, "127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(caller(&trusted, "127.0.0.1", &["10.0.0.8, 10.0.0.7"]), "10.0.0.8", "all are proxies");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        assert!(Proxies::parse(&["127.0.0.1"]).is_err());
    }
}
