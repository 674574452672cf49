//! What is counted while operations run, for `/metrics`.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use cognate_domain::trigger::Trigger;
use cognate_store::histogram::Histogram;
use tracing::field::Empty;
use tracing::{Span, trace_span};

use crate::Error;

/// How steps of sign-ins ended.
#[derive(Debug, Default)]
pub struct SignIns {
    passed: AtomicU64,
    challenged: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// What a step that did not fail led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Led {
    /// To tokens.
    In,
    /// To another question.
    On,
}

impl SignIns {
    pub(crate) fn count(&self, ended: Result<Led, &Error>) {
        let counter = match ended {
            Ok(Led::In) => &self.passed,
            Ok(Led::On) => &self.challenged,
            Err(Error::Refused(_)) => &self.refused,
            Err(Error::Busy | Error::Changed | Error::Internal(_)) => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Each outcome with how often it came.
    pub fn read(&self) -> [(&'static str, u64); 4] {
        [
            ("passed", &self.passed),
            ("challenged", &self.challenged),
            ("refused", &self.refused),
            ("failed", &self.failed),
        ]
        .map(|(outcome, counter)| (outcome, counter.load(Ordering::Relaxed)))
    }
}

/// Calls of the functions of triggers.
#[derive(Debug, Default)]
pub struct Calls {
    /// How many are under way.
    pub running: AtomicUsize,
    /// How many ended in an error.
    pub failed: AtomicU64,
    /// How long they took, however they ended.
    pub took: Histogram,
}

/// A call under way; counted however it ends, also where nobody waits for it any more.
pub(crate) struct Running<'a> {
    calls: &'a Calls,
    begun: Instant,
    span: Span,
}

impl Calls {
    pub(crate) fn begin(&self, trigger: Trigger) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        let name = trigger.name();
        let span =
            trace_span!(target: "traces", "trigger", otel.kind = "client", trigger = name, otel.status_code = Empty);
        Running { calls: self, begun: Instant::now(), span }
    }
}

impl Running<'_> {
    pub(crate) fn failed(&self) {
        self.calls.failed.fetch_add(1, Ordering::Relaxed);
        self.span.record("otel.status_code", "ERROR");
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.calls.running.fetch_sub(1, Ordering::Relaxed);
        self.calls.took.record(self.begun.elapsed());
    }
}
