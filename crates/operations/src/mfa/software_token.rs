//! Software tokens at rest, and their codes.

use cognate_crypto::totp::{self, TotpError};
use cognate_crypto::{random, seal};
use cognate_domain::User;
use cognate_domain::user::UserId;

use crate::{Context, Error, OpenPool};

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
    let mfa = &user.hidden.mfa;
    let Some(sealed) = &mfa.totp_secret else { return Err(TokenError::Code(TotpError::Mismatch)) };
    let secret = pool
        .at_rest
        .open(sealed, &token_place(pool.id(), &user.id))
        .map_err(|_| TokenError::Internal(Error::internal("a TOTP secret does not open with the pool's data key")))?;
    totp::verify(&secret, code, cx.now().seconds(), DRIFT, mfa.totp_last_step).map_err(TokenError::Code)
}

/// Where a token's secret is sealed for, whether it waits or is in force.
pub(super) fn token_place(pool: &str, user: &UserId) -> Vec<u8> {
    seal::context(&["users", pool, &random::format_uuid(user), "totp_secret"])
}

/// What the user calls the token (`FriendlyDeviceName`).
pub(crate) fn token_name(user: &User) -> Option<&str> {
    user.hidden.mfa.totp_name.as_deref()
}
