//! Looking at a store without changing it: what `cognate doctor` wants to know before a server starts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{OpenError, migrations, postgres, settings, sqlite};

/// What a store looks like.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// How far its schema is; none where nothing was stored yet.
    pub schema: Option<i64>,
    /// The setting that was asked for.
    pub setting: Option<Vec<u8>>,
    /// What the database server says of itself.
    pub server: Option<ServerFacts>,
}

/// What a database server says of itself.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// Its place, without a password.
    pub place: String,
    /// Its version.
    pub version: String,
    /// Whether the way to it is encrypted.
    pub encrypted: bool,
    /// The certificates that it shows, its own first, in DER.
    pub certificates: Vec<Vec<u8>>,
    /// `synchronous_commit` of a new connection.
    pub synchronous_commit: String,
    /// Whether it waits for its disk at all.
    pub fsync: String,
    /// How far its clock is ahead of ours, in microseconds, give or take half of the latency.
    pub ahead_micros: i64,
    /// How long a small question takes.
    pub latency: Duration,
    /// How many connections it lets in at once.
    pub max_connections: i64,
}

/// The schema that this program writes.
pub fn newest_schema() -> i64 {
    migrations::newest()
}

/// Looks at the store in a folder; nothing where there is none.
pub fn folder(path: &Path, setting: &str) -> Result<Inspection, OpenError> {
    sqlite::inspect(path, |tx| settings::get(tx, setting))
}

/// Whether a process owns the store in a folder.
pub fn is_owned(path: &Path) -> bool {
    sqlite::is_owned(path)
}

/// Looks at the store in a database. Blocks until the server has answered.
pub fn database(url: &str, setting: &str) -> Result<Inspection, OpenError> {
    postgres::inspect(url, setting)
}

/// The file of certificates that the URL of a database names.
pub fn database_roots(url: &str) -> Option<PathBuf> {
    postgres::roots(url)
}
