//! Signing in with user name and password in one step.
//!
//! The order of the checks was recorded from the live service: a disabled or unconfirmed user hears so before the
//! password is looked at, a reset is asked for only after the right password. Where the client prevents user
//! existence errors, nothing about the user is told before the password was right.

use cognate_domain::mfa_preference::{self, Factor};
use cognate_domain::{User, client_rules, lockout, user_status};
use cognate_model::{ChallengeNameType, EventResponseType, EventType, Exception, UserStatusType};

use super::flow::SignIn;
use super::{Outcome, Parameters, new_password, secret_hash};
use crate::events::Attempt;
use crate::{Context, Error, directory, hashing, tokens, triggers};

const WRONG: &str = "Incorrect username or password.";

/// Checks name and password, then answers tokens or the next challenge.
pub(crate) async fn begin(cx: &Context, sign_in: &SignIn<'_>, parameters: &Parameters) -> Result<Outcome, Error> {
    let (pool, client) = (sign_in.pool, sign_in.client);
    let name = parameters.require("USERNAME")?;
    let password = parameters.require("PASSWORD")?;
    secret_hash::check(pool, client, &[name], parameters.get("SECRET_HASH"), secret_hash::Wording::Flow)?;
    let discreet = client_rules::prevents_user_existence_errors(client);
    let Some(user) = cx.read(|tx| directory::find(tx, pool, name)).await? else {
        if discreet {
            hashing::verify(cx, password, None).await?;
            super::pretend_to_count(cx, pool).await?;
            return Err(Error::not_authorized(WRONG));
        }
        return Err(Error::no_user());
    };
    triggers::require_reachable(pool, triggers::PRE_AUTHENTICATION)?;
    let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    let state = check_state(&user);
    if !discreet {
        state.clone()?;
    }
    lockout::check(&user.hidden.lockout, cx.now())?;
    if !hashing::verify(cx, password, user.hidden.password.hash.as_deref()).await? {
        count_failure(cx, sign_in, &user, attempt).await?;
        return Err(Error::not_authorized(WRONG));
    }
    state?;
    proceed(cx, sign_in, user, attempt).await
}

/// What an account's state says to somebody who wants in.
fn check_state(user: &User) -> Result<(), Error> {
    if !user.enabled {
        return Err(Error::not_authorized("User is disabled."));
    }
    match user.status {
        UserStatusType::Unconfirmed => Err(Error::refused(Exception::UserNotConfirmed, "User is not confirmed.")),
        _ => Ok(()),
    }
}

/// After the right password: a new password, a second factor, or tokens.
async fn proceed(cx: &Context, sign_in: &SignIn<'_>, user: User, attempt: Attempt) -> Result<Outcome, Error> {
    match user.status {
        UserStatusType::ResetRequired => {
            return Err(Error::refused(Exception::PasswordResetRequired, "Password reset required for the user"));
        }
        UserStatusType::ForceChangePassword => {
            user_status::check_temporary_password(&user, cx.now())?;
            return new_password::challenge(cx, sign_in, user, attempt).await;
        }
        _ => {}
    }
    finish(cx, sign_in, user, attempt).await
}

/// Lets a user in whose first factor is proved, unless a second one is due.
pub(super) async fn finish(cx: &Context, sign_in: &SignIn<'_>, user: User, attempt: Attempt) -> Result<Outcome, Error> {
    refuse_unbuilt_factor(&mfa_preference::next_factor(sign_in.pool, &user)?)?;
    let attempt = attempt.password_right(EventResponseType::Pass);
    tokens::sign_in(cx, sign_in, user, attempt).await.map(Outcome::Tokens)
}

/// A user who has a second factor is never let in without it, so a factor that cannot be asked for yet is refused.
pub(super) fn refuse_unbuilt_factor(factor: &Factor) -> Result<(), Error> {
    if *factor == Factor::None {
        return Ok(());
    }
    let due = match factor {
        Factor::Setup(_) => ChallengeNameType::MfaSetup,
        Factor::Select(_) => ChallengeNameType::SelectMfaType,
        Factor::Challenge(name) => *name,
        Factor::None => return Ok(()),
    };
    Err(Error::invalid(format!("The challenge {due} is not supported by this version of Cognate.")))
}

/// Counts a wrong password and records the attempt.
async fn count_failure(cx: &Context, sign_in: &SignIn<'_>, user: &User, attempt: Attempt) -> Result<(), Error> {
    let pool = std::sync::Arc::clone(sign_in.pool);
    let id = user.id;
    let now = cx.now();
    let attempt = attempt.password_wrong();
    cx.write(move |tx| {
        let Some(mut user) = cognate_store::users::by_id(tx, pool.id(), &id)? else { return Ok(()) };
        user.hidden.lockout = lockout::failed(&user.hidden.lockout, now);
        cognate_store::users::update(tx, pool.id(), &user)?;
        attempt.record(tx, &pool, &id)
    })
    .await
}
