//! Hashes that other systems made: checked as they are, never made. The next right sign-in replaces them.
//!
//! Each has bounds, because what it costs stands in the text: a hostile one must not make the server allocate
//! gigabytes or compute for minutes.

mod bcrypt;
mod pbkdf2;
mod scrypt;

use bcrypt::Bcrypt;
use pbkdf2::Pbkdf2;
use scrypt::Scrypt;

use super::HashFlaw;
use crate::digest::constant_time_eq;

/// A hash of another system.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Foreign {
    Bcrypt(Bcrypt),
    Pbkdf2(Pbkdf2),
    Scrypt(Scrypt),
}

impl Foreign {
    pub(super) fn parse(text: &str) -> Result<Self, HashFlaw> {
        if let Some(rest) = text.strip_prefix("$scrypt$") {
            return Scrypt::parse(rest).map(Self::Scrypt);
        }
        if let Some(rest) = text.strip_prefix("$pbkdf2-sha256$") {
            return Pbkdf2::parse(rest).map(Self::Pbkdf2);
        }
        if let Some(rest) = text.strip_prefix("pbkdf2_sha256$") {
            return Pbkdf2::parse_django(rest).map(Self::Pbkdf2);
        }
        let bcrypt = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix));
        Bcrypt::parse(bcrypt.ok_or(HashFlaw::Unknown)?).map(Self::Bcrypt)
    }

    pub(super) fn matches(&self, password: &str) -> bool {
        let (made, tag) = match self {
            Self::Bcrypt(hash) => (hash.tag_of(password), hash.tag()),
            Self::Pbkdf2(hash) => (hash.tag_of(password), hash.tag()),
            Self::Scrypt(hash) => (hash.tag_of(password), hash.tag()),
        };
        constant_time_eq(&made, tag)
    }
}

/// The salts and tags that are taken, in bytes.
fn check_sizes(salt: &[u8], tag: &[u8]) -> Result<(), HashFlaw> {
    let fit = (1..=64).contains(&salt.len()) && (16..=64).contains(&tag.len());
    if fit { Ok(()) } else { Err(HashFlaw::Malformed) }
}

/// A decimal without sign or leading zero.
fn number(text: &str) -> Result<u32, HashFlaw> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if !is_plain || text.is_empty() {
        return Err(HashFlaw::Malformed);
    }
    // Digits alone, so what does not fit is too large.
    text.parse().map_err(|_| HashFlaw::TooCostly)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(
            text in "(\\$2b\\$|\\$scrypt\\$|\\$pbkdf2-sha256\\$|pbkdf2_sha256\\$)(ln=|r=|p=|i=|l=|,|=|\\$|[0-9]|\\PC){0,60}",
        ) {
            let _ = Foreign::parse(&text);
        }
    }
}
