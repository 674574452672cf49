//! The two keys with which a pool signs its tokens.

use crate::tx::{DbError, Param, Row, Tx};

/// A signing key at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// `id` or `access`: each kind of token has a key of its own.
    pub purpose: String,
    /// The key id that tokens name.
    pub kid: String,
    /// The private key, sealed with the pool's data key.
    pub sealed: Vec<u8>,
    /// The public key as a JSON Web Key.
    pub public: String,
    /// When it was made (microseconds).
    pub created: i64,
}

/// Writes a key. [`DbError::Exists`] when the pool has one for this purpose.
pub fn insert(tx: &mut dyn Tx, pool: &str, key: &SealedKey) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO signing_keys (pool, purpose, kid, sealed, public, created) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            Param::Text(pool),
            Param::Text(&key.purpose),
            Param::Text(&key.kid),
            Param::Bytes(&key.sealed),
            Param::Text(&key.public),
            Param::Int(key.created),
        ],
    )?;
    Ok(())
}

/// The keys of a pool.
pub fn of_pool(tx: &mut dyn Tx, pool: &str) -> Result<Vec<SealedKey>, DbError> {
    tx.query(
        "SELECT purpose, kid, sealed, public, created FROM signing_keys WHERE pool = $1 ORDER BY purpose",
        &[Param::Text(pool)],
    )?
    .into_iter()
    .map(|mut row: Row| {
        Ok(SealedKey {
            purpose: row.text(0)?,
            kid: row.text(1)?,
            sealed: row.bytes(2)?,
            public: row.text(3)?,
            created: row.int(4)?,
        })
    })
    .collect()
}
