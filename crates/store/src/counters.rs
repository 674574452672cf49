//! How many users a pool has, in shards.

use std::collections::BTreeMap;

use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Tx};

/// How many rows share the count of a pool.
const SHARDS: u8 = 8;

/// Counts a user who came (`1`) or went (`-1`).
pub fn add(tx: &mut dyn Tx, pool: &str, user: &UserId, delta: i64) -> Result<(), DbError> {
    add_to_shard(tx, pool, shard(user), delta)
}

/// Counts many who came.
pub fn add_all<'a>(tx: &mut dyn Tx, pool: &str, users: impl Iterator<Item = &'a UserId>) -> Result<(), DbError> {
    let mut counts = BTreeMap::new();
    for user in users {
        *counts.entry(shard(user)).or_default() += 1;
    }
    counts.into_iter().try_for_each(|(shard, count)| add_to_shard(tx, pool, shard, count))
}

fn shard(user: &UserId) -> u8 {
    let [.., last] = user;
    last % SHARDS
}

fn add_to_shard(tx: &mut dyn Tx, pool: &str, shard: u8, delta: i64) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO counters (pool, shard, users) VALUES ($1, $2, $3) \
         ON CONFLICT (pool, shard) DO UPDATE SET users = counters.users + excluded.users",
        &[Param::Text(pool), Param::Int(i64::from(shard)), Param::Int(delta)],
    )?;
    Ok(())
}

/// The users of a pool.
pub fn users(tx: &mut dyn Tx, pool: &str) -> Result<i64, DbError> {
    tx.query_one("SELECT CAST(COALESCE(SUM(users), 0) AS BIGINT) FROM counters WHERE pool = $1", &[Param::Text(pool)])?
        .map_or(Ok(0), |row| row.int(0))
}
