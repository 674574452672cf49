//! From a sign-up to the first sign-in without another code: `SignUp` hands out a session, `ConfirmSignUp` takes it and
//! hands out the next, and with that one `USER_AUTH` counts the confirmation code as the code of a first factor
//! ("ConfirmSignUp" and "InitiateAuth", API Reference: `Session`).

use cognate_crypto::{random, sealed_token};
use cognate_domain::sign_in::{Flow, Input, Stage, out_of_order};
use cognate_domain::user::UserId;
use cognate_domain::{Client, User, client_rules};
use cognate_model::{AuthFlowType, ChallengeNameType, EventType};
use cognate_store::refresh_tokens;
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
    /// What the confirmation code proved; nothing before it was given.
    proved: Option<Proved>,
}

/// An address whose code came back.
#[derive(Serialize, Deserialize)]
pub(crate) struct Proved {
    /// `email` or `phone_number`.
    pub(crate) attribute: String,
    /// Its value at that time.
    pub(crate) address: String,
}

impl Proved {
    /// The first factor that the code was as good as.
    fn factor(&self) -> ChallengeNameType {
        if self.attribute == "email" { ChallengeNameType::EmailOtp } else { ChallengeNameType::SmsOtp }
    }
}

/// `Session` of `SignUp`; none where users of the client cannot sign in by choice.
pub(crate) fn begin(cx: &Context, pool: &OpenPool, client: &Client, user: &User) -> Result<Option<String>, Error> {
    if !client_rules::flows(client).allows(AuthFlowType::UserAuth) {
        return Ok(None);
    }
    SignUpSession::new(cx, client, user, None).seal(cx, pool).map(Some)
}

/// `Session` of `ConfirmSignUp`, after a code to this address.
pub(crate) fn proved(
    cx: &Context,
    pool: &OpenPool,
    client: &Client,
    user: &User,
    proved: Proved,
) -> Result<String, Error> {
    SignUpSession::new(cx, client, user, Some(proved)).seal(cx, pool)
}

/// Opens the session of a request.
pub(crate) fn open(pool: &OpenPool, client: &Client, user: &User, text: &str) -> Result<SignUpSession, Error> {
    let payload = sealed_token::open_text(&pool.sessions, KIND, text).map_err(|_| out_of_order())?;
    let session: SignUpSession = serde_json::from_slice(&payload).map_err(|_| out_of_order())?;
    if session.user != user.id || session.client != client.id() || session.password != fingerprint(user) {
        return Err(out_of_order().into());
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
    let session = open(sign_in.pool, sign_in.client, &user, text)?;
    if session.is_over(cx) {
        return Err(Error::not_authorized("Invalid session for the user, session is expired."));
    }
    let proved = session.proved.ok_or_else(out_of_order)?;
    // A code to an address that is no longer the user's says nothing about who has the one of now.
    if user.attribute(&proved.attribute) != Some(proved.address.as_str()) {
        return Err(out_of_order().into());
    }
    let spent = Spent::new(session.id, session.expires);
    cx.read(|tx| {
        spent.check_unused(tx, sign_in.pool.id())?;
        // It stands for the first sign-in only. Sign-ins leave a row for longer than any session lasts.
        if refresh_tokens::is_any(tx, sign_in.pool.id(), &user.id)? { Err(out_of_order().into()) } else { Ok(()) }
    })
    .await?;
    let factor = proved.factor();
    let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    let mut course = Course::begin(sign_in, user, Flow::Choice, attempt, parameters);
    let offered = choice::available(cx, &course).await?;
    if !offered.contains(&factor) {
        return course.ask(cx, Stage::FirstChoice(offered)).await;
    }
    course.commit.spent = Some(spent);
    course.attempt = course.attempt.mfa_right();
    course.advance(cx, Some(&Stage::FirstCode(factor)), Input::First(challenge::first(factor))).await
}

impl SignUpSession {
    fn new(cx: &Context, client: &Client, user: &User, proved: Option<Proved>) -> Self {
        Self {
            id: random::bytes(cx.random()),
            user: user.id,
            client: client.id().to_owned(),
            expires: cx.now().plus_seconds(client_rules::auth_session_seconds(client)).micros(),
            password: fingerprint(user),
            proved,
        }
    }

    /// Whether its time is over.
    pub(crate) fn is_over(&self, cx: &Context) -> bool {
        self.expires <= cx.now().micros()
    }

    fn seal(&self, cx: &Context, pool: &OpenPool) -> Result<String, Error> {
        let payload = serde_json::to_vec(self).map_err(|e| Error::internal(e.to_string()))?;
        Ok(sealed_token::seal_text(&pool.sessions, KIND, &payload, cx.random()))
    }
}
