//! Confirmation codes, hashed; one for each purpose of a user.

use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Tx};

/// A code that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// A keyed hash of the code.
    pub hash: Vec<u8>,
    /// The attribute that it was sent to.
    pub attribute: String,
    /// How many wrong answers it has had.
    pub wrong: i64,
    /// When it was made (microseconds).
    pub created: i64,
    /// When it ends (microseconds).
    pub expires: i64,
}

/// Writes a code in place of an earlier one for the same purpose.
pub fn put(tx: &mut dyn Tx, pool: &str, user: &UserId, purpose: &str, code: &Code) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO codes (pool, user_id, purpose, hash, attribute, wrong, created, expires) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (pool, user_id, purpose) DO UPDATE SET \
         hash = excluded.hash, attribute = excluded.attribute, wrong = excluded.wrong, created = excluded.created, \
         expires = excluded.expires",
        &[
            Param::Text(pool),
            Param::Bytes(user),
            Param::Text(purpose),
            Param::Bytes(&code.hash),
            Param::Text(&code.attribute),
            Param::Int(code.wrong),
            Param::Int(code.created),
            Param::Int(code.expires),
        ],
    )?;
    Ok(())
}

/// The code for a purpose.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId, purpose: &str) -> Result<Option<Code>, DbError> {
    tx.query_one(
        "SELECT hash, attribute, wrong, created, expires FROM codes \
         WHERE pool = $1 AND user_id = $2 AND purpose = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(purpose)],
    )?
    .map(|mut row| {
        Ok(Code {
            hash: row.bytes(0)?,
            attribute: row.text(1)?,
            wrong: row.int(2)?,
            created: row.int(3)?,
            expires: row.int(4)?,
        })
    })
    .transpose()
}

/// Counts a wrong answer.
pub fn count_wrong(tx: &mut dyn Tx, pool: &str, user: &UserId, purpose: &str) -> Result<(), DbError> {
    tx.execute(
        "UPDATE codes SET wrong = wrong + 1 WHERE pool = $1 AND user_id = $2 AND purpose = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(purpose)],
    )?;
    Ok(())
}

/// Removes a code; says whether there was one, so that of two answers with it one wins.
pub fn delete(tx: &mut dyn Tx, pool: &str, user: &UserId, purpose: &str) -> Result<bool, DbError> {
    let gone = tx.execute(
        "DELETE FROM codes WHERE pool = $1 AND user_id = $2 AND purpose = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Text(purpose)],
    )?;
    Ok(gone > 0)
}
