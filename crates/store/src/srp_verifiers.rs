//! What SRP checks passwords by: one sealed row a user, written together with the user.

use cognate_domain::user::UserId;

use crate::tx::{DbError, Param, Tx};

/// Writes a user's verifier, in the place of an earlier one.
pub fn put(tx: &mut dyn Tx, pool: &str, user: &UserId, sealed: &[u8]) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO srp_verifiers (pool, user_id, sealed) VALUES ($1, $2, $3) \
         ON CONFLICT (pool, user_id) DO UPDATE SET sealed = excluded.sealed",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(sealed)],
    )?;
    Ok(())
}

/// Writes a new user's verifier.
pub(crate) fn insert(tx: &mut dyn Tx, pool: &str, user: &UserId, sealed: &[u8]) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO srp_verifiers (pool, user_id, sealed) VALUES ($1, $2, $3)",
        &[Param::Text(pool), Param::Bytes(user), Param::Bytes(sealed)],
    )?;
    Ok(())
}

/// A user's sealed verifier; none for a user without a password.
pub fn get(tx: &mut dyn Tx, pool: &str, user: &UserId) -> Result<Option<Vec<u8>>, DbError> {
    tx.query_one(
        "SELECT sealed FROM srp_verifiers WHERE pool = $1 AND user_id = $2",
        &[Param::Text(pool), Param::Bytes(user)],
    )?
    .map(|mut row| row.bytes(0))
    .transpose()
}
