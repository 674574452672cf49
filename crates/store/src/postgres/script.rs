//! A closure over answers that are known already.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::values;
use crate::tx::{DbError, Param, Rows, Tx};

/// What is known of a read: its statements are answered in their order, and the first that is not yet is noted.
#[derive(Default)]
pub(super) struct Script {
    known: Vec<Result<Vec<Row>, DbError>>,
    next: usize,
    asked: Option<Statement>,
}

impl Script {
    /// The statement at which the closure stopped; without one its answer stands. Whatever it answers after that it
    /// answers in ignorance. The next run begins at the beginning.
    pub(super) fn take_asked(&mut self) -> Option<Statement> {
        self.next = 0;
        self.asked.take()
    }

    /// Notes what that statement brought.
    pub(super) fn learn(&mut self, answer: Result<Vec<Row>, DbError>) {
        self.known.push(answer);
    }

    /// How many statements are answered.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// The answer to the next statement, if it is known.
    pub(super) fn next(&mut self) -> Option<Result<Rows, DbError>> {
        let answer = self.known.get(self.next)?;
        self.next += 1;
        Some(answer.as_ref().map_err(Clone::clone).and_then(|rows| values::rows(rows)))
    }
}

impl Tx for Script {
    fn writes_many_at_once(&self) -> bool {
        true
    }

    fn execute(&mut self, _: &'static str, _: &[Param<'_>]) -> Result<u64, DbError> {
        Err(DbError::Engine("a read changes nothing".to_owned()))
    }

    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Rows, DbError> {
        if self.asked.is_some() {
            return Err(DbError::Closed);
        }
        self.next().unwrap_or_else(|| {
            self.asked = Some(Statement::of(sql, params));
            Err(DbError::Closed)
        })
    }
}

/// A statement that outlives the call that asked for it.
pub(super) struct Statement {
    pub(super) sql: &'static str,
    params: Vec<Owned>,
}

enum Owned {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Owned {
    fn of(param: &Param<'_>) -> Self {
        match *param {
            Param::Null => Self::Null,
            Param::Int(value) => Self::Int(value),
            Param::Text(value) => Self::Text(value.to_owned()),
            Param::Bytes(value) => Self::Bytes(value.to_owned()),
        }
    }

    fn param(&self) -> Param<'_> {
        match self {
            Self::Null => Param::Null,
            Self::Int(value) => Param::Int(*value),
            Self::Text(value) => Param::Text(value),
            Self::Bytes(value) => Param::Bytes(value),
        }
    }
}

impl Statement {
    pub(super) fn of(sql: &'static str, params: &[Param<'_>]) -> Self {
        Self { sql, params: params.iter().map(Owned::of).collect() }
    }

    /// Its parameters.
    pub(super) fn params(&self) -> Vec<Param<'_>> {
        self.params.iter().map(Owned::param).collect()
    }
}

/// Parameters as the client library takes them.
pub(super) fn bound<'a>(params: &'a [Param<'_>]) -> impl ExactSizeIterator<Item = &'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync))
}
