//! Delivers what waits in the outbox: at once after a commit, and whatever else is due twice a second.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cognate_crypto::random;
use cognate_store::outbox::{self, Leased, Wanted};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tracing::field::Empty;
use tracing::{Instrument, trace_span};

use super::attempt;
use crate::{Caller, Context, Error, Services, audit, imports};

/// How many messages are delivered at once, and how many of one pool: what is slow in one holds up no other. A fourth
/// pool with its share leaves no room, so that never more than three have to be passed over.
const MOST: usize = 32;
const MOST_OF_A_POOL: usize = 8;
/// How often what is due is looked for.
const POLL: Duration = Duration::from_millis(500);
/// How long a message is this process's to deliver, in seconds: longer than any attempt takes.
const LEASE: i64 = 60;
/// How long a message stays after its end, in seconds.
const STAYS: i64 = 7 * 86_400;
/// How often what has stayed long enough is removed, in microseconds, and how much in one transaction.
const SWEEP: i64 = 600_000_000;
const SWEPT: i64 = 500;
/// How long attempts that run may take to end when the worker stops.
const LAST: Duration = Duration::from_secs(5);

/// How many messages came to which end since the start.
#[derive(Debug, Default)]
pub struct Tally {
    sent: AtomicU64,
    given_up: AtomicU64,
}

impl Tally {
    pub(super) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn given_up(&self) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were delivered, and how many given up.
    pub fn read(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.given_up.load(Ordering::Relaxed))
    }
}

/// A worker that delivers messages until it is stopped or dropped.
#[derive(Debug)]
pub struct Deliveries {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Deliveries {
    /// Begins to deliver. Needs a runtime around it.
    pub fn start(services: Arc<Services>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let worker = Worker {
            owner: random::format_uuid(&random::uuid_v4(&*services.random)),
            cx: Context::new(services, Caller::default()),
            busy: HashMap::new(),
            running: JoinSet::new(),
            swept: None,
        };
        Self { stop, task: tokio::spawn(worker.run(stopped)) }
    }

    /// Begins no more attempts, and lets those that run end.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

struct Worker {
    cx: Context,
    owner: String,
    /// What is being delivered, by its task, with the pool that it is of.
    busy: HashMap<Id, ([u8; 16], String)>,
    running: JoinSet<()>,
    /// When it was swept last.
    swept: Option<i64>,
}

impl Worker {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let wake = Arc::clone(&self.cx.deliveries_wake);
        loop {
            if let Err(error) = self.begin_what_is_due().await {
                tracing::warn!(%error, "the outbox was not read");
            }
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "what is old was not removed");
            }
            let is_full = self.busy.len() >= MOST;
            tokio::select! {
                () = wake.notified(), if !is_full => {}
                () = tokio::time::sleep(POLL) => {}
                Some(ended) = self.running.join_next_with_id() => self.ended(ended),
                _ = stopped.changed() => break,
            }
        }
        let running = &mut self.running;
        let _ = tokio::time::timeout(LAST, async move { while running.join_next().await.is_some() {} }).await;
    }

    /// Leases what is due, as far as there is room for it.
    async fn begin_what_is_due(&mut self) -> Result<(), Error> {
        loop {
            let (without, largest) = self.shares();
            let room = MOST.saturating_sub(self.busy.len());
            // So many that no pool passes its share, whichever they are of.
            let limit = room.min(MOST_OF_A_POOL - largest);
            let now = self.cx.now().micros();
            // Mostly nothing is, and reading costs next to nothing.
            if limit == 0 || !self.cx.read(|tx| Ok(outbox::is_due(tx, now, &without)?)).await? {
                return Ok(());
            }
            let (owner, busy) = (self.owner.clone(), self.busy.values().map(|(id, _)| *id).collect::<Vec<_>>());
            let until = now + LEASE * 1_000_000;
            let leased: Vec<Leased> = self
                .cx
                .write(move |tx| {
                    let wanted = Wanted { owner: &owner, limit, busy: &busy, without: &without };
                    Ok(outbox::lease(tx, &wanted, now, until)?)
                })
                .await?;
            let is_all = leased.len() < limit;
            for message in leased {
                let of = (message.id, message.pool.clone());
                let span = trace_span!(target: "traces", "delivery", pool = message.pool, outcome = Empty, otel.status_code = Empty);
                let task = self.running.spawn(attempt::deliver(self.cx.clone(), message).instrument(span));
                self.busy.insert(task.id(), of);
            }
            if is_all {
                return Ok(());
            }
        }
    }

    /// The pools that have their share of what is under way, and the most that any other has.
    fn shares(&self) -> (Vec<String>, usize) {
        let mut of_pool = HashMap::<&str, usize>::new();
        for (_, pool) in self.busy.values() {
            *of_pool.entry(pool).or_default() += 1;
        }
        let (full, others): (Vec<_>, Vec<_>) = of_pool.into_iter().partition(|(_, count)| *count >= MOST_OF_A_POOL);
        let largest = others.into_iter().map(|(_, count)| count).max().unwrap_or_default();
        (full.into_iter().map(|(pool, _)| pool.to_owned()).collect(), largest)
    }

    /// A task that panicked leaves its message leased; it is due again once the lease ends.
    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let task = match ended {
            Ok((task, ())) => task,
            Err(error) => {
                tracing::error!(%error, "a delivery broke off");
                error.id()
            }
        };
        self.busy.remove(&task);
    }

    /// Removes what is older than it is kept: entries of the audit trail, files of import jobs, and messages that came to
    /// their end. Where messages are kept readable, they are kept.
    async fn sweep(&mut self) -> Result<(), Error> {
        let now = self.cx.now().micros();
        let is_early = self.swept.is_some_and(|last| (last..last + SWEEP).contains(&now));
        if is_early {
            return Ok(());
        }
        self.swept = Some(now);
        audit::prune(&self.cx).await?;
        imports::remove_left_files(&self.cx).await?;
        if self.cx.settings.keeps_messages_readable {
            return Ok(());
        }
        let before = now - STAYS * 1_000_000;
        while self.cx.write(move |tx| Ok(outbox::sweep(tx, before, SWEPT)?)).await? >= SWEPT.unsigned_abs() {}
        Ok(())
    }
}
