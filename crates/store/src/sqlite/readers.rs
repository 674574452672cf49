//! Read-only connections, used on the thread that asks.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::connection::Engine;
use super::open::{self, OpenError};
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

    pub(super) fn with<T, E: From<DbError>>(&self, reads: impl FnOnce(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        reads(&mut *self.free()?)
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
