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
pub mod audit;
pub mod auth_events;
pub mod clients;
pub mod codes;
pub mod config_changes;
pub mod counters;
pub mod devices;
pub mod groups;
pub mod histogram;
pub mod import_jobs;
pub mod inspect;
mod job;
mod migrations;
mod open_error;
pub mod outbox;
pub mod passkey_challenges;
pub mod passkeys;
mod postgres;
pub mod refresh_tokens;
pub mod risk_configurations;
pub mod risk_marks;
pub mod settings;
pub mod signing_keys;
pub mod spent_rates;
mod sqlite;
pub mod srp_verifiers;
pub mod tx;
pub mod used_sessions;
pub mod user_index;
pub mod user_pools;
pub mod users;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use histogram::Histogram;
pub use open_error::OpenError;
pub use postgres::{DatabaseOptions, Isolation};
#[doc(hidden)]
pub use postgres::{Fault, Faults, Moment};
pub use sqlite::backup;
pub use tx::{Conflict, DbError, Param, Row, Rows, Subject, Tx, Value};

/// The store. Cheap to clone; the last one dropped closes it.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
    timings: Arc<Timings>,
}

/// How long the store takes.
#[derive(Debug, Default)]
pub struct Timings {
    /// Reads: on PostgreSQL with the wait for a connection.
    pub reads: Histogram,
    /// Transactions that write, from the moment that they are handed over until they are on disk.
    pub writes: Histogram,
    /// Commits: the fsync of a group on `SQLite`, the server's answer to `COMMIT` on PostgreSQL.
    pub commits: Histogram,
}

/// Where the data is.
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Engine {
    /// How often a transaction that loses races is handed over. On PostgreSQL it runs again where it is.
    fn attempts(&self) -> usize {
        match self {
            Self::Sqlite(_) => tx::ATTEMPTS,
            Self::Postgres(_) => 1,
        }
    }
}

/// Reads, whatever they answer.
type Reads<'a> = &'a mut (dyn FnMut(&mut dyn Tx) + Send);

/// A span, and how long it lasts, unless nobody waits for its end.
struct Watch<'a> {
    _span: tracing::Span,
    begun: Instant,
    histogram: &'a Histogram,
}

impl<'a> Watch<'a> {
    fn of_read(timings: &'a Timings) -> Self {
        let span = tracing::trace_span!(target: "traces", "store.read");
        Self { _span: span, begun: Instant::now(), histogram: &timings.reads }
    }

    fn of_write(timings: &'a Timings) -> Self {
        let span = tracing::trace_span!(target: "traces", "store.write");
        Self { _span: span, begun: Instant::now(), histogram: &timings.writes }
    }

    fn end(self) {
        self.histogram.record(self.begun.elapsed());
    }
}

impl Store {
    /// Opens the store in this folder, creating it and bringing its schema up to date.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::on(|timings| Ok(Engine::Sqlite(sqlite::Sqlite::open(folder, timings)?)))
    }

    /// Opens the store for writing very much at once, as its one owner.
    ///
    /// A commit does not wait for the disk; what is lost with the power is a last part of what was written, and dropping
    /// the store waits for all of it.
    pub fn open_for_bulk(folder: &Path) -> Result<Self, OpenError> {
        Self::on(|timings| Ok(Engine::Sqlite(sqlite::Sqlite::open_for_bulk(folder, timings)?)))
    }

    /// Opens the store beside a server that may be running, for one short task of the command line.
    pub fn open_beside(folder: &Path) -> Result<Self, OpenError> {
        Self::on(|timings| Ok(Engine::Sqlite(sqlite::Sqlite::open_beside(folder, timings)?)))
    }

    /// Opens the store in the database of a `postgres://` URL, bringing its schema up to date. Any number of programs
    /// may use one database at once. Blocks until the server has answered.
    pub fn connect(url: &str, options: DatabaseOptions) -> Result<Self, OpenError> {
        Self::on(|timings| Ok(Engine::Postgres(postgres::Postgres::connect(url, options, timings)?)))
    }

    fn on(open: impl FnOnce(&Arc<Timings>) -> Result<Engine, OpenError>) -> Result<Self, OpenError> {
        let timings = Arc::default();
        Ok(Self { engine: Arc::new(open(&timings)?), timings })
    }

    /// Runs a transaction and answers once it is on disk. The closure runs again after a conflict, so it must not
    /// keep anything from an earlier run. An error rolls the transaction back.
    pub async fn write<T, E, F>(&self, transaction: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Conflict + Send + 'static,
    {
        let watch = Watch::of_write(&self.timings);
        let mut transaction = transaction;
        let mut attempt = 1;
        let outcome = loop {
            let (job, answer) = job::of(transaction);
            let submitted = match &*self.engine {
                Engine::Sqlite(engine) => engine.submit(job),
                Engine::Postgres(engine) => engine.submit(job),
            };
            if let Err(error) = submitted {
                break Err(E::from(error));
            }
            match answer.await {
                Ok((Err(error), again)) if error.is_conflict() && attempt < self.engine.attempts() => {
                    transaction = again;
                    attempt += 1;
                }
                Ok((result, _)) => break result,
                Err(_) => break Err(E::from(DbError::Closed)),
            }
        };
        watch.end();
        outcome
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

    /// Runs reads: all their statements see one state, the one of the first.
    ///
    /// The closure runs on the calling thread. On `SQLite` a point read takes about ten microseconds, less than handing
    /// it to another thread and back. On PostgreSQL it runs once more for each of its statements, with what is known of
    /// their answers, so it must do nothing but read; the runtime's other tasks go on meanwhile.
    pub async fn read<T, E, F>(&self, reads: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send,
        T: Send,
        E: From<DbError> + Send,
    {
        let watch = Watch::of_read(&self.timings);
        // The engines know nothing of types, so that they are compiled once and not for each of hundreds of closures.
        let mut answer = None;
        let slot = &mut answer;
        let mut erased = move |tx: &mut dyn Tx| *slot = Some(reads(tx));
        let outcome = match &*self.engine {
            Engine::Sqlite(engine) => engine.read(&mut erased),
            Engine::Postgres(engine) => engine.read(std::any::type_name::<F>(), &mut erased).await,
        };
        watch.end();
        outcome?;
        answer.unwrap_or_else(|| Err(E::from(DbError::Closed)))
    }

    /// How long it took so far, for `/metrics`.
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// The name of the engine: `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        match &*self.engine {
            Engine::Sqlite(_) => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    /// Whether other servers may use the same data at the same time.
    pub fn is_shared(&self) -> bool {
        matches!(&*self.engine, Engine::Postgres(_))
    }

    /// How full the queue of writes is and what became of them, for `/metrics`.
    pub fn gauges(&self) -> Gauges {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.gauges(),
            Engine::Postgres(engine) => engine.gauges(),
        }
    }
}

/// What an operator watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gauges {
    /// Transactions that wait for the writer.
    pub queued_writes: usize,
    /// Transactions kept since the start; one that refused its own changes is not counted.
    pub committed: u64,
    /// Commits of changes: of groups of them on `SQLite`, with one fsync each; of each on PostgreSQL.
    pub commits: u64,
    /// How often a transaction on PostgreSQL ran again, because it lost a race or its connection.
    pub retried: u64,
    /// Connections to PostgreSQL that are open.
    pub connections: usize,
    /// Bytes in the write-ahead log of `SQLite`.
    pub wal_bytes: u64,
}
