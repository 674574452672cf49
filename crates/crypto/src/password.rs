//! Passwords are stored as Argon2id (RFC 9106) with a salt and the cost in the value, so that the
//! cost can rise while old hashes still verify. Hashes that other systems made verify as well, until the next right
//! password replaces them.

mod foreign;
mod hasher;
mod phc;

use std::fmt;

use foreign::Foreign;
pub use hasher::PasswordHasher;
use phc::Phc;
use thiserror::Error;

/// Longest password that is ever hashed, in characters: the interface model's bound.
pub const MAX_PASSWORD_CHARS: usize = 256;
/// The same in bytes; also the cheap check before characters are counted.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// What one hash costs.
///
/// Bounds: memory 8 KiB to 64 MiB and at least 8 KiB per lane, 1 to 16 passes, 1 to 4 lanes.
/// [`PasswordHasher::new`] moves a value outside to the nearest bound, because a hash that
/// [`PasswordHash::parse`] then refuses would lock its user out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes. They are filled one after the other here; more lanes help only an attacker with
    /// parallel hardware.
    pub lanes: u32,
}

impl HashCost {
    /// The OWASP "Password Storage Cheat Sheet" setting for Argon2id: 19 MiB, two passes, one lane.
    pub const SERVE: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };
    /// The cheapest legal cost, for development and tests.
    pub const DEV: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    const MAX: Self = Self { memory_kib: 64 * 1024, passes: 16, lanes: 4 };

    fn clamped(self) -> Self {
        let lanes = self.lanes.clamp(1, Self::MAX.lanes);
        Self {
            memory_kib: self.memory_kib.clamp(8 * lanes, Self::MAX.memory_kib),
            passes: self.passes.clamp(1, Self::MAX.passes),
            lanes,
        }
    }

    fn is_bounded(self) -> bool {
        self == self.clamped()
    }
}

/// A stored password: a PHC string (`$argon2id$v=19$m=..,t=..,p=..$salt$hash`), or a hash that another system made. Not
/// shown by `Debug`, because a hash is all that an offline guesser needs.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
    form: Form,
}

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Own(Phc),
    Foreign(Box<Foreign>),
}

/// Why a text is not taken for a hash.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum HashFlaw {
    /// Another algorithm.
    #[error("the password hash is not Argon2id, bcrypt, scrypt or PBKDF2-SHA256 in a form that is known")]
    Unknown,
    /// The right algorithm, in a spelling that it does not have.
    #[error("the password hash is malformed")]
    Malformed,
    /// Checking it would take more memory or time than one sign-in may.
    #[error("the password hash costs more than is allowed")]
    TooCostly,
}

impl PasswordHash {
    /// Reads a stored hash. Refuses other algorithms and costs beyond the bounds of [`HashCost`] and of each foreign
    /// form, so that a hostile row cannot make the server allocate gigabytes or compute for minutes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// The same, and why not.
    pub fn read(text: &str) -> Result<Self, HashFlaw> {
        let form = if text.starts_with("$argon2id$") {
            Form::Own(Phc::parse(text).ok_or_else(|| Phc::flaw(text))?)
        } else {
            Form::Foreign(Box::new(Foreign::parse(text)?))
        };
        Ok(Self { text: text.to_owned(), form })
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the hash was made with another cost than `cost`, so that the next successful sign-in
    /// should replace it.
    pub fn needs_rehash(&self, cost: HashCost) -> bool {
        match &self.form {
            Form::Own(phc) => phc.cost != cost.clamped(),
            Form::Foreign(_) => true,
        }
    }

    fn from_phc(phc: Phc) -> Self {
        Self { text: phc.to_string(), form: Form::Own(phc) }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}
