//! A connection of reads, driven by the runtime that opened it.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, Id};
use tokio::time::timeout;
use tokio_postgres::{Client, Row};

use super::Shared;
use super::dialect::{self, BEGIN_READ};
use super::failure::Failure;
use super::lead;
use super::line::{self, PATIENCE, Role};
use super::script::{Statement, bound};

pub(super) struct SharedLine {
    client: Client,
    /// By the address of the text: statements are constants of the program.
    prepared: RwLock<HashMap<(usize, usize), tokio_postgres::Statement>>,
    /// Under which leader it was opened; 0 where leaders are not counted.
    timeline: u32,
    /// The runtime that drives it.
    home: Id,
    /// How long an answer may take.
    patience: Duration,
    shared: Arc<Shared>,
}

impl SharedLine {
    /// For somebody who has wanted it since then.
    pub(super) async fn open(shared: &Arc<Shared>, wanted: Instant) -> Result<Self, Failure> {
        let (client, timeline, _) = line::connect(shared, Role::Reads, wanted).await?;
        shared.counts.connections.fetch_add(1, Ordering::Relaxed);
        let patience = shared.options.statement_time + PATIENCE;
        let (prepared, home) = (RwLock::default(), Handle::current().id());
        Ok(Self { client, prepared, timeline, home, patience, shared: Arc::clone(shared) })
    }

    /// Whether it is open, to the server that leads, and driven where the caller is: another runtime may have ended, or
    /// wait for something else.
    pub(super) fn is_usable(&self) -> bool {
        let is_led = !self.shared.lead.has_passed(self.timeline);
        is_led && !self.client.is_closed() && Handle::current().id() == self.home
    }

    pub(super) async fn query(&self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        let prepared = self.prepare(statement.sql).await?;
        self.wait(self.send(&prepared, statement)).await
    }

    /// Begins a transaction with this statement, in one message.
    pub(super) async fn begin_with(&self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        let prepared = self.prepare(statement.sql).await?;
        self.wait(async {
            let begun = self.client.batch_execute(BEGIN_READ);
            let (begun, rows) = tokio::join!(biased; begun, self.send(&prepared, statement));
            begun.and(rows)
        })
        .await
    }

    /// Ends the transaction; nobody waits for it.
    pub(super) fn post_end(&self) {
        let sent = pin!(self.client.batch_execute("COMMIT"));
        // It is handed over when it is asked first; the answer is nobody's.
        let _ = sent.poll(&mut Context::from_waker(Waker::noop()));
    }

    async fn send(
        &self,
        prepared: &tokio_postgres::Statement,
        statement: &Statement,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let params = statement.params();
        let params: Vec<_> = bound(&params).collect();
        self.client.query(prepared, &params).await
    }

    async fn prepare(&self, sql: &'static str) -> Result<tokio_postgres::Statement, Failure> {
        let key = (sql.as_ptr() as usize, sql.len());
        if let Some(prepared) = self.prepared.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(prepared.clone());
        }
        let prepared = self.wait(self.client.prepare(&dialect::spell(sql, Role::Reads))).await?;
        self.prepared.write().unwrap_or_else(PoisonError::into_inner).insert(key, prepared.clone());
        Ok(prepared)
    }

    /// Waits for the server. A server that does not answer is as good as gone, and so is one that another one follows.
    async fn wait<T>(&self, answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
        match timeout(self.patience, lead::unless_passed(&self.shared, self.timeline, answer)).await {
            Ok(Some(answer)) => answer.map_err(|error| Failure::of(&error)),
            Ok(None) => Err(Failure::Lost("another server leads".to_owned())),
            Err(_) => Err(Failure::Lost("the server does not answer".to_owned())),
        }
    }
}

impl Drop for SharedLine {
    fn drop(&mut self) {
        self.shared.counts.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
