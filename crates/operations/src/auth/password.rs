//! Signing in with user name and password in one step.
//!
//! The order of the checks was recorded from the live service: a disabled or unconfirmed user hears so before the
//! password is looked at, a reset is asked for only after the right password. Where the client prevents user
//! existence errors, nothing about the user is told before the password was right.

use cognate_domain::mfa_preference::{self, Factor};
use cognate_domain::{User, client_rules, lockout, user_status};
use cognate_model::{ChallengeNameType, EventResponseType, EventType, Exception, UserStatusType};

use super::flow::SignIn;
use super::{Outcome, Parameters, attempt_ends, new_password, pretence, secret_hash};
use crate::events::Attempt;
use crate::{Context, Error, directory, hashing, tokens, triggers};

pub(super) const WRONG: &str = "Incorrect username or password.";

/// Checks name and password, then answers tokens or the next challenge.
pub(crate) async fn begin(cx: &Context, sign_in: &SignIn<'_>, parameters: &Parameters) -> Result<Outcome, Error> {
    let (pool, client) = (sign_in.pool, sign_in.client);
    let name = parameters.require("USERNAME")?;
    let password = parameters.require("PASSWORD")?;
    secret_hash::check(pool, client, &[name], parameters.get("SECRET_HASH"), secret_hash::Wording::Flow)?;
    let discreet = client_rules::prevents_user_existence_errors(client);
    let Some(user) = cx.read(|tx| directory::find(tx, pool, name)).await? else {
        if discreet {
            triggers::require_reachable(pool, triggers::PRE_AUTHENTICATION)?;
            return Err(pretence::sign_in(cx, pool, name, password).await);
        }
        return Err(Error::no_user());
    };
    let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    let state = check_state(&user);
    let seen = if discreet { Ok(()) } else { state.clone() };
    if let Err(refusal) = seen.and_then(|()| Ok(lockout::check(&user.hidden.lockout, cx.now())?)) {
        return Err(attempt_ends::unseen(cx, sign_in, &user, attempt, refusal).await);
    }
    triggers::require_reachable(pool, triggers::PRE_AUTHENTICATION)?;
    if !hashing::verify(cx, password, user.hidden.password.hash.as_deref()).await? {
        return Err(attempt_ends::wrong_password(cx, sign_in, &user, attempt).await);
    }
    if let Err(refusal) = state.and_then(|()| check_password_state(cx, sign_in, &user)) {
        return Err(attempt_ends::right_password(cx, sign_in, &user, attempt, refusal).await);
    }
    if user.status == UserStatusType::ForceChangePassword {
        return new_password::challenge(cx, sign_in, user, attempt).await;
    }
    let attempt = attempt.password_right(EventResponseType::Pass);
    tokens::sign_in(cx, sign_in, user, attempt).await.map(Outcome::Tokens)
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

/// What keeps a user out whose password is right.
fn check_password_state(cx: &Context, sign_in: &SignIn<'_>, user: &User) -> Result<(), Error> {
    match user.status {
        UserStatusType::ResetRequired => {
            Err(Error::refused(Exception::PasswordResetRequired, "Password reset required for the user"))
        }
        UserStatusType::ForceChangePassword => Ok(user_status::check_temporary_password(user, cx.now())?),
        _ => refuse_unbuilt_factor(&mfa_preference::next_factor(sign_in.pool, user)?),
    }
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
