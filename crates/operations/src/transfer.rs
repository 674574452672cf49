//! Moving whole pools: out as lines of JSON, and in again, here or into another pool.
//!
//! Unlike the API this gives and takes what a password is checked by, so that nobody has to choose a new one. Triggers
//! and messages have no part in it. `docs/moving.md` describes the format.

mod chunks;
mod export;
mod head;
mod import;
mod line;
mod moment;
mod target;
mod user_in;
mod user_out;
mod write;

use std::fmt;

pub(crate) use target::Target;
pub(crate) use user_in::Newcomer;
pub(crate) use write::{BatchError, OnFault, batch};

pub use export::{Exported, Secrets, export};
pub use import::{Options, Pace, Report, Tell, import};

/// Why a move ended.
#[derive(Debug)]
pub struct Stopped {
    /// The line that ended it; none where no line is to blame.
    pub line: Option<u64>,
    /// Why.
    pub reason: String,
}

impl Stopped {
    fn at(line: u64, reason: impl Into<String>) -> Self {
        Self { line: Some(line), reason: reason.into() }
    }

    fn because(reason: impl fmt::Display) -> Self {
        Self { line: None, reason: reason.to_string() }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Stopped {}
