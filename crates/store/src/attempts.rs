//! How often a user has done something that is limited per window of time.

use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Tx};

/// The count in the window that began at most `window` microseconds ago.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str, now: i64, window: i64) -> Result<i64, DbError> {
    let found = tx.query_one(
        "SELECT count, since FROM attempts WHERE pool = $1 AND user_id = $2 AND kind = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(kind)],
    )?;
    match found {
        Some(row) if row.int(1)? > now.saturating_sub(window) && row.int(1)? <= now => row.int(0),
        _ => Ok(0),
    }
}

/// The count and the moment that belongs to it, however long ago.
pub fn latest(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str) -> Result<Option<(i64, i64)>, DbError> {
    let found = tx.query_one(
        "SELECT count, since FROM attempts WHERE pool = $1 AND user_id = $2 AND kind = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(kind)],
    )?;
    found.map(|row| Ok((row.int(0)?, row.int(1)?))).transpose()
}

/// Writes a count with the moment that belongs to it.
pub fn put(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str, count: i64, since: i64) -> Result<(), DbError> {
    clear(tx, pool, user, kind)?;
    tx.execute(
        "INSERT INTO attempts (pool, user_id, kind, count, since) VALUES ($1, $2, $3, $4, $5)",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(kind), Param::Int(count), Param::Int(since)],
    )?;
    Ok(())
}

/// Counts one more and answers the count in the window that began at most `window` microseconds ago.
pub fn count(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str, now: i64, window: i64) -> Result<i64, DbError> {
    let key = [Param::Text(pool), Param::Bytes(user), Param::Text(kind)];
    let found = tx.query_one("SELECT since FROM attempts WHERE pool = $1 AND user_id = $2 AND kind = $3", &key)?;
    let count = get(tx, pool, user, kind, now, window)? + 1;
    let since = match found {
        Some(row) if count > 1 => row.int(0)?,
        _ => now,
    };
    put(tx, pool, user, kind, count, since)?;
    Ok(count)
}

/// Counts one less: what was counted ahead did not come about.
pub fn take_back(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str) -> Result<(), DbError> {
    tx.execute(
        "UPDATE attempts SET count = count - 1 WHERE pool = $1 AND user_id = $2 AND kind = $3 AND count > 0",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(kind)],
    )?;
    Ok(())
}

/// Forgets what was counted.
pub fn clear(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM attempts WHERE pool = $1 AND user_id = $2 AND kind = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(kind)],
    )?;
    Ok(())
}
