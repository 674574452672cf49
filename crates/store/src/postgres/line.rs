//! A connection of writes, driven by the thread that uses it, and opened anew when it was lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, Statement};
use uuid::Uuid;

use super::Shared;
use super::dialect;
use super::failure::Failure;
use super::lead;

/// How long it may take until a connection that is open is usable.
const OPENING: Duration = Duration::from_secs(15);
/// How much longer than a statement may take we wait for the server to say that it took too long.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long the row of a connection stays behind that was not ended in order.
const FORGET: Duration = Duration::from_hours(24);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Reads,
    Writes,
}

/// A place for a connection.
pub(super) struct Line {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    /// Since when somebody has wanted it.
    wanted: Instant,
}

impl Line {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), connection: None, wanted: Instant::now() }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The connection, opened if there is none.
    pub(super) fn connection(&mut self) -> Result<&mut Connection, Failure> {
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            Connection::open(&self.shared, self.wanted)?
        };
        Ok(self.connection.insert(connection))
    }

    /// Is for somebody else from now on, who has wanted it since then.
    pub(super) fn is_wanted_since(&mut self, wanted: Instant) {
        self.wanted = wanted;
    }

    /// Since when somebody has wanted it.
    pub(super) fn wanted(&self) -> Instant {
        self.wanted
    }

    /// Whether it has a connection.
    pub(super) fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether it has no connection, while others have theirs.
    pub(super) fn is_left_behind(&self) -> bool {
        self.connection.is_none() && self.shared.counts.writing.load(Ordering::Relaxed) > 0
    }

    /// Gives the connection up if another server leads by now. For the beginning of a transaction.
    pub(super) fn leave_former_leader(&mut self) {
        if self.connection.as_ref().is_some_and(|connection| self.shared.lead.has_passed(connection.timeline)) {
            self.connection = None;
        }
    }

    /// Gives the connection up; the server rolls back what it had begun.
    pub(super) fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Ends in order. Not from within a runtime.
    pub(super) fn close(mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }
}

/// An open connection.
pub(super) struct Connection {
    /// Drives the connection while somebody waits for it; there until the end.
    runtime: Option<Runtime>,
    pub(super) client: Client,
    /// By the address of the text: statements are constants of the program.
    prepared: HashMap<(usize, usize), Statement>,
    /// Under which leader it was opened; 0 where leaders are not counted.
    timeline: u32,
    /// How long an answer may take.
    patience: Duration,
    /// Names the row of this connection in `commits`.
    pub(super) id: [u8; 16],
    /// How many transactions it has begun to mark there.
    pub(super) number: i64,
    shared: Arc<Shared>,
}

impl Connection {
    fn open(shared: &Arc<Shared>, wanted: Instant) -> Result<Self, Failure> {
        let mut building = tokio::runtime::Builder::new_current_thread();
        let runtime = building.enable_all().build().map_err(|error| Failure::Lost(error.to_string()))?;
        let (client, timeline, id) = runtime.block_on(connect(shared, Role::Writes, wanted))?;
        shared.counts.connections.fetch_add(1, Ordering::Relaxed);
        shared.counts.writing.fetch_add(1, Ordering::Relaxed);
        let patience = shared.options.statement_time + PATIENCE;
        let (runtime, prepared, shared) = (Some(runtime), HashMap::new(), Arc::clone(shared));
        Ok(Self { runtime, client, prepared, timeline, patience, id, number: 0, shared })
    }

    /// Waits for the server. A server that does not answer is as good as gone, and so is one that another one follows.
    pub(super) fn wait<T>(&self, answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
        let Some(runtime) = &self.runtime else { return Err(Failure::Lost("the connection is closed".to_owned())) };
        let answer = lead::unless_passed(&self.shared, self.timeline, answer);
        // The clock is the runtime's, so it is set within.
        let answered = runtime.block_on(async { timeout(self.patience, answer).await });
        match answered {
            Ok(Some(answer)) => answer.map_err(|error| Failure::of(&error)),
            Ok(None) => Err(Failure::Lost("another server leads".to_owned())),
            Err(_) => Err(Failure::Lost("the server does not answer".to_owned())),
        }
    }

    /// The statement, prepared once on each connection.
    pub(super) fn prepare(&mut self, sql: &'static str) -> Result<Statement, Failure> {
        let key = (sql.as_ptr() as usize, sql.len());
        if let Some(prepared) = self.prepared.get(&key) {
            return Ok(prepared.clone());
        }
        let prepared = self.wait(self.client.prepare(&dialect::spell(sql, Role::Writes)))?;
        self.prepared.insert(key, prepared.clone());
        Ok(prepared)
    }

    fn close(self) {
        let _ = self.wait(self.client.batch_execute(&dialect::unregister(&self.id)));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.counts.connections.fetch_sub(1, Ordering::Relaxed);
        self.shared.counts.writing.fetch_sub(1, Ordering::Relaxed);
        // Dropped in the ordinary way it would wait for its threads, which is not allowed within another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection to the first server that takes writes, driven by the runtime of now, and its timeline. The one that led
/// last is tried first. The bytes name the row of the connection in `commits`, if it writes.
pub(super) async fn connect(shared: &Shared, role: Role, wanted: Instant) -> Result<(Client, u32, [u8; 16]), Failure> {
    let Some(attempt) = shared.reach.of(role).enter(wanted, shared.lead.cluster()) else {
        return Err(Failure::Lost("the server cannot be reached".to_owned()));
    };
    let id = Uuid::new_v4().into_bytes();
    let servers = &shared.address.servers;
    let mut reached = Err(Failure::Lost("there is no server".to_owned()));
    for (number, server) in servers.iter().enumerate().cycle().skip(shared.lead.server()).take(servers.len()) {
        reached = usable(shared, role, &id, number, server).await;
        if reached.is_ok() {
            break;
        }
    }
    attempt.ended(reached.is_ok());
    reached.map(|(client, timeline)| (client, timeline, id))
}

async fn usable(
    shared: &Shared,
    role: Role,
    id: &[u8; 16],
    number: usize,
    server: &Config,
) -> Result<(Client, u32), Failure> {
    let (client, _driver) = lead::connect(&shared.address, server).await?;
    let timeline = match shared.address.servers.len() {
        0 | 1 => 0,
        _ => lead::timeline(&client).await?.unwrap_or_default(),
    };
    if !shared.lead.is_led_by(number, timeline) {
        return Err(Failure::Lost("another server leads".to_owned()));
    }
    let setting_up = async {
        client.batch_execute(&dialect::settings(shared.options.statement_time)).await?;
        if role == Role::Writes {
            client.batch_execute(&dialect::register(id, now(), now_less(FORGET))).await?;
        }
        Ok(())
    };
    match timeout(OPENING, setting_up).await {
        Ok(Ok(())) => Ok((client, timeline)),
        Ok(Err(error)) => Err(Failure::of(&error)),
        Err(_) => Err(Failure::Lost("the server does not answer".to_owned())),
    }
}

/// Now, in microseconds.
pub(super) fn now() -> i64 {
    now_less(Duration::ZERO)
}

fn now_less(ago: Duration) -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.saturating_sub(ago).as_micros()).unwrap_or(i64::MAX)
}
