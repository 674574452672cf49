//! Messages that wait for their delivery, sealed because they carry codes and passwords.

use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Tx};

/// A message at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The pool whose data key seals it.
    pub pool: String,
    /// The user it goes to.
    pub user: UserId,
    /// Time-ordered.
    pub id: [u8; 16],
    /// When it was written (microseconds).
    pub created: i64,
    /// The message.
    pub sealed: Vec<u8>,
}

/// How many messages of a user are kept.
pub const KEPT: i64 = 100;

/// Writes a message, in the place of the oldest where the user has [`KEPT`] already.
pub fn insert(tx: &mut dyn Tx, message: &Sealed) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM outbox WHERE pool = $1 AND user_id = $2 AND id <= \
         (SELECT id FROM outbox WHERE pool = $1 AND user_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)",
        &[Param::Text(&message.pool), Param::Bytes(&message.user), Param::Int(KEPT - 1)],
    )?;
    tx.execute(
        "INSERT INTO outbox (pool, user_id, id, created, sealed) VALUES ($1, $2, $3, $4, $5)",
        &[
            Param::Text(&message.pool),
            Param::Bytes(&message.user),
            Param::Bytes(&message.id),
            Param::Int(message.created),
            Param::Bytes(&message.sealed),
        ],
    )?;
    Ok(())
}

/// The newest messages of a user.
pub fn of_user(tx: &mut dyn Tx, pool: &str, user: &UserId, limit: i64) -> Result<Vec<Sealed>, DbError> {
    tx.query(
        "SELECT pool, user_id, id, created, sealed FROM outbox WHERE pool = $1 AND user_id = $2 \
         ORDER BY id DESC LIMIT $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Int(limit)],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// Removes a user's messages.
pub fn forget(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<(), DbError> {
    tx.execute("DELETE FROM outbox WHERE pool = $1 AND user_id = $2", &[Param::Text(pool), Param::Bytes(user)])?;
    Ok(())
}

/// The newest messages of a pool. Reads all of them: for development only.
pub fn of_pool(tx: &mut dyn Tx, pool: &str, limit: i64) -> Result<Vec<Sealed>, DbError> {
    tx.query(
        "SELECT pool, user_id, id, created, sealed FROM outbox WHERE pool = $1 ORDER BY id DESC LIMIT $2",
        &[Param::Text(pool), Param::Int(limit)],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// The newest messages of all pools. Reads the whole table: for development only.
pub fn newest(tx: &mut dyn Tx, limit: i64) -> Result<Vec<Sealed>, DbError> {
    tx.query("SELECT pool, user_id, id, created, sealed FROM outbox ORDER BY id DESC LIMIT $1", &[Param::Int(limit)])?
        .into_iter()
        .map(from_row)
        .collect()
}

fn from_row(mut row: crate::Row) -> Result<Sealed, DbError> {
    Ok(Sealed { pool: row.text(0)?, user: row.id(1)?, id: row.id(2)?, created: row.int(3)?, sealed: row.bytes(4)? })
}
