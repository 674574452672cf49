//! The keys with which a pool signs its tokens: for each purpose one after the other.

use crate::tx::{DbError, Param, Row, Tx};

/// A signing key at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// `id` or `access`: each kind of token has keys of its own.
    pub purpose: String,
    /// Its place in the order of keys, from 1.
    pub number: i64,
    /// The key id that tokens name.
    pub kid: String,
    /// The private key, sealed with the pool's data key.
    pub sealed: Vec<u8>,
    /// The public key as a JSON Web Key.
    pub public: String,
    /// When it was made (microseconds).
    pub created: i64,
    /// How long it is published before it signs (microseconds).
    pub ahead: i64,
    /// From when it signs (microseconds); 0 until a server has published it.
    pub signs_from: i64,
}

/// Writes a key. [`DbError::Exists`] when the pool has one of this purpose and number.
pub fn insert(tx: &mut dyn Tx, pool: &str, key: &SealedKey) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO signing_keys (pool, purpose, number, kid, sealed, public, created, ahead, signs_from) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            Param::Text(pool),
            Param::Text(&key.purpose),
            Param::Int(key.number),
            Param::Text(&key.kid),
            Param::Bytes(&key.sealed),
            Param::Text(&key.public),
            Param::Int(key.created),
            Param::Int(key.ahead),
            Param::Int(key.signs_from),
        ],
    )?;
    Ok(())
}

/// The keys of a pool, of each purpose the oldest first.
pub fn of_pool(tx: &mut dyn Tx, pool: &str) -> Result<Vec<SealedKey>, DbError> {
    tx.query(
        "SELECT purpose, number, kid, sealed, public, created, ahead, signs_from FROM signing_keys \
         WHERE pool = $1 ORDER BY purpose, number",
        &[Param::Text(pool)],
    )?
    .into_iter()
    .map(|mut row: Row| {
        Ok(SealedKey {
            purpose: row.text(0)?,
            number: row.int(1)?,
            kid: row.text(2)?,
            sealed: row.bytes(3)?,
            public: row.text(4)?,
            created: row.int(5)?,
            ahead: row.int(6)?,
            signs_from: row.int(7)?,
        })
    })
    .collect()
}

/// Says from when a key signs, unless that was said before: of two servers that publish it, the first decides.
pub fn announce(tx: &mut dyn Tx, pool: &str, purpose: &str, number: i64, signs_from: i64) -> Result<(), DbError> {
    tx.execute(
        "UPDATE signing_keys SET signs_from = $1 WHERE pool = $2 AND purpose = $3 AND number = $4 AND signs_from = 0",
        &[Param::Int(signs_from), Param::Text(pool), Param::Text(purpose), Param::Int(number)],
    )?;
    Ok(())
}

/// Removes a key.
pub fn delete(tx: &mut dyn Tx, pool: &str, purpose: &str, number: i64) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM signing_keys WHERE pool = $1 AND purpose = $2 AND number = $3",
        &[Param::Text(pool), Param::Text(purpose), Param::Int(number)],
    )?;
    Ok(())
}
