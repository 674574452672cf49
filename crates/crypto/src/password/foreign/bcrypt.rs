//! bcrypt: `$2b$10$` and 53 characters, of which 22 are the salt. `$2a$` and `$2y$` mean the same in programs without
//! the faults that those letters once told apart.

use data_encoding::{Encoding, Specification};
use zeroize::Zeroizing;

use super::super::HashFlaw;

/// From the least that exists to about a second of work.
const COSTS: std::ops::RangeInclusive<u32> = 4..=14;
/// What bcrypt looks at of a password, with the zero at its end.
const LONGEST: usize = 72;
const SALT_CHARS: usize = 22;
const TAG_CHARS: usize = 31;
/// bcrypt stores all but the last byte.
const TAG_LEN: usize = 23;

#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    tag: [u8; TAG_LEN],
}

impl Bcrypt {
    pub(super) fn parse(rest: &str) -> Result<Self, HashFlaw> {
        let (cost, rest) = rest.split_once('$').ok_or(HashFlaw::Malformed)?;
        let is_number = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = Some(cost).filter(|_| is_number).and_then(|cost| cost.parse().ok()).ok_or(HashFlaw::Malformed)?;
        if rest.len() != SALT_CHARS + TAG_CHARS || !rest.is_ascii() {
            return Err(HashFlaw::Malformed);
        }
        if cost > *COSTS.end() {
            return Err(HashFlaw::TooCostly);
        }
        if cost < *COSTS.start() {
            return Err(HashFlaw::Malformed);
        }
        let (salt, tag) = rest.split_at(SALT_CHARS);
        Ok(Self { cost, salt: decode(salt)?, tag: decode(tag)? })
    }

    pub(super) fn tag(&self) -> &[u8] {
        &self.tag
    }

    /// What a password comes to.
    pub(super) fn tag_of(&self, password: &str) -> Vec<u8> {
        let mut bytes = Zeroizing::new(password.as_bytes().to_vec());
        bytes.push(0);
        bytes.truncate(LONGEST);
        let mut tag = bcrypt::bcrypt(self.cost, self.salt, &bytes).to_vec();
        tag.truncate(TAG_LEN);
        tag
    }
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], HashFlaw> {
    let bytes = alphabet()?.decode(text.as_bytes()).map_err(|_| HashFlaw::Malformed)?;
    bytes.try_into().map_err(|_| HashFlaw::Malformed)
}

/// Base64 with letters in bcrypt's own order. Some programs leave bits behind the last byte; they mean nothing.
fn alphabet() -> Result<Encoding, HashFlaw> {
    let mut specification = Specification::new();
    specification.symbols.push_str("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    specification.check_trailing_bits = false;
    specification.encoding().map_err(|_| HashFlaw::Malformed)
}

#[cfg(test)]
mod tests {
    use super::super::Foreign;
    use super::*;

    /// From the tests of jBCrypt (`TestBCrypt.java`) and of pyca/bcrypt; libxcrypt gives the same.
    const VECTORS: [(&str, &str); 3] = [
        ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
        ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        ("Kk4DQuMMfZL9o", "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"),
    ];

    #[test]
    fn gives_the_answers_of_the_reference() {
        for (password, hash) in &VECTORS {
            assert!(Foreign::parse(hash).unwrap().matches(password), "{hash}");
            assert!(!Foreign::parse(hash).unwrap().matches("another"), "{hash}");
        }
        let (password, hash) = VECTORS[0];
        for letter in ["$2b$", "$2y$"] {
            assert!(Foreign::parse(&hash.replace("$2a$", letter)).unwrap().matches(password), "{letter}");
        }
    }

    #[test]
    fn refuses_costs_that_would_stall_the_server() {
        let hash = VECTORS[0].1;
        for (cost, flaw) in [
            ("15", HashFlaw::TooCostly),
            ("31", HashFlaw::TooCostly),
            ("99", HashFlaw::TooCostly),
            ("03", HashFlaw::Malformed),
            ("6", HashFlaw::Malformed),
            ("+6", HashFlaw::Malformed),
        ] {
            assert_eq!(Foreign::parse(&hash.replace("$06$", &format!("${cost}$"))).err(), Some(flaw), "{cost}");
        }
        assert!(Foreign::parse(&hash.replace("$06$", "$14$")).is_ok());
    }

    #[test]
    fn refuses_other_forms() {
        let hash = VECTORS[0].1;
        for text in [&hash[..59], &format!("{hash}."), &hash.replace("DCq", "D!q"), &hash.replace("DCq", "é7")] {
            assert_eq!(Foreign::parse(text).err(), Some(HashFlaw::Malformed), "{text}");
        }
        assert_eq!(Foreign::parse(&hash.replace("$2a$", "$2x$")).err(), Some(HashFlaw::Unknown));
    }

    #[test]
    fn what_is_behind_seventy_two_bytes_does_not_count_as_in_other_programs() {
        let long = "x".repeat(72);
        let hash = Bcrypt::parse(&VECTORS[0].1[4..]).unwrap();
        assert_eq!(hash.tag_of(&long), hash.tag_of(&format!("{long}y")));
        assert_ne!(hash.tag_of(&long), hash.tag_of(&long[1..]));
    }
}
