//! Reads: connections that are lent to the thread that asks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Shared;
use super::line::{Line, Role};
use super::session::Session;
use crate::tx::{DbError, Tx};

/// How many reads may wait for a connection. Beyond it callers hear "too many requests".
const QUEUE: usize = 4_096;

pub(super) struct Readers {
    permits: Semaphore,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Line>>,
}

impl Readers {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let lines: Vec<Line> = (0..shared.options.readers()).map(|_| Line::new(shared, Role::Reads)).collect();
        Self { permits: Semaphore::new(lines.len()), waiting: AtomicUsize::new(0), idle: Mutex::new(lines) }
    }

    pub(super) async fn run<T, E>(&self, reads: impl FnOnce(&mut dyn Tx) -> Result<T, E> + Send) -> Result<T, E>
    where
        T: Send,
        E: From<DbError> + Send,
    {
        let mut lent = self.lend().await?;
        beside_the_runtime(|| lent.read(reads))
    }

    async fn lend(&self) -> Result<Lent<'_>, DbError> {
        let permit = match self.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) => self.wait().await?,
        };
        let line = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Lent { line: Some(line.ok_or(DbError::Closed)?), is_clean: true, readers: self, _permit: permit })
    }

    async fn wait(&self) -> Result<SemaphorePermit<'_>, DbError> {
        let place = Place::take(&self.waiting)?;
        let permit = self.permits.acquire().await.map_err(|_| DbError::Closed);
        drop(place);
        permit
    }
}

/// A place among those who wait, given back however the waiting ends.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, DbError> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(waiting);
        if before < QUEUE { Ok(place) } else { Err(DbError::Busy) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection for the time of a read, given back however the read ends.
struct Lent<'a> {
    line: Option<Line>,
    /// Whether the connection is as it was; after a panic or a failure it is not.
    is_clean: bool,
    readers: &'a Readers,
    /// Given back after the connection, so that whoever is let in finds one.
    _permit: SemaphorePermit<'a>,
}

impl Lent<'_> {
    fn read<T, E: From<DbError>>(&mut self, reads: impl FnOnce(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        let line = self.line.as_mut().ok_or(DbError::Closed)?;
        self.is_clean = false;
        let mut session = Session::new(line);
        let result = reads(&mut session);
        let (begun, failed) = (session.has_begun(), session.failure().is_some());
        if begun
            && !failed
            && let Ok(connection) = line.connection()
        {
            // Nobody waits for the end of a read.
            connection.post("COMMIT");
        }
        self.is_clean = !failed;
        result
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Some(mut line) = self.line.take() else { return };
        if !self.is_clean {
            line.hang_up();
        }
        self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// Runs what blocks, so that the runtime's other tasks go on meanwhile where it has other threads.
fn beside_the_runtime<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // The runtime of one thread has to wait; but a connection must not be driven from within it.
        Ok(_) => std::thread::scope(|scope| scope.spawn(work).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        Err(_) => work(),
    }
}
