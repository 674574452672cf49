//! Judging a guess at a password: who is looked at, what a wrong one costs, and what is told to whom.
//!
//! The order of the checks was recorded from the live service: a disabled or unconfirmed user hears so before the
//! password is looked at, a reset is asked for only after the right password. Where the client prevents user
//! existence errors, nothing about the user is told before the password was right, and a name that nobody has is
//! treated like one that somebody has: the same work, the same lock.

use cognate_domain::user::UserId;
use cognate_domain::{User, client_rules, lockout, sign_in};
use cognate_model::{EventFilterType, EventType};
use cognate_store::users;

use super::flow::SignIn;
use super::{attempt_ends, pretence};
use crate::events::Attempt;
use crate::triggers::pre_authentication;
use crate::{Context, Error, directory, risk};

/// What is said of a wrong guess.
pub(super) const WRONG: &str = "Incorrect username or password.";

/// `NotAuthorizedException` for a wrong guess.
pub(super) fn wrong() -> Error {
    Error::not_authorized(WRONG)
}

/// The user behind a typed name; none only where the client hides that there is none.
pub(super) async fn find(cx: &Context, sign_in: &SignIn<'_>, name: &str) -> Result<Option<User>, Error> {
    let found = cx.read(|tx| directory::find(tx, sign_in.pool, name)).await?;
    if risk::is_blocked_range(cx, sign_in).await? {
        return Err(blocked(cx, sign_in, name, found.as_ref()).await);
    }
    if found.is_none() && !client_rules::prevents_user_existence_errors(sign_in.client) {
        return Err(Error::no_user());
    }
    Ok(found)
}

/// Refuses an attempt from a range that is always blocked, whoever is meant.
async fn blocked(cx: &Context, sign_in: &SignIn<'_>, name: &str, found: Option<&User>) -> Error {
    let refusal = Error::from(cognate_domain::risk::blocked());
    let Some(user) = found else {
        return pretence::begin(cx, sign_in.pool, name).await.err().unwrap_or(refusal);
    };
    let mut attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    attempt.block();
    attempt_ends::unseen(cx, sign_in, user, attempt, refusal).await
}

/// Notes that the right password, sent in clear, is one that is known to have been stolen; refuses it where that is what
/// follows.
pub(super) async fn look_up(
    cx: &Context,
    sign_in: &SignIn<'_>,
    user: &User,
    password: &str,
    attempt: Attempt,
) -> Result<Attempt, Error> {
    if !risk::is_compromised(cx, sign_in.pool, password) {
        return Ok(attempt);
    }
    let mut attempt = attempt.compromised();
    if risk::is_refused(cx, sign_in.pool, sign_in.client.id(), EventFilterType::SignIn).await? {
        attempt.block();
        let refusal = cognate_domain::risk::blocked();
        return Err(attempt_ends::refused(cx, sign_in, user, attempt, refusal.into()).await);
    }
    Ok(attempt)
}

/// Asks the function that may refuse a sign-in, before anything is proved; but not for who is refused anyway.
pub(super) async fn ask_beforehand(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: &str,
    found: Option<&User>,
) -> Result<(), Error> {
    if !pre_authentication::is_set(sign_in) {
        return Ok(());
    }
    let Some(user) = found else {
        pretence::check(cx, sign_in.pool, name).await?;
        return pre_authentication::ask(cx, sign_in, name, None).await;
    };
    let discreet = client_rules::prevents_user_existence_errors(sign_in.client);
    let account = if discreet { Ok(()) } else { sign_in::check_account(user) };
    let refusal = match account.and_then(|()| lockout::check(&user.hidden.lockout, cx.now())) {
        Ok(()) => match pre_authentication::ask(cx, sign_in, name, Some(user)).await {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal,
        },
        Err(refusal) => refusal.into(),
    };
    Err(attempt_ends::unseen(cx, sign_in, user, Attempt::new(cx, sign_in, EventType::SignIn), refusal).await)
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
    let pool = sign_in.pool;
    let Some(id) = found else { return Err(pretence::judge(cx, pool, name, is_right).await) };
    let _gate = cx.gates.enter(id).await;
    let user = cx.read(|tx| Ok(users::by_id(tx, pool.id(), id)?)).await?.ok_or_else(wrong)?;
    let account = sign_in::check_account(&user);
    let discreet = client_rules::prevents_user_existence_errors(sign_in.client);
    let seen = if discreet { Ok(()) } else { account.clone() };
    if let Err(refusal) = seen.and_then(|()| lockout::check(&user.hidden.lockout, cx.now())) {
        return Err(attempt_ends::unseen(cx, sign_in, &user, attempt.clone(), refusal.into()).await);
    }
    if !is_right(Some(&user)).await? {
        return Err(attempt_ends::wrong_password(cx, sign_in, &user, attempt.clone()).await);
    }
    if let Err(refusal) = account {
        let attempt = attempt.clone().password_right();
        return Err(attempt_ends::refused(cx, sign_in, &user, attempt, refusal.into()).await);
    }
    Ok(user)
}
