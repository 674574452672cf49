//! Codes of a sign-in: by e-mail, by text message, from a software token.

use std::sync::Arc;

use cognate_crypto::totp::TotpError;
use cognate_domain::lockout;
use cognate_domain::sign_in::{Input, Stage, out_of_order};
use cognate_domain::user::UserId;
use cognate_domain::user_status::Destination;
use cognate_model::{ChallengeNameType, Exception};
use cognate_store::{Tx, attempts, users};

use super::course::{Course, used_token};
use super::flow::SignIn;
use super::session::{Held, Session};
use super::{Outcome, Parameters, attempt_ends, challenge, pretence, resume};
use crate::codes::{self, WINDOW};
use crate::{Context, Error, OpenPool, mfa};

/// What wrong codes of a first factor are counted under. They do not start the lockout of passwords: six in a row were
/// each answered as wrong by the live service, and the session was still good.
const FIRST_FACTOR: &str = "first factor code";
/// How many of them are heard in an hour; a code has eight digits.
const MOST_WRONG: i64 = 10;

/// Takes the code of a challenge.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    name: ChallengeNameType,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let given = match name {
        ChallengeNameType::SmsMfa => parameters.require("SMS_MFA_CODE")?,
        ChallengeNameType::SmsOtp => parameters.require("SMS_OTP_CODE")?,
        ChallengeNameType::SoftwareTokenMfa => parameters.require("SOFTWARE_TOKEN_MFA_CODE")?,
        // The developer guide also calls the second factor EMAIL_MFA.
        _ => parameters.get("EMAIL_MFA_CODE").map_or_else(|| parameters.require("EMAIL_OTP_CODE"), Ok)?,
    };
    let resumed = resume::resume(cx, sign_in, name, session, parameters).await?;
    if !matches!(resumed.session().stage, Stage::FirstCode(_) | Stage::Second(_) | Stage::EnrolByCode) {
        // No code was sent: the user was to choose first.
        return Err(out_of_order().into());
    }
    let (mut course, session) = match resumed {
        resume::Resumed::User(course, session) => (*course, session),
        resume::Resumed::Stranger(session) => return stranger(cx, sign_in, &session.user).await,
    };
    // One guess at a time: each sees what the earlier ones left.
    let id = course.user.id;
    let gate = cx.gates.enter(&id).await;
    let pool = sign_in.pool;
    course.user = cx.read(|tx| Ok(users::by_id(tx, pool.id(), &id)?)).await?.ok_or_else(Error::no_user)?;
    session.check_password(&course.user)?;
    if let Held::Code { address: None, .. } = &session.held {
        // A code proves the address that it went to, and the user may have another by now.
        course.commit.proved = address(&course, &session);
    }
    if let Stage::FirstCode(asked) = session.stage {
        judge_first(cx, sign_in, &course, &session, given).await?;
        course.attempt = course.attempt.mfa_right();
        // What comes next may wait for a function.
        drop(gate);
        return course.advance(cx, Some(&session.stage), Input::First(challenge::first(asked))).await;
    }
    lockout::check(&course.user.hidden.lockout, cx.now())?;
    match judge_second(cx, &course, &session, given) {
        Ok(step) => course.commit.totp_step = step,
        Err(refusal) => {
            return Err(attempt_ends::wrong(cx, sign_in, &course.user, course.attempt.mfa_wrong(), refusal).await);
        }
    }
    if let Held::Code { address: Some(address), .. } = &session.held {
        course.commit.address = Some(address.clone());
    }
    course.attempt = course.attempt.mfa_right();
    drop(gate);
    course.advance(cx, Some(&session.stage), Input::Second(name)).await
}

/// Answers the step of a software token's code, to be taken once.
fn judge_second(cx: &Context, course: &Course<'_>, session: &Session, given: &str) -> Result<Option<u64>, Error> {
    if session.stage.challenge() != ChallengeNameType::SoftwareTokenMfa {
        return if is_sent(course, session, given) { Ok(None) } else { Err(mismatch()) };
    }
    mfa::check_token(cx, course.sign_in.pool, &course.user, given).map(Some).map_err(|error| match error {
        mfa::TokenError::Code(TotpError::Replayed) => used_token(),
        mfa::TokenError::Code(TotpError::Mismatch) => {
            Error::refused(Exception::CodeMismatch, "Invalid code received for user")
        }
        mfa::TokenError::Internal(error) => error,
    })
}

async fn judge_first(
    cx: &Context,
    sign_in: &SignIn<'_>,
    course: &Course<'_>,
    session: &Session,
    given: &str,
) -> Result<(), Error> {
    let (pool, id, now) = (Arc::clone(sign_in.pool), course.user.id, cx.now().micros());
    if is_sent(course, session, given) {
        return cx
            .write(move |tx| {
                users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
                check_first_attempts(tx, &pool, &id, now)?;
                Ok(attempts::clear(tx, pool.id(), &id, FIRST_FACTOR)?)
            })
            .await;
    }
    let attempt = course.attempt.clone().mfa_wrong();
    cx.write(move |tx| {
        // A user who is gone by now leaves nothing behind.
        users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        check_first_attempts(tx, &pool, &id, now)?;
        attempts::count(tx, pool.id(), &id, FIRST_FACTOR, now, WINDOW)?;
        attempt.record(tx, &pool, &id)
    })
    .await?;
    Err(mismatch())
}

/// In the transaction that counts, because another server may hear guesses at the same time.
fn check_first_attempts(tx: &mut dyn Tx, pool: &OpenPool, id: &UserId, now: i64) -> Result<(), Error> {
    let wrong = attempts::get_to_count(tx, pool.id(), id, FIRST_FACTOR, now, WINDOW)?;
    if wrong >= MOST_WRONG { Err(lockout::exceeded().into()) } else { Ok(()) }
}

/// A code for a name that nobody has is always wrong, and counted like anybody's.
async fn stranger(cx: &Context, sign_in: &SignIn<'_>, id: &[u8; 16]) -> Result<Outcome, Error> {
    let nobody = pretence::nobody(sign_in.pool, &cognate_crypto::random::format_uuid(id));
    let _gate = cx.gates.enter(&nobody).await;
    let (pool, now) = (Arc::clone(sign_in.pool), cx.now().micros());
    cx.write(move |tx| {
        check_first_attempts(tx, &pool, &nobody, now)?;
        Ok(attempts::count(tx, pool.id(), &nobody, FIRST_FACTOR, now, WINDOW).map(|_| ())?)
    })
    .await?;
    Err(mismatch())
}

fn is_sent(course: &Course<'_>, session: &Session, given: &str) -> bool {
    match &session.held {
        Held::Code { hash, address: given_address } => {
            let address = given_address.clone().or_else(|| address(course, session).map(|(_, value)| value));
            address.is_some_and(|address| {
                let (pool, challenge) = (course.sign_in.pool, session.stage.challenge());
                codes::is_one_time(pool, &course.user.id, challenge, &address, given, hash)
            })
        }
        _ => false,
    }
}

/// Where the user would be sent the code of this session now.
fn address(course: &Course<'_>, session: &Session) -> Option<(&'static str, String)> {
    let target = Destination::of(&course.user, challenge::medium(session.stage.challenge()))?;
    Some((target.attribute, target.value))
}

fn mismatch() -> Error {
    Error::refused(Exception::CodeMismatch, "Invalid code or auth state for the user.")
}
