//! `CUSTOM_AUTH`: the pool's triggers ask the questions and judge the answers.
//!
//! Per round: `DefineAuthChallenge` decides what comes next, `CreateAuthChallenge` makes a question of the pool's own,
//! `VerifyAuthChallengeResponse` judges its answer ("Custom authentication challenge Lambda triggers").

use std::collections::BTreeMap;

use cognate_crypto::srp::ClientValue;
use cognate_domain::sign_in::{Flow, Input, Stage};
use cognate_domain::{User, client_rules};
use cognate_model::{ChallengeNameType, EventType, Exception};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::course::Course;
use super::flow::SignIn;
use super::judgement::{ask_beforehand, find, wrong};
use super::resume::{Resumed, resume};
use super::session::Held;
use super::{Outcome, Parameters, attempt_ends, challenge, custom_stranger, device, secret_hash, srp};
use crate::custom_challenges::{Created, Decision, Subject};
use crate::events::Attempt;
use crate::{Context, Error};

/// How often the triggers may be asked within one sign-in.
pub(super) const MOST_ROUNDS: usize = 30;

/// The custom challenges so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounds {
    /// What was asked and how it was answered.
    pub results: Vec<Round>,
    /// `privateChallengeParameters` of the question that is open.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    private: BTreeMap<String, String>,
    /// `challengeMetadata` of the question that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    /// `SRP_A`, where the sign-in began with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_value: Option<String>,
}

/// One challenge and its outcome, as the triggers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Round {
    /// Its name.
    pub challenge_name: String,
    /// Whether the answer was right.
    pub challenge_result: bool,
    /// What `CreateAuthChallenge` wrote down; null rather than absent (recorded from the live service).
    pub challenge_metadata: Option<String>,
}

impl Rounds {
    /// Whether there was none, and none is open.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Keeps what the answer to the open question is judged by.
    pub(super) fn keep(&mut self, private: BTreeMap<String, String>, metadata: Option<String>) {
        (self.private, self.metadata) = (private, metadata);
    }

    /// `privateChallengeParameters` of the open question.
    pub(super) fn private(&self) -> &BTreeMap<String, String> {
        &self.private
    }

    /// Notes how the open question was answered.
    pub(super) fn close(&mut self, name: &str, result: bool) {
        let metadata = self.metadata.take();
        self.private.clear();
        self.push(name, result, metadata);
    }

    /// Keeps `SRP_A`, however it was written, in one length.
    fn keep_client_value(&mut self, value: &ClientValue) {
        self.client_value = Some(BASE64.encode(value.as_bytes()));
    }

    /// `SRP_A`, which is good for one proof.
    pub(super) fn take_client_value(&mut self) -> Result<ClientValue, Error> {
        let kept = self.client_value.take().ok_or_else(unrecognizable)?;
        let bytes = BASE64.decode(kept.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(ClientValue::from_bytes(bytes.ok_or_else(unrecognizable)?))
    }

    /// Notes a challenge and its outcome.
    pub(super) fn push(&mut self, name: &str, result: bool, metadata: Option<String>) {
        let (challenge_name, challenge_result) = (name.to_owned(), result);
        self.results.push(Round { challenge_name, challenge_result, challenge_metadata: metadata });
    }
}

/// `InvalidLambdaResponseException`, for what a trigger may not answer.
pub(super) fn unrecognizable() -> Error {
    Error::refused(Exception::InvalidLambdaResponse, "Unrecognizable lambda output")
}

/// Begins; with `CHALLENGE_NAME` `SRP_A`, the password is proved first.
pub(super) async fn begin(cx: &Context, sign_in: &SignIn<'_>, parameters: &Parameters) -> Result<Outcome, Error> {
    let name = parameters.require("USERNAME")?;
    let given = parameters.get("SECRET_HASH");
    secret_hash::check(sign_in.pool, sign_in.client, &[name], given, secret_hash::Wording::Flow)?;
    // Whether the pool has all three is told before who the user is.
    cx.custom_challenges(sign_in.pool)?;
    let mut rounds = Rounds::default();
    if parameters.get("CHALLENGE_NAME").is_some_and(|name| name == "SRP_A") {
        rounds.keep_client_value(&srp::client_value(parameters)?);
        rounds.push("SRP_A", true, None);
    }
    let found = find(cx, sign_in, name).await?;
    ask_beforehand(cx, sign_in, name, found.as_ref()).await?;
    let Some(user) = found else { return custom_stranger::consult(cx, sign_in, name, rounds).await };
    let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    let account = cognate_domain::sign_in::check_account(&user);
    if account.is_err() && client_rules::prevents_user_existence_errors(sign_in.client) {
        return custom_stranger::consult(cx, sign_in, name, rounds).await;
    }
    if let Err(refusal) = account {
        return Err(attempt_ends::unseen(cx, sign_in, &user, attempt, refusal.into()).await);
    }
    let mut course = Course::begin(sign_in, user, Flow::Custom, attempt, parameters);
    course.rounds = rounds;
    // A key that names no device is not refused here: clients that heard so at the beginning would never drop it.
    course.device = device::if_known(cx, sign_in.pool, Some(&course.user.id), parameters.get("DEVICE_KEY")).await?;
    Box::pin(consult(cx, course)).await
}

/// Asks `DefineAuthChallenge` how it goes on.
pub(super) async fn consult(cx: &Context, mut course: Course<'_>) -> Result<Outcome, Error> {
    let sign_in = course.sign_in;
    let triggers = cx.custom_challenges(sign_in.pool)?;
    if course.rounds.results.len() >= MOST_ROUNDS {
        return Err(fail(cx, course).await);
    }
    let user = course.user.clone();
    let subject = subject(sign_in, &user);
    match triggers.define(&subject, &course.rounds.results).await? {
        Decision::Fail => Err(fail(cx, course).await),
        Decision::IssueTokens => course.advance(cx, None, Input::Granted).await,
        Decision::Ask(ChallengeNameType::CustomChallenge) => {
            let created = triggers.create(&subject, &course.rounds.results).await?;
            ask(cx, course, created).await
        }
        Decision::Ask(ChallengeNameType::PasswordVerifier) => {
            let value = course.rounds.take_client_value()?;
            ask_for_proof(cx, course, value).await
        }
        Decision::Ask(other) => course.advance(cx, None, Input::Demanded(other)).await,
    }
}

/// The trigger ends the sign-in.
async fn fail(cx: &Context, course: Course<'_>) -> Error {
    attempt_ends::refused(cx, course.sign_in, &course.user, course.attempt, wrong()).await
}

async fn ask(cx: &Context, mut course: Course<'_>, created: Created) -> Result<Outcome, Error> {
    cognate_domain::sign_in::check_account(&course.user)?;
    let mut parameters = created.public;
    parameters.insert("USERNAME".to_owned(), course.user.username.clone());
    course.rounds.keep(created.private, created.metadata);
    let session = challenge::session(cx, &course, Stage::Custom, Held::Nothing)?;
    course.write_progress(cx).await?;
    Ok(Outcome::Challenge {
        name: ChallengeNameType::CustomChallenge,
        session: Some(session),
        parameters,
        available: None,
    })
}

async fn ask_for_proof(cx: &Context, course: Course<'_>, value: ClientValue) -> Result<Outcome, Error> {
    let (sign_in, event) = (course.sign_in, course.attempt.id);
    let user = Some(&course.user);
    let mut outcome = srp::challenge(cx, sign_in, Flow::Custom, &course.user.username, user, &value, event).await?;
    if let Outcome::Challenge { session, .. } = &mut outcome {
        *session = Some(challenge::session(cx, &course, Stage::PasswordProof, Held::Nothing)?);
    }
    course.write_progress(cx).await?;
    Ok(outcome)
}

/// Takes the outcome of a proof that a trigger asked for; a wrong one is for the trigger to judge as well.
pub(super) async fn answer_proof(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
    proved: Result<(User, Attempt), Error>,
) -> Result<Outcome, Error> {
    let name = ChallengeNameType::PasswordVerifier;
    let (mut course, session) = match resume(cx, sign_in, name, session, parameters).await? {
        Resumed::User(course, session) => (course, session),
        Resumed::Stranger(session) => {
            let name = parameters.require("USERNAME")?;
            return match proved {
                Err(Error::Refused(refusal)) if refusal.message != super::judgement::WRONG => Err(refusal.into()),
                Err(error @ (Error::Internal(_) | Error::Busy | Error::Changed)) => Err(error),
                _ => custom_stranger::answer_proof(cx, sign_in, name, &session).await,
            };
        }
    };
    match proved {
        Ok((user, attempt)) => {
            (course.user, course.attempt) = (user, attempt);
            course.rounds.push("PASSWORD_VERIFIER", true, None);
            let input = Input::First(cognate_domain::sign_in::First::Password);
            course.advance(cx, Some(&session.stage), input).await
        }
        Err(Error::Refused(refusal)) if refusal.message == super::judgement::WRONG => {
            course.spend(cx).await?;
            course.rounds.push("PASSWORD_VERIFIER", false, None);
            Box::pin(consult(cx, *course)).await
        }
        Err(error) => Err(error),
    }
}

/// `CUSTOM_CHALLENGE`: takes an answer to the trigger's question.
pub(super) async fn answer(
    cx: &Context,
    sign_in: &SignIn<'_>,
    session: Option<&str>,
    parameters: &Parameters,
) -> Result<Outcome, Error> {
    let given = parameters.require("ANSWER")?;
    let name = ChallengeNameType::CustomChallenge;
    let (mut course, session) = match resume(cx, sign_in, name, session, parameters).await? {
        Resumed::User(course, session) => (course, session),
        Resumed::Stranger(session) => {
            let name = parameters.require("USERNAME")?;
            return Box::pin(custom_stranger::answer(cx, sign_in, name, &session, given)).await;
        }
    };
    // Right or wrong or failed, the session is spent (recorded from the live service).
    course.spend(cx).await?;
    let triggers = cx.custom_challenges(sign_in.pool)?;
    let user = course.user.clone();
    let right = triggers.verify(&subject(sign_in, &user), course.rounds.private(), given).await?;
    course.rounds.close("CUSTOM_CHALLENGE", right);
    course.advance(cx, Some(&session.stage), Input::CustomAnswer).await
}

fn subject<'a>(sign_in: &'a SignIn<'a>, user: &'a User) -> Subject<'a> {
    Subject {
        pool: sign_in.pool,
        client: sign_in.client,
        user,
        user_name: &user.username,
        metadata: sign_in.metadata.as_ref(),
        is_unknown: false,
    }
}
