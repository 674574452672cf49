//! How often a user has done something that is limited per window of time.

use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Tx};

/// The count in the window that began at most `window` microseconds ago. Those who count at once do not come in the order
/// of their clocks, so it may also have begun a little later than `now`.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str, now: i64, window: i64) -> Result<i64, DbError> {
    let found = tx.query_one(
        "SELECT count, since FROM attempts WHERE pool = $1 AND user_id = $2 AND kind = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(kind)],
    )?;
    match found {
        Some(row) if row.int(1)? > now.saturating_sub(window) && row.int(1)? <= now.saturating_add(window) => {
            row.int(0)
        }
        _ => Ok(0),
    }
}

/// The same in a transaction that goes on to count: until its commit nobody else counts, so that each sees what the
/// earlier ones left.
pub fn get_to_count(
    tx: &mut dyn Tx,
    pool: &str,
    user: &UserId,
    kind: &str,
    now: i64,
    window: i64,
) -> Result<i64, DbError> {
    hold_since(tx, pool, user, kind, now)?;
    get(tx, pool, user, kind, now, window)
}

/// Lets nobody else count until the commit.
pub fn hold(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str) -> Result<(), DbError> {
    hold_since(tx, pool, user, kind, 0)
}

fn hold_since(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str, since: i64) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO attempts (pool, user_id, kind, count, since) VALUES ($1, $2, $3, 0, $4) \
         ON CONFLICT (pool, user_id, kind) DO UPDATE SET count = attempts.count",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(kind), Param::Int(since)],
    )?;
    Ok(())
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
    tx.execute(
        "INSERT INTO attempts (pool, user_id, kind, count, since) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (pool, user_id, kind) DO UPDATE SET count = excluded.count, since = excluded.since",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(kind), Param::Int(count), Param::Int(since)],
    )?;
    Ok(())
}

/// Counts one more and answers the count in the window that began at most `window` microseconds ago. Counted by the
/// statement that writes: of several at once, none counts over another.
pub fn count(tx: &mut dyn Tx, pool: &str, user: &UserId, kind: &str, now: i64, window: i64) -> Result<i64, DbError> {
    let key = [Param::Text(pool), Param::Bytes(user), Param::Text(kind)];
    let [pool, user, kind] = key;
    tx.execute(
        "INSERT INTO attempts (pool, user_id, kind, count, since) VALUES ($1, $2, $3, 1, $4) \
         ON CONFLICT (pool, user_id, kind) DO UPDATE SET \
         count = CASE WHEN attempts.since > $5 AND attempts.since <= $6 THEN attempts.count + 1 ELSE 1 END, \
         since = CASE WHEN attempts.since > $5 AND attempts.since <= $6 AND attempts.count > 0 THEN attempts.since \
         ELSE $4 END",
        &[
            pool,
            user,
            kind,
            Param::Int(now),
            Param::Int(now.saturating_sub(window)),
            Param::Int(now.saturating_add(window)),
        ],
    )?;
    tx.query_one("SELECT count FROM attempts WHERE pool = $1 AND user_id = $2 AND kind = $3", &key)?
        .map_or(Ok(0), |row| row.int(0))
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
