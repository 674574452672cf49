//! User pools: one row each, the configuration as JSON and the pool's data key sealed under the master key.

use cognate_domain::Pool;

use crate::tx::{self, DbError, Param, Row, Tx};

/// A pool with its sealed data key.
#[derive(Debug, Clone)]
pub struct StoredPool {
    /// The pool.
    pub pool: Pool,
    /// Its data key, sealed under the master key.
    pub data_key: Vec<u8>,
}

/// Writes a new pool.
pub fn insert(tx: &mut dyn Tx, pool: &Pool, data_key: &[u8]) -> Result<(), DbError> {
    let record = tx::to_json(pool)?;
    tx.execute(
        "INSERT INTO user_pools (id, version, record, data_key) VALUES ($1, 1, $2, $3)",
        &[Param::Text(pool.id()), Param::Text(&record), Param::Bytes(data_key)],
    )?;
    Ok(())
}

/// Writes a changed pool, unless it changed since it was read.
pub fn update(tx: &mut dyn Tx, pool: &Pool) -> Result<(), DbError> {
    let record = tx::to_json(pool)?;
    let rows = tx.execute(
        "UPDATE user_pools SET record = $1, version = version + 1 WHERE id = $2 AND version = $3",
        &[Param::Text(&record), Param::Text(pool.id()), Param::Int(pool.version)],
    )?;
    tx::changed(rows)
}

/// A pool by its id.
pub fn get(tx: &mut dyn Tx, id: &str) -> Result<Option<StoredPool>, DbError> {
    tx.query_one("SELECT record, data_key, version FROM user_pools WHERE id = $1 /*stays*/", &[Param::Text(id)])?
        .map(from_row)
        .transpose()
}

/// The same for whoever goes on to [`delete`] the pool: of two who held it neither could remove it.
pub fn get_to_delete(tx: &mut dyn Tx, id: &str) -> Result<Option<StoredPool>, DbError> {
    tx.query_one("SELECT record, data_key, version FROM user_pools WHERE id = $1", &[Param::Text(id)])?
        .map(from_row)
        .transpose()
}

/// Whether there is such a pool, and in a transaction that writes: whether it stays until the commit. What is put into a
/// pool asks in the same transaction, since the pool that the request began with may be gone by now, and nothing may be
/// left behind in a pool that was deleted.
pub fn exists(tx: &mut dyn Tx, id: &str) -> Result<bool, DbError> {
    Ok(tx.query_one("SELECT version FROM user_pools WHERE id = $1 /*stays*/", &[Param::Text(id)])?.is_some())
}

/// Pools whose id lies behind `after`, in the order of ids.
pub fn list(tx: &mut dyn Tx, after: &str, limit: i64) -> Result<Vec<StoredPool>, DbError> {
    tx.query(
        "SELECT record, data_key, version FROM user_pools WHERE id > $1 ORDER BY id LIMIT $2",
        &[Param::Text(after), Param::Int(limit)],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// Removes a pool and everything in it, unless it is gone already. The pool goes first: that waits for those who are
/// putting something into it, and what they put there is removed as well.
pub fn delete(tx: &mut dyn Tx, id: &str) -> Result<(), DbError> {
    tx::changed(tx.execute("DELETE FROM user_pools WHERE id = $1", &[Param::Text(id)])?)?;
    for statement in [
        "DELETE FROM client_pools WHERE pool = $1",
        "DELETE FROM clients WHERE pool = $1",
        "DELETE FROM signing_keys WHERE pool = $1",
        "DELETE FROM users WHERE pool = $1",
        "DELETE FROM user_aliases WHERE pool = $1",
        "DELETE FROM user_attributes WHERE pool = $1",
        "DELETE FROM groups WHERE pool = $1",
        "DELETE FROM group_members WHERE pool = $1",
        "DELETE FROM user_groups WHERE pool = $1",
        "DELETE FROM refresh_tokens WHERE pool = $1",
        "DELETE FROM codes WHERE pool = $1",
        "DELETE FROM attempts WHERE pool = $1",
        "DELETE FROM used_sessions WHERE pool = $1",
        "DELETE FROM auth_events WHERE pool = $1",
        "DELETE FROM outbox WHERE pool = $1",
        "DELETE FROM srp_verifiers WHERE pool = $1",
        "DELETE FROM passkeys WHERE pool = $1",
        "DELETE FROM passkey_challenges WHERE pool = $1",
        "DELETE FROM devices WHERE pool = $1",
        "DELETE FROM risk_configurations WHERE pool = $1",
        "DELETE FROM risk_marks WHERE pool = $1",
        "DELETE FROM import_jobs WHERE pool = $1",
        "DELETE FROM import_files WHERE pool = $1",
        "DELETE FROM import_outcomes WHERE pool = $1",
        "DELETE FROM counters WHERE pool = $1",
    ] {
        tx.execute(statement, &[Param::Text(id)])?;
    }
    Ok(())
}

fn from_row(mut row: Row) -> Result<StoredPool, DbError> {
    let mut pool: Pool = row.json(0)?;
    pool.version = row.int(2)?;
    Ok(StoredPool { pool, data_key: row.bytes(1)? })
}
