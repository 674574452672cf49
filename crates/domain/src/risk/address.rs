//! Internet addresses: ranges of them, and when two count as the same.

use std::net::{IpAddr, Ipv6Addr};

/// A range in CIDR notation (RFC 4632, RFC 4291 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    first: u128,
    last: u128,
}

impl Range {
    /// Reads `203.0.113.0/24` or `2001:db8::/32`. Bits behind the prefix do not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let is_number = (1..=3).contains(&length.len()) && length.bytes().all(|digit| digit.is_ascii_digit());
        let length: u32 = length.parse().ok().filter(|_| is_number)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let free = u32::checked_sub(bits, length)?;
        let mask = u128::MAX.checked_shl(free).unwrap_or(0);
        let first = number(address) & mask;
        Some(Self { first, last: first | !mask })
    }

    /// The range from one address to another.
    pub fn between(first: IpAddr, last: IpAddr) -> Option<Self> {
        let (first_number, last_number) = (number(first), number(last));
        let in_order = first.is_ipv4() == last.is_ipv4() && first_number <= last_number;
        in_order.then_some(Self { first: first_number, last: last_number })
    }

    /// Whether an address lies in it. An IPv4 address in the clothes of IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        (self.first..=self.last).contains(&number(address))
    }

    /// The first and the last address, as numbers in which IPv4 addresses are the mapped ones (RFC 4291, section 2.5.5.2).
    pub(super) fn bounds(&self) -> (u128, u128) {
        (self.first, self.last)
    }
}

/// An address as a number: IPv4 addresses as the mapped ones.
pub(super) fn number(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// What an address is remembered as: itself, but of IPv6 the network only, since hosts change the rest every day
/// (RFC 8981).
pub fn remembered(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_holds_its_prefix_and_nothing_else() {
        for (range, inside, outside) in [
            ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
            ("203.0.113.77/24", "203.0.113.0", "203.0.112.255"),
            ("192.0.2.1/32", "192.0.2.1", "192.0.2.2"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::1/128", "2001:db8::1", "2001:db8::2"),
        ] {
            let range = Range::parse(range).unwrap();
            assert!(range.contains(address(inside)), "{range:?} {inside}");
            assert!(!range.contains(address(outside)), "{range:?} {outside}");
        }
    }

    #[test]
    fn every_address_of_a_family_can_be_meant() {
        let all = Range::parse("0.0.0.0/0").unwrap();
        assert!(all.contains(address("0.0.0.0")) && all.contains(address("255.255.255.255")));
        assert!(!all.contains(address("2001:db8::1")));
        assert!(Range::parse("::/0").unwrap().contains(address("2001:db8::1")));
    }

    #[test]
    fn an_address_in_other_clothes_is_the_same() {
        let range = Range::parse("203.0.113.0/24").unwrap();
        assert!(range.contains(address("::ffff:203.0.113.7")));
        assert_eq!(remembered(address("::ffff:203.0.113.7")), "203.0.113.7");
    }

    #[test]
    fn what_is_no_range_is_not_read() {
        for text in [
            "",
            "/",
            "203.0.113.0",
            "203.0.113.0/",
            "203.0.113.0/33",
            "203.0.113/24",
            "a/24",
            "1.2.3.4/-1",
            "1.2.3.4/+8",
            "1.2.3.4/ 8",
            "::/129",
            "1.2.3.4/8/8",
            "1.2.3.4/0008",
        ] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }

    #[test]
    fn networks_of_ipv6_are_remembered_instead_of_hosts() {
        assert_eq!(remembered(address("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2::");
        assert_eq!(remembered(address("2001:db8:1:2:ffff::1")), remembered(address("2001:db8:1:2::9")));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in "[0-9a-f.:/ ]{0,24}") {
            let _ = Range::parse(&text);
        }

        #[test]
        fn a_range_contains_the_address_it_was_made_of(bits: u32, length in 0..=32_u32) {
            let address = IpAddr::from(bits.to_be_bytes());
            let range = Range::parse(&format!("{address}/{length}")).unwrap();
            prop_assert!(range.contains(address));
        }
    }
}
