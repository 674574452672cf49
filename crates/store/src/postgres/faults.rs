//! A seam for tests: what goes wrong, and when.

use std::fmt;
use std::sync::Arc;

/// A moment of a transaction that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The statement of this number, from 0.
    Statement(usize),
    /// The end.
    Commit,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server reports a lost race (40001, 40P01).
    Conflict,
    /// The connection is lost before the server hears of it.
    LostBefore,
    /// The connection is lost after the server did it.
    LostAfter,
}

type Decide = dyn Fn(Moment) -> Option<Fault> + Send + Sync;

/// Decides what goes wrong; nothing unless a test says so.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Decide>>);

impl Faults {
    /// Asks before every statement and every commit.
    pub fn new(decide: impl Fn(Moment) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(decide)))
    }

    pub(super) fn at(&self, moment: Moment) -> Option<Fault> {
        self.0.as_ref().and_then(|decide| decide(moment))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Faults(..)" } else { "Faults" })
    }
}
