//! Which pools were changed, for the servers that share a database and keep pools and app clients in memory.
//!
//! A row is changed in the transaction that it tells of, and compared, never ordered: a transaction that commits late is
//! noticed late, but it is noticed.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::tx::{DbError, Param, Tx};

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// Tells of a change of a pool or of something in it that is kept in memory.
pub(crate) fn note(tx: &mut dyn Tx, pool: &str) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO config_changes (pool, version, changed) VALUES ($1, 1, $2) \
         ON CONFLICT (pool) DO UPDATE SET version = config_changes.version + 1, changed = excluded.changed",
        &[Param::Text(pool), Param::Int(now())],
    )?;
    Ok(())
}

/// Tells that a pool is gone. What was told of pools that went days ago has been heard.
pub(crate) fn note_removal(tx: &mut dyn Tx, pool: &str) -> Result<(), DbError> {
    note(tx, pool)?;
    tx.execute(
        "DELETE FROM config_changes WHERE changed < $1 \
         AND NOT EXISTS (SELECT 1 FROM user_pools p WHERE p.id = config_changes.pool)",
        &[Param::Int(now() - 2 * DAY)],
    )?;
    Ok(())
}

/// The pools that were changed within a day, each with the number of its changes. A day is longer than transactions
/// last and clocks differ, so that who asks more often misses none.
pub fn recent(tx: &mut dyn Tx) -> Result<Vec<(String, i64)>, DbError> {
    let rows = tx.query("SELECT pool, version FROM config_changes WHERE changed > $1", &[Param::Int(now() - DAY)])?;
    rows.into_iter().map(|mut row| Ok((row.text(0)?, row.int(1)?))).collect()
}

/// The time of the machine: nobody moves it as the clock of the pools is moved in tests.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
