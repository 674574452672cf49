//! The trait that every table function is written against.

use thiserror::Error;

/// A transaction on some engine.
pub trait Tx {
    /// Runs a statement that answers no rows; returns how many rows it changed.
    fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, DbError>;
    /// Runs a query.
    fn query(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Rows, DbError>;
    /// Whether one statement that writes many rows costs less than one for each: where it is a message there and back.
    fn writes_many_at_once(&self) -> bool;
    /// Hears whom or what the transaction is about, where somebody keeps a record of it; engines do not.
    fn note(&mut self, _subject: Subject<'_>) {}
}

/// What a transaction is about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A pool.
    Pool(&'a str),
    /// A user.
    User(&'a [u8; 16]),
    /// Something else that is new, by the name that requests have for it.
    New(&'static str, &'a str),
}

impl dyn Tx + '_ {
    /// The first row of a query.
    pub fn query_one(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }
}

/// A bound parameter. Compared values are bytes, so that order never depends on a collation.
#[derive(Debug, Clone, Copy)]
pub enum Param<'a> {
    /// NULL.
    Null,
    /// An integer; times are microseconds.
    Int(i64),
    /// A text that is compared for equality at most.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// A column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The rows of a query.
pub type Rows = Vec<Row>;

/// A row; its columns are taken by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// An integer column.
    pub fn int(&self, column: usize) -> Result<i64, DbError> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(*value),
            other => Err(DbError::column(column, "an integer", other)),
        }
    }

    /// A text column, taken out of the row.
    pub fn text(&mut self, column: usize) -> Result<String, DbError> {
        match self.0.get_mut(column) {
            Some(Value::Text(value)) => Ok(std::mem::take(value)),
            other => Err(DbError::column(column, "text", other.as_deref())),
        }
    }

    /// A bytes column, taken out of the row.
    pub fn bytes(&mut self, column: usize) -> Result<Vec<u8>, DbError> {
        match self.0.get_mut(column) {
            Some(Value::Bytes(value)) => Ok(std::mem::take(value)),
            other => Err(DbError::column(column, "bytes", other.as_deref())),
        }
    }

    /// A column of sixteen bytes.
    pub fn id(&mut self, column: usize) -> Result<[u8; 16], DbError> {
        let bytes = self.bytes(column)?;
        bytes.try_into().map_err(|_| DbError::Corrupt(format!("column {column} is not sixteen bytes")))
    }

    /// A JSON column.
    pub fn json<T: serde::de::DeserializeOwned>(&mut self, column: usize) -> Result<T, DbError> {
        let text = self.text(column)?;
        // The value may be secret, so the message carries the position only.
        serde_json::from_str(&text)
            .map_err(|e| DbError::Corrupt(format!("column {column}: line {} column {}", e.line(), e.column())))
    }
}

/// What can go wrong in the store.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum DbError {
    /// A key exists already.
    #[error("a row with this key exists")]
    Exists,
    /// The row has changed since it was read: the transaction runs again.
    #[error("the row changed in the meantime")]
    Changed,
    /// The queue of writes is full.
    #[error("too many writes wait")]
    Busy,
    /// What was read is not what was written.
    #[error("the stored data is damaged: {0}")]
    Corrupt(String),
    /// The engine failed.
    #[error("the database failed: {0}")]
    Engine(String),
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
}

impl DbError {
    fn column(column: usize, wanted: &str, found: Option<&Value>) -> Self {
        let found = match found {
            None => "nothing",
            Some(Value::Null) => "NULL",
            Some(Value::Int(_)) => "an integer",
            Some(Value::Text(_)) => "text",
            Some(Value::Bytes(_)) => "bytes",
        };
        Self::Corrupt(format!("column {column} is {found}, not {wanted}"))
    }
}

/// Errors that can say "run me again".
pub trait Conflict {
    /// Whether the transaction lost a race and would do better on the state of now.
    fn is_conflict(&self) -> bool;
}

impl Conflict for DbError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Changed)
    }
}

/// How often a transaction that lost a race is run before the caller hears of it.
pub(crate) const ATTEMPTS: usize = 16;

/// Checks a compare-and-set: no row means that somebody else was faster.
pub(crate) fn changed(rows: u64) -> Result<(), DbError> {
    if rows == 0 { Err(DbError::Changed) } else { Ok(()) }
}

/// Cuts rows into those that a statement writes together: [`MANY`], or fewer that are to be written one by one.
pub(crate) fn in_many<'a, T>(tx: &dyn Tx, rows: &'a [T]) -> std::slice::Chunks<'a, T> {
    // Of a statement for many rows `SQLite` keeps a copy of every page that it touches, to take it back.
    rows.chunks(if tx.writes_many_at_once() { MANY } else { 1 })
}

/// JSON for a column.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|e| DbError::Corrupt(e.to_string()))
}

/// How many rows a statement writes that writes many.
pub(crate) const MANY: usize = 64;

/// The `VALUES` of such a statement: $1 begins each row, which is the pool, and `more` columns of its own follow.
pub(crate) fn many_rows(more: usize) -> String {
    let row = |row: usize| {
        let own: Vec<String> = (0..more).map(|column| format!("${}", 2 + row * more + column)).collect();
        format!("($1, {})", own.join(", "))
    };
    (0..MANY).map(row).collect::<Vec<_>>().join(", ")
}

/// The least byte string above every string with this prefix; none if there is no such string.
pub(crate) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::prefix_end;

    #[test]
    fn the_end_of_a_prefix_lies_above_all_its_strings() {
        assert_eq!(prefix_end(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(prefix_end(&[b'a', 255]), Some(b"b".to_vec()));
        assert_eq!(prefix_end(&[255, 255]), None);
        assert_eq!(prefix_end(b""), None);
    }
}
