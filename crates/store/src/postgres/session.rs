//! `Tx` on a connection.

use tokio_postgres::types::ToSql;

use super::attempt::{REACH, pause};
use super::dialect::{BEGIN_READ, BEGIN_READ_COMMITTED, BEGIN_SERIALIZABLE, MARK};
use super::failure::Failure;
use super::faults::{Fault, Moment};
use super::line::{Connection, Line, Role, now};
use super::options::Isolation;
use super::values;
use crate::tx::{DbError, Param, Rows, Tx};

/// A transaction that begins with its first statement, in the same message as it.
pub(super) struct Session<'l> {
    line: &'l mut Line,
    begun: bool,
    /// What it wrote into the row of its connection, if it changed something.
    mark: Option<Mark>,
    /// The first failure; nothing is sent after it.
    failure: Option<Failure>,
    statements: usize,
}

/// What a statement brought.
enum Brought {
    Changed(u64),
    /// Nothing was inserted, because the key exists; the transaction goes on.
    Nothing,
    Rows(Vec<tokio_postgres::Row>),
}

impl<'l> Session<'l> {
    pub(super) fn new(line: &'l mut Line) -> Self {
        Self { line, begun: false, mark: None, failure: None, statements: 0 }
    }

    /// The first failure of a statement, whatever the closure made of it.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
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
        let mut brought = self.attempt(sql, params, changes);
        let mut attempt = 1;
        // A connection that was idle may have ended since, or the server be about to come back; a read that has seen
        // nothing yet begins anew.
        while matches!(brought, Err(Failure::Lost(_))) && self.may_begin_anew(attempt) {
            self.line.hang_up();
            self.begun = false;
            if attempt > 1 {
                std::thread::sleep(pause(attempt));
            }
            attempt += 1;
            brought = self.attempt(sql, params, changes);
        }
        self.statements += 1;
        match brought {
            Err(failure) => {
                let error = failure.error();
                self.failure = Some(failure);
                Err(error)
            }
            Ok(brought) => Ok(brought),
        }
    }

    fn may_begin_anew(&self, attempt: usize) -> bool {
        let is_fresh = self.line.role() == Role::Reads && self.statements == 0;
        let is_awaited = || self.line.shared().reach.lost_for().is_some_and(|time| time < REACH);
        is_fresh && (attempt == 1 || is_awaited())
    }

    fn attempt(&mut self, sql: &'static str, params: &[Param<'_>], changes: bool) -> Result<Brought, Failure> {
        let fault = self.fault();
        match fault {
            Some(Fault::Conflict) => return Err(Failure::Again("a test says so".to_owned())),
            Some(Fault::LostBefore) => return Err(self.lose()),
            Some(Fault::LostAfter) | None => {}
        }
        let brought = self.send(sql, params, changes)?;
        if fault.is_some() { Err(self.lose()) } else { Ok(brought) }
    }

    fn send(&mut self, sql: &'static str, params: &[Param<'_>], changes: bool) -> Result<Brought, Failure> {
        let (begins, marks) = (!self.begun, changes && self.mark.is_none() && self.line.role() == Role::Writes);
        let beginning = self.beginning();
        let connection = self.line.connection()?;
        let prepared = connection.prepare(sql)?;
        let marking = if marks { Some(Marking::next(connection)?) } else { None };
        self.begun = true;
        self.mark = marking.as_ref().map(|marking| marking.mark).or(self.mark);
        // All of it leaves in one message: the server takes one after the other and stops at the first that fails.
        let (begun, marked, brought) = connection.wait(async {
            let client = &connection.client;
            let begun = async { if begins { client.batch_execute(beginning).await } else { Ok(()) } };
            let marked = async {
                match &marking {
                    Some(marking) => marking.send(client).await,
                    None => Ok(1),
                }
            };
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
            let brought = async {
                Ok(if changes {
                    Brought::Changed(client.execute(&prepared.statement, &params).await?)
                } else {
                    Brought::Rows(client.query(&prepared.statement, &params).await?)
                })
            };
            Ok::<_, tokio_postgres::Error>(tokio::join!(biased; begun, marked, brought))
        })?;
        begun.map_err(|error| Failure::of(&error))?;
        if marked.map_err(|error| Failure::of(&error))? == 0 {
            return Err(Failure::Lost("the row of this connection is gone".to_owned()));
        }
        match brought.map_err(|error: tokio_postgres::Error| Failure::of(&error))? {
            Brought::Changed(0) if prepared.is_insert => Ok(Brought::Nothing),
            brought => Ok(brought),
        }
    }

    fn beginning(&self) -> &'static str {
        match (self.line.role(), self.line.shared().options.isolation) {
            (Role::Reads, _) => BEGIN_READ,
            (Role::Writes, Isolation::ReadCommitted) => BEGIN_READ_COMMITTED,
            (Role::Writes, Isolation::Serializable) => BEGIN_SERIALIZABLE,
        }
    }

    fn fault(&self) -> Option<Fault> {
        match self.line.role() {
            Role::Reads => None,
            Role::Writes => self.line.shared().options.faults.at(Moment::Statement(self.statements)),
        }
    }

    fn lose(&mut self) -> Failure {
        self.line.hang_up();
        Failure::Lost("a test cut the connection".to_owned())
    }
}

/// How a transaction is known: by the connection's row in `commits`, and the number it wrote there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) id: [u8; 16],
    pub(super) number: i64,
}

struct Marking {
    statement: tokio_postgres::Statement,
    mark: Mark,
}

impl Marking {
    fn next(connection: &mut Connection) -> Result<Self, Failure> {
        let statement = connection.prepare(MARK)?.statement;
        connection.number += 1;
        Ok(Self { statement, mark: Mark { id: connection.id, number: connection.number } })
    }

    async fn send(&self, client: &tokio_postgres::Client) -> Result<u64, tokio_postgres::Error> {
        let id: &[u8] = &self.mark.id;
        client.execute(&self.statement, &[&self.mark.number, &now(), &id]).await
    }
}

impl Tx for Session<'_> {
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, DbError> {
        match self.run(sql, params, true)? {
            Brought::Changed(rows) => Ok(rows),
            Brought::Nothing => Err(DbError::Exists),
            Brought::Rows(_) => Err(DbError::Engine("rows where none were asked for".to_owned())),
        }
    }

    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Rows, DbError> {
        match self.run(sql, params, false)? {
            Brought::Rows(found) => values::rows(&found),
            Brought::Changed(_) | Brought::Nothing => Ok(Rows::new()),
        }
    }
}
