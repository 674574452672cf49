//! The PHC string format for Argon2id, read strictly: one value has one spelling.
//!
//! Format: the "PHC string format" specification and the Argon2 reference implementation's encoding
//! (base64 without padding, parameters in the order m, t, p).

use std::fmt;

use data_encoding::BASE64_NOPAD;

use super::{HashCost, HashFlaw};

/// A PHC string is about 97 characters long; anything much longer is not ours.
const MAX_TEXT_LEN: usize = 256;

/// The parts of a stored hash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Phc {
    pub(super) cost: HashCost,
    pub(super) salt: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl Phc {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT_LEN {
            return None;
        }
        let rest = text.strip_prefix("$argon2id$v=19$")?;
        let mut parts = rest.split('$');
        let cost = parse_cost(parts.next()?)?;
        let salt = BASE64_NOPAD.decode(parts.next()?.as_bytes()).ok()?;
        let tag = BASE64_NOPAD.decode(parts.next()?.as_bytes()).ok()?;
        let sized = (8..=64).contains(&salt.len()) && (16..=64).contains(&tag.len());
        (sized && parts.next().is_none()).then_some(Self { cost, salt, tag })
    }

    /// What is wrong with a text that [`Phc::parse`] did not take: its form, unless a smaller cost would have done.
    pub(super) fn flaw(text: &str) -> HashFlaw {
        let is_well_formed = (|| {
            let (cost, rest) = text.strip_prefix("$argon2id$v=19$")?.split_once('$')?;
            let numbers = cost.strip_prefix("m=")?.replacen(",t=", ",", 1).replacen(",p=", ",", 1);
            let are_numbers =
                numbers.split(',').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
            (are_numbers && Self::parse(&format!("$argon2id$v=19$m=8,t=1,p=1${rest}")).is_some()).then_some(())
        })();
        if is_well_formed.is_some() { HashFlaw::TooCostly } else { HashFlaw::Malformed }
    }
}

fn parse_cost(text: &str) -> Option<HashCost> {
    let mut parts = text.split(',');
    let memory_kib = parse_number(parts.next()?.strip_prefix("m=")?)?;
    let passes = parse_number(parts.next()?.strip_prefix("t=")?)?;
    let lanes = parse_number(parts.next()?.strip_prefix("p=")?)?;
    let cost = HashCost { memory_kib, passes, lanes };
    (parts.next().is_none() && cost.is_bounded()).then_some(cost)
}

/// A decimal without sign or leading zero.
fn parse_number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

impl fmt::Display for Phc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HashCost { memory_kib, passes, lanes } = self.cost;
        let (salt, tag) = (BASE64_NOPAD.encode(&self.salt), BASE64_NOPAD.encode(&self.tag));
        write!(f, "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${tag}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    #[test]
    fn reads_and_writes_the_same_text() {
        let phc = Phc::parse(GOOD).unwrap();
        assert_eq!(phc.cost, HashCost { memory_kib: 256, passes: 2, lanes: 1 });
        assert_eq!(phc.salt, b"somesalt");
        assert_eq!(phc.to_string(), GOOD);
    }

    #[test]
    fn refuses_costs_that_would_exhaust_the_server() {
        for cost in [
            "m=65537,t=2,p=1",
            "m=4294967295,t=2,p=1",
            "m=4294967296,t=2,p=1",
            "m=256,t=17,p=1",
            "m=256,t=4294967295,p=1",
            "m=256,t=2,p=5",
            "m=256,t=0,p=1",
            "m=256,t=2,p=0",
            "m=7,t=2,p=1",
            "m=15,t=2,p=2",
        ] {
            let text = GOOD.replace("m=256,t=2,p=1", cost);
            assert!(Phc::parse(&text).is_none(), "{cost}");
            assert_eq!(Phc::flaw(&text), HashFlaw::TooCostly, "{cost}");
        }
    }

    #[test]
    fn refuses_other_spellings_and_algorithms() {
        for text in [
            "",
            "plain",
            &GOOD.replace("argon2id", "argon2i"),
            &GOOD.replace("v=19", "v=16"),
            &GOOD.replace("v=19$", ""),
            &GOOD.replace("m=256", "m=+256"),
            &GOOD.replace("m=256", "m=0256"),
            &GOOD.replace("m=256,t=2", "t=2,m=256"),
            &GOOD.replace("p=1", "p=1,keyid=AA"),
            &GOOD.replace("c29tZXNhbHQ", "c29tZXNhbHQ="),
            &GOOD.replace("c29tZXNhbHQ", "c29t"),
            &GOOD.replace("c29tZXNhbHQ", "c29tZXNhbHR"),
            &GOOD[..70],
            &format!("{GOOD}$"),
            &format!(" {GOOD}"),
            &format!("{GOOD}{}", "A".repeat(200)),
        ] {
            assert!(Phc::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_written_back_unchanged(
            position in 0..GOOD.len(),
            character in "[ -~]",
        ) {
            let mut text = GOOD.to_owned();
            text.replace_range(position..=position, &character);
            if let Some(phc) = Phc::parse(&text) {
                prop_assert_eq!(phc.to_string(), text);
            }
        }

        #[test]
        fn arbitrary_text_never_panics(
            text in "(\\$argon2id\\$v=19\\$)?(m=|t=|p=|,|\\$|\\PC){0,40}",
        ) {
            Phc::parse(&text);
        }
    }
}
