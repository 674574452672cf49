//! `ChangePassword`: a signed-in user replaces their password. Tokens that were issued stay good.
//!
//! An access token alone is not enough to guess at the password behind it: every guess is counted before it is looked
//! at, so that many at once are no way around the limit, and wrong ones count towards the lock of sign-ins as well.
//!
//! Errors: NotAuthorized (access token, previous password), UserNotFound, InvalidParameter (previous password missing),
//! LimitExceeded (too many wrong ones, locked), InvalidPassword, PasswordHistoryPolicyViolation, UserNotConfirmed,
//! PasswordResetRequired.

use std::sync::Arc;

use cognate_domain::user::UserId;
use cognate_domain::user_status::{self, PasswordLife};
use cognate_domain::{User, lockout, password_policy};
use cognate_model::{
    ChangePasswordRequest, ChangePasswordResponse, EventFilterType, EventResponseType, EventType, Timestamp,
};
use cognate_store::{Tx, attempts, users};

use super::new_password;
use crate::auth::{Api, SignIn};
use crate::codes::too_many;
use crate::events::Attempt;
use crate::tokens::{self, SignedIn};
use crate::{Context, Error, OpenPool, directory, hashing, risk};

/// What guesses are counted under.
const GUESSES: &str = "ChangePassword";
/// How many of an hour are looked at.
const MOST_GUESSES: i64 = 10;
/// An hour in microseconds.
const WINDOW: i64 = 3_600_000_000;

pub(crate) async fn handle(cx: &Context, request: ChangePasswordRequest) -> Result<ChangePasswordResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let proposed = request.proposed_password.expose();
    match (&request.previous_password, &signed_in.user.hidden.password.hash) {
        (Some(previous), _) => {
            count_guess(cx, &signed_in).await?;
            let changed = check_and_replace(cx, &signed_in, previous.expose(), proposed).await;
            if !matches!(changed, Ok(()) | Err(Failed::Guess(_))) {
                take_guess_back(cx, &signed_in).await?;
            }
            changed.map_err(Failed::into_error)?;
        }
        (None, Some(_)) => return Err(Error::invalid("Missing required parameter OldPassword")),
        // Who signs in without a password may choose a first one.
        (None, None) => replace(cx, &signed_in, proposed).await?,
    }
    Ok(ChangePasswordResponse::default())
}

/// Why the password was not changed.
enum Failed {
    /// The previous password was wrong.
    Guess(Error),
    /// Something else.
    Otherwise(Error),
}

impl Failed {
    fn into_error(self) -> Error {
        let (Self::Guess(error) | Self::Otherwise(error)) = self;
        error
    }
}

async fn check_and_replace(cx: &Context, signed_in: &SignedIn, previous: &str, proposed: &str) -> Result<(), Failed> {
    let hash = signed_in.user.hidden.password.hash.as_deref();
    if !hashing::verify(cx, previous, hash).await.map_err(Failed::Otherwise)? {
        record_wrong_guess(cx, signed_in).await.map_err(Failed::Guess)?;
        return Err(Failed::Guess(wrong()));
    }
    replace(cx, signed_in, proposed).await.map_err(Failed::Otherwise)
}

fn wrong() -> Error {
    Error::not_authorized("Incorrect username or password.")
}

/// Counts a guess ahead of its evaluation, unless there were too many or sign-ins are locked.
async fn count_guess(cx: &Context, signed_in: &SignedIn) -> Result<(), Error> {
    let (pool, id, now) = (Arc::clone(&signed_in.pool), signed_in.user.id, cx.now());
    cx.write(move |tx| {
        let user = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        lockout::check(&user.hidden.lockout, now).map_err(|_| too_many())?;
        let guesses = attempts::count(tx, pool.id(), &id, GUESSES, now.micros(), WINDOW)?;
        if guesses > MOST_GUESSES { Err(too_many()) } else { Ok(()) }
    })
    .await
}

/// A guess that was right, or was never looked at, does not count.
async fn take_guess_back(cx: &Context, signed_in: &SignedIn) -> Result<(), Error> {
    let (pool, id) = (Arc::clone(&signed_in.pool), signed_in.user.id);
    cx.write(move |tx| Ok(attempts::take_back(tx, pool.id(), &id, GUESSES)?)).await
}

async fn record_wrong_guess(cx: &Context, signed_in: &SignedIn) -> Result<(), Error> {
    let attempt = attempt(cx, signed_in).password_wrong();
    let (pool, id, now) = (Arc::clone(&signed_in.pool), signed_in.user.id, cx.now());
    cx.write(move |tx| {
        let mut user = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        user.hidden.lockout = lockout::failed(&user.hidden.lockout, now);
        users::update(tx, pool.id(), &user)?;
        attempt.record(tx, &pool, &id)
    })
    .await
}

/// Sets the new password in place of the one that was looked at.
async fn replace(cx: &Context, signed_in: &SignedIn, proposed: &str) -> Result<(), Error> {
    let (pool, user) = (&signed_in.pool, &signed_in.user);
    user_status::check_password_change(user, cx.now())?;
    password_policy::check(&pool.password_policy(), proposed)?;
    let mut attempt = attempt(cx, signed_in).answered(EventResponseType::Pass);
    let purpose = EventFilterType::PasswordChange;
    if risk::check_new_password(cx, pool, signed_in.client.id(), proposed, purpose).await? {
        attempt = attempt.compromised();
    }
    let new = new_password(cx, pool, user, proposed).await?;
    let (pool, id, old_hash, now) = (Arc::clone(pool), user.id, user.hidden.password.hash.clone(), cx.now());
    cx.write(move |tx| {
        let before = still_open(tx, &pool, &id, old_hash.as_deref(), now)?;
        let mut after = before.clone();
        user_status::set_password(&mut after, &pool.password_policy(), new.clone(), PasswordLife::Permanent);
        after.hidden.lockout = lockout::succeeded();
        after.modified = now;
        directory::update(tx, &pool, &before, &after)?;
        attempts::clear(tx, pool.id(), &id, GUESSES)?;
        attempt.record(tx, &pool, &id)
    })
    .await
}

/// The user, if what was judged still holds: of many guesses at once the right one counts only while sign-ins are not
/// locked, and an administrator who was faster wins.
fn still_open(
    tx: &mut dyn Tx,
    pool: &OpenPool,
    id: &UserId,
    old_hash: Option<&str>,
    now: Timestamp,
) -> Result<User, Error> {
    let user = users::by_id(tx, pool.id(), id)?.ok_or_else(Error::no_user)?;
    lockout::check(&user.hidden.lockout, now).map_err(|_| too_many())?;
    if user.hidden.password.hash.as_deref() != old_hash {
        return Err(wrong());
    }
    user_status::check_password_change(&user, now)?;
    Ok(user)
}

fn attempt(cx: &Context, signed_in: &SignedIn) -> Attempt {
    let sign_in = SignIn::new(Api::Public, &signed_in.pool, &signed_in.client, None);
    Attempt::new(cx, &sign_in, EventType::PasswordChange)
}
