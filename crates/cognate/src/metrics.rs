//! `/metrics`, in the Prometheus text format.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cognate_model::{OPERATIONS, Operation};
use cognate_operations::Services;
use cognate_store::outbox::count_waiting;

/// The upper bounds of the latency histogram, in seconds.
const BOUNDS: [f64; 9] = [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];

/// What one operation has answered so far.
#[derive(Default)]
struct Row {
    succeeded: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// Counters of the server: one atomic addition or two a request.
pub(crate) struct Metrics {
    operations: Vec<Row>,
    buckets: [AtomicU64; BOUNDS.len()],
    requests: AtomicU64,
    micros: AtomicU64,
    shed: AtomicU64,
    pub(crate) connections: AtomicU64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            operations: OPERATIONS.iter().map(|_| Row::default()).collect(),
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            requests: AtomicU64::new(0),
            micros: AtomicU64::new(0),
            shed: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        }
    }

    pub(crate) fn answered(&self, operation: Option<Operation>, status: u16, took: Duration) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let seconds = took.as_secs_f64();
        if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound).and_then(|at| self.buckets.get(at)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(row) = operation.and_then(|operation| self.operations.get(operation as usize)) {
            let counter = match status {
                200 => &row.succeeded,
                500.. => &row.failed,
                _ => &row.refused,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn shed(&self) {
        self.shed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) async fn text(&self, services: &Services) -> String {
        let mut out = String::from(
            "# HELP cognate_operations_total Answers by operation and outcome.\n# TYPE cognate_operations_total counter\n",
        );
        for (info, row) in OPERATIONS.iter().zip(&self.operations) {
            for (outcome, counter) in
                [("succeeded", &row.succeeded), ("refused", &row.refused), ("failed", &row.failed)]
            {
                let count = counter.load(Ordering::Relaxed);
                if count > 0 {
                    let _ = writeln!(
                        out,
                        "cognate_operations_total{{operation=\"{}\",outcome=\"{outcome}\"}} {count}",
                        info.name
                    );
                }
            }
        }
        out.push_str(
            "# HELP cognate_request_seconds Time from the whole request to its answer.\n# TYPE cognate_request_seconds histogram\n",
        );
        let mut below = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            let _ = writeln!(out, "cognate_request_seconds_bucket{{le=\"{bound}\"}} {below}");
        }
        let requests = self.requests.load(Ordering::Relaxed);
        let _ = writeln!(out, "cognate_request_seconds_bucket{{le=\"+Inf\"}} {requests}");
        let micros = Duration::from_micros(self.micros.load(Ordering::Relaxed));
        let _ = writeln!(out, "cognate_request_seconds_sum {}", micros.as_secs_f64());
        let _ = writeln!(out, "cognate_request_seconds_count {requests}");
        let gauges = services.store.gauges();
        let waiting = services.store.read(count_waiting).await.unwrap_or_default().unsigned_abs();
        let (sent, given_up) = services.tally.read();
        for (name, help, kind, value) in [
            ("cognate_connections", "Open connections.", "gauge", self.connections.load(Ordering::Relaxed)),
            (
                "cognate_requests_shed_total",
                "Requests told to come back later.",
                "counter",
                self.shed.load(Ordering::Relaxed),
            ),
            (
                "cognate_store_queued_writes",
                "Transactions that wait for the writer.",
                "gauge",
                gauges.queued_writes as u64,
            ),
            ("cognate_store_transactions_total", "Transactions run.", "counter", gauges.committed),
            ("cognate_store_commits_total", "Groups committed, one fsync each.", "counter", gauges.commits),
            ("cognate_messages_waiting", "Messages that wait for their delivery.", "gauge", waiting),
            ("cognate_messages_sent_total", "Messages delivered.", "counter", sent),
            ("cognate_messages_given_up_total", "Messages that are not tried again.", "counter", given_up),
            (
                "cognate_store_retried_total",
                "Transactions run again on PostgreSQL, after a lost race or connection.",
                "counter",
                gauges.retried,
            ),
            ("cognate_store_connections", "Open connections to PostgreSQL.", "gauge", gauges.connections as u64),
            ("cognate_store_wal_bytes", "Size of the write-ahead log.", "gauge", gauges.wal_bytes),
        ] {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
        out
    }
}
