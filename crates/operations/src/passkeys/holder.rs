//! Who may manage passkeys: the user whom they let in.

use cognate_domain::Pool;
use cognate_domain::passkeys::{self as rules, Passkey};
use cognate_domain::user::UserId;
use cognate_store::passkeys;

use crate::tokens::{self, SignedIn};
use crate::{Context, Error};

/// The user of an access token.
pub(super) async fn signed_in(cx: &Context, token: &str) -> Result<SignedIn, Error> {
    let signed_in = tokens::authenticate(cx, token).await.map_err(tokens::gone_is_revoked)?;
    rules::check_holder(&signed_in.user)?;
    Ok(signed_in)
}

/// Every passkey of a user, oldest first.
pub(super) async fn of_user(cx: &Context, pool: &Pool, user: &UserId) -> Result<Vec<Passkey>, Error> {
    cx.read(|tx| Ok(passkeys::list(tx, pool.id(), user, None, rules::MOST_PER_USER.into())?)).await
}
