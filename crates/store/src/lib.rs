//! Transactions and tables. The only room with SQL.
//!
//! A transaction is ordinary synchronous Rust over [`Tx`], run by the driver, and may be run again after a conflict:
//!
//! ```no_run
//! # async fn example(store: cognate_store::Store) -> Result<(), cognate_store::DbError> {
//! let found = store.read(|tx| cognate_store::users::by_id(tx, "us-east-1_Abc", &[7; 16])).await?;
//! # Ok(()) }
//! ```

pub mod access_keys;
pub mod attempts;
pub mod auth_events;
pub mod clients;
pub mod codes;
pub mod counters;
pub mod devices;
pub mod groups;
pub mod import_jobs;
mod migrations;
pub mod outbox;
pub mod passkey_challenges;
pub mod passkeys;
pub mod refresh_tokens;
pub mod risk_configurations;
pub mod risk_marks;
pub mod settings;
pub mod signing_keys;
mod sqlite;
pub mod srp_verifiers;
pub mod tx;
pub mod used_sessions;
pub mod user_index;
pub mod user_pools;
pub mod users;

use std::path::Path;
use std::sync::Arc;

pub use sqlite::{OpenError, backup};
pub use tx::{Conflict, DbError, Param, Row, Rows, Tx, Value};

/// The store. Cheap to clone; the last one dropped closes it.
#[derive(Clone)]
pub struct Store {
    engine: Arc<sqlite::Sqlite>,
}

impl Store {
    /// Opens the store in this folder, creating it and bringing its schema up to date.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Ok(Self { engine: Arc::new(sqlite::Sqlite::open(folder)?) })
    }

    /// Opens the store for writing very much at once, as its one owner.
    ///
    /// A commit does not wait for the disk; what is lost with the power is a last part of what was written, and dropping
    /// the store waits for all of it.
    pub fn open_for_bulk(folder: &Path) -> Result<Self, OpenError> {
        Ok(Self { engine: Arc::new(sqlite::Sqlite::open_for_bulk(folder)?) })
    }

    /// Opens the store beside a server that may be running, for one short task of the command line.
    pub fn open_beside(folder: &Path) -> Result<Self, OpenError> {
        Ok(Self { engine: Arc::new(sqlite::Sqlite::open_beside(folder)?) })
    }

    /// Runs a transaction and answers once it is on disk. The closure runs again after a conflict, so it must not
    /// keep anything from an earlier run. An error rolls the transaction back.
    pub async fn write<T, E, F>(&self, transaction: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Conflict + Send + 'static,
    {
        self.engine.write(transaction).await
    }

    /// The same for callers outside any runtime, at the start of a program; blocks.
    pub fn write_now<T, E, F>(&self, transaction: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Conflict + Send + 'static,
    {
        // On a thread of its own, because the caller may be inside a runtime after all.
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let runtime = runtime.map_err(|error| E::from(DbError::Engine(error.to_string())))?;
            runtime.block_on(self.write(transaction))
        };
        std::thread::scope(|scope| scope.spawn(run).join())
            .unwrap_or_else(|_| Err(E::from(DbError::Engine("a transaction panicked".to_owned()))))
    }

    /// Runs reads. Each statement sees the latest commit.
    ///
    /// On `SQLite` the closure runs on the calling thread: a point read takes about ten microseconds, less than
    /// handing it to another thread and back.
    #[expect(clippy::unused_async, reason = "engines reached over a network wait here")]
    pub async fn read<T, E, F>(&self, reads: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send,
        E: From<DbError>,
    {
        self.engine.read(reads)
    }

    /// How full the queue of writes is and how large the write-ahead log, for `/metrics`.
    pub fn gauges(&self) -> Gauges {
        self.engine.gauges()
    }
}

/// What an operator watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gauges {
    /// Transactions that wait for the writer.
    pub queued_writes: usize,
    /// Transactions kept since the start; one that refused its own changes is not counted.
    pub committed: u64,
    /// Groups in which they were committed: one fsync each.
    pub commits: u64,
    /// Bytes in the write-ahead log.
    pub wal_bytes: u64,
}
