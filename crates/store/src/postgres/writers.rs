//! Transactions that write: threads with a connection each, fed by a bounded queue.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Shared;
use super::attempt::run;
use super::line::Line;
use crate::job::Job;
use crate::tx::DbError;

/// How many transactions may wait. Beyond it callers hear "too many requests" instead of waiting without end.
const QUEUE: usize = 4_096;
/// How often a thread tries whose connection is lost, while others have theirs.
const AGAIN: Duration = Duration::from_millis(250);

/// A transaction that waits, and since when.
type Queued = (Instant, Box<dyn Job>);

pub(super) struct Writers {
    jobs: Option<SyncSender<Queued>>,
    threads: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Writers {
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, std::io::Error> {
        let (jobs, queue) = sync_channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let threads = (0..shared.options.writers())
            .map(|_| {
                let (queue, line) = (Arc::clone(&queue), Line::new(shared));
                std::thread::Builder::new().name("writer".to_owned()).spawn(move || work(line, &queue))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { jobs: Some(jobs), threads, shared: Arc::clone(shared) })
    }

    /// Takes a transaction into the queue.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        let jobs = self.jobs.as_ref().ok_or(DbError::Closed)?;
        let queued = &self.shared.counts.queued;
        queued.fetch_add(1, Ordering::Relaxed);
        jobs.try_send((Instant::now(), job)).map_err(|refused| {
            queued.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(_) => DbError::Busy,
                TrySendError::Disconnected(_) => DbError::Closed,
            }
        })
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn work(mut line: Line, queue: &Mutex<Receiver<Queued>>) {
    loop {
        // Whoever fails at once would take the most: what can be done is left to those who can.
        while line.is_left_behind() {
            line.is_wanted_since(Instant::now());
            if line.connection().is_err() {
                std::thread::sleep(AGAIN);
            }
        }
        // One thread waits for a job at a time, the others for their turn to wait.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((wanted, mut job)) = next else { break };
        line.is_wanted_since(wanted);
        let outcome = run(&mut line, &mut *job);
        line.shared().counts.queued.fetch_sub(1, Ordering::Relaxed);
        if let Err(error) = &outcome {
            tracing::error!(%error, "a transaction was not committed");
        }
        job.finish(&outcome);
    }
    line.close();
}
