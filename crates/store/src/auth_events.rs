//! Authentication events: one row an attempt, newest first.

use cognate_domain::user::UserId;
use cognate_model::AuthEventType;

use crate::tx::{self, DbError, Param, Row, Tx};

/// How many events of a user are kept: an attacker who knocks without end must not fill the disk.
pub const KEPT: i64 = 1_000;

/// Writes an event in place of an earlier state of it.
pub fn put(tx: &mut dyn Tx, pool: &str, user: &UserId, id: &[u8; 16], event: &AuthEventType) -> Result<(), DbError> {
    let record = tx::to_json(event)?;
    tx.execute(
        "INSERT INTO auth_events (pool, user_id, id, record) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (pool, user_id, id) DO UPDATE SET record = excluded.record",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(id), Param::Text(&record)],
    )?;
    Ok(())
}

/// Writes a new event.
pub fn insert(tx: &mut dyn Tx, pool: &str, user: &UserId, id: &[u8; 16], event: &AuthEventType) -> Result<(), DbError> {
    let record = tx::to_json(event)?;
    tx.execute(
        "INSERT INTO auth_events (pool, user_id, id, record) VALUES ($1, $2, $3, $4)",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(id), Param::Text(&record)],
    )?;
    Ok(())
}

/// Removes a user's events.
pub fn forget(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<(), DbError> {
    tx.execute("DELETE FROM auth_events WHERE pool = $1 AND user_id = $2", &[Param::Text(pool), Param::Bytes(user)])?;
    Ok(())
}

/// Removes all but the newest [`KEPT`] events of a user, and all whose id lies below `oldest`.
pub fn trim(tx: &mut dyn Tx, pool: &str, user: &UserId, oldest: &[u8; 16]) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM auth_events WHERE pool = $1 AND user_id = $2 AND id < $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(oldest)],
    )?;
    let surplus = tx.query_one(
        "SELECT id FROM auth_events WHERE pool = $1 AND user_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Int(KEPT)],
    )?;
    if let Some(mut row) = surplus {
        let id = row.id(0)?;
        tx.execute(
            "DELETE FROM auth_events WHERE pool = $1 AND user_id = $2 AND id <= $3",
            &[Param::Text(pool), Param::Bytes(user), Param::Bytes(&id)],
        )?;
    }
    Ok(())
}

/// An event by its id.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId, id: &[u8; 16]) -> Result<Option<AuthEventType>, DbError> {
    tx.query_one(
        "SELECT record FROM auth_events WHERE pool = $1 AND user_id = $2 AND id = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(id)],
    )?
    .map(|mut row| row.json(0))
    .transpose()
}

/// Events older than `before` (all without it) whose id does not lie below `oldest`, newest first.
pub fn list(
    tx: &mut dyn Tx,
    pool: &str,
    user: &UserId,
    before: Option<&[u8; 16]>,
    oldest: &[u8; 16],
    limit: i64,
) -> Result<Vec<AuthEventType>, DbError> {
    tx.query(
        "SELECT record FROM auth_events WHERE pool = $1 AND user_id = $2 AND id < $3 AND id >= $4 \
         ORDER BY id DESC LIMIT $5",
        &[
            Param::Text(pool),
            Param::Bytes(user),
            Param::Bytes(before.map_or(&[u8::MAX; 17], |id| id.as_slice())),
            Param::Bytes(oldest),
            Param::Int(limit),
        ],
    )?
    .into_iter()
    .map(|mut row: Row| row.json(0))
    .collect()
}
