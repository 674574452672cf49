//! From a sign-up to the first sign-in without another code: `SignUp` hands out a session, `ConfirmSignUp` takes it and
//! hands out the next, and with that one `USER_AUTH` counts the confirmation code as the code of a first factor
//! ("ConfirmSignUp" and "InitiateAuth", API Reference: `Session`).

use cognate_crypto::{random, sealed_token};
use cognate_domain::sign_in::{Flow, Input, Stage, out_of_order};
use cognate_domain::user::UserId;
use cognate_domain::{Client, User, client_rules};
use cognate_model::{AuthFlowType, ChallengeNameType, EventType};
use serde::{Deserialize, Serialize};

use super::course::Course;
use super::flow::SignIn;
use super::session::{Spent, fingerprint};
use super::{Outcome, Parameters, challenge, choice};
use crate::events::Attempt;
use crate::{Context, Error, OpenPool};

/// No session of a challenge opens as this kind, and none of this as theirs.
const KIND: &str = "sign-up session";

/// What the two operations hand on.
#[derive(Serialize, Deserialize)]
pub(crate) struct SignUpSession {
    id: [u8; 16],
    user: UserId,
    client: String,
    expires: i64,
    /// Tells whether the password of the sign-up still stands.
    password: [u8; 8],
    /// The first factor that the confirmation code was as good as; none before it was given.
    proved: Option<ChallengeNameType>,
}

/// `Session` of `SignUp`; none where users of the client cannot sign in by choice.
pub(crate) fn begin(cx: &Context, pool: &OpenPool, client: &Client, user: &User) -> Result<Option<String>, Error> {
    if !client_rules::flows(client).allows(AuthFlowType::UserAuth) {
        return Ok(None);
    }
    SignUpSession::new(cx, client, user, None).seal(cx, pool).map(Some)
}

/// `Session` of `ConfirmSignUp`, after a code to this attribute.
pub(crate) fn proved(
    cx: &Context,
    pool: &OpenPool,
    client: &Client,
    user: &User,
    attribute: &str,
) -> Result<String, Error> {
    let factor = if attribute == "email" { ChallengeNameType::EmailOtp } else { ChallengeNameType::SmsOtp };
    SignUpSession::new(cx, client, user, Some(factor)).seal(cx, pool)
}

/// Opens the session of a request.
pub(crate) fn open(
    cx: &Context,
    pool: &OpenPool,
    client: &Client,
    user: &User,
    text: &str,
) -> Result<SignUpSession, Error> {
    let payload = sealed_token::open_text(&pool.sessions, KIND, text).map_err(|_| out_of_order())?;
    let session: SignUpSession = serde_json::from_slice(&payload).map_err(|_| out_of_order())?;
    if session.user != user.id || session.client != client.id() || session.password != fingerprint(user) {
        return Err(out_of_order().into());
    }
    if session.expires <= cx.now().micros() {
        return Err(Error::not_authorized("Invalid session for the user, session is expired."));
    }
    Ok(session)
}

/// Signs the user in if the code that confirmed them is a first factor that the pool allows and that suffices; else they
/// choose, as without a session.
pub(super) async fn sign_in(
    cx: &Context,
    sign_in: &SignIn<'_>,
    user: User,
    text: &str,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let session = open(cx, sign_in.pool, sign_in.client, &user, text)?;
    let factor = session.proved.ok_or_else(out_of_order)?;
    let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    let mut course = Course::begin(sign_in, user, Flow::Choice, attempt, parameters);
    let offered = choice::available(cx, &course).await?;
    if !offered.contains(&factor) {
        return course.ask(cx, Stage::FirstChoice(offered)).await;
    }
    course.commit.spent = Some(Spent::new(session.id, session.expires));
    course.attempt = course.attempt.mfa_right();
    course.advance(cx, Some(&Stage::FirstCode(factor)), Input::First(challenge::first(factor))).await
}

impl SignUpSession {
    fn new(cx: &Context, client: &Client, user: &User, proved: Option<ChallengeNameType>) -> Self {
        Self {
            id: random::bytes(cx.random()),
            user: user.id,
            client: client.id().to_owned(),
            expires: cx.now().plus_seconds(client_rules::auth_session_seconds(client)).micros(),
            password: fingerprint(user),
            proved,
        }
    }

    fn seal(&self, cx: &Context, pool: &OpenPool) -> Result<String, Error> {
        let payload = serde_json::to_vec(self).map_err(|e| Error::internal(e.to_string()))?;
        Ok(sealed_token::seal_text(&pool.sessions, KIND, &payload, cx.random()))
    }
}
