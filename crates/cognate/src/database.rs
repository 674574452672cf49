//! The store in a PostgreSQL database: where it is, and how it is used.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use cognate_store::{DatabaseOptions, Isolation};
use serde::Deserialize;

/// A `postgres://` URL. It may hold a password, so it is not shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL with its password.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(url: &str) -> Result<Self, Infallible> {
        Ok(Self(url.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

/// The database of the store.
#[derive(Debug, Clone)]
pub struct Database {
    /// Where it is.
    pub url: DatabaseUrl,
    /// How it is used.
    pub options: DatabaseOptions,
}

/// How a file says that the database is used.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// How many connections are open at once, from 2 to 1000: half of them write, half read.
    pub connections: usize,
    /// How long a statement may take, in seconds, from 1 to 3600.
    pub statement_seconds: u64,
    /// `read-committed` or `serializable`.
    pub isolation: Isolation,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        let DatabaseOptions { connections, statement_time, isolation, .. } = DatabaseOptions::default();
        Self { connections, statement_seconds: statement_time.as_secs(), isolation }
    }
}

impl DatabaseSettings {
    /// The same for the store.
    pub(crate) fn options(&self) -> DatabaseOptions {
        let Self { connections, statement_seconds, isolation } = *self;
        let statement_time = Duration::from_secs(statement_seconds);
        DatabaseOptions { connections, statement_time, isolation, ..DatabaseOptions::default() }
    }
}
