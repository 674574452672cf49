//! What of a pool is written to a log: one row each, where something is configured.

use cognate_model::LogConfigurationType;

use crate::tx::{self, DbError, Param, Tx};

/// Writes the configuration of a pool in the place of an earlier one.
pub fn put(tx: &mut dyn Tx, pool: &str, configurations: &[LogConfigurationType]) -> Result<(), DbError> {
    let record = tx::to_json(&configurations)?;
    tx.execute(
        "INSERT INTO log_deliveries (pool, record) VALUES ($1, $2) \
         ON CONFLICT (pool) DO UPDATE SET record = excluded.record",
        &[Param::Text(pool), Param::Text(&record)],
    )?;
    Ok(())
}

/// The configuration of a pool; empty where there is none.
pub fn get(tx: &mut dyn Tx, pool: &str) -> Result<Vec<LogConfigurationType>, DbError> {
    let row = tx.query_one("SELECT record FROM log_deliveries WHERE pool = $1", &[Param::Text(pool)])?;
    row.map_or(Ok(Vec::new()), |mut row| row.json(0))
}
