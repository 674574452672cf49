//! The audit trail: one row an administrative change, in the order of time. Rows are added; what was kept for long
//! enough is removed, and nothing changes a row.

use crate::tx::{DbError, Param, Tx};

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A UUID of version 7, so that entries are in the order of time.
    pub id: [u8; 16],
    /// The pool; empty where the change is of none.
    pub pool: String,
    /// The operation.
    pub operation: String,
    /// All that is known, as JSON.
    pub record: String,
}

/// Which entries to read.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Those behind this id.
    pub after: &'a [u8; 16],
    /// Those before this id.
    pub before: &'a [u8; 16],
    /// Those of this pool; all of them if it is empty.
    pub pool: &'a str,
    /// Those of this operation; all of them if it is empty.
    pub operation: &'a str,
}

/// Adds an entry. One that is there already stays as it is.
pub fn append(tx: &mut dyn Tx, id: &[u8; 16], pool: &str, operation: &str, record: &str) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO audit (id, pool, operation, record) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        &[Param::Bytes(id), Param::Text(pool), Param::Text(operation), Param::Text(record)],
    )?;
    Ok(())
}

/// Entries, oldest first.
pub fn oldest_first(tx: &mut dyn Tx, wanted: &Wanted<'_>, limit: i64) -> Result<Vec<Entry>, DbError> {
    list(
        tx,
        "SELECT id, pool, operation, record FROM audit WHERE id > $1 AND id < $2 \
         AND ($3 = '' OR pool = $3) AND ($4 = '' OR operation = $4) ORDER BY id LIMIT $5",
        wanted,
        limit,
    )
}

/// Entries, newest first.
pub fn newest_first(tx: &mut dyn Tx, wanted: &Wanted<'_>, limit: i64) -> Result<Vec<Entry>, DbError> {
    list(
        tx,
        "SELECT id, pool, operation, record FROM audit WHERE id > $1 AND id < $2 \
         AND ($3 = '' OR pool = $3) AND ($4 = '' OR operation = $4) ORDER BY id DESC LIMIT $5",
        wanted,
        limit,
    )
}

fn list(tx: &mut dyn Tx, sql: &'static str, wanted: &Wanted<'_>, limit: i64) -> Result<Vec<Entry>, DbError> {
    let Wanted { after, before, pool, operation } = *wanted;
    let params =
        [Param::Bytes(after), Param::Bytes(before), Param::Text(pool), Param::Text(operation), Param::Int(limit)];
    tx.query(sql, &params)?
        .into_iter()
        .map(|mut row| Ok(Entry { id: row.id(0)?, pool: row.text(1)?, operation: row.text(2)?, record: row.text(3)? }))
        .collect()
}

/// Removes up to `limit` entries that are older than this id. Says how many it were.
pub fn prune(tx: &mut dyn Tx, before: &[u8; 16], limit: i64) -> Result<u64, DbError> {
    tx.execute(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < $1 ORDER BY id LIMIT $2)",
        &[Param::Bytes(before), Param::Int(limit)],
    )
}
