//! PostgreSQL, and what speaks its protocol: many nodes on one database.
//!
//! A transaction's closure is synchronous, and the server is not. One that writes runs on the thread of a connection,
//! which it drives itself: waiting there holds up nobody. One that reads runs where it was called, as often as it takes
//! until all its statements are answered (`readers.rs`). No statement is handed from thread to thread.

mod address;
mod attempt;
mod dialect;
mod failure;
mod faults;
mod inspect;
mod lead;
mod line;
mod options;
mod reach;
mod readers;
mod schema;
mod script;
mod session;
mod shared_line;
mod tls;
mod values;
mod writers;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub use faults::{Fault, Faults, Moment};
pub use options::{DatabaseOptions, Isolation};

use crate::inspect::Inspection;
use crate::job::Job;
use crate::tx::DbError;
use crate::{Gauges, OpenError, Reads, Timings};

/// The engine.
pub(crate) struct Postgres {
    _scouts: lead::Scouts,
    readers: readers::Readers,
    writers: writers::Writers,
    shared: Arc<Shared>,
}

/// What all connections know.
struct Shared {
    address: address::Address,
    options: DatabaseOptions,
    lead: lead::Lead,
    counts: Counts,
    reach: reach::Reach,
    timings: Arc<Timings>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    /// Those of them that write.
    writing: AtomicUsize,
    queued: AtomicUsize,
    committed: AtomicU64,
    commits: AtomicU64,
    retried: AtomicU64,
}

/// The file of certificates that a URL names.
pub(crate) fn roots(url: &str) -> Option<std::path::PathBuf> {
    address::roots(url)
}

/// Looks at the database of a URL without changing it.
pub(crate) fn inspect(url: &str, setting: &str) -> Result<Inspection, OpenError> {
    // On a thread of its own, because the caller may be inside a runtime.
    std::thread::scope(|scope| scope.spawn(|| inspect::run(url, setting)).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Postgres {
    pub(crate) fn connect(url: &str, options: DatabaseOptions, timings: &Arc<Timings>) -> Result<Self, OpenError> {
        let address = address::Address::parse(url)?;
        let (counts, reach, lead) = (Counts::default(), reach::Reach::default(), lead::Lead::default());
        let shared = Arc::new(Shared { address, options, lead, counts, reach, timings: Arc::clone(timings) });
        // On a thread of its own, because the caller may be inside a runtime.
        std::thread::scope(|scope| scope.spawn(|| schema::prepare(&shared)).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let started = writers::Writers::start(&shared).and_then(|w| Ok((w, lead::Scouts::send_out(&shared)?)));
        let (writers, scouts) = started
            .map_err(|error| OpenError::Engine { place: shared.address.place.clone(), message: error.to_string() })?;
        Ok(Self { _scouts: scouts, readers: readers::Readers::new(&shared), writers, shared })
    }

    /// Runs reads that are known by this name.
    pub(crate) fn read<'a>(
        &'a self,
        name: &'static str,
        reads: Reads<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<(), DbError>> + Send + 'a>> {
        Box::pin(self.readers.run(name, reads))
    }

    /// Puts a transaction into the writers' queue.
    pub(crate) fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        self.writers.submit(job)
    }

    pub(crate) fn gauges(&self) -> Gauges {
        let counts = &self.shared.counts;
        Gauges {
            queued_writes: counts.queued.load(Ordering::Relaxed),
            committed: counts.committed.load(Ordering::Relaxed),
            commits: counts.commits.load(Ordering::Relaxed),
            retried: counts.retried.load(Ordering::Relaxed),
            connections: counts.connections.load(Ordering::Relaxed),
            wal_bytes: 0,
        }
    }
}
