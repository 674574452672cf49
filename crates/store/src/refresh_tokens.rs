//! Refresh token families: one row a sign-in.

use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Tx};

/// What is kept of a sign-in for as long as its refresh token lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// `origin_jti` of the tokens.
    pub id: [u8; 16],
    /// The user.
    pub user: UserId,
    /// The app client.
    pub client: String,
    /// `event_id` of the tokens.
    pub event: [u8; 16],
    /// When the user signed in (microseconds).
    pub auth_time: i64,
    /// When the refresh token ends (microseconds).
    pub expires: i64,
    /// Whether it was revoked.
    pub revoked: bool,
    /// The device that the user signed in from, where the pool tracks devices: a refresh has to name it.
    pub device: Option<String>,
}

/// Writes a new family.
pub fn insert(tx: &mut dyn Tx, pool: &str, family: &Family) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO refresh_tokens (pool, user_id, family, client, event_id, auth_time, expires, revoked, device) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)",
        &[
            Param::Text(pool),
            Param::Bytes(&family.user),
            Param::Bytes(&family.id),
            Param::Text(&family.client),
            Param::Bytes(&family.event),
            Param::Int(family.auth_time),
            Param::Int(family.expires),
            Param::Text(family.device.as_deref().unwrap_or_default()),
        ],
    )?;
    Ok(())
}

/// A family by its id.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId, id: &[u8; 16]) -> Result<Option<Family>, DbError> {
    tx.query_one(
        "SELECT client, event_id, auth_time, expires, revoked, device FROM refresh_tokens \
         WHERE pool = $1 AND user_id = $2 AND family = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(id)],
    )?
    .map(|mut row| {
        let device = row.text(5)?;
        Ok(Family {
            id: *id,
            user: *user,
            client: row.text(0)?,
            event: row.id(1)?,
            auth_time: row.int(2)?,
            expires: row.int(3)?,
            revoked: row.int(4)? != 0,
            device: Some(device).filter(|device| !device.is_empty()),
        })
    })
    .transpose()
}

/// Revokes a family; revoking twice is no error.
pub fn revoke(tx: &mut dyn Tx, pool: &str, user: &UserId, id: &[u8; 16]) -> Result<(), DbError> {
    tx.execute(
        "UPDATE refresh_tokens SET revoked = 1 WHERE pool = $1 AND user_id = $2 AND family = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(id)],
    )?;
    Ok(())
}

/// Revokes every family of a user.
pub fn revoke_all(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<(), DbError> {
    tx.execute(
        "UPDATE refresh_tokens SET revoked = 1 WHERE pool = $1 AND user_id = $2 AND revoked = 0",
        &[Param::Text(pool), Param::Bytes(user)],
    )?;
    Ok(())
}

/// Removes a user's families that ended before `now`; sign-ins do it in passing, so that rows do not pile up.
pub fn forget_ended(tx: &mut dyn Tx, pool: &str, user: &UserId, now: i64) -> Result<(), DbError> {
    tx.execute(
        "DELETE FROM refresh_tokens WHERE pool = $1 AND user_id = $2 AND expires < $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Int(now)],
    )?;
    Ok(())
}
