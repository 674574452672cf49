//! Transactions that write: threads with a connection each, fed by a bounded queue.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Shared;
use super::attempt::run;
use super::line::Line;
use crate::job::{self, Job};
use crate::tx::{Conflict, DbError, Tx};

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

    pub(super) async fn run<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Conflict + Send + 'static,
    {
        let (job, answer) = job::of(body);
        let jobs = self.jobs.as_ref().ok_or(DbError::Closed)?;
        let queued = &self.shared.counts.queued;
        queued.fetch_add(1, Ordering::Relaxed);
        if let Err(refused) = jobs.try_send((Instant::now(), job)) {
            queued.fetch_sub(1, Ordering::Relaxed);
            return Err(E::from(match refused {
                TrySendError::Full(_) => DbError::Busy,
                TrySendError::Disconnected(_) => DbError::Closed,
            }));
        }
        answer.await.map_err(|_| E::from(DbError::Closed))?.0
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
