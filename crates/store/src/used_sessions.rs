//! Challenge sessions that have been used. A session is a sealed token, so only the used ones need a row.

use crate::tx::{DbError, Param, Tx};

/// Marks a session as used. [`DbError::Exists`] when it was used before: of two answers with it, one wins.
pub fn insert(tx: &mut dyn Tx, pool: &str, id: &[u8; 16], expires: i64) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO used_sessions (pool, id, expires) VALUES ($1, $2, $3)",
        &[Param::Text(pool), Param::Bytes(id), Param::Int(expires)],
    )?;
    Ok(())
}

/// Whether a session was used.
pub fn contains(tx: &mut dyn Tx, pool: &str, id: &[u8; 16]) -> Result<bool, DbError> {
    Ok(tx
        .query_one("SELECT 1 FROM used_sessions WHERE pool = $1 AND id = $2", &[Param::Text(pool), Param::Bytes(id)])?
        .is_some())
}

/// Removes marks of sessions that ended before `now`.
pub fn forget_ended(tx: &mut dyn Tx, now: i64) -> Result<(), DbError> {
    tx.execute("DELETE FROM used_sessions WHERE expires < $1", &[Param::Int(now)])?;
    Ok(())
}
