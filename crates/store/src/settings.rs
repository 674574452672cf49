//! Single facts about this installation.

use crate::tx::{DbError, Param, Tx};

/// The value of a setting.
pub fn get(tx: &mut dyn Tx, name: &str) -> Result<Option<Vec<u8>>, DbError> {
    tx.query_one("SELECT value FROM settings WHERE name = $1", &[Param::Text(name)])?
        .map(|mut row| row.bytes(0))
        .transpose()
}

/// Writes a setting that was not found in this transaction. Where another program was faster the transaction runs again,
/// and finds what that one wrote.
pub fn insert_missing(tx: &mut dyn Tx, name: &str, value: &[u8]) -> Result<(), DbError> {
    match insert(tx, name, value) {
        Err(DbError::Exists) => Err(DbError::Changed),
        other => other,
    }
}

/// Writes a setting that must not exist yet.
pub fn insert(tx: &mut dyn Tx, name: &str, value: &[u8]) -> Result<(), DbError> {
    tx.execute("INSERT INTO settings (name, value) VALUES ($1, $2)", &[Param::Text(name), Param::Bytes(value)])?;
    Ok(())
}
