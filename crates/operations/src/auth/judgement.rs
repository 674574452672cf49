//! Judging a guess at a password: who is looked at, what a wrong one costs, and what is told to whom.
//!
//! The order of the checks was recorded from the live service: a disabled or unconfirmed user hears so before the
//! password is looked at, a reset is asked for only after the right password. Where the client prevents user
//! existence errors, nothing about the user is told before the password was right, and a name that nobody has is
//! treated like one that somebody has: the same work, the same lock.

use std::sync::Arc;

use cognate_domain::user::UserId;
use cognate_domain::{User, client_rules, lockout, sign_in};
use cognate_store::{strangers, users};

use super::flow::SignIn;
use crate::events::Attempt;
use crate::verifier::stranger_id;
use crate::{Context, Error, directory};

/// What is said of a wrong guess.
pub(super) const WRONG: &str = "Incorrect username or password.";

/// `NotAuthorizedException` for a wrong guess.
pub(super) fn wrong() -> Error {
    Error::not_authorized(WRONG)
}

/// The user behind a typed name; none only where the client hides that there is none.
pub(super) async fn find(cx: &Context, sign_in: &SignIn<'_>, name: &str) -> Result<Option<User>, Error> {
    let found = cx.read(|tx| directory::find(tx, sign_in.pool, name)).await?;
    if found.is_none() && !client_rules::prevents_user_existence_errors(sign_in.client) {
        return Err(Error::no_user());
    }
    Ok(found)
}

/// Judges a guess with `is_right`, one at a time for each user, and counts a wrong one. Answers the user as they were
/// when the guess was judged.
pub(super) async fn judge(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    found: Option<&UserId>,
    attempt: &Attempt,
    is_right: impl AsyncFnOnce(Option<&User>) -> Result<bool, Error>,
) -> Result<User, Error> {
    let Some(id) = found else { return judge_stranger(cx, sign_in, name, is_right).await };
    let _gate = cx.gates.enter(id).await;
    let user = cx.read(|tx| Ok(users::by_id(tx, sign_in.pool.id(), id)?)).await?.ok_or_else(wrong)?;
    let account = sign_in::check_account(&user);
    if !client_rules::prevents_user_existence_errors(sign_in.client) {
        account.clone()?;
    }
    lockout::check(&user.hidden.lockout, cx.now())?;
    if !is_right(Some(&user)).await? {
        count_failure(cx, sign_in, &user, attempt.clone().password_wrong()).await?;
        return Err(wrong());
    }
    account?;
    Ok(user)
}

/// Counts a wrong guess and records the attempt.
pub(super) async fn count_failure(
    cx: &Context,
    sign_in: &SignIn<'_>,
    user: &User,
    attempt: Attempt,
) -> Result<(), Error> {
    let (pool, id, now) = (Arc::clone(sign_in.pool), user.id, cx.now());
    cx.write(move |tx| {
        let Some(mut user) = users::by_id(tx, pool.id(), &id)? else { return Ok(()) };
        user.hidden.lockout = lockout::failed(&user.hidden.lockout, now);
        users::update(tx, pool.id(), &user)?;
        attempt.record(tx, &pool, &id)
    })
    .await
}

async fn judge_stranger(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    is_right: impl AsyncFnOnce(Option<&User>) -> Result<bool, Error>,
) -> Result<User, Error> {
    let pool = sign_in.pool;
    let id = stranger_id(pool, name);
    let bucket = bucket(&id);
    let _gate = cx.gates.enter(&id).await;
    let failures = cx.read(|tx| Ok(strangers::get(tx, pool.id(), bucket)?)).await?;
    lockout::check(&failures, cx.now())?;
    // Whatever comes of it: there is nobody to be let in.
    is_right(None).await?;
    let (pool, now) = (Arc::clone(pool), cx.now());
    cx.write(move |tx| {
        let failures = strangers::get(tx, pool.id(), bucket)?;
        Ok(strangers::put(tx, pool.id(), bucket, &lockout::failed(&failures, now))?)
    })
    .await?;
    Err(wrong())
}

/// The bucket of a name that nobody has. The last bytes are random; the gates look at them too.
fn bucket(id: &UserId) -> i64 {
    let [.., high, low] = *id;
    i64::from(u16::from_be_bytes([high, low]))
}
