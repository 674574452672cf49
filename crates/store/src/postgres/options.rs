//! What an operator decides about the database.

use std::time::Duration;

use serde::Deserialize;

use super::faults::Faults;

/// How transactions that write see each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Every statement sees what is committed when it begins. What must not happen twice is a key, and what must not be
    /// lost compares a version, so this is enough.
    #[default]
    ReadCommitted,
    /// The server sees to it that transactions have the effect of running one after the other; more of them run again.
    Serializable,
}

/// How to use a database server.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// How many connections are open at most: half of them write, half read. At least 2.
    pub connections: usize,
    /// How long a statement may take. A transaction that waits for another one's lock is given up after a third of that,
    /// and one that is idle too, or after ten seconds.
    pub statement_time: Duration,
    /// How transactions that write see each other.
    pub isolation: Isolation,
    /// A further step of the schema, for tests of a release that comes after this one.
    #[doc(hidden)]
    pub next_step: Option<&'static str>,
    /// What tests let go wrong.
    #[doc(hidden)]
    pub faults: Faults,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self {
            connections: 16,
            statement_time: Duration::from_secs(30),
            isolation: Isolation::default(),
            next_step: None,
            faults: Faults::default(),
        }
    }
}

impl DatabaseOptions {
    pub(super) fn readers(&self) -> usize {
        (self.connections / 2).max(1)
    }

    pub(super) fn writers(&self) -> usize {
        self.connections.saturating_sub(self.readers()).max(1)
    }
}
