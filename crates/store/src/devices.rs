//! Devices that users confirmed: one row each. Keys hold a time-ordered id, so that their order is that of creation.

use cognate_domain::devices::TrackedDevice;
use cognate_domain::user::UserId;
use cognate_model::Timestamp;

use crate::tx::{DbError, Param, Row, Tx};

/// How many devices of a user are kept; past it the oldest go.
pub const KEPT: i64 = 200;

/// Which devices are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those that are remembered.
    Remembered,
}

/// What signing in with a device needs.
#[derive(Clone)]
pub struct Stored {
    /// The device.
    pub device: TrackedDevice,
    /// What its proof is checked against, sealed.
    pub sealed: Vec<u8>,
    /// The session of the challenge that waits for it; empty where none does.
    pub session: String,
}

/// Writes a new device. [`DbError::Exists`] when it was confirmed before.
pub fn insert(
    tx: &mut dyn Tx,
    pool: &str,
    user: &UserId,
    device: &TrackedDevice,
    sealed: &[u8],
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO devices (pool, user_id, device_key, name, remembered, created, modified, authenticated, address, \
         sealed, session) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')",
        &[
            Param::Text(pool),
            Param::Bytes(user),
            Param::Bytes(device.key.as_bytes()),
            Param::Text(device.name.as_deref().unwrap_or_default()),
            Param::Int(i64::from(device.remembered)),
            Param::Int(device.created.micros()),
            Param::Int(device.modified.micros()),
            Param::Int(device.authenticated.micros()),
            Param::Text(&device.address),
            Param::Bytes(sealed),
        ],
    )?;
    trim(tx, pool, user)
}

/// Removes all but the newest [`KEPT`] devices of a user.
fn trim(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<(), DbError> {
    let oldest = tx.query_one(
        "SELECT device_key FROM devices WHERE pool = $1 AND user_id = $2 ORDER BY device_key DESC LIMIT 1 OFFSET $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Int(KEPT)],
    )?;
    if let Some(mut row) = oldest {
        let key = row.bytes(0)?;
        tx.execute(
            "DELETE FROM devices WHERE pool = $1 AND user_id = $2 AND device_key <= $3",
            &[Param::Text(pool), Param::Bytes(user), Param::Bytes(&key)],
        )?;
    }
    Ok(())
}

/// A device by its key.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId, key: &str) -> Result<Option<Stored>, DbError> {
    let found = tx.query_one(
        "SELECT device_key, name, remembered, created, modified, authenticated, address, sealed, session \
         FROM devices WHERE pool = $1 AND user_id = $2 AND device_key = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(key.as_bytes())],
    )?;
    let Some(mut row) = found else { return Ok(None) };
    Ok(Some(Stored { sealed: row.bytes(7)?, session: row.text(8)?, device: from_row(row)? }))
}

/// Devices whose key lies behind `after` (all without it), in the order of keys.
pub fn list(
    tx: &mut dyn Tx,
    pool: &str,
    user: &UserId,
    which: Which,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<TrackedDevice>, DbError> {
    tx.query(
        "SELECT device_key, name, remembered, created, modified, authenticated, address FROM devices \
         WHERE pool = $1 AND user_id = $2 AND device_key > $3 AND remembered >= $4 ORDER BY device_key LIMIT $5",
        &[
            Param::Text(pool),
            Param::Bytes(user),
            Param::Bytes(after.unwrap_or_default().as_bytes()),
            Param::Int(i64::from(which == Which::Remembered)),
            Param::Int(limit),
        ],
    )?
    .into_iter()
    .map(from_row)
    .collect()
}

/// Remembers a device, or no longer; says whether there is one.
pub fn set_remembered(
    tx: &mut dyn Tx,
    pool: &str,
    user: &UserId,
    key: &str,
    remembered: i64,
    now: i64,
) -> Result<bool, DbError> {
    let rows = tx.execute(
        "UPDATE devices SET remembered = $1, modified = $2 WHERE pool = $3 AND user_id = $4 AND device_key = $5",
        &[Param::Int(remembered), Param::Int(now), Param::Text(pool), Param::Bytes(user), Param::Bytes(key.as_bytes())],
    )?;
    Ok(rows > 0)
}

/// Notes that the user signed in with a device; says whether there is one.
pub fn used(tx: &mut dyn Tx, pool: &str, user: &UserId, key: &str, now: i64, address: &str) -> Result<bool, DbError> {
    let rows = tx.execute(
        "UPDATE devices SET authenticated = $1, address = $2, session = '' \
         WHERE pool = $3 AND user_id = $4 AND device_key = $5",
        &[Param::Int(now), Param::Text(address), Param::Text(pool), Param::Bytes(user), Param::Bytes(key.as_bytes())],
    )?;
    Ok(rows > 0)
}

/// Keeps the session of the challenge that waits for a device.
pub fn wait_for(tx: &mut dyn Tx, pool: &str, user: &UserId, key: &str, session: &str) -> Result<(), DbError> {
    tx.execute(
        "UPDATE devices SET session = $1 WHERE pool = $2 AND user_id = $3 AND device_key = $4",
        &[Param::Text(session), Param::Text(pool), Param::Bytes(user), Param::Bytes(key.as_bytes())],
    )?;
    Ok(())
}

/// Forgets a device; says whether there was one.
pub fn delete(tx: &mut dyn Tx, pool: &str, user: &UserId, key: &str) -> Result<bool, DbError> {
    let rows = tx.execute(
        "DELETE FROM devices WHERE pool = $1 AND user_id = $2 AND device_key = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(key.as_bytes())],
    )?;
    Ok(rows > 0)
}

fn from_row(mut row: Row) -> Result<TrackedDevice, DbError> {
    let key = String::from_utf8(row.bytes(0)?).map_err(|_| DbError::Corrupt("a device key is no text".to_owned()))?;
    let name = row.text(1)?;
    Ok(TrackedDevice {
        key,
        name: Some(name).filter(|name| !name.is_empty()),
        remembered: row.int(2)? != 0,
        created: Timestamp::from_micros(row.int(3)?),
        modified: Timestamp::from_micros(row.int(4)?),
        authenticated: Timestamp::from_micros(row.int(5)?),
        address: row.text(6)?,
    })
}
