//! Registrations of passkeys that were begun: one a user at a time.

use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Tx};

/// A registration that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The app client that began it.
    pub client: String,
    /// What the authenticator signs.
    pub challenge: Vec<u8>,
    /// When it ends (microseconds).
    pub expires: i64,
}

/// Writes a registration in place of an earlier one.
pub fn put(tx: &mut dyn Tx, pool: &str, user: &UserId, begun: &Begun) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO passkey_challenges (pool, user_id, client, challenge, expires) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (pool, user_id) DO UPDATE SET client = excluded.client, challenge = excluded.challenge, \
         expires = excluded.expires",
        &[
            Param::Text(pool),
            Param::Bytes(user),
            Param::Text(&begun.client),
            Param::Bytes(&begun.challenge),
            Param::Int(begun.expires),
        ],
    )?;
    Ok(())
}

/// The registration that a user has begun.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<Option<Begun>, DbError> {
    tx.query_one(
        "SELECT client, challenge, expires FROM passkey_challenges WHERE pool = $1 AND user_id = $2",
        &[Param::Text(pool), Param::Bytes(user)],
    )?
    .map(|mut row| Ok(Begun { client: row.text(0)?, challenge: row.bytes(1)?, expires: row.int(2)? }))
    .transpose()
}

/// Ends the registration with this challenge; says whether it was still there, so that of two answers one wins.
pub fn take(tx: &mut dyn Tx, pool: &str, user: &UserId, challenge: &[u8]) -> Result<bool, DbError> {
    let gone = tx.execute(
        "DELETE FROM passkey_challenges WHERE pool = $1 AND user_id = $2 AND challenge = $3",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(challenge)],
    )?;
    Ok(gone > 0)
}
