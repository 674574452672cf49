//! How many users a pool has, in shards.

use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Tx};

/// How many rows share the count of a pool.
const SHARDS: u8 = 8;

/// Counts a user who came (`1`) or went (`-1`).
pub fn add(tx: &mut dyn Tx, pool: &str, user: &UserId, delta: i64) -> Result<(), DbError> {
    let [.., last] = user;
    tx.execute(
        "INSERT INTO counters (pool, shard, users) VALUES ($1, $2, $3) \
         ON CONFLICT (pool, shard) DO UPDATE SET users = counters.users + excluded.users",
        &[Param::Text(pool), Param::Int(i64::from(last % SHARDS)), Param::Int(delta)],
    )?;
    Ok(())
}

/// The users of a pool.
pub fn users(tx: &mut dyn Tx, pool: &str) -> Result<i64, DbError> {
    tx.query_one("SELECT CAST(COALESCE(SUM(users), 0) AS BIGINT) FROM counters WHERE pool = $1", &[Param::Text(pool)])?
        .map_or(Ok(0), |row| row.int(0))
}
