//! Access keys of those who call the administrative operations.

use crate::tx::{DbError, Param, Row, Tx};

/// An access key at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The access key id.
    pub id: String,
    /// Who it belongs to, as denials name them.
    pub name: String,
    /// The secret, sealed under the master key.
    pub sealed: Vec<u8>,
    /// The policy document (JSON).
    pub policy: String,
    /// When it was made (microseconds).
    pub created: i64,
}

/// Writes a key.
pub fn insert(tx: &mut dyn Tx, key: &StoredKey) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO access_keys (id, name, sealed, policy, created) VALUES ($1, $2, $3, $4, $5)",
        &[
            Param::Text(&key.id),
            Param::Text(&key.name),
            Param::Bytes(&key.sealed),
            Param::Text(&key.policy),
            Param::Int(key.created),
        ],
    )?;
    Ok(())
}

/// A key by its id.
pub fn get(tx: &mut dyn Tx, id: &str) -> Result<Option<StoredKey>, DbError> {
    tx.query_one("SELECT id, name, sealed, policy, created FROM access_keys WHERE id = $1", &[Param::Text(id)])?
        .map(from_row)
        .transpose()
}

/// Every key, oldest first.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<StoredKey>, DbError> {
    tx.query("SELECT id, name, sealed, policy, created FROM access_keys ORDER BY created, id", &[])?
        .into_iter()
        .map(from_row)
        .collect()
}

/// Removes a key; says whether there was one.
pub fn delete(tx: &mut dyn Tx, id: &str) -> Result<bool, DbError> {
    Ok(tx.execute("DELETE FROM access_keys WHERE id = $1", &[Param::Text(id)])? > 0)
}

fn from_row(mut row: Row) -> Result<StoredKey, DbError> {
    Ok(StoredKey {
        id: row.text(0)?,
        name: row.text(1)?,
        sealed: row.bytes(2)?,
        policy: row.text(3)?,
        created: row.int(4)?,
    })
}
