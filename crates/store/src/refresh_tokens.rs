//! Refresh token families: one row a sign-in. A family is also the session that users and administrators see.

use cognate_domain::refresh_rotation::Rotation;
use cognate_domain::user::UserId;

use crate::tx::{self, DbError, Param, Row, Tx};

/// What is kept of a sign-in for as long as its refresh token lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// `origin_jti` of the tokens; time-ordered.
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
    /// Which of its refresh tokens is the current one.
    pub rotation: Rotation,
    /// Its last use, where the pool tracks sessions.
    pub activity: Option<Activity>,
}

/// When and from where a session was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When (microseconds).
    pub at: i64,
    /// The address; empty where it is not known.
    pub address: String,
    /// What the user agent says of itself.
    pub device_type: String,
}

/// Writes a new family.
pub fn insert(tx: &mut dyn Tx, pool: &str, family: &Family) -> Result<(), DbError> {
    let graces = tx::to_json(&family.rotation.graces)?;
    let (at, address, device_type) =
        family.activity.as_ref().map_or((0, "", ""), |last| (last.at, &*last.address, &*last.device_type));
    tx.execute(
        "INSERT INTO refresh_tokens (pool, user_id, family, client, event_id, auth_time, expires, revoked, device, \
         generation, graces, last_active, address, device_type) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            Param::Text(pool),
            Param::Bytes(&family.user),
            Param::Bytes(&family.id),
            Param::Text(&family.client),
            Param::Bytes(&family.event),
            Param::Int(family.auth_time),
            Param::Int(family.expires),
            Param::Int(i64::from(family.revoked)),
            Param::Text(family.device.as_deref().unwrap_or_default()),
            Param::Int(family.rotation.generation),
            Param::Text(&graces),
            Param::Int(at),
            Param::Text(address),
            Param::Text(device_type),
        ],
    )?;
    Ok(())
}

/// A family by its id.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId, id: &[u8; 16]) -> Result<Option<Family>, DbError> {
    tx.query_one(
        "SELECT family, client, event_id, auth_time, expires, revoked, device, generation, graces, last_active, \
         address, device_type FROM refresh_tokens WHERE pool = $1 AND user_id = $2 AND family = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(id)],
    )?
    .map(|row| from_row(*user, row))
    .transpose()
}

/// Writes the next state of a rotation, unless another refresh was faster.
pub fn rotate(tx: &mut dyn Tx, pool: &str, family: &Family, next: &Rotation) -> Result<(), DbError> {
    let graces = tx::to_json(&next.graces)?;
    let rows = tx.execute(
        "UPDATE refresh_tokens SET generation = $1, graces = $2 \
         WHERE pool = $3 AND user_id = $4 AND family = $5 AND generation = $6 AND revoked = 0",
        &[
            Param::Int(next.generation),
            Param::Text(&graces),
            Param::Text(pool),
            Param::Bytes(&family.user),
            Param::Bytes(&family.id),
            Param::Int(family.rotation.generation),
        ],
    )?;
    tx::changed(rows)
}

/// Notes the last use of a session.
pub fn touch(tx: &mut dyn Tx, pool: &str, user: &UserId, id: &[u8; 16], activity: &Activity) -> Result<(), DbError> {
    tx.execute(
        "UPDATE refresh_tokens SET last_active = $1, address = $2, device_type = $3 \
         WHERE pool = $4 AND user_id = $5 AND family = $6",
        &[
            Param::Int(activity.at),
            Param::Text(&activity.address),
            Param::Text(&activity.device_type),
            Param::Text(pool),
            Param::Bytes(user),
            Param::Bytes(id),
        ],
    )?;
    Ok(())
}

/// Whether a user has signed in, as far as families go back; revoked ones count.
pub fn is_any(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<bool, DbError> {
    let row = tx.query_one(
        "SELECT 1 FROM refresh_tokens WHERE pool = $1 AND user_id = $2 LIMIT 1",
        &[Param::Text(pool), Param::Bytes(user)],
    )?;
    Ok(row.is_some())
}

/// A user's tracked sessions that are alive at `now`, whose id lies below `before` (all without it), newest first.
pub fn sessions(
    tx: &mut dyn Tx,
    pool: &str,
    user: &UserId,
    now: i64,
    before: Option<&[u8; 16]>,
    limit: i64,
) -> Result<Vec<Family>, DbError> {
    tx.query(
        "SELECT family, client, event_id, auth_time, expires, revoked, device, generation, graces, last_active, \
         address, device_type FROM refresh_tokens \
         WHERE pool = $1 AND user_id = $2 AND family < $3 AND revoked = 0 AND expires > $4 AND last_active > 0 \
         ORDER BY family DESC LIMIT $5",
        &[
            Param::Text(pool),
            Param::Bytes(user),
            Param::Bytes(before.map_or(&[u8::MAX; 17], |id| id.as_slice())),
            Param::Int(now),
            Param::Int(limit),
        ],
    )?
    .into_iter()
    .map(|row| from_row(*user, row))
    .collect()
}

/// Revokes the tracked sessions that were used least recently, so that no more than `keep` stay alive.
pub fn evict(tx: &mut dyn Tx, pool: &str, user: &UserId, now: i64, keep: i64) -> Result<(), DbError> {
    let first_to_go = tx.query_one(
        "SELECT last_active, family FROM refresh_tokens \
         WHERE pool = $1 AND user_id = $2 AND revoked = 0 AND expires > $3 AND last_active > 0 \
         ORDER BY last_active DESC, family DESC LIMIT 1 OFFSET $4",
        &[Param::Text(pool), Param::Bytes(user), Param::Int(now), Param::Int(keep)],
    )?;
    let Some(mut row) = first_to_go else { return Ok(()) };
    let (last_active, family) = (row.int(0)?, row.id(1)?);
    tx.execute(
        "UPDATE refresh_tokens SET revoked = 1 WHERE pool = $1 AND user_id = $2 AND last_active > 0 \
         AND (last_active < $3 OR (last_active = $4 AND family <= $5))",
        &[
            Param::Text(pool),
            Param::Bytes(user),
            Param::Int(last_active),
            Param::Int(last_active),
            Param::Bytes(&family),
        ],
    )?;
    Ok(())
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

fn from_row(user: UserId, mut row: Row) -> Result<Family, DbError> {
    let (device, at) = (row.text(6)?, row.int(9)?);
    let activity = Activity { at, address: row.text(10)?, device_type: row.text(11)? };
    Ok(Family {
        id: row.id(0)?,
        user,
        client: row.text(1)?,
        event: row.id(2)?,
        auth_time: row.int(3)?,
        expires: row.int(4)?,
        revoked: row.int(5)? != 0,
        device: Some(device).filter(|device| !device.is_empty()),
        rotation: Rotation { generation: row.int(7)?, graces: row.json(8)? },
        activity: (at > 0).then_some(activity),
    })
}
