//! Stolen passwords, where a password is sent in clear.

use cognate_crypto::digest::sha1;
use cognate_domain::risk::{self, Mode, configuration};
use cognate_model::{EventFilterType, Exception};

use super::effective;
use crate::{Context, Error, OpenPool};

/// Whether a password is on the operator's list. Without threat protection nobody looks.
pub(crate) fn is_compromised(cx: &Context, pool: &OpenPool, password: &str) -> bool {
    let list = cx.knowledge.compromised.as_ref().filter(|_| risk::mode(pool).is_some());
    list.is_some_and(|list| list.contains(&sha1(password.as_bytes())))
}

/// Whether a password that is on the list is refused when it is used like this.
pub(crate) async fn is_refused(
    cx: &Context,
    pool: &OpenPool,
    client: &str,
    used: EventFilterType,
) -> Result<bool, Error> {
    if risk::mode(pool) != Some(Mode::Enforced) {
        return Ok(false);
    }
    let config = cx.read(|tx| effective(tx, pool.id(), client)).await?;
    Ok(configuration::blocks_compromised(&config, used))
}

/// Checks a password that a user chooses; answers whether it is on the list. The exception is one that applications
/// expect of a bad choice; neither it nor the text is recorded.
pub(crate) async fn check_new_password(
    cx: &Context,
    pool: &OpenPool,
    client: &str,
    password: &str,
    used: EventFilterType,
) -> Result<bool, Error> {
    let is_on_the_list = is_compromised(cx, pool, password);
    if is_on_the_list && is_refused(cx, pool, client, used).await? {
        return Err(Error::refused(Exception::InvalidPassword, "Password not allowed due to security reasons."));
    }
    Ok(is_on_the_list)
}
