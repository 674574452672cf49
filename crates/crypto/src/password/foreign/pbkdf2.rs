//! PBKDF2 with HMAC-SHA256 (RFC 8018) in the three spellings that are about: `$pbkdf2-sha256$i=600000,l=32$salt$hash`
//! (PHC), `$pbkdf2-sha256$29000$salt$hash` (passlib) and `pbkdf2_sha256$600000$salt$hash` (Django).

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use data_encoding::{BASE64, BASE64_NOPAD};

use super::super::HashFlaw;
use super::{check_sizes, number};

/// Twice what OWASP and Django ask for in 2026, with room: about half a second of work.
const MOST: u32 = 2_000_000;

#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Pbkdf2 {
    rounds: NonZeroU32,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Pbkdf2 {
    pub(super) fn parse(rest: &str) -> Result<Self, HashFlaw> {
        let [cost, salt, tag] = parts(rest)?;
        let (rounds, length) = match cost.strip_prefix("i=") {
            Some(cost) => match cost.split_once(",l=") {
                Some((rounds, length)) => (rounds, Some(number(length)?)),
                None => (cost, None),
            },
            None => (cost, None),
        };
        let decoded = Self::new(number(rounds)?, decode(salt)?, decode(tag)?)?;
        let is_as_long = length.is_none_or(|length| usize::try_from(length) == Ok(decoded.tag.len()));
        if is_as_long { Ok(decoded) } else { Err(HashFlaw::Malformed) }
    }

    /// Django's salt is its text.
    pub(super) fn parse_django(rest: &str) -> Result<Self, HashFlaw> {
        let [rounds, salt, tag] = parts(rest)?;
        let tag = BASE64.decode(tag.as_bytes()).map_err(|_| HashFlaw::Malformed)?;
        Self::new(number(rounds)?, salt.as_bytes().to_vec(), tag)
    }

    fn new(rounds: u32, salt: Vec<u8>, tag: Vec<u8>) -> Result<Self, HashFlaw> {
        check_sizes(&salt, &tag)?;
        if rounds > MOST {
            return Err(HashFlaw::TooCostly);
        }
        Ok(Self { rounds: NonZeroU32::new(rounds).ok_or(HashFlaw::Malformed)?, salt, tag })
    }

    pub(super) fn tag(&self) -> &[u8] {
        &self.tag
    }

    /// What a password comes to.
    pub(super) fn tag_of(&self, password: &str) -> Vec<u8> {
        let mut tag = vec![0; self.tag.len()];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, self.rounds, &self.salt, password.as_bytes(), &mut tag);
        tag
    }
}

fn parts(rest: &str) -> Result<[&str; 3], HashFlaw> {
    let parts: Vec<&str> = rest.split('$').collect();
    parts.try_into().map_err(|_| HashFlaw::Malformed)
}

/// passlib writes a full stop for the plus sign.
fn decode(text: &str) -> Result<Vec<u8>, HashFlaw> {
    BASE64_NOPAD.decode(text.replace('.', "+").as_bytes()).map_err(|_| HashFlaw::Malformed)
}

#[cfg(test)]
mod tests {
    use super::super::Foreign;
    use super::*;

    /// From RFC 7914, section 11 (the first block of two), and in passlib's spelling from CPython's hashlib.
    const PHC: &str = "$pbkdf2-sha256$i=1,l=32$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw";
    const PASSLIB: &str = "$pbkdf2-sha256$6400$0ZrzXitFSGltTQnBWOsdYw$f1qhN9YsPiA.FWAKgBg.Zbb3eu4rJdCMOZr6RaDOADY";

    #[test]
    fn gives_the_answers_of_the_references() {
        for (password, text) in [("passwd", PHC), ("password", PASSLIB)] {
            assert!(Foreign::parse(text).unwrap().matches(password), "{text}");
            assert!(!Foreign::parse(text).unwrap().matches("Password"), "{text}");
        }
        let django = "pbkdf2_sha256$1$salt$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=";
        assert!(Foreign::parse(django).unwrap().matches("passwd"));
        assert!(!Foreign::parse(django).unwrap().matches("passwe"));
    }

    #[test]
    fn refuses_rounds_that_would_stall_the_server() {
        for rounds in ["2000001", "4294967295", "4294967296", "99999999999999999999"] {
            for text in [PHC.replace("i=1", &format!("i={rounds}")), PASSLIB.replace("6400", rounds)] {
                assert_eq!(Foreign::parse(&text).err(), Some(HashFlaw::TooCostly), "{text}");
            }
        }
        assert!(Foreign::parse(&PHC.replace("i=1", "i=2000000")).is_ok());
    }

    #[test]
    fn refuses_other_forms() {
        for text in [
            PHC.replace("i=1", "i=0"),
            PHC.replace("i=1", "i=01"),
            PHC.replace("i=1", "i=+1"),
            PHC.replace("i=1", "i="),
            PHC.replace("l=32", "l=31"),
            PHC.replace("$c2FsdA", "$"),
            PHC.replace("c2FsdA", "c2FsdA=="),
            format!("{PHC}$"),
            "$pbkdf2-sha256$1$c2FsdA$c2FsdA".to_owned(),
            "pbkdf2_sha256$1$salt".to_owned(),
            "pbkdf2_sha256$1$salt$no base64".to_owned(),
            format!("pbkdf2_sha256$1${}$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw=", "s".repeat(65)),
        ] {
            assert_eq!(Foreign::parse(&text).err(), Some(HashFlaw::Malformed), "{text}");
        }
        for text in ["$pbkdf2-sha512$1$c2FsdA$c2FsdA", "pbkdf2_sha1$1$salt$c2FsdA=="] {
            assert_eq!(Foreign::parse(text).err(), Some(HashFlaw::Unknown), "{text}");
        }
    }
}
