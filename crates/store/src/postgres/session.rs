//! `Tx` on a connection that writes.
//!
//! Most statements of a transaction are inserts of keys that are free, and the closure goes on as it does when they are.
//! So an insert is taken to have worked, put off until the next question or the end, and leaves in one message with
//! what follows. If it turns out otherwise, nothing of the transaction stands, and the closure runs again without guesses.

use std::future::poll_fn;
use std::task::Poll;

use tokio_postgres::{Client, Error, Row, Statement as Prepared};

use super::dialect::{self, BEGIN_READ_COMMITTED, BEGIN_SERIALIZABLE, MARK};
use super::failure::Failure;
use super::faults::{Fault, Moment};
use super::line::{Connection, Line, now};
use super::options::Isolation;
use super::script::{Statement, bound};
use super::values;
use crate::tx::{DbError, Param, Rows, Tx};

/// How many statements are put off at most.
const PUT_OFF: usize = 64;

/// A transaction that begins with its first statement, in the same message as it.
pub(super) struct Session<'l> {
    line: &'l mut Line,
    guesses: Guesses,
    begun: bool,
    /// What it wrote into the row of its connection, if it changed something.
    mark: Option<Mark>,
    /// Inserts that the server has not heard of.
    put_off: Vec<Statement>,
    /// The first failure; nothing is sent after it.
    failure: Option<Failure>,
    /// Whether a guess was wrong; nothing is sent after it.
    guessed_wrong: bool,
    statements: usize,
}

/// Whether a transaction may take inserts to have worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guesses {
    Allowed,
    Forbidden,
}

/// What a statement brought.
enum Brought {
    Changed(u64),
    Rows(Vec<Row>),
}

impl<'l> Session<'l> {
    pub(super) fn new(line: &'l mut Line, guesses: Guesses) -> Self {
        Self {
            line,
            guesses,
            begun: false,
            mark: None,
            put_off: Vec::new(),
            failure: None,
            guessed_wrong: false,
            statements: 0,
        }
    }

    /// Sends what was put off, so that whatever the closure decided it decided in knowledge. Without an error its
    /// decision stands.
    pub(super) fn settle(&mut self) {
        if !self.put_off.is_empty() && self.failure.is_none() && !self.guessed_wrong {
            // The failure, or the wrong guess, is noted.
            let _ = self.send(None);
        }
    }

    /// The first failure of a statement, whatever the closure made of it.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    pub(super) fn has_guessed_wrong(&self) -> bool {
        self.guessed_wrong
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// The mark by which a transaction that changed something is known.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.mark
    }

    fn run(&mut self, sql: &'static str, params: &[Param<'_>], changes: bool) -> Result<Brought, DbError> {
        if let Some(failure) = &self.failure {
            return Err(failure.error());
        }
        if self.guessed_wrong {
            return Err(DbError::Changed);
        }
        let fault = self.line.shared().options.faults.at(Moment::Statement(self.statements));
        self.statements += 1;
        let statement = Statement::of(sql, params);
        if changes && fault.is_none() && self.guesses == Guesses::Allowed && dialect::inserts_a_row(sql) {
            self.put_off.push(statement);
            if self.put_off.len() >= PUT_OFF {
                self.send(None)?;
            }
            return Ok(Brought::Changed(1));
        }
        match fault {
            Some(Fault::Conflict) => return Err(self.fail(Failure::Again("a test says so".to_owned()))),
            Some(Fault::LostBefore) => return Err(self.lose()),
            Some(Fault::LostAfter) | None => {}
        }
        let brought = self.send(Some((&statement, changes)))?;
        if fault.is_some() { Err(self.lose()) } else { Ok(brought) }
    }

    /// Sends what was put off, and a statement behind it.
    fn send(&mut self, last: Option<(&Statement, bool)>) -> Result<Brought, DbError> {
        let put_off = std::mem::take(&mut self.put_off);
        match self.try_send(&put_off, last) {
            Ok(Answers { guesses_hold: true, brought }) => Ok(brought),
            Ok(_) => {
                self.guessed_wrong = true;
                Err(DbError::Changed)
            }
            Err(failure) => Err(self.fail(failure)),
        }
    }

    fn try_send(&mut self, put_off: &[Statement], last: Option<(&Statement, bool)>) -> Result<Answers, Failure> {
        let changes = !put_off.is_empty() || last.is_some_and(|(_, changes)| changes);
        let (begins, marks) = (!self.begun, changes && self.mark.is_none());
        let beginning = match self.line.shared().options.isolation {
            Isolation::ReadCommitted => BEGIN_READ_COMMITTED,
            Isolation::Serializable => BEGIN_SERIALIZABLE,
        };
        let connection = self.line.connection()?;
        let mut prepared = Vec::with_capacity(put_off.len() + 1);
        for statement in put_off.iter().chain(last.map(|(statement, _)| statement)) {
            prepared.push(connection.prepare(statement.sql)?);
        }
        let marking = if marks { Some(Marking::next(connection)?) } else { None };
        self.begun = true;
        self.mark = marking.as_ref().map(|marking| marking.mark).or(self.mark);
        // All of it leaves in one message: the server takes one after the other and stops at the first that fails.
        let (begun, marked, inserted, brought) = connection.wait(async {
            let client = &connection.client;
            let begun = async { if begins { client.batch_execute(beginning).await } else { Ok(()) } };
            let marked = async {
                match &marking {
                    Some(marking) => marking.send(client).await,
                    None => Ok(1),
                }
            };
            let inserts =
                put_off.iter().zip(&prepared).map(|(statement, prepared)| execute(client, prepared, statement));
            let inserted = in_order(inserts.collect());
            let brought = async {
                match (last, prepared.last()) {
                    (Some((statement, true)), Some(prepared)) => {
                        execute(client, prepared, statement).await.map(Brought::Changed)
                    }
                    (Some((statement, false)), Some(prepared)) => {
                        query(client, prepared, statement).await.map(Brought::Rows)
                    }
                    _ => Ok(Brought::Changed(0)),
                }
            };
            Ok(tokio::join!(biased; begun, marked, inserted, brought))
        })?;
        begun.map_err(|error| Failure::of(&error))?;
        if marked.map_err(|error| Failure::of(&error))? == 0 {
            return Err(Failure::Lost("the row of this connection is gone".to_owned()));
        }
        let mut guesses_hold = true;
        for rows in inserted {
            match rows.map_err(|error| Failure::of(&error)) {
                Ok(rows) => guesses_hold &= rows == 1,
                // By another key than the one that is looked at; nothing behind it was done.
                Err(Failure::Refused(DbError::Exists)) => return Ok(Answers::wrong()),
                Err(failure) => return Err(failure),
            }
        }
        match brought {
            Ok(brought) => Ok(Answers { guesses_hold, brought }),
            Err(_) if !guesses_hold => Ok(Answers::wrong()),
            Err(error) => Err(Failure::of(&error)),
        }
    }

    fn fail(&mut self, failure: Failure) -> DbError {
        let error = failure.error();
        self.failure = Some(failure);
        error
    }

    fn lose(&mut self) -> DbError {
        self.line.hang_up();
        self.fail(Failure::Lost("a test cut the connection".to_owned()))
    }
}

struct Answers {
    /// Whether each insert that was put off inserted its row.
    guesses_hold: bool,
    /// What the last statement brought.
    brought: Brought,
}

impl Answers {
    fn wrong() -> Self {
        Self { guesses_hold: false, brought: Brought::Changed(0) }
    }
}

async fn execute(client: &Client, prepared: &Prepared, statement: &Statement) -> Result<u64, Error> {
    let params = statement.params();
    client.execute_raw(prepared, bound(&params)).await
}

async fn query(client: &Client, prepared: &Prepared, statement: &Statement) -> Result<Vec<Row>, Error> {
    let params = statement.params();
    let params: Vec<_> = bound(&params).collect();
    client.query(prepared, &params).await
}

/// Sends one behind the other, and waits for all.
async fn in_order<F: Future>(statements: Vec<F>) -> Vec<F::Output> {
    let mut sent: Vec<_> = statements.into_iter().map(|statement| (Box::pin(statement), None)).collect();
    poll_fn(|cx| {
        for (statement, outcome) in sent.iter_mut().filter(|(_, outcome)| outcome.is_none()) {
            if let Poll::Ready(ready) = statement.as_mut().poll(cx) {
                *outcome = Some(ready);
            }
        }
        if sent.iter().all(|(_, outcome)| outcome.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    sent.into_iter().filter_map(|(_, outcome)| outcome).collect()
}

/// How a transaction is known: by the connection's row in `commits`, and the number it wrote there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) id: [u8; 16],
    pub(super) number: i64,
}

struct Marking {
    statement: Prepared,
    mark: Mark,
}

impl Marking {
    fn next(connection: &mut Connection) -> Result<Self, Failure> {
        let statement = connection.prepare(MARK)?;
        connection.number += 1;
        Ok(Self { statement, mark: Mark { id: connection.id, number: connection.number } })
    }

    async fn send(&self, client: &Client) -> Result<u64, Error> {
        let id: &[u8] = &self.mark.id;
        client.execute(&self.statement, &[&self.mark.number, &now(), &id]).await
    }
}

impl Tx for Session<'_> {
    fn writes_many_at_once(&self) -> bool {
        true
    }

    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, DbError> {
        match self.run(sql, params, true)? {
            // Nothing was inserted, because the key exists; the transaction goes on.
            Brought::Changed(0) if dialect::is_plain_insert(sql) => Err(DbError::Exists),
            Brought::Changed(rows) => Ok(rows),
            Brought::Rows(_) => Err(DbError::Engine("rows where none were asked for".to_owned())),
        }
    }

    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Rows, DbError> {
        match self.run(sql, params, false)? {
            Brought::Rows(found) => values::rows(&found),
            Brought::Changed(_) => Ok(Rows::new()),
        }
    }
}
