//! How an attempt with a password ends where it does not end well: counted, recorded, and told no more than it may.
//!
//! Many guesses may be in flight at once, all begun before the first of them failed. So the lock is looked at again in
//! the transaction that ends an attempt, and a guess that comes after the lock hears of the lock, right or wrong.

use std::sync::Arc;

use cognate_domain::{User, lockout};
use cognate_model::EventResponseType;
use cognate_store::{attempts, users};

use super::flow::SignIn;
use crate::events::Attempt;
use crate::{Context, Error};

/// How many attempts of an hour that were refused unseen are recorded. More would push what matters out of the record,
/// for whoever wants to hide it.
const MOST_UNSEEN: i64 = 20;
const HOUR: i64 = 3_600_000_000;

/// The password was wrong: counts the failure.
pub(super) async fn wrong_password(cx: &Context, sign_in: &SignIn<'_>, user: &User, attempt: Attempt) -> Error {
    wrong(cx, sign_in, user, attempt.password_wrong(), super::judgement::wrong()).await
}

/// A guess was wrong: counts the failure, and refuses it like this unless the lock was faster.
pub(super) async fn wrong(cx: &Context, sign_in: &SignIn<'_>, user: &User, attempt: Attempt, refusal: Error) -> Error {
    let (pool, id, now) = (Arc::clone(sign_in.pool), user.id, cx.now());
    let counted = cx
        .write(move |tx| {
            let Some(mut user) = users::by_id(tx, pool.id(), &id)? else { return Ok(()) };
            lockout::check(&user.hidden.lockout, now)?;
            user.hidden.lockout = lockout::failed(&user.hidden.lockout, now);
            users::update(tx, pool.id(), &user)?;
            attempt.record(tx, &pool, &id)
        })
        .await;
    counted.err().unwrap_or(refusal)
}

/// What was shown was right, and the user is refused for another reason.
pub(super) async fn refused(
    cx: &Context,
    sign_in: &SignIn<'_>,
    user: &User,
    attempt: Attempt,
    refusal: Error,
) -> Error {
    let (pool, id, now) = (Arc::clone(sign_in.pool), user.id, cx.now());
    let attempt = attempt.answered(EventResponseType::Fail);
    let recorded = cx
        .write(move |tx| {
            let user = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
            lockout::check(&user.hidden.lockout, now)?;
            attempt.record(tx, &pool, &id)
        })
        .await;
    recorded.err().unwrap_or(refusal)
}

/// The user is refused before the password is looked at.
pub(super) async fn unseen(cx: &Context, sign_in: &SignIn<'_>, user: &User, attempt: Attempt, refusal: Error) -> Error {
    let (pool, id, now) = (Arc::clone(sign_in.pool), user.id, cx.now().micros());
    let attempt = attempt.answered(EventResponseType::Fail);
    let recorded = cx
        .write(move |tx| {
            if users::by_id(tx, pool.id(), &id)?.is_none()
                || attempts::count(tx, pool.id(), &id, "Unseen", now, HOUR)? > MOST_UNSEEN
            {
                return Ok(());
            }
            attempt.record(tx, &pool, &id)
        })
        .await;
    recorded.err().unwrap_or(refusal)
}
