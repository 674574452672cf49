//! Reads: on connections that are driven by the caller's own runtime, so that no thread waits and none hands over.
//!
//! A closure is synchronous and the server is not. So it runs on what is known of the answers so far (`script.rs`), stops
//! at the first statement that is not, and runs again once that one is answered. A read of one statement is its own
//! snapshot: it needs no transaction, and leaves at once behind those of other callers, in one message with them if they
//! come together. A read of several has a connection for itself. One of many would run too often that way: it runs once,
//! and its thread waits for the server while others take over the runtime's tasks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use super::Shared;
use super::attempt::{REACH, pause};
use super::failure::Failure;
use super::line::Role;
use super::script::{Script, Statement};
use super::shared_line::SharedLine;
use crate::Reads;
use crate::tx::{DbError, Param, Rows, Tx};

/// How many reads may be under way. Beyond it callers hear "too many requests".
const QUEUE: usize = 4_096;
/// How many statements leave on one connection before the next one is used. A few: the server works on each connection
/// with one core, and what stands behind a slow statement waits for it.
const DEPTH: usize = 8;
/// From how many statements on a closure does not run anew for each.
const MANY: usize = 6;

pub(super) struct Readers {
    places: Vec<Place>,
    /// Where the next one waits who finds no place.
    turn: AtomicUsize,
    under_way: AtomicUsize,
    /// How many statements closures had when they ran last, where it was more than one.
    lengths: RwLock<HashMap<usize, usize>>,
    shared: Arc<Shared>,
}

/// A place for a connection.
#[derive(Default)]
struct Place {
    /// Entered by many with a statement each, or by one with a transaction.
    gate: tokio::sync::RwLock<()>,
    statements: AtomicUsize,
    line: Mutex<Option<Arc<SharedLine>>>,
    /// Held by the one who opens it.
    opening: tokio::sync::Mutex<()>,
}

impl Readers {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            places: (0..shared.options.readers()).map(|_| Place::default()).collect(),
            turn: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            lengths: RwLock::default(),
            shared: Arc::clone(shared),
        }
    }

    pub(super) async fn run(&self, name: &'static str, reads: Reads<'_>) -> Result<(), DbError> {
        if Handle::try_current().is_err() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| DbError::Engine(error.to_string()))?;
            return runtime.block_on(self.run_here(name, reads));
        }
        self.run_here(name, reads).await
    }

    async fn run_here(&self, name: &'static str, reads: Reads<'_>) -> Result<(), DbError> {
        let _under_way = UnderWay::enter(&self.under_way)?;
        let which = name.as_ptr() as usize;
        let mut persistence = Persistence::begin();
        let mut expected = self.length(which);
        if expected < 2 {
            let mut script = Script::default();
            reads(&mut script);
            let Some(statement) = script.take_asked() else { return Ok(()) };
            script.learn(self.ask(&statement, &mut persistence).await);
            reads(&mut script);
            if script.take_asked().is_none() {
                return Ok(());
            }
            expected = 2;
        }
        // Again from the beginning: what was seen until now may be of another state than what is to come.
        loop {
            let mut reading = self.enter_alone(&persistence).await;
            let mut script = Script::default();
            let lost = loop {
                if (expected >= MANY || script.len() >= MANY) && may_block() {
                    let mut bridge = Bridge { script, reading: &mut reading, shared: &self.shared, lost: None };
                    tokio::task::block_in_place(|| reads(&mut bridge));
                    if let Some(lost) = bridge.lost {
                        break lost;
                    }
                    self.set_length(which, bridge.script.len());
                    reading.end();
                    return Ok(());
                }
                reads(&mut script);
                let Some(statement) = script.take_asked() else {
                    reading.end();
                    self.set_length(which, script.len());
                    return Ok(());
                };
                match reading.ask(&statement, &self.shared).await {
                    Err(Failure::Lost(reason)) => break Failure::Lost(reason),
                    answered => script.learn(answered.map_err(|failure| failure.error())),
                }
            };
            if reading.line.is_some() {
                self.shared.reach.of(Role::Reads).hung_up();
            }
            drop(reading);
            persistence.pause(lost, &self.shared).await?;
        }
    }

    fn length(&self, which: usize) -> usize {
        self.lengths.read().unwrap_or_else(PoisonError::into_inner).get(&which).copied().unwrap_or_default()
    }

    fn set_length(&self, which: usize, length: usize) {
        if self.length(which) != length {
            self.lengths.write().unwrap_or_else(PoisonError::into_inner).insert(which, length);
        }
    }

    /// One statement, beside those of others.
    async fn ask(
        &self,
        statement: &Statement,
        persistence: &mut Persistence,
    ) -> Result<Vec<tokio_postgres::Row>, DbError> {
        loop {
            let place = self.enter(persistence).await;
            let answered = match place.line(&self.shared, persistence.begun).await {
                Ok(line) => (line.query(statement).await, Some(line)),
                Err(failure) => (Err(failure), None),
            };
            match answered {
                (Err(Failure::Lost(reason)), line) => {
                    if let Some(line) = line {
                        place.hang_up(&line);
                        self.shared.reach.of(Role::Reads).hung_up();
                    }
                    drop(place);
                    persistence.pause(Failure::Lost(reason), &self.shared).await?;
                }
                (answered, _) => return answered.map_err(|failure| failure.error()),
            }
        }
    }

    /// A place beside others: the first that is not busy, so that statements that come together leave together.
    async fn enter(&self, persistence: &Persistence) -> Beside<'_> {
        let may_open = persistence.may_open(&self.shared);
        let free = |deepest: usize| {
            let places = self.places.iter().filter(|place| may_open || place.open().is_some());
            let mut free = places.filter(|place| place.statements.load(Ordering::Relaxed) < deepest);
            free.find_map(|place| Some(Beside::new(place, place.gate.try_read().ok()?)))
        };
        if let Some(place) = free(DEPTH).or_else(|| free(usize::MAX)) {
            return place;
        }
        let place = self.next();
        Beside::new(place, place.gate.read().await)
    }

    /// A place for oneself, from the other end.
    async fn enter_alone(&self, persistence: &Persistence) -> Alone<'_> {
        let may_open = persistence.may_open(&self.shared);
        let mut places = self.places.iter().rev().filter(|place| may_open || place.open().is_some());
        let free = places.find_map(|place| Some((place, place.gate.try_write().ok()?)));
        let (place, gate) = if let Some(free) = free {
            free
        } else {
            let place = self.next();
            (place, place.gate.write().await)
        };
        Alone { place, line: None, has_ended: true, wanted: persistence.begun, _gate: gate }
    }

    #[expect(clippy::indexing_slicing, reason = "there is one at least")]
    fn next(&self) -> &Place {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.places[turn % self.places.len()]
    }
}

impl Place {
    /// Its connection, opened if there is none that this runtime drives.
    async fn line(&self, shared: &Arc<Shared>, wanted: Instant) -> Result<Arc<SharedLine>, Failure> {
        if let Some(line) = self.open() {
            return Ok(line);
        }
        let _opening = self.opening.lock().await;
        if let Some(line) = self.open() {
            return Ok(line);
        }
        let line = Arc::new(SharedLine::open(shared, wanted).await?);
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&line));
        Ok(line)
    }

    fn open(&self) -> Option<Arc<SharedLine>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).as_ref().filter(|line| line.is_usable()).cloned()
    }

    /// Gives this connection up, unless somebody did so before.
    fn hang_up(&self, line: &Arc<SharedLine>) {
        let mut current = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, line)) {
            *current = None;
        }
    }
}

/// A place that others may use as well.
struct Beside<'a> {
    place: &'a Place,
    _gate: RwLockReadGuard<'a, ()>,
}

impl<'a> Beside<'a> {
    fn new(place: &'a Place, gate: RwLockReadGuard<'a, ()>) -> Self {
        place.statements.fetch_add(1, Ordering::Relaxed);
        Self { place, _gate: gate }
    }
}

impl std::ops::Deref for Beside<'_> {
    type Target = Place;

    fn deref(&self) -> &Place {
        self.place
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        self.place.statements.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place that nobody else uses, for a transaction that begins with its first statement.
struct Alone<'a> {
    place: &'a Place,
    line: Option<Arc<SharedLine>>,
    /// Whether the server hears of the end. If not, as after a failure, a panic, or a caller who hung up, the connection
    /// is given up.
    has_ended: bool,
    /// Since when the caller has waited.
    wanted: Instant,
    _gate: RwLockWriteGuard<'a, ()>,
}

impl Alone<'_> {
    async fn ask(&mut self, statement: &Statement, shared: &Arc<Shared>) -> Result<Vec<tokio_postgres::Row>, Failure> {
        if let Some(line) = &self.line {
            return line.query(statement).await;
        }
        let line = self.line.insert(self.place.line(shared, self.wanted).await?);
        self.has_ended = false;
        line.begin_with(statement).await
    }

    fn end(&mut self) {
        if let Some(line) = &self.line {
            line.post_end();
        }
        self.has_ended = true;
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        if let Some(line) = &self.line
            && !self.has_ended
        {
            self.place.hang_up(line);
        }
    }
}

/// Whether this thread may wait, because the runtime has others.
fn may_block() -> bool {
    Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread
}

/// What is known already, and whatever the server answers besides. It waits.
struct Bridge<'a, 'p> {
    script: Script,
    reading: &'a mut Alone<'p>,
    shared: &'a Arc<Shared>,
    lost: Option<Failure>,
}

impl Tx for Bridge<'_, '_> {
    fn writes_many_at_once(&self) -> bool {
        true
    }

    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, DbError> {
        self.script.execute(sql, params)
    }

    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Rows, DbError> {
        if let Some(lost) = &self.lost {
            return Err(lost.error());
        }
        if let Some(answer) = self.script.next() {
            return answer;
        }
        let statement = Statement::of(sql, params);
        match Handle::current().block_on(self.reading.ask(&statement, self.shared)) {
            Err(lost @ Failure::Lost(_)) => Err(self.lost.insert(lost).error()),
            answered => {
                self.script.learn(answered.map_err(|failure| failure.error()));
                self.script.next().unwrap_or_else(|| Ok(Rows::new()))
            }
        }
    }
}

/// A read under way, until it ends however it ends.
struct UnderWay<'a>(&'a AtomicUsize);

impl<'a> UnderWay<'a> {
    fn enter(count: &'a AtomicUsize) -> Result<Self, DbError> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let entered = Self(count);
        if before < QUEUE { Ok(entered) } else { Err(DbError::Busy) }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long a read goes on although the server is lost.
struct Persistence {
    begun: Instant,
    since: Option<Instant>,
    attempts: usize,
}

impl Persistence {
    fn begin() -> Self {
        Self { begun: Instant::now(), since: None, attempts: 0 }
    }

    /// Whether a place without a connection is as good as one that has it. Not after a failure, because no further one
    /// may be had.
    fn may_open(&self, shared: &Shared) -> bool {
        self.attempts == 0 && shared.reach.of(Role::Reads).is_worth_a_try()
    }

    /// Waits before the next attempt; the first one follows at once, because a connection that was idle may have ended.
    async fn pause(&mut self, failure: Failure, shared: &Shared) -> Result<(), DbError> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let way = shared.reach.of(Role::Reads);
        let is_given_up = self.attempts > 0 && way.is_given_up(shared.lead.has_followers());
        if is_given_up || way.is_out_of_reach(self.begun) || since.elapsed() > REACH {
            return Err(failure.error());
        }
        if self.attempts > 0 {
            tokio::time::sleep(pause(self.attempts)).await;
        }
        self.attempts += 1;
        Ok(())
    }
}
