//! What pools and app clients do about risks: one row each, where something is configured.

use cognate_model::RiskConfigurationType;

use crate::tx::{self, DbError, Param, Tx};

/// Writes the configuration of a client, or of the pool where none is named, in the place of an earlier one.
pub fn put(tx: &mut dyn Tx, pool: &str, client: Option<&str>, config: &RiskConfigurationType) -> Result<(), DbError> {
    let record = tx::to_json(config)?;
    tx.execute(
        "INSERT INTO risk_configurations (pool, client, record) VALUES ($1, $2, $3) \
         ON CONFLICT (pool, client) DO UPDATE SET record = excluded.record",
        &[Param::Text(pool), Param::Text(client.unwrap_or_default()), Param::Text(&record)],
    )?;
    Ok(())
}

/// The configuration of a client, or of the pool where none is named.
pub fn get(tx: &mut dyn Tx, pool: &str, client: Option<&str>) -> Result<Option<RiskConfigurationType>, DbError> {
    tx.query_one(
        "SELECT record FROM risk_configurations WHERE pool = $1 AND client = $2",
        &[Param::Text(pool), Param::Text(client.unwrap_or_default())],
    )?
    .map(|mut row| row.json(0))
    .transpose()
}

/// Removes a configuration; without one is no error.
pub fn delete(tx: &mut dyn Tx, pool: &str, client: Option<&str>) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM risk_configurations WHERE pool = $1 AND client = $2",
        &[Param::Text(pool), Param::Text(client.unwrap_or_default())],
    )?;
    Ok(())
}
