//! Passkeys at sign-in: what a user has, what the browser is asked, and what it answered.

use cognate_domain::User;
use cognate_domain::sign_in::{First, Input, Means, out_of_order};
use cognate_model::ChallengeNameType;

use super::course::Course;
use super::flow::SignIn;
use super::judgement::wrong;
use super::resume::{Resumed, resume};
use super::session::Held;
use super::{Outcome, Parameters, attempt_ends};
use crate::passkeys::assertion;
use crate::{Context, Error, OpenPool};

/// What the user has registered.
pub(super) async fn means(cx: &Context, pool: &OpenPool, user: &User) -> Result<Means, Error> {
    Ok(Means { passkey: assertion::available(cx, pool, user).await? })
}

/// The options for the browser, and the challenge in them.
pub(super) async fn options(cx: &Context, course: &Course<'_>) -> Result<(String, Vec<u8>), Error> {
    let options = assertion::options(cx, course.sign_in.pool, &course.user).await?;
    // The last passkey was deleted between the choice and its challenge.
    options.ok_or_else(|| out_of_order().into())
}

/// `WEB_AUTHN`: takes what the browser answered. A wrong answer is recorded, but not counted: nobody guesses signatures.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let credential = parameters.require("CREDENTIAL")?;
    let (mut course, session) = match resume(cx, sign_in, ChallengeNameType::WebAuthn, session, parameters).await? {
        Resumed::User(course, session) => (*course, session),
        Resumed::Stranger(_) => return Err(wrong()),
    };
    let Held::Passkey(challenge) = &session.held else { return Err(out_of_order().into()) };
    let checked = match assertion::check(cx, sign_in.pool, &course.user, challenge, credential).await {
        Err(refusal @ Error::Refused(_)) => {
            return Err(attempt_ends::refused(cx, sign_in, &course.user, course.attempt, refusal).await);
        }
        other => other?,
    };
    let user_verified = checked.verified().user_verified;
    course.commit.passkey = Some(checked);
    course.advance(cx, Some(&session.stage), Input::First(First::Passkey { user_verified })).await
}
