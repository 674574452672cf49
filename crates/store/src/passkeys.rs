//! Passkeys: one row each, found by its id or with all of its user's.

use cognate_domain::passkeys::Passkey;
use cognate_domain::user::UserId;
use cognate_model::Timestamp;

use crate::tx::{self, DbError, Param, Row, Tx};

/// Writes a new passkey. [`DbError::Exists`] when somebody of the pool has one with this id.
pub fn insert(tx: &mut dyn Tx, pool: &str, passkey: &Passkey) -> Result<(), DbError> {
    let details = tx::to_json(&passkey.details)?;
    tx.execute(
        "INSERT INTO passkeys (pool, credential_id, user_id, version, created, counter, backed_up, public_key, details) \
         VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        &[
            Param::Text(pool),
            Param::Bytes(&passkey.id),
            Param::Bytes(&passkey.user),
            Param::Int(passkey.created.micros()),
            Param::Int(i64::from(passkey.counter)),
            Param::Int(i64::from(passkey.backed_up)),
            Param::Bytes(&passkey.public_key),
            Param::Text(&details),
        ],
    )?;
    Ok(())
}

/// Writes what the use of a passkey changed, unless it was used since it was read.
pub fn update(tx: &mut dyn Tx, pool: &str, passkey: &Passkey) -> Result<(), DbError> {
    let rows = tx.execute(
        "UPDATE passkeys SET version = version + 1, counter = $1, backed_up = $2 \
         WHERE pool = $3 AND credential_id = $4 AND user_id = $5 AND version = $6",
        &[
            Param::Int(i64::from(passkey.counter)),
            Param::Int(i64::from(passkey.backed_up)),
            Param::Text(pool),
            Param::Bytes(&passkey.id),
            Param::Bytes(&passkey.user),
            Param::Int(passkey.version),
        ],
    )?;
    tx::changed(rows)
}

/// A passkey of a user by its id.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId, id: &[u8]) -> Result<Option<Passkey>, DbError> {
    tx.query_one(
        "SELECT credential_id, user_id, version, created, counter, backed_up, public_key, details \
         FROM passkeys WHERE pool = $1 AND credential_id = $2 AND user_id = $3",
        &[Param::Text(pool), Param::Bytes(id), Param::Bytes(user)],
    )?
    .map(from_row)
    .transpose()
}

/// Whether anybody of the pool has a passkey with this id.
pub fn is_taken(tx: &mut dyn Tx, pool: &str, id: &[u8]) -> Result<bool, DbError> {
    let key = [Param::Text(pool), Param::Bytes(id)];
    Ok(tx.query_one("SELECT version FROM passkeys WHERE pool = $1 AND credential_id = $2", &key)?.is_some())
}

/// Where a listing goes on: behind the passkey that was registered then and has this id.
pub type Place = (i64, Vec<u8>);

/// A user's passkeys behind `after`, oldest first.
pub fn list(
    tx: &mut dyn Tx,
    pool: &str,
    user: &UserId,
    after: Option<&Place>,
    limit: i64,
) -> Result<Vec<Passkey>, DbError> {
    let (created, id) = after.map_or((i64::MIN, &[][..]), |(created, id)| (*created, id.as_slice()));
    tx.query(
        "SELECT credential_id, user_id, version, created, counter, backed_up, public_key, details \
         FROM passkeys WHERE pool = $1 AND user_id = $2 AND (created > $3 OR (created = $3 AND credential_id > $4)) \
         ORDER BY created, credential_id LIMIT $5",
        &[Param::Text(pool), Param::Bytes(user), Param::Int(created), Param::Bytes(id), Param::Int(limit)],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// How many passkeys a user has.
pub fn count(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<i64, DbError> {
    tx.query_one(
        "SELECT COUNT(*) FROM passkeys WHERE pool = $1 AND user_id = $2",
        &[Param::Text(pool), Param::Bytes(user)],
    )?
    .map_or(Ok(0), |row| row.int(0))
}

/// Removes a passkey of a user; says whether there was one.
pub fn delete(tx: &mut dyn Tx, pool: &str, user: &UserId, id: &[u8]) -> Result<bool, DbError> {
    let gone = tx.execute(
        "DELETE FROM passkeys WHERE pool = $1 AND credential_id = $2 AND user_id = $3",
        &[Param::Text(pool), Param::Bytes(id), Param::Bytes(user)],
    )?;
    Ok(gone > 0)
}

fn from_row(mut row: Row) -> Result<Passkey, DbError> {
    let counter = row.int(4)?;
    Ok(Passkey {
        id: row.bytes(0)?,
        user: row.id(1)?,
        version: row.int(2)?,
        created: Timestamp::from_micros(row.int(3)?),
        counter: u32::try_from(counter).map_err(|_| DbError::Corrupt(format!("{counter} is no counter")))?,
        backed_up: row.int(5)? != 0,
        public_key: row.bytes(6)?,
        details: row.json(7)?,
    })
}
