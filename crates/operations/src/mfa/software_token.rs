//! Software tokens at rest, and their codes.

use cognate_crypto::totp::{self, TotpError};
use cognate_crypto::{random, seal};
use cognate_domain::User;
use cognate_domain::user::UserId;
use zeroize::Zeroizing;

use crate::{Context, Error, OpenPool, Services};

/// How many steps a token's clock may be off, either way.
pub(super) const DRIFT: u64 = 1;

/// Why a code was not taken.
pub(crate) enum TokenError {
    /// It is wrong, or was taken before.
    Code(TotpError),
    /// Ours.
    Internal(Error),
}

/// Checks a code of the user's token, and answers its step, which is good once.
pub(crate) fn check_token(cx: &Context, pool: &OpenPool, user: &User, code: &str) -> Result<u64, TokenError> {
    let secret = token_secret(pool, user).map_err(TokenError::Internal)?;
    let Some(secret) = secret else { return Err(TokenError::Code(TotpError::Mismatch)) };
    let last_step = user.hidden.mfa.totp_last_step;
    totp::verify(&secret, code, cx.now().seconds(), DRIFT, last_step).map_err(TokenError::Code)
}

/// The secret of the user's token; none without a token.
pub(crate) fn token_secret(pool: &OpenPool, user: &User) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let Some(sealed) = &user.hidden.mfa.totp_secret else { return Ok(None) };
    let opened = pool.at_rest.open(sealed, &token_place(pool.id(), &user.id));
    opened.map(Some).map_err(|_| Error::internal("a TOTP secret does not open with the pool's data key"))
}

/// A secret as it is kept for a user.
pub(crate) fn seal_token_secret(services: &Services, pool: &OpenPool, user: &UserId, secret: &[u8]) -> Vec<u8> {
    pool.at_rest.seal(secret, &token_place(pool.id(), user), &*services.random)
}

/// Where a token's secret is sealed for, whether it waits or is in force.
pub(super) fn token_place(pool: &str, user: &UserId) -> Vec<u8> {
    seal::context(&["users", pool, &random::format_uuid(user), "totp_secret"])
}

/// What the user calls the token (`FriendlyDeviceName`).
pub(crate) fn token_name(user: &User) -> Option<&str> {
    user.hidden.mfa.totp_name.as_deref()
}
