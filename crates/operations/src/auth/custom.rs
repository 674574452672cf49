//! `CUSTOM_AUTH`: the pool's triggers ask the questions and judge the answers.
//!
//! Per round: `DefineAuthChallenge` decides what comes next, `CreateAuthChallenge` makes a question of the pool's own,
//! `VerifyAuthChallengeResponse` judges its answer ("Custom authentication challenge Lambda triggers").

use std::collections::BTreeMap;

use cognate_domain::sign_in::{Flow, Input, Stage, out_of_order};
use cognate_domain::{User, client_rules};
use cognate_model::{ChallengeNameType, EventType, Exception};
use serde::{Deserialize, Serialize};

use super::course::Course;
use super::flow::SignIn;
use super::judgement::{find, wrong};
use super::resume::{Resumed, resume};
use super::session::Held;
use super::{Outcome, Parameters, attempt_ends, challenge, device, pretence, secret_hash, srp};
use crate::custom_challenges::{Created, Decision, Subject};
use crate::events::Attempt;
use crate::{Context, Error, triggers};

/// How often the triggers may be asked within one sign-in.
const MOST_ROUNDS: usize = 30;

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

    fn push(&mut self, name: &str, result: bool, metadata: Option<String>) {
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
    let triggers = cx.custom_challenges(sign_in.pool)?;
    let mut rounds = Rounds::default();
    if parameters.get("CHALLENGE_NAME").is_some_and(|name| name == "SRP_A") {
        srp::client_value(parameters)?;
        rounds.client_value = parameters.get("SRP_A").map(str::to_owned);
        rounds.push("SRP_A", true, None);
    }
    let found = find(cx, sign_in, name).await?;
    triggers::require_reachable(sign_in.pool, triggers::PRE_AUTHENTICATION)?;
    let Some(user) = found else {
        // The triggers are asked, so that they can pretend; a sign-in never comes of it.
        let nobody = User::nobody(crate::verifier::stranger_id(sign_in.pool, name));
        let subject = Subject { pool: sign_in.pool, client: sign_in.client, user: &nobody, is_unknown: true };
        triggers.define(&subject, &rounds.results).await?;
        pretence::begin(cx, sign_in.pool, name).await?;
        return Err(wrong());
    };
    let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    let account = cognate_domain::sign_in::check_account(&user);
    if let (Err(refusal), false) = (account, client_rules::prevents_user_existence_errors(sign_in.client)) {
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
    let subject = Subject { pool: sign_in.pool, client: sign_in.client, user: &user, is_unknown: false };
    match triggers.define(&subject, &course.rounds.results).await? {
        Decision::Fail => Err(fail(cx, course).await),
        Decision::IssueTokens => course.advance(cx, None, Input::Granted).await,
        Decision::Ask(ChallengeNameType::CustomChallenge) => {
            let created = triggers.create(&subject, &course.rounds.results).await?;
            ask(cx, course, created).await
        }
        Decision::Ask(ChallengeNameType::PasswordVerifier) => {
            let value = course.rounds.client_value.take().ok_or_else(unrecognizable)?;
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
    course.rounds.private = created.private;
    course.rounds.metadata = created.metadata;
    let session = challenge::session(cx, &course, Stage::Custom, Held::Nothing)?;
    course.write_progress(cx).await?;
    Ok(Outcome::Challenge {
        name: ChallengeNameType::CustomChallenge,
        session: Some(session),
        parameters,
        available: None,
    })
}

async fn ask_for_proof(cx: &Context, course: Course<'_>, value: String) -> Result<Outcome, Error> {
    let value = cognate_crypto::srp::ClientValue::parse(&value).map_err(|_| unrecognizable())?;
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
    let Resumed::User(mut course, session) = resume(cx, sign_in, name, session, parameters).await? else {
        return Err(wrong());
    };
    match proved {
        Ok((user, attempt)) => {
            (course.user, course.attempt) = (user, attempt);
            course.rounds.push("PASSWORD_VERIFIER", true, None);
            let input = Input::First(cognate_domain::sign_in::First::Password);
            course.advance(cx, Some(&session.stage), input).await
        }
        Err(Error::Refused(refusal)) if refusal.message == super::judgement::WRONG => {
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
    let Resumed::User(mut course, session) = resume(cx, sign_in, name, session, parameters).await? else {
        return Err(out_of_order().into());
    };
    // Right or wrong or failed, the session is spent (recorded from the live service).
    course.spend(cx).await?;
    let triggers = cx.custom_challenges(sign_in.pool)?;
    let user = course.user.clone();
    let subject = Subject { pool: sign_in.pool, client: sign_in.client, user: &user, is_unknown: false };
    let right = triggers.verify(&subject, &course.rounds.private, given).await?;
    let metadata = course.rounds.metadata.take();
    course.rounds.private.clear();
    course.rounds.push("CUSTOM_CHALLENGE", right, metadata);
    course.advance(cx, Some(&session.stage), Input::CustomAnswer).await
}
