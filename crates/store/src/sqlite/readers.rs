//! Read-only connections, used on the thread that asks.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::connection::Engine;
use super::open;
use crate::OpenError;
use crate::Reads;
use crate::tx::{DbError, Tx};

/// Enough for every worker thread of a small machine and some spare; each costs a page cache of 16 MiB at most.
const CONNECTIONS: usize = 4;

pub(super) struct Readers {
    connections: Vec<Mutex<Engine>>,
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn open(folder: &Path) -> Result<Self, OpenError> {
        let connections = (0..CONNECTIONS)
            .map(|_| open::reader(folder).map(|connection| Mutex::new(Engine::new(connection))))
            .collect::<Result<_, _>>()?;
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }

    pub(super) fn with(&self, reads: Reads<'_>) -> Result<(), DbError> {
        let mut engine = self.free()?;
        let snapshot = Snapshot::begin(&mut engine)?;
        reads(&mut *snapshot.0);
        Ok(())
    }

    /// The first free connection; the low ones are warm.
    fn free(&self) -> Result<MutexGuard<'_, Engine>, DbError> {
        for connection in &self.connections {
            match connection.try_lock() {
                Ok(engine) => return Ok(engine),
                // A panic while reading leaves nothing half done: the connection only reads.
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len().max(1);
        let connection = self.connections.get(turn).ok_or(DbError::Closed)?;
        Ok(connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One state of the database for all statements of a read; they also take its lock once instead of once each. It ends
/// however the read ends.
struct Snapshot<'a>(&'a mut Engine);

impl<'a> Snapshot<'a> {
    fn begin(engine: &'a mut Engine) -> Result<Self, DbError> {
        engine.execute("BEGIN", &[])?;
        Ok(Self(engine))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.execute("COMMIT", &[]) {
            tracing::error!(?error, "a read does not end");
        }
    }
}
