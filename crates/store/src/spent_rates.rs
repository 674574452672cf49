//! What servers that share a database took out of their buckets for rate limits, so that each takes it out of its own.
//!
//! Each server keeps its newest reports and writes over the oldest. They are numbered, because a clock may be wrong.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::tx::{DbError, Param, Tx};

/// How many reports of a server are kept: who reads as often as they are made misses none.
const KEPT: i64 = 8;
/// How long those of a server that is gone are kept, in microseconds: longer than clocks differ. All servers read them.
const LEFT: i64 = 3_600_000_000;

/// What a server took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which server.
    pub node: String,
    /// Its reports are numbered from 1.
    pub number: i64,
    /// From which buckets, how much.
    pub spent: Vec<u8>,
}

/// Tells the others.
pub fn tell(tx: &mut dyn Tx, report: &Report) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO spent_rates (node, slot, report, told, spent) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (node, slot) DO UPDATE \
         SET report = excluded.report, told = excluded.told, spent = excluded.spent",
        &[
            Param::Text(&report.node),
            Param::Int(report.number % KEPT),
            Param::Int(report.number),
            Param::Int(now()),
            Param::Bytes(&report.spent),
        ],
    )?;
    Ok(())
}

/// The reports of all other servers.
pub fn others(tx: &mut dyn Tx, node: &str) -> Result<Vec<Report>, DbError> {
    let rows = tx.query("SELECT node, report, spent FROM spent_rates WHERE node <> $1", &[Param::Text(node)])?;
    rows.into_iter()
        .map(|mut row| Ok(Report { node: row.text(0)?, number: row.int(1)?, spent: row.bytes(2)? }))
        .collect()
}

/// Removes what servers left that are gone.
pub fn forget_the_gone(tx: &mut dyn Tx) -> Result<(), DbError> {
    tx.execute("DELETE FROM spent_rates WHERE told < $1", &[Param::Int(now() - LEFT)])?;
    Ok(())
}

/// The time of the machine: nobody moves it as the clock of the pools is moved in tests.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
