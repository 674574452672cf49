//! A bounded pool of threads for what costs milliseconds of CPU: password hashes and signatures.
//!
//! The queue is bounded too: past it, callers hear "too many requests" at once instead of a slow death of all. And the
//! threads give way: what only reads, which takes microseconds, does not wait until a hash was calculated.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cognate_store::histogram::Histogram;
use tokio::sync::oneshot;

use crate::Error;

/// How much may wait for each thread: at 25 ms a hash, about three seconds.
const QUEUE_PER_THREAD: usize = 128;

/// How far the threads stand back, on the scale of `nice`: far enough that reads hardly notice them, and not so far that
/// a flood of reads, or another program of the machine, starves them: against one thread at 0 they get a quarter of a
/// core, where 14 leaves a twenty-fifth.
#[cfg(target_os = "linux")]
const PRIORITY: i32 = 5;

type Task = Box<dyn FnOnce() + Send>;

/// The pool. Its threads end when it is dropped.
pub struct WorkPool {
    tasks: SyncSender<Task>,
    load: Arc<Load>,
}

/// What the pool is busy with, for `/metrics`.
#[derive(Debug, Default)]
pub struct Load {
    /// Tasks that wait for a thread.
    pub queued: AtomicUsize,
    /// Threads that work.
    pub busy: AtomicUsize,
    /// All threads.
    pub threads: AtomicUsize,
    /// How long tasks took, without the wait.
    pub took: Histogram,
}

impl WorkPool {
    /// A pool with a thread for each core.
    pub fn start() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (tasks, queue) = sync_channel::<Task>(threads * QUEUE_PER_THREAD);
        let (queue, load) = (Arc::new(Mutex::new(queue)), Arc::new(Load::default()));
        for number in 0..threads {
            let (queue, shared) = (Arc::clone(&queue), Arc::clone(&load));
            let spawned =
                std::thread::Builder::new().name(format!("work-{number}")).spawn(move || run(&queue, &shared));
            match spawned {
                Ok(_) => load.threads.fetch_add(1, Ordering::Relaxed),
                Err(error) => {
                    tracing::error!(%error, "a work thread did not start");
                    continue;
                }
            };
        }
        Self { tasks, load }
    }

    /// What it is busy with.
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// Runs a closure on the pool.
    pub async fn run<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let span = tracing::trace_span!(target: "traces", "work");
        let waiting = tracing::trace_span!(target: "traces", parent: &span, "work.wait");
        let (reply, answer) = oneshot::channel();
        let boxed: Task = Box::new(move || {
            drop(waiting);
            // Nobody waits any more when the caller hung up before its turn: save the work.
            if !reply.is_closed() {
                let _ = reply.send(task());
            }
        });
        self.load.queued.fetch_add(1, Ordering::Relaxed);
        self.tasks.try_send(boxed).map_err(|refused| {
            self.load.queued.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::internal("the work pool is closed"),
            }
        })?;
        answer.await.map_err(|_| Error::internal("a task of the work pool panicked"))
    }
}

fn run(queue: &Mutex<Receiver<Task>>, load: &Load) {
    give_way();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        load.queued.fetch_sub(1, Ordering::Relaxed);
        load.busy.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        // A panicking task answers its caller with an error; the thread goes on.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(task));
        load.took.record(begun.elapsed());
        load.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Linux has a priority for each thread; elsewhere it would be the whole server's.
#[cfg(target_os = "linux")]
fn give_way() {
    if let Err(error) = rustix::process::setpriority_process(None, PRIORITY) {
        tracing::debug!(%error, "work threads run at the same priority as the others");
    }
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}
