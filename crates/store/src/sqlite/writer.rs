//! The one writer, with group commit: transactions that wait together share an fsync, and each answers only after it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::connection::{Engine, refine};
use super::open::BUSY_TIMEOUT;
use crate::job::{Job, Verdict};
use crate::tx::{DbError, Tx};
use crate::{Gauges, Timings};
use rusqlite::Connection;

/// How many transactions may wait. Beyond it callers hear "too many requests" instead of waiting without end.
const QUEUE: usize = 4_096;
/// How many transactions share an fsync at most.
const GROUP: usize = 256;
/// The size of the log at which the writer itself empties it, whatever that costs the writes that wait.
const RESTART_AT: u64 = 128 << 20;
/// How many groups pass between looks at the size of the log.
const LOOK_EVERY: u64 = 64;
/// How many pass after a look at a log that could not be emptied, because somebody reads from it (a backup does, for as
/// long as it copies).
const LOOK_AGAIN: u64 = 16 * LOOK_EVERY;
/// How long the writer waits for readers of the log to end: theirs take microseconds, and a backup's takes too long to
/// keep writes waiting for.
const PATIENCE: Duration = Duration::from_millis(50);

/// When the log is moved into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checkpoint {
    /// Now and then, by somebody else.
    InBackground,
    /// By the writer after each commit, of which there are few large ones: the next one then begins the log anew, instead
    /// of a long one in which every page has to be looked for.
    AfterEachCommit,
}

pub(super) struct Writer {
    jobs: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    queued: AtomicUsize,
    committed: AtomicU64,
    commits: AtomicU64,
}

/// What is counted and timed.
#[derive(Clone, Copy)]
struct Watched<'a> {
    counts: &'a Counts,
    timings: &'a Timings,
}

/// What became of a group.
struct Group {
    jobs: Vec<Box<dyn Job>>,
    /// How many of them kept their changes.
    kept: u64,
    outcome: Result<(), DbError>,
}

impl Writer {
    pub(super) fn start(connection: Connection, wal: PathBuf, timings: &Arc<Timings>, checkpoint: Checkpoint) -> Self {
        let (jobs, queue) = sync_channel(QUEUE);
        let counts = Arc::new(Counts::default());
        let (shared, timings) = (Arc::clone(&counts), Arc::clone(timings));
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                let watched = Watched { counts: &shared, timings: &timings };
                work(Engine::new(connection), &queue, watched, &wal, checkpoint);
            })
            .ok();
        Self { jobs: Some(jobs), thread, counts }
    }

    /// Takes a transaction into the queue.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        let jobs = self.jobs.as_ref().ok_or(DbError::Closed)?;
        self.counts.queued.fetch_add(1, Ordering::Relaxed);
        jobs.try_send(job).map_err(|refused| {
            self.counts.queued.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(_) => DbError::Busy,
                TrySendError::Disconnected(_) => DbError::Closed,
            }
        })
    }

    pub(super) fn gauges(&self) -> Gauges {
        Gauges {
            queued_writes: self.counts.queued.load(Ordering::Relaxed),
            committed: self.counts.committed.load(Ordering::Relaxed),
            commits: self.counts.commits.load(Ordering::Relaxed),
            ..Gauges::default()
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(
    mut engine: Engine,
    queue: &Receiver<Box<dyn Job>>,
    watched: Watched<'_>,
    wal: &std::path::Path,
    checkpoint: Checkpoint,
) {
    let Watched { counts, timings } = watched;
    let mut next_look = 0;
    while let Ok(first) = queue.recv() {
        let Group { jobs, kept, outcome } = match checkpoint {
            Checkpoint::InBackground => commit_group(&mut engine, first, queue, timings),
            Checkpoint::AfterEachCommit => commit_alone(&mut engine, first, timings),
        };
        counts.queued.fetch_sub(jobs.len(), Ordering::Relaxed);
        let commits = counts.commits.fetch_add(1, Ordering::Relaxed);
        match &outcome {
            Ok(()) => {
                counts.committed.fetch_add(kept, Ordering::Relaxed);
            }
            Err(error) => tracing::error!(%error, transactions = jobs.len(), "a group of writes was not committed"),
        }
        for job in jobs {
            job.finish(&outcome);
        }
        if checkpoint == Checkpoint::AfterEachCommit {
            if let Err(error) = engine.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
                tracing::warn!(%error, "a checkpoint failed; the write-ahead log keeps the data");
            }
        } else if commits >= next_look {
            let is_large = std::fs::metadata(wal).is_ok_and(|metadata| metadata.len() > RESTART_AT);
            let is_kept = is_large && !empty_log(&engine.connection);
            next_look = commits + if is_kept { LOOK_AGAIN } else { LOOK_EVERY };
        }
    }
    // The last checkpoint of an orderly end, so that the next start has no log to replay.
    let _ = engine.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

/// Empties the log, unless somebody reads from it for longer than the writer waits; says whether it is empty.
fn empty_log(connection: &Connection) -> bool {
    let emptied = connection.busy_timeout(PATIENCE).and_then(|()| {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0).map(|busy| busy == 0))
    });
    let patient = connection.busy_timeout(BUSY_TIMEOUT);
    if let Some(error) = emptied.as_ref().err().or(patient.as_ref().err()) {
        tracing::warn!(%error, "the write-ahead log was not emptied");
    }
    emptied.unwrap_or(false)
}

/// Runs what waits, each in its own savepoint so that a failing one fails alone, and commits all of it at once.
fn commit_group(engine: &mut Engine, first: Box<dyn Job>, queue: &Receiver<Box<dyn Job>>, timings: &Timings) -> Group {
    let mut group = Group { jobs: Vec::with_capacity(16), kept: 0, outcome: Ok(()) };
    group.outcome = engine.execute("BEGIN IMMEDIATE", &[]).map(|_| ());
    let mut next = Some(first);
    while let Some(mut job) = next.take() {
        if group.outcome.is_ok() {
            group.outcome = run_in_savepoint(engine, &mut *job).map(|kept| group.kept += u64::from(kept));
        }
        group.jobs.push(job);
        if group.outcome.is_ok() && group.jobs.len() < GROUP {
            next = queue.try_recv().ok();
        }
    }
    if group.outcome.is_ok() {
        let begun = Instant::now();
        group.outcome = engine.execute("COMMIT", &[]).map(|_| ());
        timings.commits.record(begun.elapsed());
    }
    if group.outcome.is_err() {
        roll_back(engine, &mut group.outcome);
    }
    group
}

/// Runs one transaction without a savepoint, for which every page that it touches would be copied.
fn commit_alone(engine: &mut Engine, mut job: Box<dyn Job>, timings: &Timings) -> Group {
    let mut outcome = engine.execute("BEGIN IMMEDIATE", &[]).map(|_| ());
    let keeps = outcome.is_ok() && job.run(engine) == Verdict::Keep;
    if keeps {
        let begun = Instant::now();
        outcome = engine.execute("COMMIT", &[]).map(|_| ());
        timings.commits.record(begun.elapsed());
    }
    if !keeps || outcome.is_err() {
        roll_back(engine, &mut outcome);
    }
    Group { jobs: vec![job], kept: u64::from(keeps), outcome }
}

/// Ends a transaction that is not to be kept, if there is one.
fn roll_back(engine: &Engine, outcome: &mut Result<(), DbError>) {
    if !engine.connection.is_autocommit()
        && let Err(error) = engine.connection.execute_batch("ROLLBACK")
    {
        *outcome = Err(refine(&error));
    }
}

/// Says whether the changes were kept.
fn run_in_savepoint(engine: &mut Engine, job: &mut dyn Job) -> Result<bool, DbError> {
    engine.execute("SAVEPOINT job", &[])?;
    let keeps = job.run(engine) == Verdict::Keep;
    if !keeps {
        engine.execute("ROLLBACK TO job", &[])?;
    }
    engine.execute("RELEASE job", &[])?;
    Ok(keeps)
}
