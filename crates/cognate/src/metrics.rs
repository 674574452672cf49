//! `/metrics`, in the Prometheus text format. `docs/operating.md` lists what it shows.

mod process;
mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cognate_model::{OPERATIONS, Operation};
use cognate_operations::Services;
use cognate_store::histogram::{Counts, Histogram};
use cognate_store::outbox::count_waiting;

pub(crate) use process::most_files;
use text::Text;

/// What one operation has answered so far, by outcome. An outcome's histogram is its count as well, so that a request
/// costs two additions.
#[derive(Default)]
struct Row {
    succeeded: Histogram,
    refused: Histogram,
    failed: Histogram,
}

impl Row {
    fn outcomes(&self) -> [(&'static str, Counts); 3] {
        [("succeeded", &self.succeeded), ("refused", &self.refused), ("failed", &self.failed)]
            .map(|(outcome, histogram)| (outcome, histogram.counts()))
    }
}

/// Counters of the server.
pub(crate) struct Metrics {
    operations: Vec<Row>,
    /// Pages, and what names no operation.
    others: Row,
    shed: AtomicU64,
    turned_away: AtomicU64,
    started: f64,
    pub(crate) connections: AtomicU64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            operations: OPERATIONS.iter().map(|_| Row::default()).collect(),
            others: Row::default(),
            shed: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
            connections: AtomicU64::new(0),
        }
    }

    pub(crate) fn answered(&self, operation: Option<Operation>, status: u16, took: Duration) {
        let row = operation.and_then(|operation| self.operations.get(operation as usize)).unwrap_or(&self.others);
        let outcome = match status {
            200..400 => &row.succeeded,
            500.. => &row.failed,
            _ => &row.refused,
        };
        outcome.record(took);
    }

    /// An answer to a request that was not read whole; how long it took says nothing of this server.
    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn shed(&self) {
        self.shed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) async fn text(&self, services: &Services) -> String {
        let mut text = Text::default();
        self.requests(&mut text);
        services_text(&mut text, services);
        store_text(&mut text, services).await;
        text.family("cognate_build_info", "gauge", "The version and the store of this server.");
        let labels = [("version", env!("CARGO_PKG_VERSION")), ("store", services.store.engine())];
        text.sample("cognate_build_info", &labels, 1);
        text.family("process_start_time_seconds", "gauge", "When the server started, in seconds since the epoch.");
        text.sample("process_start_time_seconds", &[], self.started);
        process::write(&mut text);
        text.finish()
    }

    fn requests(&self, text: &mut Text) {
        let rows = || OPERATIONS.iter().map(|info| info.name).zip(&self.operations).chain([("other", &self.others)]);
        text.family("cognate_operations_total", "counter", "Answers by operation and outcome.");
        for (operation, row) in rows() {
            for (outcome, counts) in row.outcomes() {
                if counts.count > 0 {
                    let labels = [("operation", operation), ("outcome", outcome)];
                    text.sample("cognate_operations_total", &labels, counts.count);
                }
            }
        }
        text.family("cognate_request_seconds", "histogram", "Time from the whole request to its answer, by operation.");
        for (operation, row) in rows() {
            let mut all = Counts::default();
            row.outcomes().into_iter().for_each(|(_, counts)| all += counts);
            if all.count > 0 {
                text.histogram("cognate_request_seconds", &[("operation", operation)], &all);
            }
        }
        text.one("cognate_requests_shed_total", "counter", "Requests told to come back later.", &self.shed);
        let help = "Requests that were not read whole: too large, too slow, or broken off.";
        text.one("cognate_requests_turned_away_total", "counter", help, &self.turned_away);
        text.one("cognate_connections", "gauge", "Open connections.", &self.connections);
    }
}

fn services_text(text: &mut Text, services: &Services) {
    text.family("cognate_sign_ins_total", "counter", "Steps of sign-ins by their outcome.");
    for (outcome, count) in services.sign_ins.read() {
        text.sample("cognate_sign_ins_total", &[("outcome", outcome)], count);
    }
    let load = services.load();
    let number = |counter: &std::sync::atomic::AtomicUsize| counter.load(Ordering::Relaxed) as u64;
    for (name, help, value) in [
        ("cognate_work_queued", "Password hashes and signatures that wait for a thread.", number(&load.queued)),
        ("cognate_work_busy_threads", "Threads that hash or sign.", number(&load.busy)),
        ("cognate_work_threads", "Threads for hashes and signatures.", number(&load.threads)),
        ("cognate_triggers_running", "Calls of triggers under way.", number(&services.calls.running)),
    ] {
        text.value(name, "gauge", help, value);
    }
    text.family("cognate_work_seconds", "histogram", "Time of a hash or a signature, without the wait.");
    text.histogram("cognate_work_seconds", &[], &load.took.counts());
    text.one("cognate_triggers_failed_total", "counter", "Calls of triggers that failed.", &services.calls.failed);
    text.family("cognate_trigger_seconds", "histogram", "Time of a call of a trigger.");
    text.histogram("cognate_trigger_seconds", &[], &services.calls.took.counts());
    let help = "Refused changes without an audit entry since the last one with an entry.";
    text.value("cognate_audit_omitted", "gauge", help, services.refusals.omitted());
    let (sent, given_up) = services.tally.read();
    text.value("cognate_messages_sent_total", "counter", "Messages delivered.", sent);
    text.value("cognate_messages_given_up_total", "counter", "Messages that are not tried again.", given_up);
}

async fn store_text(text: &mut Text, services: &Services) {
    let waiting = services.store.read(count_waiting).await.unwrap_or_default().unsigned_abs();
    text.value("cognate_messages_waiting", "gauge", "Messages that wait for their delivery.", waiting);
    let gauges = services.store.gauges();
    for (name, kind, help, value) in [
        ("cognate_store_queued_writes", "gauge", "Transactions that wait for the writer.", gauges.queued_writes as u64),
        ("cognate_store_transactions_total", "counter", "Transactions run.", gauges.committed),
        ("cognate_store_commits_total", "counter", "Groups committed, one fsync each.", gauges.commits),
        (
            "cognate_store_retried_total",
            "counter",
            "Transactions run again on PostgreSQL, after a lost race or connection.",
            gauges.retried,
        ),
        ("cognate_store_connections", "gauge", "Open connections to PostgreSQL.", gauges.connections as u64),
        ("cognate_store_wal_bytes", "gauge", "Size of the write-ahead log.", gauges.wal_bytes),
    ] {
        text.value(name, kind, help, value);
    }
    let timings = services.store.timings();
    for (name, help, histogram) in [
        ("cognate_store_read_seconds", "Time of a read.", &timings.reads),
        ("cognate_store_write_seconds", "Time of a transaction, from its queue to the disk.", &timings.writes),
        (
            "cognate_store_commit_seconds",
            "Time of a commit: of its fsync, or of the server's answer.",
            &timings.commits,
        ),
    ] {
        text.family(name, "histogram", help);
        text.histogram(name, &[], &histogram.counts());
    }
}
